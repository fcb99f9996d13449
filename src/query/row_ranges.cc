// SPDX-License-Identifier: Apache-2.0
#include "query/row_ranges.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

namespace varve::internal {
namespace {

bool StartsBefore(const RowRange& a, const RowRange& b) { return a.begin < b.begin; }

RowRanges MergeSorted(const RowRanges& sorted) {
  RowRanges result;
  for (const RowRange& range : sorted) AppendRange(&result, range);
  return result;
}

}  // namespace

void AppendRange(RowRanges* ranges, RowRange range) {
  if (range.end <= range.begin) return;
  if (!ranges->empty() && range.begin <= ranges->back().end) {
    ranges->back().end = std::max(ranges->back().end, range.end);
  } else {
    ranges->push_back(range);
  }
}

RowRanges Normalize(RowRanges ranges) {
  std::sort(ranges.begin(), ranges.end(), StartsBefore);
  return MergeSorted(ranges);
}

RowRanges Intersect(const RowRanges& a, const RowRanges& b) {
  RowRanges result;
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    AppendRange(&result, {std::max(a[i].begin, b[j].begin), std::min(a[i].end, b[j].end)});
    a[i].end < b[j].end ? ++i : ++j;
  }
  return result;
}

RowRanges Union(const RowRanges& a, const RowRanges& b) {
  RowRanges sorted;
  sorted.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(sorted), StartsBefore);
  return MergeSorted(sorted);
}

int64_t TotalRows(const RowRanges& ranges) {
  int64_t total = 0;
  for (const RowRange& range : ranges) total += range.size();
  return total;
}

}  // namespace varve::internal
