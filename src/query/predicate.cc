// SPDX-License-Identifier: Apache-2.0
#include "query/predicate.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "arrow/array.h"
#include "query/evaluate.h"
#include "query/filter_from_expression.h"
#include "query/filter_node.h"
#include "query/filter_parser.h"
#include "query/prune.h"
#include "query/selection.h"

namespace varve::internal {
namespace {

class FilterPredicate : public Predicate {
 public:
  explicit FilterPredicate(FilterNodePtr root) : root_(std::move(root)) {
    std::set<int64_t> field_ids;
    CollectFieldIds(*root_, &field_ids);
    field_ids_.assign(field_ids.begin(), field_ids.end());
  }

  const std::vector<int64_t>& field_ids() const override { return field_ids_; }

  Result<std::vector<int64_t>> Evaluate(const std::vector<std::shared_ptr<arrow::Array>>& columns,
                                        int64_t num_rows) const override {
    if (columns.size() != field_ids_.size() || num_rows < 0) {
      return MakeError(
          ErrorKind::kInvalid, "the batch has other columns than the filter",
          {.expected = std::to_string(field_ids_.size()), .found = std::to_string(columns.size())});
    }
    Selection selection(num_rows, true);
    const auto column = [&](int64_t field_id) {
      const auto at = std::lower_bound(field_ids_.begin(), field_ids_.end(), field_id);
      return columns[static_cast<size_t>(at - field_ids_.begin())];
    };
    ARROW_RETURN_NOT_OK(NarrowSelection(*root_, column, &selection));
    return selection.ToRows();
  }

  Match Prune(const std::function<const ColumnStatistics*(int64_t field_id)>& lookup,
              int64_t num_rows) const override {
    return PruneFilter(*root_, lookup, num_rows);
  }

  std::vector<EqualityConstraint> equalities() const override { return EqualitiesOf(*root_); }

  std::string ToString() const override { return FilterToString(*root_); }

 private:
  const FilterNodePtr root_;
  std::vector<int64_t> field_ids_;
};

}  // namespace

Result<std::shared_ptr<const Predicate>> Predicate::Parse(
    std::string_view text, std::shared_ptr<const CollectionSchema> schema) {
  ARROW_ASSIGN_OR_RAISE(auto root, ParseFilter(text, *schema));
  return std::make_shared<FilterPredicate>(std::move(root));
}

Result<std::shared_ptr<const Predicate>> Predicate::FromExpression(
    const arrow::compute::Expression& expression, std::shared_ptr<const CollectionSchema> schema) {
  ARROW_ASSIGN_OR_RAISE(auto root, FilterFromExpression(expression, *schema));
  return std::make_shared<FilterPredicate>(std::move(root));
}

}  // namespace varve::internal
