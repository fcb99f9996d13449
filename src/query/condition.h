// SPDX-License-Identifier: Apache-2.0
// Binds comparisons to the types of columns: literals become sets of values, without wrapping or
// rounding (docs/guide/filters.md, "Types").
#pragma once

#include <cstddef>
#include <vector>

#include "query/filter_node.h"
#include "varve/status.h"

namespace varve::internal {

/// Errors: Invalid naming the column, its type and the literal that does not fit; `culprit` is then
/// the index of that literal.
/// REQUIRES: two literals for kBetween, at least one for kIn, one for the others
Result<FilterNodePtr> BindCondition(FilterColumn column, Comparison comparison,
                                    std::vector<Literal> literals, bool negated, size_t* culprit);

}  // namespace varve::internal
