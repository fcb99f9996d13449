// SPDX-License-Identifier: Apache-2.0
// Packed files: rows as column groups, one ordinary Parquet file a group, laid out so that a row's
// bytes are found by arithmetic. docs/format/packed-file.md
//
//   ARROW_ASSIGN_OR_RAISE(auto writer, PackedWriter::Make(store, schema, options, [](int group) {
//   return ...path...; })); ARROW_RETURN_NOT_OK(writer->Write(batch));
//   ARROW_ASSIGN_OR_RAISE(PackedFiles files, writer->Close());
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/statistics.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

enum class Compression : int32_t { kZstd = 0, kLz4 = 1, kSnappy = 2, kGzip = 3, kNone = 4 };

/// How one field is written. As PackedWriteOptions::defaults the codec is for fields that it is
/// found worth while for, in PackedWriteOptions::fields it is what the field gets.
struct FieldWriteOptions {
  Compression compression = Compression::kZstd;
  int level = 0;  ///< 0: the codec's default
};

/// How columns are shared out over files.
enum class SplitPolicy : int32_t {
  kDefault = 0,  ///< small writes: one file; else each dense vector field for itself and all others
                 ///< together
  kOneGroup = 1,  ///< everything in one file
  kBySchema = 2,  ///< as Milvus: the primary key; fields whose values take `average_size_limit`
                  ///< bytes or more, vectors, arrays of vectors and Text each for itself; the rest
  kByAverageSize =
      3,          ///< fields whose values take `average_size_limit` bytes or more for themselves
  kExplicit = 4,  ///< as `groups` says
};

struct PackedWriteOptions {
  SplitPolicy split = SplitPolicy::kDefault;
  std::vector<std::vector<std::string>>
      groups;                           ///< kExplicit: field names; each field exactly once
  int64_t average_size_limit = 1024;    ///< kBySchema, kByAverageSize
  int64_t small_write_bytes = 1 << 20;  ///< kDefault: up to here one file
  int64_t buffer_bytes =
      64 << 20;  ///< memory for rows not yet written, and the largest mixed row group
  /// By name; others get the defaults. Dense vectors have a codec in layout kCompact only.
  std::map<std::string, FieldWriteOptions> fields;
  FieldWriteOptions defaults;
  bool page_checksums = true;  ///< Parquet's page CRC32; block checksums are always written
  /// Nobody else writes files of these names; spares some object stores a request a file.
  bool names_are_fresh = false;
};

/// A finished packed file.
struct PackedFile {
  std::string path;                ///< in the store
  std::vector<int64_t> field_ids;  ///< in column order
  int64_t num_rows = 0;
  int64_t file_bytes = 0;
  int64_t memory_bytes = 0;  ///< what the rows took as Arrow arrays
  std::string
      layout;  ///< encoded PackedLayout: page geometry, checksums (docs/format/packed-file.md)
  /// Of scalars and texts: the primary key, the timestamp, and of all files of a writer together
  /// the first 32 others in the order of the schema.
  std::vector<ColumnStatistics> statistics;
};
using PackedFiles = std::vector<PackedFile>;

/// Writes record batches as column groups.
///
/// Files do not exist until Close returns OK; destroying an unclosed writer leaves nothing behind.
/// Memory:  bounded by buffer_bytes plus one batch. Vectors of large writes are not copied.
/// Threads: one caller at a time.
class VARVE_EXPORT PackedWriter {
 public:
  /// `path_of_group(i)` names the file of group i; it is called once a group, when its writing
  /// starts.  Errors: Invalid naming the field, for groups or codecs that do not fit the schema
  static Result<std::unique_ptr<PackedWriter>> Make(
      std::shared_ptr<ChunkManager> store, std::shared_ptr<const CollectionSchema> schema,
      PackedWriteOptions options, std::function<std::string(int group)> path_of_group);
  ~PackedWriter();

  /// Appends rows; `batch` must be what ConformBatch returns.
  /// Outcomes: OK; Invalid: schema differs, the writer is unchanged; kIo: the writer is failed,
  /// only Abort may follow
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch);

  int64_t num_rows() const;

  /// Writes footers and publishes all files, in parallel.
  Result<PackedFiles> Close();
  Status Abort();

 private:
  class Impl;
  explicit PackedWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct PackedReadOptions {
  std::vector<std::string> columns;  ///< top-level names; empty: all
  int64_t begin_row = 0;
  int64_t end_row = INT64_MAX;        ///< half-open
  int64_t batch_size = 8192;          ///< an upper bound: zero-copy batches end where a page ends
  bool exact_batch_size = false;      ///< pay a copy to get batches of exactly batch_size
  bool verify = true;                 ///< check pages and blocks against their checksums
  int64_t prefetch_bytes = 64 << 20;  ///< most bytes read ahead of the consumer
};

/// Reads packed files, and Parquet files of other writers, as record batches in row order.
/// Threads: const methods may be called concurrently.
class VARVE_EXPORT PackedReader {
 public:
  /// Opens the column groups `paths`, all of the same number of rows. With `schema`, columns are
  /// those of the schema, found by field id, also where a file keeps values in Milvus' form (arrays
  /// as messages, vectors that may be null as binary); a field that no file has comes as nulls or
  /// its default. Without, they are what the files hold.
  static Result<std::unique_ptr<PackedReader>> Open(
      std::shared_ptr<ChunkManager> store, std::vector<std::string> paths,
      std::shared_ptr<const CollectionSchema> schema = nullptr);
  ~PackedReader();

  int64_t num_rows() const;
  const std::shared_ptr<arrow::Schema>& schema() const;

  /// Batches in row order. The stream keeps the files open.
  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(
      const PackedReadOptions& options = {}) const;

  /// Rows by position, in the order given, duplicates allowed.  Errors: Invalid naming the first
  /// row out of range
  Result<std::shared_ptr<arrow::RecordBatch>> Take(const std::vector<int64_t>& rows,
                                                   const std::vector<std::string>& columns = {},
                                                   bool verify = true) const;

  /// Reads every byte of every file and compares it with its checksums. `problems` gets one line
  /// for each thing wrong.
  Status Verify(std::vector<std::string>* problems) const;

 private:
  class Impl;
  explicit PackedReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace varve
