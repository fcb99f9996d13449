// SPDX-License-Identifier: Apache-2.0
#include "table/fetch.h"

#include <algorithm>
#include <utility>

#include "table/segment_filter.h"

namespace varve::internal {
namespace {

// As many requests as are under way at once make one wave; more segments would be two.
constexpr size_t kSegmentsAhead = 64;

bool IsFar(const SnapshotState& state) { return !state.files->store()->features().mapping; }

}  // namespace

Status FetchForTake(const SnapshotState& state, const Projection& projection,
                    std::span<const SegmentRows> groups, bool verify, ReadWave* wave) {
  if (!IsFar(state)) return Status::OK();
  return wave->FetchAll([&](ReadWave* next) -> Result<bool> {
    bool more = false;
    for (const SegmentRows& group : groups) {
      for (const FieldSchema& field : projection.fields) {
        const SegmentReader& segment = state.segments[group.segment];
        ARROW_ASSIGN_OR_RAISE(const bool waits, segment.PlanColumn(field, /*bounds=*/false, next));
        more = more || waits;
        if (waits) continue;
        ARROW_ASSIGN_OR_RAISE(const auto column, segment.Column(field));
        ARROW_ASSIGN_OR_RAISE(const bool more_of_it, column->PlanTake(group.rows, verify, next));
        more = more || more_of_it;
      }
    }
    return more;
  });
}

SegmentsAhead::SegmentsAhead(const SnapshotState& state, const Predicate* predicate,
                             std::vector<const FieldSchema*> first,
                             std::vector<const FieldSchema*> later, int64_t rows, int64_t bytes)
    : state_(state),
      predicate_(predicate),
      first_(std::move(first)),
      later_(std::move(later)),
      rows_(rows),
      bytes_(bytes),
      reached_(IsFar(state) ? 0 : state.segments.size()) {}

Status SegmentsAhead::Reach(size_t next) {
  if (next < reached_ || next >= state_.segments.size()) return Status::OK();
  auto wave = std::make_unique<ReadWave>(ReadPattern::kScan);
  const size_t end = std::min(state_.segments.size(), next + kSegmentsAhead);
  int64_t rows_left = rows_ - state_.starts[next];
  for (reached_ = next; reached_ < end && wave->bytes() < bytes_ && rows_left > 0; ++reached_) {
    const SegmentReader& segment = state_.segments[reached_];
    const bool whole = segment.num_rows() <= rows_left;
    rows_left -= segment.num_rows();
    if (predicate_ != nullptr && MatchOfSegment(segment, *predicate_) == Match::kNone) continue;
    for (const FieldSchema* field : first_) {
      ARROW_RETURN_NOT_OK(
          segment.PlanColumn(*field, /*bounds=*/predicate_ != nullptr, wave.get()).status());
    }
    for (const FieldSchema* field : later_) {
      ARROW_RETURN_NOT_OK(segment.PlanColumn(*field, /*bounds=*/false, wave.get()).status());
    }
    if (whole) ARROW_RETURN_NOT_OK(segment.PlanWhole(first_, bytes_ - wave->bytes(), wave.get()));
  }
  ARROW_RETURN_NOT_OK(wave->Fetch());
  wave_ = std::move(wave);
  return Status::OK();
}

}  // namespace varve::internal
