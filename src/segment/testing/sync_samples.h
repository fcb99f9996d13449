// SPDX-License-Identifier: Apache-2.0
// Packs whose every value follows from the row number, and a segment to flush them into. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "segment/sync_context.h"
#include "varve/schema.h"
#include "varve/sync.h"

namespace varve::internal::testing {

inline constexpr int64_t kKeyFieldId = 100;
inline constexpr int64_t kTextFieldId = 101;
inline constexpr int64_t kVectorFieldId = 102;
inline constexpr int64_t kSparseFieldId = 103;
inline constexpr int32_t kSyncDim = 4;
inline constexpr uint64_t kFirstTimestamp = uint64_t{1} << 40;

/// pk Int64 | text VarChar, nullable | emb FloatVector | terms SparseFloatVector
std::shared_ptr<const CollectionSchema> SyncSchema();

/// Rows [begin, begin + count): pk = row, Timestamp = kFirstTimestamp + row, RowID = row + 1000.
std::shared_ptr<arrow::RecordBatch> SyncRows(int64_t begin, int64_t count);

/// Deletes of the keys [begin, begin + count), 2^20 later than their rows.
DeleteData SyncDeletes(int64_t begin, int64_t count);

/// Rows [begin, begin + count) in two batches, up to the checkpoint kFirstTimestamp + end.
SyncPack SamplePack(int64_t segment_id, int64_t begin, int64_t count);

SegmentState SampleSegment(int64_t segment_id, StorageVersion version);

/// Paths of all logs, in no order.
std::vector<std::string> PathsOf(const SegmentFiles& files);

}  // namespace varve::internal::testing
