// SPDX-License-Identifier: Apache-2.0
#include "query/testing/random_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "arrow/util/decimal.h"

namespace varve::internal::testing {
namespace {

using Kind = RandomColumn::Kind;

template <typename Builder, typename Append>
std::shared_ptr<arrow::Array> Build(Builder builder, const std::vector<Cell>& cells,
                                    Append append) {
  for (const Cell& cell : cells) {
    EXPECT_TRUE((cell.null ? builder.AppendNull() : append(&builder, cell)).ok());
  }
  return builder.Finish().ValueOrDie();
}

template <typename Type>
std::shared_ptr<arrow::Array> BuildIntegers(const RandomColumn& column) {
  using Builder = typename arrow::TypeTraits<Type>::BuilderType;
  return Build(
      Builder(column.field.arrow_type, arrow::default_memory_pool()), column.cells,
      [](Builder* builder, const Cell& cell) {
        return builder->Append(static_cast<typename Type::c_type>(cell.thousandths / 1000));
      });
}

template <typename Builder>
std::shared_ptr<arrow::Array> BuildBytes(const RandomColumn& column) {
  return Build(Builder(column.field.arrow_type, arrow::default_memory_pool()), column.cells,
               [](Builder* builder, const Cell& cell) { return builder->Append(cell.bytes); });
}

std::shared_ptr<arrow::Array> BuildArray(const RandomColumn& column) {
  const auto& type = column.field.arrow_type;
  switch (type->id()) {
    case arrow::Type::INT8:
      return BuildIntegers<arrow::Int8Type>(column);
    case arrow::Type::INT16:
      return BuildIntegers<arrow::Int16Type>(column);
    case arrow::Type::INT32:
      return BuildIntegers<arrow::Int32Type>(column);
    case arrow::Type::INT64:
      return BuildIntegers<arrow::Int64Type>(column);
    case arrow::Type::UINT16:
      return BuildIntegers<arrow::UInt16Type>(column);
    case arrow::Type::UINT64:
      return BuildIntegers<arrow::UInt64Type>(column);
    case arrow::Type::DATE32:
      return BuildIntegers<arrow::Date32Type>(column);
    case arrow::Type::TIMESTAMP:
      return BuildIntegers<arrow::TimestampType>(column);
    case arrow::Type::BOOL:
      return Build(arrow::BooleanBuilder(), column.cells,
                   [](arrow::BooleanBuilder* builder, const Cell& cell) {
                     return builder->Append(cell.thousandths != 0);
                   });
    case arrow::Type::FLOAT:
      return Build(arrow::FloatBuilder(), column.cells,
                   [](arrow::FloatBuilder* builder, const Cell& cell) {
                     return builder->Append(static_cast<float>(cell.real));
                   });
    case arrow::Type::DOUBLE:
      return Build(arrow::DoubleBuilder(), column.cells,
                   [](arrow::DoubleBuilder* builder, const Cell& cell) {
                     return builder->Append(cell.real);
                   });
    case arrow::Type::DECIMAL128:
      return Build(
          arrow::Decimal128Builder(type), column.cells,
          [](arrow::Decimal128Builder* builder, const Cell& cell) {
            return builder->Append(arrow::Decimal128(static_cast<int64_t>(cell.thousandths / 10)));
          });
    case arrow::Type::DECIMAL256:
      return Build(
          arrow::Decimal256Builder(type), column.cells,
          [](arrow::Decimal256Builder* builder, const Cell& cell) {
            return builder->Append(arrow::Decimal256(static_cast<int64_t>(cell.thousandths / 10)));
          });
    case arrow::Type::STRING:
      return BuildBytes<arrow::StringBuilder>(column);
    case arrow::Type::LARGE_STRING:
      return BuildBytes<arrow::LargeStringBuilder>(column);
    default:
      return BuildBytes<arrow::FixedSizeBinaryBuilder>(column);
  }
}

int64_t IntegerMin(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return std::numeric_limits<int8_t>::min();
    case arrow::Type::INT64:
      return std::numeric_limits<int64_t>::min();
    case arrow::Type::UINT16:
    case arrow::Type::UINT64:
      return 0;
    default:
      return -1000;
  }
}

Int128 IntegerMax(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return std::numeric_limits<int8_t>::max();
    case arrow::Type::UINT16:
      return std::numeric_limits<uint16_t>::max();
    case arrow::Type::UINT64:
      return std::numeric_limits<uint64_t>::max();
    case arrow::Type::INT64:
      return std::numeric_limits<int64_t>::max();
    default:
      return 1000;
  }
}

