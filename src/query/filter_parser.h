// SPDX-License-Identifier: Apache-2.0
// Filter text to tree, by recursive descent.
//
// Grammar: docs/guide/filters.md
// Errors:  Invalid with line and column; ResourceExhausted for texts over 16 MiB
#pragma once

#include <string_view>

#include "query/filter_node.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

Result<FilterNodePtr> ParseFilter(std::string_view text, const CollectionSchema& schema);

}  // namespace varve::internal
