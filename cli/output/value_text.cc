// SPDX-License-Identifier: Apache-2.0
#include "cli/output/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "arrow/array/array_base.h"
#include "arrow/array/array_binary.h"
#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/util.h"
#include "arrow/extension_type.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/base64.h"
#include "arrow/util/float16.h"
#include "cli/output/display_text.h"

namespace varve::cli {
namespace {

using arrow::internal::checked_cast;

// A text cell is never longer than this before it is cut to the column: a document of megabytes
// would only be measured and thrown away.
constexpr size_t kLongestCellBytes = 4096;
constexpr int64_t kValuesShownInFull = 4;
constexpr int64_t kValuesShown = 2;
constexpr int64_t kBinaryBytesShown = 8;

template <typename Number>
std::string NumberText(Number value) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

template <typename Float>
std::string FloatText(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return NumberText(value);
}

// Three digits are enough to tell vectors apart.
std::string ShortFloat(double value) {
  if (!std::isfinite(value)) return FloatText(value);
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

bool IsFloating(arrow::Type::type id) {
  return id == arrow::Type::FLOAT || id == arrow::Type::DOUBLE || id == arrow::Type::HALF_FLOAT;
}

double FloatingValue(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::FLOAT:
      return checked_cast<const arrow::FloatArray&>(array).Value(row);
    case arrow::Type::DOUBLE:
      return checked_cast<const arrow::DoubleArray&>(array).Value(row);
    default:
      return arrow::util::Float16::FromBits(
                 checked_cast<const arrow::HalfFloatArray&>(array).Value(row))
          .ToFloat();
  }
}

// The text of a number without quotes, or false for any other type.
bool NumericText(const arrow::Array& array, int64_t row, std::string* text) {
  switch (array.type_id()) {
#define VARVE_INTEGER(ID, ARRAY)                                             \
  case arrow::Type::ID:                                                      \
    *text = NumberText(checked_cast<const arrow::ARRAY&>(array).Value(row)); \
    return true
    VARVE_INTEGER(INT8, Int8Array);
    VARVE_INTEGER(INT16, Int16Array);
    VARVE_INTEGER(INT32, Int32Array);
    VARVE_INTEGER(INT64, Int64Array);
    VARVE_INTEGER(UINT8, UInt8Array);
    VARVE_INTEGER(UINT16, UInt16Array);
    VARVE_INTEGER(UINT32, UInt32Array);
    VARVE_INTEGER(UINT64, UInt64Array);
    VARVE_INTEGER(DURATION, DurationArray);
#undef VARVE_INTEGER
    case arrow::Type::FLOAT:
      *text = FloatText(checked_cast<const arrow::FloatArray&>(array).Value(row));
      return true;
    case arrow::Type::DOUBLE:
      *text = FloatText(checked_cast<const arrow::DoubleArray&>(array).Value(row));
      return true;
    case arrow::Type::HALF_FLOAT:
      *text = FloatText(static_cast<float>(FloatingValue(array, row)));
      return true;
    case arrow::Type::BOOL:
      *text = checked_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      return true;
    default:
      return false;
  }
}

struct Text {
  std::string_view bytes;
  bool is_utf8;
};

bool TextOf(const arrow::Array& array, int64_t row, Text* text) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      *text = {checked_cast<const arrow::BinaryArray&>(array).GetView(row),
               array.type_id() == arrow::Type::STRING};
      return true;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      *text = {checked_cast<const arrow::LargeBinaryArray&>(array).GetView(row),
               array.type_id() == arrow::Type::LARGE_STRING};
      return true;
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      *text = {checked_cast<const arrow::BinaryViewArray&>(array).GetView(row),
               array.type_id() == arrow::Type::STRING_VIEW};
      return true;
    case arrow::Type::FIXED_SIZE_BINARY:
      *text = {checked_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row), false};
      return true;
    default:
      return false;
  }
}

struct Slice {
  std::shared_ptr<arrow::Array> values;
  int64_t begin = 0;
  int64_t length = 0;
};

