// SPDX-License-Identifier: Apache-2.0
#include "segment/segment_update.h"

#include <string>

namespace varve::internal {
namespace {

bool HasNoLogs(const SegmentFiles& files) {
  return files.inserts.empty() && files.statistics.empty() && files.deltas.empty() &&
         files.bm25.empty();
}

std::string Describe(const std::optional<SegmentState>& state) {
  if (!state.has_value()) return "nothing";
  return std::to_string(state->files.num_rows) + " rows up to timestamp " +
         std::to_string(state->checkpoint.timestamp);
}

// What `stored` holds reaches at least as far as `after`.
bool Covers(const SegmentState& stored, const SegmentState& after) {
  if (IsFinal(after.lifecycle) && stored.lifecycle != after.lifecycle) return false;
  if (stored.checkpoint.timestamp != after.checkpoint.timestamp) {
    return stored.checkpoint.timestamp > after.checkpoint.timestamp;
  }
  return stored.files.num_rows == after.files.num_rows &&
         RowsOfLastLog(stored.files.inserts) == RowsOfLastLog(after.files.inserts) &&
         RowsOfLastLog(stored.files.deltas) == RowsOfLastLog(after.files.deltas);
}

// The step would open a segment again that has ended, or put rows into it.
bool Reopens(const SegmentState& stored, const SegmentUpdate& update) {
  if (stored.lifecycle != SegmentLifecycle::kFlushed) return false;
  return update.rows_added() > 0 || !IsFinal(update.after.lifecycle);
}

Status NotOurs(std::string_view what, const SegmentState& before) {
  return MakeError(ErrorKind::kNotFound, what,
                   {.object = "segment " + std::to_string(before.files.segment_id)});
}

}  // namespace

LogRows RowsOfLastLog(const std::vector<FieldBinlog>& fields) {
  const Binlog* last = nullptr;
  for (const FieldBinlog& field : fields) {
    for (const Binlog& log : field.logs) {
      if (last == nullptr || log.log_id > last->log_id) last = &log;
    }
  }
  if (last == nullptr) return {};
  return {.num_rows = last->num_rows,
          .timestamp_from = last->timestamp_from,
          .timestamp_to = last->timestamp_to};
}

bool IsFinal(SegmentLifecycle lifecycle) {
  return lifecycle == SegmentLifecycle::kFlushed || lifecycle == SegmentLifecycle::kDropped;
}

Result<UpdateVerdict> JudgeUpdate(const std::optional<SegmentState>& stored,
                                  const SegmentUpdate& update) {
  const SegmentState& before = update.before;
  if (!stored.has_value()) {
    if (HasNoLogs(before.files)) return UpdateVerdict::kCommit;
  } else if (*stored == update.after) {
    return UpdateVerdict::kStands;
  } else if (stored->channel != before.channel) {
    return NotOurs("the segment is another channel's", before);
  } else if (stored->lifecycle == SegmentLifecycle::kDropped) {
    if (update.after.lifecycle == SegmentLifecycle::kDropped) return UpdateVerdict::kStands;
    return NotOurs("the segment was dropped", before);
  } else if (stored->files == before.files && stored->checkpoint == before.checkpoint &&
             !Reopens(*stored, update)) {
    return UpdateVerdict::kCommit;
  } else if (Covers(*stored, update.after)) {
    return UpdateVerdict::kStands;
  }
  return MakeError(ErrorKind::kCommitConflict, "the segment is not what this step was made for",
                   {.object = "segment " + std::to_string(before.files.segment_id),
                    .expected = Describe(before),
                    .found = Describe(stored)});
}

}  // namespace varve::internal
