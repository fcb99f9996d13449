// SPDX-License-Identifier: Apache-2.0
// The values for which a condition on a column is true, as sorted ranges apart from each other.
// Every comparison, IN, BETWEEN and LIKE 'prefix%' becomes one, so that evaluating and pruning know
// only membership.
//
// Threads: immutable once made; share freely
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/exact_number.h"

namespace varve::internal {

/// Integers [first, last]: integer, bool, temporal and decimal columns, in the column's unit.
struct IntegerRange {
  Int128 first;
  Int128 last;
};

/// Floats [first, last]; never NaN. Values of a float column are exact as double.
struct FloatRange {
  double first;
  double last;
};

/// Byte strings [begin, end) in the order of unsigned bytes; no end: all from begin on.
struct BytesRange {
  std::string begin;
  std::optional<std::string> end;
};

using IntegerSet = std::vector<IntegerRange>;
using FloatSet = std::vector<FloatRange>;
using BytesSet = std::vector<BytesRange>;

/// Drops empty ranges, sorts and merges.
IntegerSet MakeIntegerSet(IntegerSet ranges);
FloatSet MakeFloatSet(FloatSet ranges);
BytesSet MakeBytesSet(BytesSet ranges);

bool Contains(const IntegerSet& set, Int128 value);
bool Contains(const FloatSet& set, double value);  ///< false for NaN
bool Contains(const BytesSet& set, std::string_view value);

/// The least byte string greater than `bytes`.
std::string Successor(std::string_view bytes);
/// The least byte string greater than all that begin with `prefix`; nullopt: there is none.
std::optional<std::string> PrefixEnd(std::string_view prefix);

/// How the values between two bounds (both included, nullopt: unbounded) lie to a set.
enum class Coverage { kDisjoint, kPartial, kContained };
Coverage CoverageOf(const IntegerSet& set, std::optional<Int128> min, std::optional<Int128> max);
Coverage CoverageOf(const FloatSet& set, std::optional<double> min, std::optional<double> max);
Coverage CoverageOf(const BytesSet& set, const std::string* min, const std::string* max);

}  // namespace varve::internal
