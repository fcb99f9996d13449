// SPDX-License-Identifier: Apache-2.0
// Runs a filter tree on the columns of one batch.
//
// Errors:  Invalid naming a column whose array is missing, of another type or another length
// Threads: pure
#pragma once

#include <functional>
#include <memory>

#include "arrow/type_fwd.h"
#include "query/filter_node.h"
#include "query/selection.h"
#include "varve/status.h"

namespace varve::internal {

using ColumnLookup = std::function<std::shared_ptr<arrow::Array>(int64_t field_id)>;

/// Keeps the selected rows for which `node` is true.
Status NarrowSelection(const FilterNode& node, const ColumnLookup& column, Selection* selection);

}  // namespace varve::internal
