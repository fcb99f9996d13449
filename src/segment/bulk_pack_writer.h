// SPDX-License-Identifier: Apache-2.0
// Writes the logs of one sync pack: inserts, primary-key statistics, deletes, BM25 statistics, in
// that order. Nothing of it is visible until metadata names it.
//
// This class writes storage V1, an insert log a field; BulkPackWriterV2 writes packed files.
//
// Retries: each object by itself, under the same name
// Errors:  Invalid naming the field; those of the store, after the retries
// Threads: one caller at a time
// Source:  shared specification of Milvus' formats, sections 2.5, 3 and 10.4
#pragma once

#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "segment/earlier_rows.h"
#include "segment/insert_rows.h"
#include "segment/log_store.h"
#include "segment/sync_context.h"
#include "varve/bm25_statistics.h"
#include "varve/primary_key_statistics.h"
#include "varve/segment_metadata.h"
#include "varve/sync.h"

namespace varve::internal {

/// The logs that a pack adds to its segment.
struct PackLogs {
  int64_t num_rows = 0;
  std::vector<FieldBinlog> inserts, statistics, deltas, bm25;
};

class BulkPackWriter {
 public:
  /// All outlive the writer. `segment`: as it is before the pack.
  BulkPackWriter(const SyncContext& context, std::shared_ptr<const CollectionSchema> schema,
                 const SegmentState& segment);
  virtual ~BulkPackWriter() = default;

  Result<PackLogs> Write(const SyncPack& pack, const InsertRows& rows);

 protected:
  /// REQUIRES: rows.num_rows() > 0; of fields that go on from those of the segment
  virtual Result<std::vector<FieldBinlog>> WriteInserts(const InsertRows& rows);

  const SyncContext& context() const { return context_; }
  const SegmentState& segment() const { return segment_; }
  LogStore& logs() { return logs_; }

 private:
  /// Those that the pack names, and those of which the segment has statistics.
  std::set<int64_t> Bm25Fields(const SyncPack& pack, const InsertRows& rows) const;
  Result<PrimaryKeyStatisticsBuilder> BuildStatistics(const FieldSchema& key,
                                                      int64_t num_rows) const;
  Result<PrimaryKeyStatistics> StatisticsOfEarlierRows(const FieldSchema& key) const;
  Result<Bm25Statistics> Bm25OfEarlierRows(const FieldSchema& field) const;
  /// A log with the rows and times of `extent`.
  Result<Binlog> PutStatistics(const LogName& name, std::string_view bytes, const Binlog& extent);
  Result<std::vector<FieldBinlog>> WriteStatistics(const InsertRows& rows, bool with_compound);
  Result<std::vector<FieldBinlog>> WriteDeletes(const std::vector<DeleteData>& batches);
  // Adds the sums of earlier logs.
  Status MergeParts(const std::vector<Binlog>& parts, Bm25Statistics* statistics) const;
  Result<FieldBinlog> WriteBm25(int64_t field_id, const InsertRows& rows, bool with_merged);

  const SyncContext& context_;
  const std::shared_ptr<const CollectionSchema> schema_;
  const SegmentState& segment_;
  const EarlierRows earlier_;
  LogStore logs_;
};

}  // namespace varve::internal
