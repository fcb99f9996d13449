// SPDX-License-Identifier: Apache-2.0
#include "query/filter_node.h"

#include <algorithm>
#include <utility>

#include "arrow/type.h"
#include "query/arrow_filter.h"
#include "query/filter_lexer.h"

namespace varve::internal {
namespace {

// Evaluated in this order under AND and OR: what is cheap narrows the work of what is not.
int CostOf(const FilterNode& node) {
  switch (node.kind) {
    case FilterNode::Kind::kConstant:
    case FilterNode::Kind::kNull:
      return 0;
    case FilterNode::Kind::kCondition:
      if (std::holds_alternative<LikePattern>(node.condition.values)) return 4;
      if (std::holds_alternative<BytesSet>(node.condition.values)) return 3;
      return node.condition.literals.size() <= 2 ? 1 : 2;
    case FilterNode::Kind::kArrow:
      return 5;
    case FilterNode::Kind::kAnd:
    case FilterNode::Kind::kOr: {
      int cost = 0;
      for (const FilterNodePtr& child : node.children) cost = std::max(cost, CostOf(*child));
      return cost;
    }
  }
  return 0;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

std::string ConditionToString(const Condition& condition) {
  const std::string name = FilterNameToString(condition.column.name);
  const auto literal = [&](size_t i) { return LiteralToString(condition.literals[i]); };
  const std::string inner_not = condition.negated ? " NOT " : " ";
  const std::string outer_not = condition.negated ? "NOT " : "";
  switch (condition.comparison) {
    case Comparison::kEqual:
      return name + (condition.negated ? " != " : " = ") + literal(0);
    case Comparison::kLess:
      return outer_not + name + " < " + literal(0);
    case Comparison::kLessEqual:
      return outer_not + name + " <= " + literal(0);
    case Comparison::kGreater:
      return outer_not + name + " > " + literal(0);
    case Comparison::kGreaterEqual:
      return outer_not + name + " >= " + literal(0);
    case Comparison::kLike:
      return name + inner_not + "LIKE " + literal(0);
    case Comparison::kBetween:
      return name + inner_not + "BETWEEN " + literal(0) + " AND " + literal(1);
    case Comparison::kIn: {
      std::string text = name + inner_not + "IN (";
      for (size_t i = 0; i < condition.literals.size(); ++i) {
        text += (i == 0 ? "" : ", ") + literal(i);
      }
      return text + ")";
    }
  }
  return name;
}

FilterNodePtr Share(FilterNode node) { return std::make_shared<const FilterNode>(std::move(node)); }

}  // namespace

std::string LiteralToString(const Literal& literal) {
  if (const bool* value = std::get_if<bool>(&literal)) return *value ? "true" : "false";
  if (const auto* number = std::get_if<ExactNumber>(&literal)) return number->ToString();
  if (const auto* text = std::get_if<std::string>(&literal)) return Quoted(*text);
  constexpr char kHex[] = "0123456789abcdef";
  std::string hex = "x'";
  for (const char c : std::get<BytesLiteral>(literal).bytes) {
    hex.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
    hex.push_back(kHex[c & 15]);
  }
  return hex + "'";
}

FilterColumn FindFilterColumn(const CollectionSchema& schema, std::string_view name) {
  if (const FieldSchema* field = schema.FindByName(name)) {
    return {field->field_id, field->name, field->arrow_type};
  }
  if (name == kRowIdFieldName) return {kRowIdFieldId, std::string(name), arrow::int64()};
  if (name == kTimestampFieldName) return {kTimestampFieldId, std::string(name), arrow::int64()};
  return {};
}

FilterNodePtr MakeConstant(bool value) {
  FilterNode node;
  node.constant = value;
  return Share(std::move(node));
}

FilterNodePtr MakeJunction(bool all, std::vector<FilterNodePtr> children) {
  if (children.size() == 1) return std::move(children.front());
  FilterNode node;
  node.kind = all ? FilterNode::Kind::kAnd : FilterNode::Kind::kOr;
  for (FilterNodePtr& child : children) {
    if (child->kind == node.kind) {
      node.children.insert(node.children.end(), child->children.begin(), child->children.end());
    } else {
      node.children.push_back(std::move(child));
    }
  }
  std::stable_sort(
      node.children.begin(), node.children.end(),
      [](const FilterNodePtr& a, const FilterNodePtr& b) { return CostOf(*a) < CostOf(*b); });
  return Share(std::move(node));
}

FilterNodePtr MakeNullTest(FilterColumn column, bool negated) {
  FilterNode node;
  node.kind = FilterNode::Kind::kNull;
  node.column = std::move(column);
  node.negated = negated;
  return Share(std::move(node));
}

FilterNodePtr MakeConditionNode(Condition condition) {
  FilterNode node;
  node.kind = FilterNode::Kind::kCondition;
  node.condition = std::move(condition);
  return Share(std::move(node));
}

FilterNodePtr MakeArrowNode(std::shared_ptr<const ArrowFilter> filter) {
  FilterNode node;
  node.kind = FilterNode::Kind::kArrow;
  node.arrow = std::move(filter);
  return Share(std::move(node));
}

void CollectFieldIds(const FilterNode& node, std::set<int64_t>* field_ids) {
  switch (node.kind) {
    case FilterNode::Kind::kConstant:
      return;
    case FilterNode::Kind::kNull:
      field_ids->insert(node.column.field_id);
      return;
    case FilterNode::Kind::kCondition:
      field_ids->insert(node.condition.column.field_id);
      return;
    case FilterNode::Kind::kArrow:
      for (const FilterColumn& column : node.arrow->columns()) field_ids->insert(column.field_id);
      return;
    case FilterNode::Kind::kAnd:
    case FilterNode::Kind::kOr:
      for (const FilterNodePtr& child : node.children) CollectFieldIds(*child, field_ids);
      return;
  }
}

std::string FilterToString(const FilterNode& node) {
  switch (node.kind) {
    case FilterNode::Kind::kConstant:
      return node.constant ? "TRUE" : "FALSE";
    case FilterNode::Kind::kNull:
      return FilterNameToString(node.column.name) + (node.negated ? " IS NOT NULL" : " IS NULL");
    case FilterNode::Kind::kCondition:
      return ConditionToString(node.condition);
    case FilterNode::Kind::kArrow:
      return node.arrow->ToString();
    case FilterNode::Kind::kAnd:
    case FilterNode::Kind::kOr:
      break;
  }
  std::string text;
  for (const FilterNodePtr& child : node.children) {
    if (!text.empty()) text += node.kind == FilterNode::Kind::kAnd ? " AND " : " OR ";
    const bool grouped = child->kind == FilterNode::Kind::kOr;
    text += grouped ? "(" + FilterToString(*child) + ")" : FilterToString(*child);
  }
  return text;
}

}  // namespace varve::internal
