// SPDX-License-Identifier: Apache-2.0
#include "table/segment_filter.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "base/stop.h"
#include "query/pruning.h"
#include "schema/projection.h"

namespace varve::internal {
namespace {

// What the manifest knows of a segment's columns, implicit ones included.
class SegmentStatistics {
 public:
  explicit SegmentStatistics(const SegmentEntry& entry)
      : entry_(entry),
        row_id_{.field_id = kRowIdFieldId,
                .null_count = 0,
                .min = static_cast<int64_t>(entry.first_row_id),
                .max = static_cast<int64_t>(entry.first_row_id) + entry.num_rows - 1},
        // As filters compare them, from 2^63 on negative; bounds out of order say nothing.
        timestamp_{.field_id = kTimestampFieldId,
                   .null_count = 0,
                   .min = static_cast<int64_t>(entry.min_ts),
                   .max = static_cast<int64_t>(entry.max_ts)} {}

  const ColumnStatistics* operator()(int64_t field_id) const {
    if (field_id == kRowIdFieldId) return &row_id_;
    if (field_id == kTimestampFieldId) return &timestamp_;
    for (const ColumnStatistics& statistics : entry_.statistics) {
      if (statistics.field_id == field_id) return &statistics;
    }
    return nullptr;
  }

 private:
  const SegmentEntry& entry_;
  const ColumnStatistics row_id_;
  const ColumnStatistics timestamp_;
};

// Rows of the row groups whose bloom filter admits one of the values that `constraint` asks for.
Result<RowRanges> RowsAdmitted(const SegmentReader& segment, const FieldSchema& field,
                               const PackedColumnReader& column,
                               const EqualityConstraint& constraint) {
  std::vector<bool> admitted;
  for (const StatisticValue& value : constraint.values) {
    ARROW_ASSIGN_OR_RAISE(const auto bits, column.MayContain(value));
    admitted.resize(std::max(admitted.size(), bits.size()), false);
    for (size_t i = 0; i < bits.size(); ++i) admitted[i] = admitted[i] || bits[i];
  }
  ARROW_ASSIGN_OR_RAISE(const auto starts, segment.RowGroupStarts(field));
  RowRanges rows;
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    if (i >= admitted.size() || admitted[i]) AppendRange(&rows, {starts[i], starts[i + 1]});
  }
  return rows;
}

}  // namespace

std::vector<const FieldSchema*> FieldsOf(const CollectionSchema& schema,
                                         const Predicate& predicate) {
  std::vector<const FieldSchema*> fields;
  for (const int64_t field_id : predicate.field_ids()) {
    const FieldSchema* field = schema.FindById(field_id);
    fields.push_back(field == nullptr ? SystemField(field_id) : field);
  }
  return fields;
}

Match MatchOfSegment(const SegmentReader& segment, const Predicate& predicate) {
  const SegmentStatistics statistics(segment.entry());
  return predicate.Prune(std::cref(statistics), segment.num_rows());
}

Result<SegmentFilter> SegmentFilter::Make(const SegmentReader& segment,
                                          const CollectionSchema& schema,
                                          const Predicate& predicate,
                                          const ColumnScanOptions& options) {
  SegmentFilter filter(predicate, MatchOfSegment(segment, predicate));
  if (filter.match_ != Match::kSome) return filter;

  const std::vector<const FieldSchema*> fields = FieldsOf(schema, predicate);
  std::vector<std::shared_ptr<const PackedColumnReader>> columns;
  std::vector<ColumnZones> zones;
  for (const FieldSchema* field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto column, segment.Column(*field));
    ARROW_ASSIGN_OR_RAISE(auto column_zones, column->Zones());
    zones.push_back({.field_id = field->field_id, .zones = std::move(column_zones)});
    columns.push_back(std::move(column));
  }
  ZonePruning rows = PruneZones(predicate, zones, segment.num_rows());
  for (const EqualityConstraint& constraint : predicate.equalities()) {
    if (rows.may_match.empty()) break;
    const auto at = static_cast<size_t>(
        std::find(predicate.field_ids().begin(), predicate.field_ids().end(), constraint.field_id) -
        predicate.field_ids().begin());
    ARROW_ASSIGN_OR_RAISE(const auto admitted,
                          RowsAdmitted(segment, *fields[at], *columns[at], constraint));
    rows.may_match = Intersect(rows.may_match, admitted);
  }
  filter.CutPieces(rows.may_match, rows.all_match);
  if (filter.pieces_.empty()) {
    filter.match_ = Match::kNone;
  } else {
    filter.columns_.emplace(std::move(columns), options);
    std::vector<RowSpan> evaluated;
    for (const Piece& piece : filter.pieces_) {
      if (!piece.known_to_match) evaluated.push_back({piece.rows.begin, piece.rows.end});
    }
    filter.columns_->Expect(std::move(evaluated));
  }
  return filter;
}

void SegmentFilter::CutPieces(const RowRanges& may_match, const RowRanges& all_match) {
  for (const RowRange& range : may_match) {
    int64_t next = range.begin;
    for (const RowRange& known : Intersect({range}, all_match)) {
      if (next < known.begin) pieces_.push_back({{next, known.begin}, false});
      pieces_.push_back({known, true});
      next = known.end;
    }
    if (next < range.end) pieces_.push_back({{next, range.end}, false});
  }
  if (!pieces_.empty()) next_row_ = pieces_.front().rows.begin;
}

Result<std::vector<int64_t>> SegmentFilter::Next(int64_t want) {
  std::vector<int64_t> matches;
  while (piece_ < pieces_.size() && static_cast<int64_t>(matches.size()) < want) {
    ARROW_RETURN_NOT_OK(CheckStopped());
    const Piece& piece = pieces_[piece_];
    if (piece.known_to_match) {
      const int64_t missing = want - static_cast<int64_t>(matches.size());
      const int64_t end = std::min(piece.rows.end, next_row_ + missing);
      while (next_row_ < end) matches.push_back(next_row_++);
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto arrays, columns_->Next(next_row_, piece.rows.end));
      const int64_t num_rows = arrays.front()->length();
      ARROW_ASSIGN_OR_RAISE(const auto offsets, predicate_->Evaluate(arrays, num_rows));
      for (const int64_t offset : offsets) matches.push_back(next_row_ + offset);
      next_row_ += num_rows;
    }
    if (next_row_ >= piece.rows.end && ++piece_ < pieces_.size()) {
      next_row_ = pieces_[piece_].rows.begin;
    }
  }
  return matches;
}

}  // namespace varve::internal