template <typename ListArray>
Slice SliceOf(const arrow::Array& array, int64_t row) {
  const auto& list = checked_cast<const ListArray&>(array);
  return {list.values(), list.value_offset(row), list.value_length(row)};
}

bool ListOf(const arrow::Array& array, int64_t row, Slice* slice) {
  switch (array.type_id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      *slice = SliceOf<arrow::ListArray>(array, row);
      return true;
    case arrow::Type::LARGE_LIST:
      *slice = SliceOf<arrow::LargeListArray>(array, row);
      return true;
    case arrow::Type::FIXED_SIZE_LIST:
      *slice = SliceOf<arrow::FixedSizeListArray>(array, row);
      return true;
    case arrow::Type::LIST_VIEW:
      *slice = SliceOf<arrow::ListViewArray>(array, row);
      return true;
    case arrow::Type::LARGE_LIST_VIEW:
      *slice = SliceOf<arrow::LargeListViewArray>(array, row);
      return true;
    default:
      return false;
  }
}

// Types that stand for values of another: the array and row where the value itself lies.
bool Unwrap(const arrow::Array& array, int64_t row, std::shared_ptr<arrow::Array>* inner,
            int64_t* inner_row) {
  if (array.type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = checked_cast<const arrow::DictionaryArray&>(array);
    *inner = dictionary.dictionary();
    *inner_row = dictionary.GetValueIndex(row);
    return true;
  }
  if (array.type_id() == arrow::Type::EXTENSION) {
    *inner = checked_cast<const arrow::ExtensionArray&>(array).storage();
    *inner_row = row;
    return true;
  }
  const bool through_scalar =
      array.type_id() == arrow::Type::RUN_END_ENCODED || arrow::is_union(array.type_id());
  if (!through_scalar) return false;
  auto scalar = array.GetScalar(row);
  if (!scalar.ok()) return false;
  std::shared_ptr<arrow::Scalar> value;
  if (array.type_id() == arrow::Type::RUN_END_ENCODED) {
    value = checked_cast<const arrow::RunEndEncodedScalar&>(**scalar).value;
  } else {
    value = checked_cast<const arrow::UnionScalar&>(**scalar).child_value();
  }
  auto one = arrow::MakeArrayFromScalar(*value, 1);
  if (!one.ok()) return false;
  *inner = *one;
  *inner_row = 0;
  return true;
}

// Dates, times, decimals, intervals.
std::string OtherText(const arrow::Array& array, int64_t row) {
  auto scalar = array.GetScalar(row);
  return scalar.ok() ? (*scalar)->ToString() : scalar.status().message();
}

std::string BinaryCell(std::string_view bytes) {
  std::string text = "0x";
  std::array<char, 4> digits;
  for (const char c : bytes.substr(0, kBinaryBytesShown)) {
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned char>(c));
    text += digits.data();
  }
  if (bytes.size() > kBinaryBytesShown) text += "… (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

std::string ListCell(const Slice& slice, int width) {
  const int64_t shown = slice.length <= kValuesShownInFull ? slice.length : kValuesShown;
  std::string text = "[";
  for (int64_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    const arrow::Array& values = *slice.values;
    const int64_t row = slice.begin + i;
    text += IsFloating(values.type_id()) && values.IsValid(row)
                ? ShortFloat(FloatingValue(values, row))
                : CellText(values, row, width);
  }
  if (shown < slice.length) text += ", … " + std::to_string(slice.length);
  return text + "]";
}

}  // namespace

