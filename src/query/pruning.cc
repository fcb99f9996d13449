// SPDX-License-Identifier: Apache-2.0
#include "query/pruning.h"

#include <algorithm>
#include <cstddef>

namespace varve::internal {
namespace {

bool CoverAllRows(const std::vector<PageZone>& zones, int64_t num_rows) {
  int64_t row = 0;
  for (const PageZone& zone : zones) {
    if (zone.begin_row != row || zone.end_row <= row) return false;
    row = zone.end_row;
  }
  return row == num_rows;
}

// One column, walked from its first zone to its last.
struct Cursor {
  int64_t field_id;
  const std::vector<PageZone>* zones;
  size_t at = 0;
  ColumnStatistics statistics;  // of the rows under judgement

  // Moves to the zone of [begin, end), which no boundary of a zone divides.
  void MoveTo(int64_t begin, int64_t end) {
    while ((*zones)[at].end_row <= begin) ++at;
    const PageZone& zone = (*zones)[at];
    statistics = zone.statistics;
    // Bounds hold for every part of a zone, but the number of nulls only where it is none or all.
    const int64_t zone_rows = zone.end_row - zone.begin_row;
    if (end - begin == zone_rows || statistics.null_count == 0) return;
    statistics.null_count = statistics.null_count == zone_rows ? end - begin : -1;
  }
};

}  // namespace

ZonePruning PruneZones(const Predicate& predicate, std::span<const ColumnZones> columns,
                       int64_t num_rows) {
  std::vector<Cursor> cursors;
  std::vector<int64_t> boundaries = {num_rows};
  for (const ColumnZones& column : columns) {
    if (!CoverAllRows(column.zones, num_rows)) continue;
    cursors.push_back({column.field_id, &column.zones});
    for (const PageZone& zone : column.zones) boundaries.push_back(zone.end_row);
  }
  std::sort(boundaries.begin(), boundaries.end());
  boundaries.erase(std::unique(boundaries.begin(), boundaries.end()), boundaries.end());

  const auto lookup = [&](int64_t field_id) -> const ColumnStatistics* {
    for (const Cursor& cursor : cursors) {
      if (cursor.field_id == field_id) return &cursor.statistics;
    }
    return nullptr;
  };
  ZonePruning result;
  int64_t begin = 0;
  for (const int64_t end : boundaries) {
    if (end <= begin) continue;
    for (Cursor& cursor : cursors) cursor.MoveTo(begin, end);
    const Match match = predicate.Prune(lookup, end - begin);
    if (match != Match::kNone) AppendRange(&result.may_match, {begin, end});
    if (match == Match::kAll) AppendRange(&result.all_match, {begin, end});
    begin = end;
  }
  return result;
}

}  // namespace varve::internal
