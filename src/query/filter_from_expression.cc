// SPDX-License-Identifier: Apache-2.0
#include "query/filter_from_expression.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/compute/api_scalar.h"
#include "arrow/compute/cast.h"
#include "arrow/compute/expression.h"
#include "arrow/datum.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/decimal.h"
#include "query/arrow_filter.h"
#include "query/condition.h"

namespace varve::internal {
namespace {

using arrow::compute::Expression;

struct Operator {
  Comparison comparison;
  bool negated;
};

std::optional<Operator> OperatorOf(const std::string& function, bool mirrored) {
  if (function == "equal") return Operator{Comparison::kEqual, false};
  if (function == "not_equal") return Operator{Comparison::kEqual, true};
  if (function == (mirrored ? "greater" : "less")) return Operator{Comparison::kLess, false};
  if (function == (mirrored ? "less" : "greater")) return Operator{Comparison::kGreater, false};
  if (function == (mirrored ? "greater_equal" : "less_equal")) {
    return Operator{Comparison::kLessEqual, false};
  }
  if (function == (mirrored ? "less_equal" : "greater_equal")) {
    return Operator{Comparison::kGreaterEqual, false};
  }
  return std::nullopt;
}

Int128 ToInt128(const arrow::Decimal128& value) {
  return (static_cast<Int128>(value.high_bits()) << 64) | static_cast<Int128>(value.low_bits());
}

// The number of a valid scalar; nullopt for NaN, infinities and what is no number.
std::optional<ExactNumber> NumberOf(const arrow::Scalar& scalar) {
  const auto integer = [&](auto typed) {
    return ExactNumber::Of(static_cast<const decltype(typed)&>(scalar).value);
  };
  switch (scalar.type->id()) {
    case arrow::Type::INT8:
      return integer(arrow::Int8Scalar());
    case arrow::Type::INT16:
      return integer(arrow::Int16Scalar());
    case arrow::Type::INT32:
      return integer(arrow::Int32Scalar());
    case arrow::Type::INT64:
      return integer(arrow::Int64Scalar());
    case arrow::Type::UINT8:
      return integer(arrow::UInt8Scalar());
    case arrow::Type::UINT16:
      return integer(arrow::UInt16Scalar());
    case arrow::Type::UINT32:
      return integer(arrow::UInt32Scalar());
    case arrow::Type::UINT64:
      return integer(arrow::UInt64Scalar());
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE: {
      const double value = scalar.type->id() == arrow::Type::FLOAT
                               ? static_cast<const arrow::FloatScalar&>(scalar).value
                               : static_cast<const arrow::DoubleScalar&>(scalar).value;
      if (!std::isfinite(value)) return std::nullopt;
      return ExactNumber::OfDouble(value);
    }
    case arrow::Type::DECIMAL128: {
      const auto& type = static_cast<const arrow::DecimalType&>(*scalar.type);
      const auto& value = static_cast<const arrow::Decimal128Scalar&>(scalar).value;
      return ExactNumber::Of(ToInt128(value), -type.scale());
    }
    default:
      return std::nullopt;
  }
}

// A float column is compared with a double as double: the float bound that comes to the same.
std::optional<ExactNumber> BoundOfFloat(double value, Comparison* comparison) {
  using Limits = std::numeric_limits<float>;
  if (value > Limits::max() || value < Limits::lowest()) return ExactNumber::OfDouble(value);
  auto nearest = static_cast<float>(value);
  if (nearest == value) return ExactNumber::ShortestOf(nearest);
  if (*comparison == Comparison::kLess || *comparison == Comparison::kLessEqual) {
    if (nearest > value) nearest = std::nextafter(nearest, Limits::lowest());
    *comparison = Comparison::kLessEqual;
    return ExactNumber::ShortestOf(nearest);
  }
  if (*comparison == Comparison::kGreater || *comparison == Comparison::kGreaterEqual) {
    if (nearest < value) nearest = std::nextafter(nearest, Limits::max());
    *comparison = Comparison::kGreaterEqual;
    return ExactNumber::ShortestOf(nearest);
  }
  return std::nullopt;  // equal to no float
}

bool IsFloating(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

// Raw units of the column; nullopt where Arrow would not compare the two types as they are.
std::optional<ExactNumber> TimeOf(const arrow::DataType& column, const arrow::Scalar& scalar) {
  if (!scalar.type->Equals(column)) return std::nullopt;
  switch (column.id()) {
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return ExactNumber::Of(
          static_cast<const arrow::internal::PrimitiveScalar<arrow::Date32Type>&>(scalar).value);
    case arrow::Type::DATE64:
      return ExactNumber::Of(static_cast<const arrow::Date64Scalar&>(scalar).value);
    case arrow::Type::TIME64:
      return ExactNumber::Of(static_cast<const arrow::Time64Scalar&>(scalar).value);
    case arrow::Type::TIMESTAMP:
      return ExactNumber::Of(static_cast<const arrow::TimestampScalar&>(scalar).value);
    case arrow::Type::DURATION:
      return ExactNumber::Of(static_cast<const arrow::DurationScalar&>(scalar).value);
    default:
      return std::nullopt;
  }
}

// The scalar as a literal for `column`, if comparing them means the same here and in Arrow.
std::optional<Literal> LiteralOf(const FilterColumn& column, const arrow::Scalar& scalar,
                                 Comparison* comparison) {
  if (!scalar.is_valid) return std::nullopt;
  const arrow::DataType& type = *column.type;
  if (type.id() == arrow::Type::BOOL) {
    if (scalar.type->id() != arrow::Type::BOOL) return std::nullopt;
    return static_cast<const arrow::BooleanScalar&>(scalar).value;
  }
  if (arrow::is_base_binary_like(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    const bool same_kind = arrow::is_string(type.id()) == arrow::is_string(scalar.type->id());
    if (!same_kind || !arrow::is_base_binary_like(scalar.type->id())) return std::nullopt;
    std::string bytes = static_cast<const arrow::BaseBinaryScalar&>(scalar).value->ToString();
    if (arrow::is_string(type.id())) return Literal(std::move(bytes));
    return Literal(BytesLiteral{std::move(bytes)});
  }
  if (arrow::is_temporal(type.id())) return TimeOf(type, scalar);
  const auto number = NumberOf(scalar);
  if (!number) return std::nullopt;
  if (type.id() == arrow::Type::FLOAT && IsFloating(*scalar.type)) {
    return BoundOfFloat(*number->NearestDouble(), comparison);
  }
  if (type.id() == arrow::Type::DOUBLE && IsFloating(*scalar.type)) {
    return ExactNumber::ShortestOf(*number->NearestDouble());
  }
  // Arrow compares decimals with floats as floats.
  if (arrow::is_decimal(type.id()) && IsFloating(*scalar.type)) return std::nullopt;
  if (IsFloating(type) && arrow::is_decimal(scalar.type->id())) return std::nullopt;
  if (!arrow::is_integer(type.id()) && !arrow::is_decimal(type.id()) && !IsFloating(type)) {
    return std::nullopt;
  }
  return *number;
}

// Fields of the top level, by name.
std::optional<FilterColumn> ColumnOf(const Expression& expression, const CollectionSchema& schema) {
  const arrow::FieldRef* ref = expression.field_ref();
  if (ref == nullptr || ref->name() == nullptr) return std::nullopt;
  FilterColumn column = FindFilterColumn(schema, *ref->name());
  return column.field_id < 0 ? std::nullopt : std::optional<FilterColumn>(std::move(column));
}

// A literal, or a cast of one.
std::shared_ptr<arrow::Scalar> ScalarOf(const Expression& expression) {
  if (const arrow::Datum* literal = expression.literal()) {
    return literal->is_scalar() ? literal->scalar() : nullptr;
  }
  const Expression::Call* call = expression.call();
  if (call == nullptr || call->function_name != "cast" || call->arguments.size() != 1) {
    return nullptr;
  }
  const arrow::Datum* literal = call->arguments.front().literal();
  const auto* options = dynamic_cast<const arrow::compute::CastOptions*>(call->options.get());
  if (literal == nullptr || !literal->is_scalar() || options == nullptr ||
      !InitializeArrowCompute().ok()) {
    return nullptr;
  }
  const auto cast = arrow::compute::Cast(*literal, *options);
  return cast.ok() && cast->is_scalar() ? cast->scalar() : nullptr;
}

class Importer {
 public:
  explicit Importer(const CollectionSchema& schema) : schema_(schema) {}

  Result<FilterNodePtr> Import(const Expression& expression, bool negated, int depth) const {
    if (depth > kFilterDepthMax) {
      return MakeError(ErrorKind::kInvalid, "the expression is nested too deeply",
                       {.expected = "at most " + std::to_string(kFilterDepthMax)});
    }
    if (const arrow::Datum* literal = expression.literal()) {
      if (literal->is_scalar() && literal->scalar()->type->id() == arrow::Type::BOOL &&
          literal->scalar()->is_valid) {
        return MakeConstant(literal->scalar_as<arrow::BooleanScalar>().value != negated);
      }
    }
    FilterNodePtr node;
    if (const auto column = ColumnOf(expression, schema_)) {
      if (column->type->id() == arrow::Type::BOOL) {
        node = Bind(*column, Comparison::kEqual, {true}, negated);
      }
    } else if (const Expression::Call* call = expression.call()) {
      if (call->arguments.size() == 1) {
        if (call->function_name == "invert") {
          return Import(call->arguments.front(), !negated, depth + 1);
        }
        ARROW_ASSIGN_OR_RAISE(node, ImportUnary(*call, negated));
      } else if (call->arguments.size() == 2) {
        const bool is_and = IsJunction(call->function_name, /*all=*/true, negated);
        if (is_and || IsJunction(call->function_name, /*all=*/false, negated)) {
          return ImportJunction(expression, is_and, negated, depth);
        }
        node = ImportComparison(*call, negated);
      }
    }
    if (node != nullptr) return node;
    ARROW_ASSIGN_OR_RAISE(auto filter, ArrowFilter::Make(expression, negated, schema_));
    return MakeArrowNode(std::move(filter));
  }

 private:
  // Without Kleene's logic, null AND false is null, and null OR true is. Who looks only for truth
  // sees no difference in an AND, nor in the opposite of an OR.
  static bool IsJunction(const std::string& function, bool all, bool negated) {
    if (function == (all ? "and_kleene" : "or_kleene")) return true;
    return all ? function == "and" && !negated : function == "or" && negated;
  }

  // Chains of one operator may be long: they are walked without recursion.
  Result<FilterNodePtr> ImportJunction(const Expression& root, bool is_and, bool negated,
                                       int depth) const {
    std::vector<FilterNodePtr> children;
    std::vector<const Expression*> pending = {&root};
    while (!pending.empty()) {
      const Expression* next = pending.back();
      pending.pop_back();
      const Expression::Call* call = next->call();
      if (call != nullptr && call->arguments.size() == 2 &&
          IsJunction(call->function_name, is_and, negated)) {
        pending.push_back(&call->arguments[1]);
        pending.push_back(&call->arguments[0]);
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto child, Import(*next, negated, depth + 1));
      children.push_back(std::move(child));
    }
    return MakeJunction(is_and != negated, std::move(children));
  }

  // nullptr: not to be had as a condition.
  static FilterNodePtr Bind(FilterColumn column, Comparison comparison,
                            std::vector<Literal> literals, bool negated) {
    size_t culprit = 0;
    auto node =
        BindCondition(std::move(column), comparison, std::move(literals), negated, &culprit);
    return node.ok() ? *std::move(node) : nullptr;
  }

  FilterNodePtr ImportComparison(const Expression::Call& call, bool negated) const {
    const bool mirrored = call.arguments[0].field_ref() == nullptr;
    const auto op = OperatorOf(call.function_name, mirrored);
    if (!op) return nullptr;
    const auto column = ColumnOf(call.arguments[mirrored ? 1 : 0], schema_);
    const auto scalar = ScalarOf(call.arguments[mirrored ? 0 : 1]);
    if (!column || scalar == nullptr) return nullptr;
    Comparison comparison = op->comparison;
    auto literal = LiteralOf(*column, *scalar, &comparison);
    if (!literal) return nullptr;
    return Bind(*column, comparison, {*std::move(literal)}, op->negated != negated);
  }

  Result<FilterNodePtr> ImportUnary(const Expression::Call& call, bool negated) const {
    const auto column = ColumnOf(call.arguments.front(), schema_);
    if (!column) return FilterNodePtr();
    if (call.function_name == "is_valid") return MakeNullTest(*column, !negated);
    if (call.function_name == "is_null") {
      const auto* options = dynamic_cast<const arrow::compute::NullOptions*>(call.options.get());
      const bool nan_is_null = options != nullptr && options->nan_is_null;
      if (nan_is_null && arrow::is_floating(column->type->id())) return FilterNodePtr();
      return MakeNullTest(*column, negated);
    }
    if (call.function_name == "is_in") return ImportIsIn(*column, call, negated);
    return FilterNodePtr();
  }

  Result<FilterNodePtr> ImportIsIn(const FilterColumn& column, const Expression::Call& call,
                                   bool negated) const {
    using Options = arrow::compute::SetLookupOptions;
    const auto* options = dynamic_cast<const Options*>(call.options.get());
    // Sets of floats match NaN with NaN and tell zeros apart, unlike comparisons.
    if (options == nullptr || !options->value_set.is_arraylike() ||
        arrow::is_floating(column.type->id())) {
      return FilterNodePtr();
    }
    std::vector<Literal> literals;
    bool has_null = false;
    for (const auto& chunk : options->value_set.chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i) {
        if (chunk->IsNull(i)) {
          has_null = true;
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(const auto scalar, chunk->GetScalar(i));
        Comparison comparison = Comparison::kEqual;
        auto literal = LiteralOf(column, *scalar, &comparison);
        if (!literal) return FilterNodePtr();
        literals.push_back(*std::move(literal));
      }
    }
    if (literals.empty()) return FilterNodePtr();
    const auto behavior = options->GetNullMatchingBehavior();
    if (behavior == Options::INCONCLUSIVE && has_null) return FilterNodePtr();
    auto in = Bind(column, Comparison::kIn, std::move(literals), negated);
    if (in == nullptr || behavior == Options::EMIT_NULL || behavior == Options::INCONCLUSIVE) {
      return in;
    }
    // Here a null is in the set or is not, where SQL says that it is unknown.
    const bool null_matches = behavior == Options::MATCH && has_null;
    if (null_matches == negated) return in;  // true for no null, as IN is
    return MakeJunction(false, {MakeNullTest(column, false), std::move(in)});
  }

  const CollectionSchema& schema_;
};

}  // namespace

Result<FilterNodePtr> FilterFromExpression(const Expression& expression,
                                           const CollectionSchema& schema) {
  if (!expression.is_valid()) {
    return MakeError(ErrorKind::kInvalid, "the expression is empty");
  }
  return Importer(schema).Import(expression, /*negated=*/false, 0);
}

}  // namespace varve::internal
