// SPDX-License-Identifier: Apache-2.0
#include "schema/check_texts.h"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "arrow/util/utf8.h"
#include "schema/check_values.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;
using arrow::util::ValidateUTF8;

bool HoldsTexts(const arrow::DataType& type) {
  if (type.id() == arrow::Type::STRING) return true;
  for (const auto& field : type.fields()) {
    if (HoldsTexts(*field->type())) return true;
  }
  return false;
}

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// Whether the texts [begin, end) are valid one by one: all bytes are, and no text begins inside a
// character. Nulls may have bytes too, so false does not mean that a text is bad.
bool ValidTogether(const arrow::StringArray& texts, int64_t begin, int64_t end) {
  const int64_t first = texts.value_offset(begin);
  const int64_t num_bytes = texts.value_offset(end) - first;
  if (num_bytes == 0) return true;
  const uint8_t* bytes = texts.raw_data() + first;
  if (!ValidateUTF8(bytes, num_bytes)) return false;
  const auto* all = reinterpret_cast<const char*>(bytes);
  for (int64_t i = begin + 1; i < end; ++i) {
    const int64_t at = texts.value_offset(i) - first;
    if (at < num_bytes && IsContinuation(all[at])) return false;
  }
  return true;
}

// The first byte of `text` at which no character begins.
size_t FirstBadByte(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    size_t end = at + 1;
    while (end < text.size() && IsContinuation(text[end])) ++end;
    if (!ValidateUTF8(text.substr(at, end - at))) break;
    at = end;
  }
  return at;
}

// The first text among the values [begin, end) that is not UTF-8.
std::optional<std::string_view> FindBadText(const arrow::Array& array, int64_t begin, int64_t end);

// As FindBadText, for lists, whose items stand one after the other.
template <typename ListArray>
std::optional<std::string_view> FindInLists(const ListArray& lists, int64_t begin, int64_t end) {
  const arrow::Array& items = *lists.values();
  auto found = FindBadText(items, lists.value_offset(begin), lists.value_offset(end));
  if (!found.has_value() || lists.null_count() == 0) return found;
  for (int64_t i = begin; i < end; ++i) {  // it may be the item of a null
    if (lists.IsNull(i)) continue;
    found = FindBadText(items, lists.value_offset(i), lists.value_offset(i + 1));
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

std::optional<std::string_view> FindInTexts(const arrow::StringArray& texts, int64_t begin,
                                            int64_t end) {
  if (ValidTogether(texts, begin, end)) return std::nullopt;
  for (int64_t i = begin; i < end; ++i) {
    if (texts.IsValid(i) && !ValidateUTF8(texts.GetView(i))) return texts.GetView(i);
  }
  return std::nullopt;
}

std::optional<std::string_view> FindInStructs(const arrow::StructArray& records, int64_t begin,
                                              int64_t end) {
  for (const auto& child : records.fields()) {
    auto found = FindBadText(*child, begin, end);
    if (!found.has_value()) continue;
    if (records.null_count() == 0) return found;
    for (int64_t i = begin; i < end; ++i) {  // it may be in a null
      if (records.IsNull(i)) continue;
      found = FindBadText(*child, i, i + 1);
      if (found.has_value()) return found;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> FindBadText(const arrow::Array& array, int64_t begin, int64_t end) {
  if (begin == end) return std::nullopt;
  switch (array.type_id()) {
    case arrow::Type::STRING:
      return FindInTexts(checked_cast<const arrow::StringArray&>(array), begin, end);
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return FindInLists(checked_cast<const arrow::ListArray&>(array), begin, end);
    case arrow::Type::FIXED_SIZE_LIST:
      return FindInLists(checked_cast<const arrow::FixedSizeListArray&>(array), begin, end);
    case arrow::Type::STRUCT:
      return FindInStructs(checked_cast<const arrow::StructArray&>(array), begin, end);
    default:
      return std::nullopt;
  }
}

}  // namespace

Status CheckTexts(const FieldSchema& field, const arrow::Array& array) {
  if (!HoldsTexts(*array.type())) return Status::OK();
  arrow::util::InitializeUTF8();
  if (!FindBadText(array, 0, array.length()).has_value()) return Status::OK();
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const auto text = FindBadText(array, row, row + 1);
    if (!text.has_value()) continue;
    const size_t at = FirstBadByte(*text);
    char byte[8];
    std::snprintf(byte, sizeof(byte), "0x%02x", static_cast<uint8_t>((*text)[at]));
    return RowError(row, "text that is not UTF-8", field.name, "",
                    "byte " + std::string(byte) + " at offset " + std::to_string(at));
  }
  return Status::OK();
}

}  // namespace varve::internal
