// SPDX-License-Identifier: Apache-2.0
// What statistics tell of a filter, in doubt kSome.
#pragma once

#include <functional>
#include <vector>

#include "query/filter_node.h"
#include "query/predicate.h"

namespace varve::internal {

using StatisticsLookup = std::function<const ColumnStatistics*(int64_t field_id)>;

/// kNone: no row matches; kAll: every row does. Bounds may be wider than the values, so `exact`
/// does not matter; NaN may be present whatever the bounds are.
Match PruneFilter(const FilterNode& node, const StatisticsLookup& lookup, int64_t num_rows);

/// The equalities that hold for every row that matches.
std::vector<EqualityConstraint> EqualitiesOf(const FilterNode& node);

}  // namespace varve::internal
