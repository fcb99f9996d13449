// SPDX-License-Identifier: Apache-2.0
// What reads of a snapshot fetch of files that are far away, as one wave over all segments and
// columns. Nothing happens where files are at hand.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "packed/read_wave.h"
#include "query/predicate.h"
#include "schema/projection.h"
#include "table/snapshot_state.h"

namespace varve::internal {

/// Rows of one segment.
struct SegmentRows {
  size_t segment = 0;
  std::vector<int64_t> rows;       ///< relative to the segment
  std::vector<int64_t> positions;  ///< in the result
};

/// Fetches what a take of these rows reads; it lies in memory while `wave` lives.
Status FetchForTake(const SnapshotState& state, const Projection& projection,
                    std::span<const SegmentRows> groups, bool verify, ReadWave* wave);

/// Opens the segments that a scan comes to, several at a time, with all values of the columns that
/// it looks at first where those are few.
class SegmentsAhead {
 public:
  /// `first`: the columns read of every row; `later`: those read of some. `predicate` may be null.
  /// All outlive this. `rows`: no more are read. `bytes`: most that is fetched of values at a time.
  SegmentsAhead(const SnapshotState& state, const Predicate* predicate,
                std::vector<const FieldSchema*> first, std::vector<const FieldSchema*> later,
                int64_t rows, int64_t bytes);

  /// Before segment `next` is read; what is fetched for it stays at least until the next call.
  Status Reach(size_t next);

 private:
  const SnapshotState& state_;
  const Predicate* const predicate_;
  const std::vector<const FieldSchema*> first_;
  const std::vector<const FieldSchema*> later_;
  const int64_t rows_;
  const int64_t bytes_;
  size_t reached_ = 0;  // segments before this one are open
  std::unique_ptr<ReadWave> wave_;
};

}  // namespace varve::internal
