// SPDX-License-Identifier: Apache-2.0
// One packed set: where its fields are, and their rows side by side.
//
// Which files hold which fields is what the first file's footer says, and columns are counted, as
// Milvus does. What Milvus takes on trust is checked: the ids in the file itself, that all files
// have the same number of rows. Only files that are needed are opened. Files of Varve's own profile
// are all opened, their columns found by field id, and given in Milvus' form where that is asked
// for.
//
// Errors:  Corruption naming the file and what is wrong with it; Unsupported for a stored type that
//          differs from the one asked for, other than in the names and nullability of elements
// Threads: const methods may be called concurrently
// Source:  docs/format/milvus-packed.md, "Reading"
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/packed_file_reader.h"
#include "varve/chunk_manager.h"
#include "varve/milvus_packed.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

class MilvusPackedSet {
 public:
  /// `schema`: the fields asked for, each with its id as metadata. `own`: the same fields, of the
  /// types that they are to have where the files are of Varve's own profile.
  static Result<std::shared_ptr<const MilvusPackedSet>> Open(
      const std::shared_ptr<ChunkManager>& store, const std::vector<std::string>& paths,
      const arrow::Schema& schema, const arrow::Schema& own);

  bool is_own() const { return is_own_; }

  int64_t num_rows() const { return num_rows_; }
  /// Whether the set has field `i` of the schema.
  bool Has(int i) const { return columns_[static_cast<size_t>(i)] != nullptr; }
  bool HasAny() const;
  /// The file that holds field `i`.  REQUIRES: Has(i)
  const std::string& PathOf(int i) const { return paths_[static_cast<size_t>(i)]; }

  /// REQUIRES: options.batch_rows > 0. All rows as batches of `schema`, which has the fields of
  /// Open, nullable where the set lacks them: these are nulls.
  std::shared_ptr<arrow::RecordBatchReader> Scan(std::shared_ptr<arrow::Schema> schema,
                                                 const MilvusPackedReadOptions& options) const;

 private:
  class Stream;

  Status OpenByPosition(const std::shared_ptr<ChunkManager>& store,
                        const std::vector<std::string>& paths, const arrow::Schema& schema,
                        const std::vector<int64_t>& ids,
                        std::shared_ptr<const PackedFileReader> first);
  Status OpenByFieldId(std::vector<std::shared_ptr<const PackedFileReader>> files,
                       const arrow::Schema& schema, const std::vector<int64_t>& ids);
  /// Field `i`, as `wanted`, of a file of Varve's own profile.
  Status OpenOwn(size_t i, const PackedFileReader& file, const CollectionSchema& stored,
                 const arrow::Field& wanted, int64_t id);
  /// Takes account of the row groups of a file that is needed.
  Status Join(const PackedFileReader& file);

  std::vector<std::shared_ptr<const PackedColumnReader>> columns_;  // nullptr: the set lacks it
  std::vector<std::string> paths_;                                  // of the columns' files
  std::vector<std::optional<FieldSchema>> encoded_;  // columns that are read as of this field, then
                                                     // brought into Milvus' form
  std::vector<int64_t> batch_ends_;  // rows where a row group of some file ends, ascending
  int64_t num_rows_ = 0;
  bool is_own_ = false;
};

}  // namespace varve::internal
