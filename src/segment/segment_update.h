// SPDX-License-Identifier: Apache-2.0
// Whether a step of a segment is still to be made: the rule that every MetaWriter goes by.
//
// Threads: functions; call them from any thread
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "varve/segment_metadata.h"
#include "varve/status.h"

namespace varve::internal {

enum class UpdateVerdict {
  kCommit,  ///< what stands is what the step was made for
  kStands,  ///< the step was made, by this run or an earlier one
};

/// `stored`: what is committed of the segment; nullopt: nothing.
/// Errors: NotFound for a segment that was dropped, or is another channel's; CommitConflict naming
///         the segment, if what stands is neither, or has ended and the step would go on
Result<UpdateVerdict> JudgeUpdate(const std::optional<SegmentState>& stored,
                                  const SegmentUpdate& update);

/// How many rows or deletes a log has, and of what times.
struct LogRows {
  int64_t num_rows = 0;
  uint64_t timestamp_from = 0, timestamp_to = 0;

  bool operator==(const LogRows&) const = default;
};
/// Of the log that was added last, that of the highest id; nothing without any.
LogRows RowsOfLastLog(const std::vector<FieldBinlog>& fields);

/// No more rows will come.
bool IsFinal(SegmentLifecycle lifecycle);

}  // namespace varve::internal