std::string ThousandthsText(Int128 value) {
  std::string text = value < 0 ? "-" : "";
  if (value < 0) value = -value;
  std::string digits;
  for (Int128 whole = value / 1000; whole > 0 || digits.empty(); whole /= 10) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(whole % 10)));
  }
  const int rest = static_cast<int>(value % 1000);
  text += digits;
  if (rest != 0) text += "." + std::to_string(1000 + rest).substr(1);
  return text;
}

std::string QuotedText(const std::string& bytes) {
  std::string text = "'";
  for (const char c : bytes) text.append(c == '\'' ? 2 : 1, c);
  return text + "'";
}

// -1, 0, 1, or nullopt where NaN is in play.
std::optional<int> Order(Kind kind, const Cell& a, const Cell& b) {
  switch (kind) {
    case Kind::kReal:
      if (std::isnan(a.real) || std::isnan(b.real)) return std::nullopt;
      return a.real < b.real ? -1 : a.real > b.real ? 1 : 0;
    case Kind::kText:
    case Kind::kBinary: {
      const int order = a.bytes.compare(b.bytes);
      return order < 0 ? -1 : order > 0 ? 1 : 0;
    }
    default:
      return a.thousandths < b.thousandths ? -1 : a.thousandths > b.thousandths ? 1 : 0;
  }
}

bool Compare(Kind kind, const Cell& a, const std::string& op, const Cell& b) {
  const auto order = Order(kind, a, b);
  if (!order) return op == "!=";
  if (op == "=") return *order == 0;
  if (op == "!=") return *order != 0;
  if (op == "<") return *order < 0;
  if (op == "<=") return *order <= 0;
  if (op == ">") return *order > 0;
  return *order >= 0;
}

// The textbook's definition, exponential in the number of %.
bool Like(std::string_view text, std::string_view pattern, bool utf8) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (Like(text.substr(i), pattern.substr(1), utf8)) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '_') {
    if (utf8 && (text[0] & 0xC0) == 0x80) return false;  // not the beginning of a character
    size_t bytes = 1;
    while (utf8 && bytes < text.size() && (text[bytes] & 0xC0) == 0x80) ++bytes;
    return Like(text.substr(bytes), pattern.substr(1), utf8);
  }
  const bool escaped = pattern[0] == '\\';
  if (escaped) pattern.remove_prefix(1);
  return text[0] == pattern[0] && Like(text.substr(1), pattern.substr(1), utf8);
}

}  // namespace

RandomTable::RandomTable(Random* random, int64_t num_rows) : random_(random) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, Kind>> types = {
      {arrow::int8(), Kind::kInteger},
      {arrow::int16(), Kind::kInteger},
      {arrow::int32(), Kind::kInteger},
      {arrow::int64(), Kind::kInteger},
      {arrow::uint16(), Kind::kInteger},
      {arrow::uint64(), Kind::kInteger},
      {arrow::date32(), Kind::kInteger},
      {arrow::timestamp(arrow::TimeUnit::MICRO), Kind::kInteger},
      {arrow::decimal128(30, 2), Kind::kInteger},
      {arrow::decimal256(50, 2), Kind::kInteger},
      {arrow::boolean(), Kind::kBool},
      {arrow::float32(), Kind::kReal},
      {arrow::float64(), Kind::kReal},
      {arrow::utf8(), Kind::kText},
      {arrow::large_utf8(), Kind::kText},
      {arrow::fixed_size_binary(2), Kind::kBinary},
  };
  std::vector<FieldSchema> fields;
  for (size_t i = 0; i < types.size(); ++i) {
    RandomColumn column;
    column.field.field_id = kFirstUserFieldId + static_cast<int64_t>(i);
    column.field.name = i % 3 == 0 ? "a \"" + std::to_string(i) + "\"" : "c" + std::to_string(i);
    column.field.arrow_type = types[i].first;
    column.field.nullable = random->Uniform(3) != 0;
    column.kind = types[i].second;
    for (int64_t row = 0; row < num_rows; ++row) {
      column.cells.push_back(MakeCell(column, false));
      column.cells.back().null = column.field.nullable && random->Uniform(4) == 0;
    }
    column.array = BuildArray(column);
    fields.push_back(column.field);
    columns_.push_back(std::move(column));
  }
  schema_ = std::make_shared<CollectionSchema>(std::move(fields), 200);
}

