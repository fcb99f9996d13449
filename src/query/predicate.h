// SPDX-License-Identifier: Apache-2.0
// A filter bound to a schema: evaluated on batches with SQL's three-valued logic, and on statistics
// to skip what cannot match.
//
// Grammar:  docs/guide/filters.md.  comparison (= == != <> < <= > >=), IN (…), BETWEEN x AND y,
// LIKE 'prefix%', IS [NOT] NULL,
//           AND OR NOT, parentheses, TRUE FALSE; names bare or "quoted"; literals: integers,
//           decimals, 'texts', true, false.
// Threads:  immutable; share freely
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/schema.h"
#include "varve/statistics.h"

namespace arrow::compute {
class Expression;
}

namespace varve::internal {

/// What statistics say of some rows.
enum class Match { kNone, kSome, kAll };

/// An equality that every matching row satisfies: `column` equals one of `values`. For bloom
/// filters.
struct EqualityConstraint {
  int64_t field_id = 0;
  std::vector<StatisticValue> values;
};

class Predicate {
 public:
  virtual ~Predicate() = default;

  /// Errors: Invalid with line and column, what was expected, and names that are close to an
  /// unknown one
  static Result<std::shared_ptr<const Predicate>> Parse(
      std::string_view text, std::shared_ptr<const CollectionSchema> schema);
  /// Comparisons, is_in, is_null, is_valid, and, or, not over fields and literals; anything else
  /// runs in Arrow's own evaluator and prunes nothing.
  static Result<std::shared_ptr<const Predicate>> FromExpression(
      const arrow::compute::Expression& expression, std::shared_ptr<const CollectionSchema> schema);

  /// Field ids the filter reads, ascending.
  virtual const std::vector<int64_t>& field_ids() const = 0;

  /// Rows for which the filter is true, ascending, as offsets into the batch. `columns[i]` is the
  /// column of field_ids()[i]; all have `num_rows` rows.
  virtual Result<std::vector<int64_t>> Evaluate(
      const std::vector<std::shared_ptr<arrow::Array>>& columns, int64_t num_rows) const = 0;

  /// Judges rows by their statistics; `lookup` returns nullptr where nothing is known of a field.
  virtual Match Prune(const std::function<const ColumnStatistics*(int64_t field_id)>& lookup,
                      int64_t num_rows) const = 0;

  virtual std::vector<EqualityConstraint> equalities() const = 0;

  /// Text that Parse reads back to the same filter, where it came from Parse or can be written so.
  virtual std::string ToString() const = 0;
};

}  // namespace varve::internal
