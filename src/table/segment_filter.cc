// SPDX-License-Identifier: Apache-2.0
#include "table/segment_filter.h"

#include <algorithm>
#include <utility>

#include "query/pruning.h"
#include "table/projection.h"

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

Result<SegmentFilter> SegmentFilter::Make(const SegmentReader& segment,
                                          const CollectionSchema& schema,
                                          const Predicate& predicate,
                                          const ColumnScanOptions& options) {
  const SegmentStatistics statistics(segment.entry());
  SegmentFilter filter(predicate, predicate.Prune(std::cref(statistics), segment.num_rows()));
  if (filter.match_ != Match::kSome) return filter;

  std::vector<const FieldSchema*> fields;
  std::vector<std::shared_ptr<const PackedColumnReader>> columns;
  std::vector<std::vector<PageZone>> zones;
  for (const int64_t field_id : predicate.field_ids()) {
    const FieldSchema* field = schema.FindById(field_id);
    fields.push_back(field == nullptr ? SystemField(field_id) : field);
    ARROW_ASSIGN_OR_RAISE(auto column, segment.Column(*fields.back()));
    ARROW_ASSIGN_OR_RAISE(auto column_zones, column->Zones());
    for (PageZone& zone : column_zones) zone.statistics.field_id = field_id;
    zones.push_back(std::move(column_zones));
    columns.push_back(std::move(column));
  }
  filter.ranges_ = PruneZones(predicate, zones, segment.num_rows());
  for (const EqualityConstraint& constraint : predicate.equalities()) {
    if (filter.ranges_.empty()) break;
    const auto at = static_cast<size_t>(
        std::find(predicate.field_ids().begin(), predicate.field_ids().end(), constraint.field_id) -
        predicate.field_ids().begin());
    ARROW_ASSIGN_OR_RAISE(const auto rows,
                          RowsAdmitted(segment, *fields[at], *columns[at], constraint));
    filter.ranges_ = Intersect(filter.ranges_, rows);
  }
  if (filter.ranges_.empty()) {
    filter.match_ = Match::kNone;
  } else {
    filter.next_row_ = filter.ranges_.front().begin;
    filter.columns_.emplace(std::move(columns), options);
  }
  return filter;
}

Result<std::vector<int64_t>> SegmentFilter::Next(int64_t want) {
  std::vector<int64_t> matches;
  while (range_ < ranges_.size() && static_cast<int64_t>(matches.size()) < want) {
    ARROW_ASSIGN_OR_RAISE(const auto arrays, columns_->Next(next_row_, ranges_[range_].end));
    const int64_t num_rows = arrays.front()->length();
    ARROW_ASSIGN_OR_RAISE(const auto offsets, predicate_->Evaluate(arrays, num_rows));
    for (const int64_t offset : offsets) matches.push_back(next_row_ + offset);
    next_row_ += num_rows;
    if (next_row_ >= ranges_[range_].end && ++range_ < ranges_.size()) {
      next_row_ = ranges_[range_].begin;
    }
  }
  return matches;
}

}  // namespace varve::internal
