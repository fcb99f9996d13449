// SPDX-License-Identifier: Apache-2.0
// What is known of a column's values without reading them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace varve {

/// A bound: bool, signed integers, dates and times as int64; unsigned integers as uint64; floats as
/// double (never NaN); texts and binaries as string. monostate: not known.
using StatisticValue = std::variant<std::monostate, int64_t, uint64_t, double, std::string>;

/// Bounds and nulls of one column over some rows. A bound may be wider than the values, never
/// narrower: texts are cut to 16 bytes, the maximum then rounded up (or left unknown where that is
/// impossible) and `exact` false.
struct ColumnStatistics {
  int64_t field_id = -1;
  int64_t null_count = -1;  ///< -1: not known
  StatisticValue min;
  StatisticValue max;
  bool exact = true;

  bool operator==(const ColumnStatistics&) const = default;
};

}  // namespace varve
