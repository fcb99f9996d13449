// SPDX-License-Identifier: Apache-2.0
#include "query/value_set.h"

#include <algorithm>
#include <utility>

namespace varve::internal {
namespace {

template <typename Range>
bool StartsBefore(const Range& a, const Range& b) {
  if constexpr (requires { a.first; }) {
    return a.first < b.first;
  } else {
    return a.begin < b.begin;
  }
}

bool EndsBefore(const BytesRange& a, const BytesRange& b) {
  return a.end.has_value() && (!b.end.has_value() || *a.end < *b.end);
}

// `touches(a, b)`: b begins within a or right behind it. `extend(a, b)`: a then reaches to b's end.
template <typename Range, typename Touches, typename Extend>
std::vector<Range> Merge(std::vector<Range> ranges, Touches touches, Extend extend) {
  std::sort(ranges.begin(), ranges.end(), StartsBefore<Range>);
  std::vector<Range> merged;
  for (Range& range : ranges) {
    if (!merged.empty() && touches(merged.back(), range)) {
      extend(&merged.back(), &range);
    } else {
      merged.push_back(std::move(range));
    }
  }
  return merged;
}

// The last range that begins at or before `value`, or the end.
template <typename Set, typename Value, typename BeginsAfter>
auto FindCandidate(const Set& set, const Value& value, BeginsAfter begins_after) {
  const auto after = std::upper_bound(set.begin(), set.end(), value, begins_after);
  return after == set.begin() ? set.end() : after - 1;
}

template <typename Set, typename Value>
Coverage CoverageOfClosed(const Set& set, std::optional<Value> min, std::optional<Value> max) {
  for (const auto& range : set) {
    if ((max && *max < range.first) || (min && range.last < *min)) continue;
    const bool contained = min && max && range.first <= *min && *max <= range.last;
    return contained ? Coverage::kContained : Coverage::kPartial;
  }
  return Coverage::kDisjoint;
}

template <typename Set, typename Value>
bool ContainsClosed(const Set& set, Value value) {
  const auto range = FindCandidate(
      set, value, [](Value wanted, const auto& candidate) { return wanted < candidate.first; });
  return range != set.end() && value <= range->last;
}

}  // namespace

IntegerSet MakeIntegerSet(IntegerSet ranges) {
  std::erase_if(ranges, [](const IntegerRange& range) { return range.last < range.first; });
  return Merge(
      std::move(ranges),
      [](const IntegerRange& a, const IntegerRange& b) { return b.first - 1 <= a.last; },
      [](IntegerRange* a, IntegerRange* b) { a->last = std::max(a->last, b->last); });
}

FloatSet MakeFloatSet(FloatSet ranges) {
  std::erase_if(ranges, [](const FloatRange& range) { return !(range.first <= range.last); });
  return Merge(
      std::move(ranges), [](const FloatRange& a, const FloatRange& b) { return b.first <= a.last; },
      [](FloatRange* a, FloatRange* b) { a->last = std::max(a->last, b->last); });
}

BytesSet MakeBytesSet(BytesSet ranges) {
  std::erase_if(ranges,
                [](const BytesRange& range) { return range.end && *range.end <= range.begin; });
  return Merge(
      std::move(ranges),
      [](const BytesRange& a, const BytesRange& b) { return !a.end || b.begin <= *a.end; },
      [](BytesRange* a, BytesRange* b) {
        if (EndsBefore(*a, *b)) a->end = std::move(b->end);
      });
}

bool Contains(const IntegerSet& set, Int128 value) { return ContainsClosed(set, value); }

bool Contains(const FloatSet& set, double value) {
  return value == value && ContainsClosed(set, value);
}

bool Contains(const BytesSet& set, std::string_view value) {
  const auto range =
      FindCandidate(set, value, [](std::string_view wanted, const BytesRange& candidate) {
        return wanted < candidate.begin;
      });
  return range != set.end() && (!range->end || value < *range->end);
}

std::string Successor(std::string_view bytes) {
  std::string successor(bytes);
  successor.push_back('\0');
  return successor;
}

std::optional<std::string> PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Coverage CoverageOf(const IntegerSet& set, std::optional<Int128> min, std::optional<Int128> max) {
  return CoverageOfClosed(set, min, max);
}

Coverage CoverageOf(const FloatSet& set, std::optional<double> min, std::optional<double> max) {
  return CoverageOfClosed(set, min, max);
}

Coverage CoverageOf(const BytesSet& set, const std::string* min, const std::string* max) {
  for (const BytesRange& range : set) {
    if ((max != nullptr && *max < range.begin) ||
        (min != nullptr && range.end && *range.end <= *min)) {
      continue;
    }
    const bool from_min = min == nullptr ? range.begin.empty() : range.begin <= *min;
    const bool to_max = !range.end || (max != nullptr && *max < *range.end);
    return from_min && to_max ? Coverage::kContained : Coverage::kPartial;
  }
  return Coverage::kDisjoint;
}

}  // namespace varve::internal
