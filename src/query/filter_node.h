// SPDX-License-Identifier: Apache-2.0
// The tree of a filter. NOT is pushed down to the leaves while the tree is built (sound in
// three-valued logic), so that evaluating and pruning ask only where a node is true.
//
// Threads: immutable; share freely
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "arrow/type_fwd.h"
#include "query/exact_number.h"
#include "query/like_pattern.h"
#include "query/value_set.h"
#include "varve/schema.h"
#include "varve/statistics.h"

namespace varve::internal {

class ArrowFilter;

/// Nesting beyond this is refused, so that no text or expression can exhaust the stack.
inline constexpr int kFilterDepthMax = 200;

enum class Comparison { kEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kBetween, kLike };

/// A value as written.
struct BytesLiteral {
  std::string bytes;
  bool operator==(const BytesLiteral&) const = default;
};
using Literal = std::variant<bool, ExactNumber, std::string, BytesLiteral>;

/// As Parse reads it: 'it''s', x'00ff', 7, true.
std::string LiteralToString(const Literal& literal);

/// A column that a filter names: a field of the user, RowID or Timestamp.
struct FilterColumn {
  int64_t field_id = -1;
  std::string name;
  std::shared_ptr<arrow::DataType> type;
};

/// nullptr-like (field_id -1) if the schema has no such column.
FilterColumn FindFilterColumn(const CollectionSchema& schema, std::string_view name);

/// Null for null; else whether the value is in `values` (is not, when negated).
struct Condition {
  FilterColumn column;
  Comparison comparison = Comparison::kEqual;
  std::vector<Literal> literals;
  bool negated = false;

  /// What comparison and literals come to for the type of the column.
  std::variant<IntegerSet, FloatSet, BytesSet, LikePattern> values;
  /// kEqual and kIn on columns whose values statistics can name: all values that match.
  std::vector<StatisticValue> points;
  bool has_points = false;
  /// Bounds in statistics have the unit of `values`; not so for decimals.
  bool bounds_comparable = true;
};

struct FilterNode;
using FilterNodePtr = std::shared_ptr<const FilterNode>;

struct FilterNode {
  enum class Kind { kConstant, kAnd, kOr, kNull, kCondition, kArrow };
  Kind kind = Kind::kConstant;
  bool constant = false;                ///< kConstant
  std::vector<FilterNodePtr> children;  ///< kAnd, kOr: at least two, cheapest first to evaluate
  FilterColumn column;                  ///< kNull: IS NULL, or IS NOT NULL when negated
  bool negated = false;
  Condition condition;
  std::shared_ptr<const ArrowFilter> arrow;
};

FilterNodePtr MakeConstant(bool value);
/// AND of `children`, OR if not `all`; nested ones of the same kind are flattened. One child is
/// returned as it is.  REQUIRES: at least one child
FilterNodePtr MakeJunction(bool all, std::vector<FilterNodePtr> children);
FilterNodePtr MakeNullTest(FilterColumn column, bool negated);
FilterNodePtr MakeConditionNode(Condition condition);
FilterNodePtr MakeArrowNode(std::shared_ptr<const ArrowFilter> filter);

void CollectFieldIds(const FilterNode& node, std::set<int64_t>* field_ids);
std::string FilterToString(const FilterNode& node);

}  // namespace varve::internal
