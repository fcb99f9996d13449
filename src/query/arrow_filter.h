// SPDX-License-Identifier: Apache-2.0
// The part of an expression that the filter tree has no node for; Arrow's evaluator runs it.
//
// Threads: immutable; share freely
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/compute/expression.h"
#include "arrow/type_fwd.h"
#include "query/filter_node.h"
#include "query/selection.h"
#include "varve/schema.h"
#include "varve/status.h"

namespace varve::internal {

/// Registers Arrow's compute functions, once. Costs milliseconds, so only who needs them calls it.
Status InitializeArrowCompute();

class ArrowFilter {
 public:
  /// Errors: Invalid for columns that do not exist and results that are not truth values
  static Result<std::shared_ptr<const ArrowFilter>> Make(
      const arrow::compute::Expression& expression, bool negated, const CollectionSchema& schema);

  /// What the expression reads.
  const std::vector<FilterColumn>& columns() const { return columns_; }

  /// Keeps the selected rows for which the expression is true. `column(id)` is a column of the
  /// batch.
  Status Narrow(const std::function<std::shared_ptr<arrow::Array>(int64_t field_id)>& column,
                Selection* selection) const;

  std::string ToString() const { return bound_.ToString(); }

 private:
  ArrowFilter() = default;

  arrow::compute::Expression bound_;
  std::shared_ptr<arrow::Schema> schema_;  // the user's fields, then RowID and Timestamp
  std::vector<FilterColumn> columns_;
  std::vector<int> positions_;  // of columns_, in schema_
};

}  // namespace varve::internal
