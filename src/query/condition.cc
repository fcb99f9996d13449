// SPDX-License-Identifier: Apache-2.0
#include "query/condition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/float16.h"
#include "query/time_literal.h"

namespace varve::internal {
namespace {

constexpr size_t kShownBytesMax = 40;

std::string Describe(const Literal& literal) {
  std::string text = LiteralToString(literal);
  if (text.size() > kShownBytesMax) text = text.substr(0, kShownBytesMax) + "...";
  switch (literal.index()) {
    case 0:
      return "the truth value " + text;
    case 1:
      return "the number " + text;
    case 2:
      return "the text " + text;
    default:
      return "the bytes " + text;
  }
}

Status Mismatch(const FilterColumn& column, const Literal& literal, std::string_view expected) {
  return MakeError(ErrorKind::kInvalid,
                   "column '" + column.name + "' of type " + column.type->ToString() +
                       " cannot be compared with " + Describe(literal),
                   {.expected = std::string(expected)});
}

Status NotComparable(const FilterColumn& column, std::string_view what) {
  return MakeError(ErrorKind::kInvalid, "column '" + column.name + "' of type " +
                                            column.type->ToString() + " " + std::string(what));
}

// Digits behind the point in one second of `unit`.
int DigitsOf(arrow::TimeUnit::type unit) { return 3 * static_cast<int>(unit); }

// The literal as a number of the column's units.
Result<ExactNumber> NumberOf(const FilterColumn& column, const Literal& literal) {
  const arrow::DataType& type = *column.type;
  if (type.id() == arrow::Type::BOOL) {
    if (const bool* value = std::get_if<bool>(&literal)) return ExactNumber::Of(*value ? 1 : 0);
    return Mismatch(column, literal, "true or false");
  }
  if (const auto* number = std::get_if<ExactNumber>(&literal)) return *number;
  const auto* text = std::get_if<std::string>(&literal);
  switch (type.id()) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64: {
      const auto days = text != nullptr ? ParseDate(*text) : std::nullopt;
      if (!days) return Mismatch(column, literal, "a number or a date 'YYYY-MM-DD'");
      const int64_t unit = type.id() == arrow::Type::DATE32 ? 1 : 86'400'000;
      return ExactNumber::Of(static_cast<Int128>(*days) * unit);
    }
    case arrow::Type::TIME32:
    case arrow::Type::TIME64: {
      const auto nanos = text != nullptr ? ParseTimeOfDay(*text) : std::nullopt;
      if (!nanos) return Mismatch(column, literal, "a number or a time 'HH:MM:SS'");
      const auto unit = static_cast<const arrow::TimeType&>(type).unit();
      return ExactNumber::Of(*nanos, DigitsOf(unit) - 9);
    }
    case arrow::Type::TIMESTAMP: {
      const auto nanos = text != nullptr ? ParseTimestamp(*text) : std::nullopt;
      if (!nanos) return Mismatch(column, literal, "a number or a time 'YYYY-MM-DDTHH:MM:SS'");
      const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
      return ExactNumber::Of(*nanos, DigitsOf(unit) - 9);
    }
    default:
      return Mismatch(column, literal, "a number");
  }
}

IntegerRange IntegersOf(Comparison comparison, Int128 floor, Int128 ceil) {
  const Int128 beyond = BeyondAllIntegers() + 1;
  switch (comparison) {
    case Comparison::kLess:
      return {-beyond, ceil - 1};
    case Comparison::kLessEqual:
      return {-beyond, floor};
    case Comparison::kGreater:
      return {floor + 1, beyond};
    case Comparison::kGreaterEqual:
      return {ceil, beyond};
    default:
      return {ceil, floor};
  }
}

// nullopt: beyond the finite values of the column, on the side of the sign.
template <typename Float>
FloatRange FloatsOf(Comparison comparison, std::optional<Float> value, bool negative) {
  using Limits = std::numeric_limits<Float>;
  constexpr Float kInfinity = Limits::infinity();
  const Float nothing_first = kInfinity, nothing_last = -kInfinity;
  switch (comparison) {
    case Comparison::kLess:
      if (!value) return {-kInfinity, negative ? -kInfinity : Limits::max()};
      return {-kInfinity, std::nextafter(*value, -kInfinity)};
    case Comparison::kLessEqual:
      if (!value) return {-kInfinity, negative ? -kInfinity : Limits::max()};
      return {-kInfinity, *value};
    case Comparison::kGreater:
      if (!value) return {negative ? Limits::lowest() : kInfinity, kInfinity};
      return {std::nextafter(*value, kInfinity), kInfinity};
    case Comparison::kGreaterEqual:
      if (!value) return {negative ? Limits::lowest() : kInfinity, kInfinity};
      return {*value, kInfinity};
    default:
      if (!value) return {nothing_first, nothing_last};
      return {*value, *value};
  }
}

BytesRange BytesOf(Comparison comparison, std::string_view value) {
  switch (comparison) {
    case Comparison::kLess:
      return {"", std::string(value)};
    case Comparison::kLessEqual:
      return {"", Successor(value)};
    case Comparison::kGreater:
      return {Successor(value), std::nullopt};
    case Comparison::kGreaterEqual:
      return {std::string(value), std::nullopt};
    default:
      return {std::string(value), Successor(value)};
  }
}

// BETWEEN is one comparison from below and one from above.
Comparison ComparisonOf(const Condition& condition, size_t literal) {
  if (condition.comparison != Comparison::kBetween) return condition.comparison;
  return literal == 0 ? Comparison::kGreaterEqual : Comparison::kLessEqual;
}

// The scale of a decimal column; 0 for integers.
int ScaleOf(const arrow::DataType& type) {
  return arrow::is_decimal(type.id()) ? static_cast<const arrow::DecimalType&>(type).scale() : 0;
}

Status BindIntegers(Condition* condition, size_t* culprit) {
  const arrow::DataType& type = *condition->column.type;
  const int scale = ScaleOf(type);
  const bool named_by_statistics = !arrow::is_decimal(type.id());
  IntegerSet ranges;
  for (size_t i = 0; i < condition->literals.size(); ++i) {
    *culprit = i;
    ARROW_ASSIGN_OR_RAISE(const ExactNumber number,
                          NumberOf(condition->column, condition->literals[i]));
    const Int128 floor = number.Floor(scale), ceil = number.Ceil(scale);
    if (type.id() == arrow::Type::DECIMAL256 &&
        (floor >= BeyondAllIntegers() || ceil <= -BeyondAllIntegers())) {
      return Mismatch(condition->column, condition->literals[i], "at most 38 digits");
    }
    ranges.push_back(IntegersOf(ComparisonOf(*condition, i), floor, ceil));
    if (!named_by_statistics || floor != ceil) continue;
    if (arrow::is_unsigned_integer(type.id())) {
      if (floor >= 0 && floor <= std::numeric_limits<uint64_t>::max()) {
        condition->points.emplace_back(static_cast<uint64_t>(floor));
      }
    } else if (floor >= std::numeric_limits<int64_t>::min() &&
               floor <= std::numeric_limits<int64_t>::max()) {
      condition->points.emplace_back(static_cast<int64_t>(floor));
    }
  }
  if (condition->comparison == Comparison::kBetween) {
    ranges = {{ranges[0].first, ranges[1].last}};
  }
  condition->values = MakeIntegerSet(std::move(ranges));
  condition->has_points = named_by_statistics;
  condition->bounds_comparable = named_by_statistics;
  return Status::OK();
}

// Half floats are compared as the doubles they are.
std::optional<double> NearestHalf(const ExactNumber& number) {
  const auto value = number.NearestDouble();
  if (!value) return std::nullopt;
  const auto half = arrow::util::Float16::FromDouble(*value);
  return half.is_infinity() ? std::nullopt : std::optional<double>(half.ToDouble());
}

template <typename Float>
Status BindFloats(Condition* condition, size_t* culprit) {
  const bool is_half = condition->column.type->id() == arrow::Type::HALF_FLOAT;
  FloatSet ranges;
  for (size_t i = 0; i < condition->literals.size(); ++i) {
    *culprit = i;
    ARROW_ASSIGN_OR_RAISE(const ExactNumber number,
                          NumberOf(condition->column, condition->literals[i]));
    std::optional<Float> value;
    if constexpr (std::is_same_v<Float, float>) {
      value = number.NearestFloat();
    } else {
      value = is_half ? NearestHalf(number) : number.NearestDouble();
    }
    ranges.push_back(FloatsOf<Float>(ComparisonOf(*condition, i), value, number.negative()));
    if (!value) continue;
    condition->points.emplace_back(double{*value});
    // Zeros of both signs are equal, but not to a bloom filter.
    if (*value == 0) condition->points.emplace_back(-double{*value});
  }
  if (condition->comparison == Comparison::kBetween) {
    ranges = {{ranges[0].first, ranges[1].last}};
  }
  condition->values = MakeFloatSet(std::move(ranges));
  condition->has_points = !is_half;  // bloom filters know them by their two bytes
  return Status::OK();
}

Status BindBytes(Condition* condition, size_t* culprit) {
  const auto type = condition->column.type->id();
  const bool is_text = arrow::is_string(type);
  BytesSet ranges;
  for (size_t i = 0; i < condition->literals.size(); ++i) {
    *culprit = i;
    const Literal& literal = condition->literals[i];
    const auto* text = std::get_if<std::string>(&literal);
    const auto* bytes = std::get_if<BytesLiteral>(&literal);
    if (text == nullptr && (bytes == nullptr || is_text)) {
      return Mismatch(condition->column, literal, is_text ? "a text" : "a text or bytes x'00ff'");
    }
    const std::string& value = text != nullptr ? *text : bytes->bytes;
    if (condition->comparison == Comparison::kLike) {
      auto pattern = LikePattern::Parse(value, is_text);
      if (!pattern) return Mismatch(condition->column, literal, "a character after the last \\");
      if (pattern->is_literal()) {
        ranges.push_back(BytesOf(Comparison::kEqual, pattern->prefix()));
      } else if (pattern->is_prefix()) {
        ranges.push_back({pattern->prefix(), PrefixEnd(pattern->prefix())});
      } else {
        condition->values = *std::move(pattern);
        return Status::OK();
      }
      continue;
    }
    ranges.push_back(BytesOf(ComparisonOf(*condition, i), value));
    condition->points.emplace_back(value);
  }
  if (condition->comparison == Comparison::kBetween) {
    ranges = {{std::move(ranges[0].begin), std::move(ranges[1].end)}};
  }
  condition->values = MakeBytesSet(std::move(ranges));
  condition->has_points = true;
  return Status::OK();
}

Status BindValues(Condition* condition, size_t* culprit) {
  const arrow::Type::type type = condition->column.type->id();
  const bool is_bytes = arrow::is_base_binary_like(type) || type == arrow::Type::FIXED_SIZE_BINARY;
  if (condition->comparison == Comparison::kLike && !is_bytes) {
    return NotComparable(condition->column, "cannot be searched with LIKE, only texts can");
  }
  if (is_bytes) return BindBytes(condition, culprit);
  if (type == arrow::Type::FLOAT) return BindFloats<float>(condition, culprit);
  if (type == arrow::Type::DOUBLE || type == arrow::Type::HALF_FLOAT)
    return BindFloats<double>(condition, culprit);
  const bool is_duration = type == arrow::Type::DURATION;
  if (type == arrow::Type::BOOL || arrow::is_integer(type) || arrow::is_decimal(type) ||
      arrow::is_date(type) || arrow::is_time(type) || type == arrow::Type::TIMESTAMP ||
      is_duration) {
    return BindIntegers(condition, culprit);
  }
  return NotComparable(condition->column,
                       "cannot be compared; IS NULL and IS NOT NULL can be asked");
}

}  // namespace

Result<FilterNodePtr> BindCondition(FilterColumn column, Comparison comparison,
                                    std::vector<Literal> literals, bool negated, size_t* culprit) {
  Condition condition;
  condition.column = std::move(column);
  condition.comparison = comparison;
  condition.literals = std::move(literals);
  condition.negated = negated;
  *culprit = 0;
  ARROW_RETURN_NOT_OK(BindValues(&condition, culprit));
  if (comparison != Comparison::kEqual && comparison != Comparison::kIn) {
    condition.has_points = false;
    condition.points.clear();
  }
  return MakeConditionNode(std::move(condition));
}

}  // namespace varve::internal
