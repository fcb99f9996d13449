// SPDX-License-Identifier: Apache-2.0
// Arrow expressions to filter trees. What has no exact counterpart stays an expression.
//
// Errors: Invalid for unknown columns, results that are not truth values, and nesting deeper than
// kFilterDepthMax
#pragma once

#include "query/filter_node.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace arrow::compute {
class Expression;
}

namespace varve::internal {

Result<FilterNodePtr> FilterFromExpression(const arrow::compute::Expression& expression,
                                           const CollectionSchema& schema);

}  // namespace varve::internal
