// SPDX-License-Identifier: Apache-2.0
// Rows by position, over all segments of a snapshot.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "arrow/type_fwd.h"
#include "schema/projection.h"
#include "table/snapshot_state.h"

namespace varve::internal {

/// The columns of `projection` at `rows`, in that order, duplicates allowed.
/// Errors: Invalid naming the first row that is out of range
Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const SnapshotState& state,
                                                     const Projection& projection,
                                                     std::span<const int64_t> rows, bool verify,
                                                     ReadPattern pattern);

}  // namespace varve::internal