Cell RandomTable::MakeCell(const RandomColumn& column, bool as_literal) {
  Cell cell;
  switch (column.kind) {
    case Kind::kBool:
      cell.thousandths = static_cast<int>(random_->Uniform(2)) * 1000;
      break;
    case Kind::kInteger: {
      const auto& type = *column.field.arrow_type;
      const Int128 min = IntegerMin(type), max = IntegerMax(type);
      const uint64_t choice = random_->Uniform(as_literal ? 8 : 6);
      Int128 value = static_cast<int64_t>(random_->Uniform(21)) - 10;
      if (choice == 0) value = min;
      if (choice == 1) value = max;
      if (choice >= 6) value = choice == 6 ? max + 1 : min - 1;
      if (!as_literal) value = std::clamp(value, min, max);
      cell.thousandths = value * 1000;
      if (as_literal && random_->Uniform(4) == 0) {
        cell.thousandths += static_cast<int>(random_->Uniform(999));
      }
      const bool is_decimal =
          type.id() == arrow::Type::DECIMAL128 || type.id() == arrow::Type::DECIMAL256;
      if (!as_literal && is_decimal)
        cell.thousandths += static_cast<int>(random_->Uniform(99)) * 10;
      break;
    }
    case Kind::kReal: {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      const double values[] = {0.0,
                               -0.0,
                               0.5,
                               -1.25,
                               3,
                               1e10,
                               0.1f,
                               -7.5,
                               2.0,
                               16777216.,
                               1.40129846432481707e-45,
                               3.4028234663852886e38};
      cell.real = values[random_->Uniform(std::size(values))];
      const uint64_t choice = random_->Uniform(12);
      if (!as_literal && choice == 0) cell.real = std::numeric_limits<double>::quiet_NaN();
      if (!as_literal && choice == 1) cell.real = random_->Uniform(2) == 0 ? kInfinity : -kInfinity;
      if (as_literal && choice == 0) cell.real = random_->Uniform(2) == 0 ? 1e39 : -1e39;
      break;
    }
    case Kind::kText: {
      const std::string letters[] = {"a", "b", "'", "\xC3\xA9", "\xF0\x9F\x8E\x89", "a", "%"};
      for (uint64_t n = random_->Uniform(5); n > 0; --n) {
        cell.bytes += letters[random_->Uniform(std::size(letters))];
      }
      break;
    }
    case Kind::kBinary:
      for (int i = 0; i < 2; ++i) {
        const char bytes[] = {'\0', 'a', '\x7F', '\xFF', '\xFE'};
        cell.bytes.push_back(bytes[random_->Uniform(std::size(bytes))]);
      }
      if (as_literal) cell.bytes.resize(random_->Uniform(3));
      break;
  }
  return cell;
}

std::vector<std::shared_ptr<arrow::Array>> RandomTable::Arrays(
    const std::vector<int64_t>& field_ids, int64_t begin, int64_t end) const {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const int64_t field_id : field_ids) {
    const auto& column = columns_[static_cast<size_t>(field_id - kFirstUserFieldId)];
    arrays.push_back(column.array->Slice(begin, end - begin));
  }
  return arrays;
}

