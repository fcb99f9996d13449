// SPDX-License-Identifier: Apache-2.0
// Segments of a collection as Milvus keeps them: insert logs (V1 binlogs of one field, or V2 packed
// files of a column group), delta logs with deletes, statistics.
//
// Source:  docs/format/milvus-packed.md, docs/format/binlog-v1.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

enum class StorageVersion : int64_t {
  kV1 = 0,
  kV2 = 2,
  kV3 = 3,  ///< and beyond: files that a manifest names: recognised, neither read nor written
};

/// One object, as Milvus' metadata has it.
struct Binlog {
  std::string path;  ///< in the store
  int64_t log_id = 0;
  int64_t num_rows = 0;
  uint64_t timestamp_from = 0, timestamp_to = 0;  ///< hybrid timestamps, inclusive
  int64_t file_bytes = 0;    ///< as the metadata say; may be an estimate. Nothing is read by it
  int64_t memory_bytes = 0;  ///< likewise
  std::map<int64_t, int64_t> null_counts;  ///< by field id; V2

  bool operator==(const Binlog&) const = default;
};

struct FieldBinlog {
  int64_t field_id = 0;               ///< V1: the field; V2: the column group
  std::vector<int64_t> child_fields;  ///< V2: the fields of the group
  std::string format;                 ///< empty: Parquet
  std::vector<Binlog> logs;           ///< by log id

  bool operator==(const FieldBinlog&) const = default;
};

struct SegmentFiles {
  int64_t collection_id = 0;
  int64_t partition_id = 0;
  int64_t segment_id = 0;
  StorageVersion version = StorageVersion::kV1;
  int64_t num_rows = 0;  ///< inserted, deleted or not
  std::vector<FieldBinlog> inserts, statistics, deltas, bm25;
  /// Not 0: all rows were committed at this time, whatever their timestamps say, as those of a bulk
  /// import; hybrid. Deletes before it do not concern them.
  uint64_t commit_timestamp = 0;

  bool operator==(const SegmentFiles&) const = default;
};

struct SegmentReadOptions {
  std::vector<std::string> columns;  ///< in this order; empty: all user fields. "RowID" and
                                     ///< "Timestamp" when named, as they are stored
  /// A row is visible when its timestamp is at most this and no delete of its key lies between.
  uint64_t as_of = UINT64_MAX;
  int64_t begin_row = 0;        ///< of the rows inserted, before deletes
  int64_t end_row = INT64_MAX;  ///< half-open
  int64_t batch_rows = 8192;    ///< an upper bound
};

/// Memory:  of V1 one chunk, that is one insert log of each field asked for; all deletes
/// Threads: const methods may be called concurrently.
class VARVE_EXPORT SegmentReader {
 public:
  /// Reads nothing yet. `deltas`: further delta logs that apply, those of L0 segments.
  /// Errors: Invalid for a list that is there twice; Corruption for numbers of rows that differ
  static Result<std::unique_ptr<SegmentReader>> Open(std::shared_ptr<ChunkManager> store,
                                                     std::shared_ptr<const CollectionSchema> schema,
                                                     SegmentFiles files,
                                                     const std::vector<FieldBinlog>& deltas = {});
  ~SegmentReader();

  const SegmentFiles& files() const;
  /// In all delta logs, which this reads unless a scan has. A key may be deleted more than once.
  Result<int64_t> CountDeletes() const;

  /// Visible rows in the order of insertion, in the Arrow form of the schema. A field that a chunk
  /// lacks has its default there, or nulls. The stream holds what it needs.
  /// Errors: Invalid for an unknown column; here and of the stream Corruption naming the object
  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(
      const SegmentReadOptions& options = {}) const;

 private:
  class Impl;
  explicit SegmentReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace varve
