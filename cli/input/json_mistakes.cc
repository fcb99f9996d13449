// SPDX-License-Identifier: Apache-2.0
#include "cli/input/json_mistakes.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/checked_cast.h"
#include "arrow/util/utf8.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;
using nlohmann::json;

constexpr size_t kValueShown = 60;

// The next line of `file` that has anything.
bool NextRow(std::istream& file, std::string* line, int64_t* number) {
  while (std::getline(file, *line)) {
    ++*number;
    if (line->find_first_not_of(" \t\r") != std::string::npos) return true;
  }
  return false;
}

bool IntegerFits(const json& value, const arrow::DataType& type) {
  if (!value.is_number_integer()) return false;
  const int bits = type.byte_width() * 8;
  const bool is_signed = arrow::is_signed_integer(type.id());
  if (value.is_number_unsigned()) {
    const uint64_t most = std::numeric_limits<uint64_t>::max() >> (64 - bits + (is_signed ? 1 : 0));
    return value.get<uint64_t>() <= most;
  }
  const auto number = value.get<int64_t>();
  return is_signed && number >= std::numeric_limits<int64_t>::min() >> (64 - bits);
}

bool Fits(const json& value, const arrow::DataType& type) {
  if (value.is_null()) return true;
  if (arrow::is_integer(type.id())) return IntegerFits(value, type);
  if (arrow::is_floating(type.id())) return value.is_number();
  switch (type.id()) {
    case arrow::Type::NA:
      return false;
    case arrow::Type::BOOL:
      return value.is_boolean();
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return value.is_string();
    case arrow::Type::LIST: {
      const auto& item = *type.field(0)->type();
      return value.is_array() && std::all_of(value.begin(), value.end(),
                                             [&](const json& each) { return Fits(each, item); });
    }
    case arrow::Type::STRUCT: {
      const auto& record = checked_cast<const arrow::StructType&>(type);
      if (!value.is_object()) return false;
      for (const auto& [name, child] : value.items()) {
        const auto field = record.GetFieldByName(name);
        if (field == nullptr || !Fits(child, *field->type())) return false;
      }
      return true;
    }
    default:
      // Times and the like: what Arrow takes as a text.
      if (!value.is_string()) return !value.is_structured();
      return arrow::Scalar::Parse(type.GetSharedPtr(), value.get<std::string>()).ok();
  }
}

std::string MistakeInRow(const json& row, const arrow::Schema& schema) {
  for (const auto& [name, value] : row.items()) {
    const auto field = schema.GetFieldByName(name);
    if (field == nullptr) return "field '" + name + "' is none of the columns";
    if (Fits(value, *field->type())) continue;
    std::string found = value.dump();
    if (found.size() > kValueShown) found = found.substr(0, kValueShown) + "…";
    return "field '" + name + "': expected " + field->type()->ToString() + ", found " + found;
  }
  return "";
}

// " column 9: syntax error …" of nlohmann's
// "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error …".
std::string SyntaxMistake(const std::string& line, std::string_view what) {
  const size_t column = what.find("column ");
  if (column != std::string_view::npos) {
    what.remove_prefix(column);
    if (!arrow::util::ValidateUTF8(line)) {
      return ", " + std::string(what.substr(0, what.find(':'))) + ": text that is not UTF-8";
    }
    return ", " + std::string(what);
  }
  return ": " + std::string(what.substr(std::min(what.size(), what.find("] ") + 2)));
}

int64_t FirstInfiniteIn(const arrow::Array& array, int64_t begin, int64_t end);

// As FirstInfiniteIn, for lists.
template <typename ListArray>
int64_t FirstInfiniteList(const ListArray& lists, int64_t begin, int64_t end) {
  const arrow::Array& items = *lists.values();
  for (int64_t i = begin; i < end; ++i) {
    if (lists.IsNull(i)) continue;
    const int64_t first = lists.value_offset(i);
    if (FirstInfiniteIn(items, first, first + lists.value_length(i)) >= 0) return i;
  }
  return -1;
}

template <typename NumberArray>
int64_t FirstInfiniteNumber(const NumberArray& numbers, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    if (std::isinf(numbers.Value(i)) && numbers.IsValid(i)) return i;
  }
  return -1;
}

int64_t FirstInfiniteIn(const arrow::Array& array, int64_t begin, int64_t end) {
  switch (array.type_id()) {
    case arrow::Type::FLOAT:
      return FirstInfiniteNumber(checked_cast<const arrow::FloatArray&>(array), begin, end);
    case arrow::Type::DOUBLE:
      return FirstInfiniteNumber(checked_cast<const arrow::DoubleArray&>(array), begin, end);
    case arrow::Type::LIST:
      return FirstInfiniteList(checked_cast<const arrow::ListArray&>(array), begin, end);
    case arrow::Type::FIXED_SIZE_LIST:
      return FirstInfiniteList(checked_cast<const arrow::FixedSizeListArray&>(array), begin, end);
    case arrow::Type::STRUCT: {
      int64_t first = -1;
      for (const auto& child : checked_cast<const arrow::StructArray&>(array).fields()) {
        const int64_t row = FirstInfiniteIn(*child, begin, first < 0 ? end : first);
        if (row >= 0) first = row;
      }
      return first;
    }
    default:
      return -1;
  }
}

}  // namespace

std::string FirstMistake(const std::string& path, int64_t first_row, const arrow::Schema* schema) {
  arrow::util::InitializeUTF8();
  std::ifstream file(path);
  std::string line;
  int64_t number = 0;
  for (int64_t row = 0; NextRow(file, &line, &number); ++row) {
    const std::string where = "line " + std::to_string(number);
    try {
      const json value = json::parse(line);
      if (!value.is_object()) return where + ": not a JSON object";
      if (schema == nullptr || row < first_row) continue;
      const std::string mistake = MistakeInRow(value, *schema);
      if (!mistake.empty()) return where + ": " + mistake;
    } catch (const json::exception& error) {
      return where + SyntaxMistake(line, error.what());
    }
  }
  return "";
}

std::string PlaceOfRow(const std::string& path, int64_t row) {
  if (path == "-") return "row " + std::to_string(row + 1);
  std::ifstream file(path);
  std::string line;
  int64_t number = 0;
  while (NextRow(file, &line, &number)) {
    if (row-- == 0) return "line " + std::to_string(number);
  }
  return "the last line";
}

int64_t FirstInfinite(const arrow::Array& column) {
  return FirstInfiniteIn(column, 0, column.length());
}

}  // namespace varve::cli