void AppendJsonText(std::string_view text, std::string* out) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  });
  if (plain) {
    out->append("\"").append(text).append("\"");
  } else {
    out->append(
        nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
}

void AppendJson(const arrow::Array& array, int64_t row, std::string* out) {
  std::shared_ptr<arrow::Array> inner;
  int64_t inner_row = 0;
  std::string text;
  Text bytes;
  Slice slice;
  if (array.IsNull(row) || array.type_id() == arrow::Type::NA) {
    out->append("null");
  } else if (NumericText(array, row, &text)) {
    const bool quoted = IsFloating(array.type_id()) && (text.back() == 'N' || text.back() == 'y');
    if (quoted) {
      AppendJsonText(text, out);
    } else {
      out->append(text);
    }
  } else if (TextOf(array, row, &bytes)) {
    if (bytes.is_utf8) {
      AppendJsonText(bytes.bytes, out);
    } else {
      AppendJsonText(arrow::util::base64_encode(bytes.bytes), out);
    }
  } else if (ListOf(array, row, &slice)) {
    out->push_back('[');
    for (int64_t i = 0; i < slice.length; ++i) {
      if (i > 0) out->push_back(',');
      const int64_t at = slice.begin + i;
      if (array.type_id() == arrow::Type::MAP) {
        const auto& entries = checked_cast<const arrow::StructArray&>(*slice.values);
        out->push_back('[');
        AppendJson(*entries.field(0), at, out);
        out->push_back(',');
        AppendJson(*entries.field(1), at, out);
        out->push_back(']');
      } else {
        AppendJson(*slice.values, at, out);
      }
    }
    out->push_back(']');
  } else if (array.type_id() == arrow::Type::STRUCT) {
    const auto& parts = checked_cast<const arrow::StructArray&>(array);
    out->push_back('{');
    for (int i = 0; i < parts.num_fields(); ++i) {
      if (i > 0) out->push_back(',');
      AppendJsonText(parts.struct_type()->field(i)->name(), out);
      out->push_back(':');
      AppendJson(*parts.field(i), row, out);
    }
    out->push_back('}');
  } else if (Unwrap(array, row, &inner, &inner_row)) {
    AppendJson(*inner, inner_row, out);
  } else {
    text = OtherText(array, row);
    if (array.type_id() == arrow::Type::TIMESTAMP) {
      std::replace(text.begin(), text.end(), ' ', 'T');
    }
    AppendJsonText(text, out);
  }
}

std::string CellText(const arrow::Array& array, int64_t row, int width) {
  std::shared_ptr<arrow::Array> inner;
  int64_t inner_row = 0;
  std::string text;
  Text bytes;
  Slice slice;
  if (array.IsNull(row) || array.type_id() == arrow::Type::NA) {
    text = "null";
  } else if (array.type_id() == arrow::Type::DOUBLE) {
    std::array<char, 32> digits;
    std::snprintf(digits.data(), digits.size(), "%.9g", FloatingValue(array, row));
    text = digits.data();
  } else if (NumericText(array, row, &text)) {
    // as it is
  } else if (TextOf(array, row, &bytes)) {
    text = bytes.is_utf8 ? Printable(bytes.bytes.substr(0, kLongestCellBytes))
                         : BinaryCell(bytes.bytes);
  } else if (ListOf(array, row, &slice)) {
    text = ListCell(slice, width);
  } else if (array.type_id() == arrow::Type::STRUCT) {
    const auto& parts = checked_cast<const arrow::StructArray&>(array);
    text = "{";
    for (int i = 0; i < parts.num_fields(); ++i) {
      text += (i > 0 ? ", " : "") + Printable(parts.struct_type()->field(i)->name()) + ": " +
              CellText(*parts.field(i), row, width);
    }
    text += "}";
  } else if (Unwrap(array, row, &inner, &inner_row)) {
    text = CellText(*inner, inner_row, width);
  } else {
    text = Printable(OtherText(array, row));
  }
  return width > 0 ? CutToWidth(text, width) : text;
}

std::string ScalarJson(const arrow::Scalar& scalar) {
  auto array = arrow::MakeArrayFromScalar(scalar, 1);
  if (!array.ok()) return "null";
  std::string text;
  AppendJson(**array, 0, &text);
  return text;
}

std::string ScalarCell(const arrow::Scalar& scalar, int width) {
  auto array = arrow::MakeArrayFromScalar(scalar, 1);
  return array.ok() ? CellText(**array, 0, width) : array.status().message();
}

bool IsRightAligned(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id()) || type.id() == arrow::Type::DURATION;
}

}  // namespace varve::cli
