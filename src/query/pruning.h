// SPDX-License-Identifier: Apache-2.0
// The rows of a segment that a filter may match, by the zones of its columns' pages.
//
// Errors:  none; zones that do not cover the rows from first to last are left unused
// Threads: pure
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "packed/packed_file_reader.h"
#include "query/predicate.h"
#include "query/row_ranges.h"

namespace varve::internal {

/// The zones of one column, ascending, from row 0 to the last. Columns need not share boundaries.
struct ColumnZones {
  int64_t field_id = -1;
  std::vector<PageZone> zones;
};

struct ZonePruning {
  RowRanges may_match;  ///< all other rows are known not to match
  RowRanges all_match;  ///< part of may_match: rows known to match, which need no evaluation
};

ZonePruning PruneZones(const Predicate& predicate, std::span<const ColumnZones> columns,
                       int64_t num_rows);

}  // namespace varve::internal
