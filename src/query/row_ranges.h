// SPDX-License-Identifier: Apache-2.0
// Sets of rows as half-open ranges. A RowRanges is normal when its ranges are not empty, ascending
// and apart (neighbours that touch are one range); every function here returns normal ones.
#pragma once

#include <cstdint>
#include <vector>

namespace varve::internal {

/// Rows [begin, end).
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end - begin; }
  bool operator==(const RowRange&) const = default;
};

using RowRanges = std::vector<RowRange>;

/// Any ranges, in any order, overlapping or not, made normal. Empty and reversed ranges vanish.
RowRanges Normalize(RowRanges ranges);

/// Appends `range` to a normal set, merging it with the last one where they touch.
/// REQUIRES: range.begin >= ranges->back().begin
void AppendRange(RowRanges* ranges, RowRange range);

/// REQUIRES: both are normal
RowRanges Intersect(const RowRanges& a, const RowRanges& b);
/// REQUIRES: both are normal
RowRanges Union(const RowRanges& a, const RowRanges& b);

/// Rows in a normal set.
int64_t TotalRows(const RowRanges& ranges);

}  // namespace varve::internal