RandomFilter RandomTable::MakeFilter(int depth) {
  using FilterKind = RandomFilter::Kind;
  RandomFilter filter;
  const uint64_t choice = random_->Uniform(depth > 0 ? 12 : 7);
  if (choice >= 7) {
    filter.kind = choice < 9 ? FilterKind::kAnd : choice < 11 ? FilterKind::kOr : FilterKind::kNot;
    const uint64_t count = filter.kind == FilterKind::kNot ? 1 : 2 + random_->Uniform(2);
    for (uint64_t i = 0; i < count; ++i) filter.children.push_back(MakeFilter(depth - 1));
    return filter;
  }
  filter.column = random_->Uniform(columns_.size());
  const RandomColumn& column = columns_[filter.column];
  const bool is_bytes = column.kind == Kind::kText || column.kind == Kind::kBinary;
  const std::string operators[] = {"=", "!=", "<", "<=", ">", ">="};
  uint64_t count = 1;
  if (choice <= 2) {
    filter.kind = FilterKind::kCompare;
    filter.op = operators[random_->Uniform(std::size(operators))];
  } else if (choice == 3) {
    filter.kind = FilterKind::kIn;
    count = 1 + random_->Uniform(random_->Uniform(3) == 0 ? 24 : 4);
  } else if (choice == 4) {
    filter.kind = FilterKind::kBetween;
    count = 2;
  } else if (choice == 5 && is_bytes) {
    filter.kind = FilterKind::kLike;
    const std::string units[] = {"a", "b", "%", "_", "\xC3\xA9", "\\%", "%"};
    Cell pattern;
    for (uint64_t n = random_->Uniform(5); n > 0; --n) {
      pattern.bytes += units[random_->Uniform(column.kind == Kind::kText ? 7 : 4)];
    }
    filter.literals.push_back(pattern);
    return filter;
  } else if (random_->Uniform(4) != 0) {
    filter.kind = FilterKind::kNull;
    return filter;
  } else {
    filter.constant = random_->Uniform(2) == 0;
    return filter;
  }
  for (uint64_t i = 0; i < count; ++i) filter.literals.push_back(MakeCell(column, true));
  return filter;
}

std::string RandomTable::LiteralText(const RandomColumn& column, const Cell& cell) const {
  switch (column.kind) {
    case Kind::kBool:
      return cell.thousandths != 0 ? "true" : "FALSE";
    case Kind::kInteger:
      return ThousandthsText(cell.thousandths);
    case Kind::kReal: {
      char buffer[64];
      const auto end = std::to_chars(buffer, buffer + sizeof(buffer), cell.real).ptr;
      return std::string(buffer, end);
    }
    case Kind::kText:
      return QuotedText(cell.bytes);
    case Kind::kBinary:
      break;
  }
  std::string hex = "x'";
  for (const char c : cell.bytes) {
    hex += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789ABCDEF"[c & 15];
  }
  return hex + "'";
}

std::string RandomTable::ToText(const RandomFilter& filter) {
  using FilterKind = RandomFilter::Kind;
  if (filter.kind == FilterKind::kNot) return "NOT (" + ToText(filter.children[0]) + ")";
  if (filter.kind == FilterKind::kAnd || filter.kind == FilterKind::kOr) {
    std::string text;
    for (const RandomFilter& child : filter.children) {
      if (!text.empty()) text += filter.kind == FilterKind::kAnd ? " and " : "\nOR ";
      text += "(" + ToText(child) + ")";
    }
    return text;
  }
  if (filter.kind == FilterKind::kConstant) return filter.constant ? "TRUE" : "false";
  const RandomColumn& column = columns_[filter.column];
  std::string name = "\"";
  for (const char c : column.field.name) name.append(c == '"' ? 2 : 1, c);
  name += "\"";
  switch (filter.kind) {
    case FilterKind::kNull:
      return name + " IS NULL";
    case FilterKind::kLike:
      return name + " LIKE " + QuotedText(filter.literals[0].bytes);
    case FilterKind::kBetween:
      return name + " BETWEEN " + LiteralText(column, filter.literals[0]) + " AND " +
             LiteralText(column, filter.literals[1]);
    case FilterKind::kIn: {
      std::string text;
      for (const Cell& cell : filter.literals) {
        text += (text.empty() ? "" : ", ") + LiteralText(column, cell);
      }
      return name + " In (" + text + ")";
    }
    default:
      return name + filter.op + LiteralText(column, filter.literals[0]);
  }
}

