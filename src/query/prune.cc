// SPDX-License-Identifier: Apache-2.0
#include "query/prune.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace varve::internal {
namespace {

std::optional<Int128> IntegerOf(const StatisticValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return Int128{*integer};
  if (const auto* integer = std::get_if<uint64_t>(&value)) return Int128{*integer};
  return std::nullopt;
}

std::optional<double> FloatOf(const StatisticValue& value) {
  const auto* number = std::get_if<double>(&value);
  return number == nullptr || std::isnan(*number) ? std::nullopt : std::optional<double>(*number);
}

Coverage CoverageOfIntegers(const IntegerSet& set, const ColumnStatistics& statistics) {
  const auto min = IntegerOf(statistics.min), max = IntegerOf(statistics.max);
  if (min && max && *max < *min) return Coverage::kPartial;
  return CoverageOf(set, min, max);
}

Coverage CoverageOfFloats(const FloatSet& set, const ColumnStatistics& statistics) {
  const auto min = FloatOf(statistics.min), max = FloatOf(statistics.max);
  if (min && max && *max < *min) return Coverage::kPartial;
  return CoverageOf(set, min, max);
}

Coverage CoverageOfBytes(const BytesSet& set, const ColumnStatistics& statistics) {
  const auto* min = std::get_if<std::string>(&statistics.min);
  const auto* max = std::get_if<std::string>(&statistics.max);
  if (min != nullptr && max != nullptr && *max < *min) return Coverage::kPartial;
  return CoverageOf(set, min, max);
}

Coverage CoverageOfPattern(const LikePattern& pattern, const ColumnStatistics& statistics) {
  const BytesSet candidates = {{pattern.prefix(), PrefixEnd(pattern.prefix())}};
  const Coverage coverage = CoverageOfBytes(candidates, statistics);
  return coverage == Coverage::kDisjoint ? coverage : Coverage::kPartial;
}

Match PruneNullTest(const ColumnStatistics* statistics, bool negated, int64_t num_rows) {
  if (statistics == nullptr) return Match::kSome;
  if (statistics->null_count == 0) return negated ? Match::kAll : Match::kNone;
  if (statistics->null_count == num_rows) return negated ? Match::kNone : Match::kAll;
  return Match::kSome;
}

Match PruneCondition(const Condition& condition, const ColumnStatistics* statistics,
                     int64_t num_rows) {
  if (statistics == nullptr) return Match::kSome;
  if (statistics->null_count == num_rows) return Match::kNone;
  Coverage coverage = Coverage::kPartial;
  bool may_hold_nan = false;
  if (const auto* integers = std::get_if<IntegerSet>(&condition.values)) {
    if (condition.bounds_comparable) coverage = CoverageOfIntegers(*integers, *statistics);
  } else if (const auto* floats = std::get_if<FloatSet>(&condition.values)) {
    coverage = CoverageOfFloats(*floats, *statistics);
    may_hold_nan = true;
  } else if (const auto* bytes = std::get_if<BytesSet>(&condition.values)) {
    coverage = CoverageOfBytes(*bytes, *statistics);
  } else {
    coverage = CoverageOfPattern(std::get<LikePattern>(condition.values), *statistics);
  }
  if (coverage == Coverage::kPartial) return Match::kSome;
  // NaN lies in no range, so that "contained" tells nothing of a column that may hold it.
  if (coverage == Coverage::kContained && may_hold_nan) return Match::kSome;
  const bool in_set = coverage == Coverage::kContained;
  if (in_set == condition.negated) return Match::kNone;
  return statistics->null_count == 0 ? Match::kAll : Match::kSome;
}

}  // namespace

Match PruneFilter(const FilterNode& node, const StatisticsLookup& lookup, int64_t num_rows) {
  if (num_rows <= 0) return Match::kNone;
  switch (node.kind) {
    case FilterNode::Kind::kConstant:
      return node.constant ? Match::kAll : Match::kNone;
    case FilterNode::Kind::kNull:
      return PruneNullTest(lookup(node.column.field_id), node.negated, num_rows);
    case FilterNode::Kind::kCondition:
      return PruneCondition(node.condition, lookup(node.condition.column.field_id), num_rows);
    case FilterNode::Kind::kArrow:
      return Match::kSome;
    case FilterNode::Kind::kAnd:
    case FilterNode::Kind::kOr:
      break;
  }
  const bool all = node.kind == FilterNode::Kind::kAnd;
  const Match decisive = all ? Match::kNone : Match::kAll;
  Match result = all ? Match::kAll : Match::kNone;
  for (const FilterNodePtr& child : node.children) {
    const Match match = PruneFilter(*child, lookup, num_rows);
    if (match == decisive) return decisive;
    if (match == Match::kSome) result = Match::kSome;
  }
  return result;
}

std::vector<EqualityConstraint> EqualitiesOf(const FilterNode& node) {
  std::vector<EqualityConstraint> equalities;
  if (node.kind == FilterNode::Kind::kAnd) {
    for (const FilterNodePtr& child : node.children) {
      for (EqualityConstraint& equality : EqualitiesOf(*child)) {
        equalities.push_back(std::move(equality));
      }
    }
  } else if (node.kind == FilterNode::Kind::kCondition && node.condition.has_points &&
             !node.condition.negated) {
    equalities.push_back({node.condition.column.field_id, node.condition.points});
  }
  return equalities;
}

}  // namespace varve::internal
