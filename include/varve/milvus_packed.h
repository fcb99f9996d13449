// SPDX-License-Identifier: Apache-2.0
// Packed sets as Milvus' storage V2 writes and reads them: one Parquet file a column group, aligned
// by row offsets. The compatibility profile; Varve's own layout is in varve/packed.h, and either
// side reads the other's files.
//
// Columns: Arrow types as MilvusArrowType gives them (schema.h); each field carries its id as
//          metadata "PARQUET:field_id"
// Source:  docs/format/milvus-packed.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// The columns that share a file.
struct ColumnGroup {
  int64_t group_id = 0;  ///< in paths: insert_log/{collection}/{partition}/{segment}/{group}/{log}
  std::vector<int> columns;  ///< indices into the schema, ascending

  bool operator==(const ColumnGroup&) const = default;
};

struct MilvusPackedWriteOptions {
  int64_t buffer_bytes =
      0;  ///< memory for rows not yet written; 0: row groups are tried with every batch
  /// Of a multipart upload, where the store has such: 10 MiB to 5 GiB, or 0 for the store's own.
  int64_t part_bytes = 10 << 20;
  int64_t row_group_bytes = 1 << 20;  ///< of Arrow memory
  /// Further footer entries, between Milvus' own.
  std::vector<std::pair<std::string, std::string>> metadata;
  /// Nobody else writes files of these names; spares a request a file, and some object stores two.
  bool names_are_fresh = false;
};

struct MilvusPackedFile {
  std::string path;
  int64_t group_id = 0;
  std::vector<int64_t> field_ids;  ///< in column order
  int64_t num_rows = 0;
  int64_t file_bytes = 0;
  int64_t memory_bytes = 0;                ///< of the visible part of the arrays written
  std::map<int64_t, int64_t> null_counts;  ///< by field id
};

/// Files do not exist until Close returns OK; destroying an unclosed writer leaves nothing behind.
/// Threads: one caller at a time.
class VARVE_EXPORT MilvusPackedWriter {
 public:
  /// `paths[i]` is the file of `groups[i]`.
  /// Errors: Invalid: a field without id, a type that Milvus does not store, a column in no group
  /// or
  ///         in two, unequal counts, a part_bytes out of range; AlreadyExists naming a file that is
  ///         there, which is asked unless names_are_fresh
  static Result<std::unique_ptr<MilvusPackedWriter>> Make(std::shared_ptr<ChunkManager> store,
                                                          std::shared_ptr<arrow::Schema> schema,
                                                          std::vector<ColumnGroup> groups,
                                                          std::vector<std::string> paths,
                                                          MilvusPackedWriteOptions options = {});
  ~MilvusPackedWriter();

  /// Columns in the order of the schema, of its types; names are the schema's.
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch);
  /// One file a group, in the order of the groups; a group without columns has none.
  /// Errors: AlreadyExists naming a file that came since Make; the others are gone then
  Result<std::vector<MilvusPackedFile>> Close();
  Status Abort();

 private:
  class Impl;
  explicit MilvusPackedWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct MilvusPackedReadOptions {
  int64_t buffer_bytes = 32 << 20;  ///< planned reads ahead; 0 or less: no limit
  int64_t batch_rows = 1024;        ///< an upper bound: batches end where a row group ends
};

/// Reads packed sets one after the other, oldest first, as one stream of `schema`: columns found by
/// field id, types not cast, a field that a set lacks as nulls; one that the first set lacks is
/// nullable in the stream. A set is opened when its rows are asked for, the first one at once.
/// Files of Varve's own profile are read too.
/// Errors: Corruption naming the file: a footer key missing or not to be parsed, a file with fewer
///         rows than its set, a null where there cannot be one; Unsupported: a stored type that
///         differs from the one asked for, other than in the names and nullability of a list's
///         elements; Invalid: a later set without a field that cannot be null
/// Threads: the stream has one caller at a time.
VARVE_EXPORT Result<std::shared_ptr<arrow::RecordBatchReader>> OpenMilvusPackedSets(
    std::shared_ptr<ChunkManager> store, std::vector<std::vector<std::string>> sets,
    std::shared_ptr<arrow::Schema> schema, const MilvusPackedReadOptions& options = {});

}  // namespace varve