std::optional<bool> RandomTable::Judge(const RandomFilter& filter, size_t row) const {
  using FilterKind = RandomFilter::Kind;
  if (filter.kind == FilterKind::kConstant) return filter.constant;
  if (filter.kind == FilterKind::kNot) {
    const auto inner = Judge(filter.children[0], row);
    return inner ? std::optional<bool>(!*inner) : std::nullopt;
  }
  if (filter.kind == FilterKind::kAnd || filter.kind == FilterKind::kOr) {
    const bool decisive = filter.kind == FilterKind::kOr;
    bool unknown = false;
    for (const RandomFilter& child : filter.children) {
      const auto inner = Judge(child, row);
      if (inner == decisive) return decisive;
      unknown |= !inner.has_value();
    }
    return unknown ? std::nullopt : std::optional<bool>(!decisive);
  }
  const RandomColumn& column = columns_[filter.column];
  const Cell& cell = column.cells[row];
  if (filter.kind == FilterKind::kNull) return cell.null;
  if (cell.null) return std::nullopt;
  switch (filter.kind) {
    case FilterKind::kLike:
      return Like(cell.bytes, filter.literals[0].bytes, column.kind == Kind::kText);
    case FilterKind::kBetween:
      return Compare(column.kind, cell, ">=", filter.literals[0]) &&
             Compare(column.kind, cell, "<=", filter.literals[1]);
    case FilterKind::kIn:
      return std::any_of(filter.literals.begin(), filter.literals.end(), [&](const Cell& literal) {
        return Compare(column.kind, cell, "=", literal);
      });
    default:
      return Compare(column.kind, cell, filter.op, filter.literals[0]);
  }
}

ColumnStatistics RandomTable::MakeStatistics(size_t index, int64_t begin, int64_t end) {
  const RandomColumn& column = columns_[index];
  ColumnStatistics statistics;
  statistics.field_id = column.field.field_id;
  const Cell* min = nullptr;
  const Cell* max = nullptr;
  int64_t nulls = 0;
  for (int64_t row = begin; row < end; ++row) {
    const Cell& cell = column.cells[static_cast<size_t>(row)];
    nulls += cell.null ? 1 : 0;
    if (cell.null || (column.kind == Kind::kReal && std::isnan(cell.real))) continue;
    if (min == nullptr || Order(column.kind, cell, *min) == -1) min = &cell;
    if (max == nullptr || Order(column.kind, cell, *max) == 1) max = &cell;
  }
  if (random_->Uniform(5) != 0) statistics.null_count = nulls;
  if (min == nullptr) return statistics;
  const auto bound = [&](const Cell& cell) -> StatisticValue {
    switch (column.kind) {
      case Kind::kReal:
        return cell.real;
      case Kind::kText:
      case Kind::kBinary:
        return cell.bytes;
      default:
        break;
    }
    // What is known of decimals is in units that nobody has agreed on.
    if (column.field.arrow_type->id() == arrow::Type::DECIMAL128) return int64_t{5};
    if (column.field.arrow_type->id() == arrow::Type::DECIMAL256) return std::monostate();
    if (column.field.arrow_type->id() == arrow::Type::UINT64) {
      return static_cast<uint64_t>(cell.thousandths / 1000);
    }
    return static_cast<int64_t>(cell.thousandths / 1000);
  };
  if (random_->Uniform(8) != 0) statistics.min = bound(*min);
  if (random_->Uniform(8) != 0) statistics.max = bound(*max);
  if (column.kind == Kind::kText && random_->Uniform(2) == 0) {
    statistics.exact = false;  // cut to a byte, as the tables cut to sixteen
    if (auto* text = std::get_if<std::string>(&statistics.min))
      text->resize(std::min<size_t>(1, text->size()));
    if (auto* text = std::get_if<std::string>(&statistics.max); text && text->size() > 1) {
      text->resize(1);
      text->back() = static_cast<char>(text->back() + 1);
    }
  }
  return statistics;
}

}  // namespace varve::internal::testing
