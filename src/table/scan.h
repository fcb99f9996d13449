// SPDX-License-Identifier: Apache-2.0
// A scan over the segments of a snapshot, as a stream of record batches.
#pragma once

#include <memory>

#include "arrow/record_batch.h"
#include "query/predicate.h"
#include "schema/projection.h"
#include "table/snapshot_state.h"

namespace varve::internal {

struct ScanPlan {
  Projection projection;
  std::shared_ptr<const Predicate> predicate;  ///< null: all rows
  int64_t limit = INT64_MAX;
  int64_t batch_size = 8192;
  bool exact_batch_size = false;
  bool verify = true;
  int64_t prefetch_bytes = 64 << 20;
};

/// The stream keeps `state`. Batches come in row order, at most batch_size rows each, none empty.
std::shared_ptr<arrow::RecordBatchReader> MakeScan(std::shared_ptr<const SnapshotState> state,
                                                   ScanPlan plan);

}  // namespace varve::internal
