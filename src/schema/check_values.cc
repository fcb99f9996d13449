// SPDX-License-Identifier: Apache-2.0
#include "schema/check_values.h"

#include <algorithm>
#include <utility>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/checked_cast.h"
#include "schema/check_texts.h"
#include "schema/check_vectors.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;

// Whether a child that is declared non-null has nulls at all, wherever they stand.
bool MayHoldForbiddenNulls(const arrow::ArrayData& data) {
  for (int i = 0; i < data.type->num_fields(); ++i) {
    const arrow::ArrayData& child = *data.child_data[i];
    if (!data.type->field(i)->nullable() && child.GetNullCount() > 0) return true;
    if (MayHoldForbiddenNulls(child)) return true;
  }
  return false;
}

bool HoldsForbiddenNull(const arrow::Array& array, int64_t row);

bool AnyForbidden(const arrow::Array& values, int64_t begin, int64_t end, bool nullable) {
  for (int64_t i = begin; i < end; ++i) {
    if (values.IsNull(i) ? !nullable : HoldsForbiddenNull(values, i)) return true;
  }
  return false;
}

// Whether the value of `row`, itself not null, holds a null where its type allows none.
bool HoldsForbiddenNull(const arrow::Array& array, int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP: {
      const auto& list = checked_cast<const arrow::ListArray&>(array);
      return AnyForbidden(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                          array.type()->field(0)->nullable());
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = checked_cast<const arrow::FixedSizeListArray&>(array);
      return AnyForbidden(*list.values(), list.value_offset(row), list.value_offset(row + 1),
                          array.type()->field(0)->nullable());
    }
    case arrow::Type::STRUCT: {
      const auto& record = checked_cast<const arrow::StructArray&>(array);
      for (int i = 0; i < array.type()->num_fields(); ++i) {
        if (AnyForbidden(*record.field(i), row, row + 1, array.type()->field(i)->nullable())) {
          return true;
        }
      }
      return false;
    }
    default:
      return false;
  }
}

Status CheckNulls(const FieldSchema& field, const arrow::Array& array) {
  const bool has_nulls = array.null_count() > 0;
  const bool nested = arrow::is_nested(array.type_id()) && MayHoldForbiddenNulls(*array.data());
  if (!nested && (field.nullable || !has_nulls)) return Status::OK();
  for (int64_t row = 0; row < array.length(); ++row) {
    if (has_nulls && array.IsNull(row)) {
      if (!field.nullable) return RowError(row, "null in a required field", field.name);
    } else if (nested && HoldsForbiddenNull(array, row)) {
      return RowError(row, "null inside a value", field.name, array.type()->ToString());
    }
  }
  return Status::OK();
}

// Index of the first text longer than `limit` bytes, or -1.
int64_t FindTooLong(const arrow::StringArray& texts, int32_t limit) {
  if (texts.length() == 0) return -1;
  // Offsets ascend, so no text is longer than all of them together.
  if (texts.value_offset(texts.length()) - texts.value_offset(0) <= limit) return -1;
  for (int64_t i = 0; i < texts.length(); ++i) {
    if (texts.value_length(i) > limit && texts.IsValid(i)) return i;
  }
  return -1;
}

Status TooLong(const FieldSchema& field, int64_t row, const arrow::StringArray& texts,
               int64_t index) {
  return RowError(row, "text too long", field.name,
                  "at most " + std::to_string(field.max_length) + " bytes",
                  std::to_string(texts.value_length(index)));
}

Status CheckText(const FieldSchema& field, const arrow::Array& array) {
  if (field.max_length == 0 || array.type_id() != arrow::Type::STRING) return Status::OK();
  const auto& texts = checked_cast<const arrow::StringArray&>(array);
  const int64_t row = FindTooLong(texts, field.max_length);
  return row < 0 ? Status::OK() : TooLong(field, row, texts, row);
}

Status CheckCapacity(const FieldSchema& field, const arrow::ListArray& lists) {
  if (field.max_capacity == 0) return Status::OK();
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.value_length(row) > field.max_capacity && lists.IsValid(row)) {
      return RowError(row, "array too long", field.name,
                      "at most " + std::to_string(field.max_capacity) + " elements",
                      std::to_string(lists.value_length(row)));
    }
  }
  return Status::OK();
}

Status CheckArray(const FieldSchema& field, const arrow::Array& array) {
  if (array.type_id() != arrow::Type::LIST) return Status::OK();
  const auto& lists = checked_cast<const arrow::ListArray&>(array);
  ARROW_RETURN_NOT_OK(CheckCapacity(field, lists));
  if (field.data_type == DataType::kArrayOfVector) return CheckVectorLists(field, lists);
  if (field.max_length == 0 || lists.value_type()->id() != arrow::Type::STRING) {
    return Status::OK();
  }
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    const auto texts = lists.value_slice(row);
    const auto& row_texts = checked_cast<const arrow::StringArray&>(*texts);
    const int64_t index = FindTooLong(row_texts, field.max_length);
    if (index >= 0) return TooLong(field, row, row_texts, index);
  }
  return Status::OK();
}

}  // namespace

Status RowError(int64_t row, std::string_view mistake, const std::string& field,
                std::string expected, std::string found) {
  return MakeError(ErrorKind::kInvalid, "row " + std::to_string(row) + ": " + std::string(mistake),
                   {.field = field, .expected = std::move(expected), .found = std::move(found)});
}

Status CheckValues(const FieldSchema& field, const arrow::Array& array) {
  if (IsDenseVector(field.data_type)) {
    // First: it has the clearer message for nulls inside a vector.
    ARROW_RETURN_NOT_OK(CheckVectors(field, array));
  }
  ARROW_RETURN_NOT_OK(CheckNulls(field, array));
  ARROW_RETURN_NOT_OK(CheckTexts(field, array));
  switch (field.data_type) {
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kText:
      return CheckText(field, array);
    case DataType::kArray:
    case DataType::kArrayOfVector:
      return CheckArray(field, array);
    case DataType::kSparseFloatVector:
      return CheckSparseVectors(field, checked_cast<const arrow::BinaryArray&>(array));
    default:
      return Status::OK();
  }
}

}  // namespace varve::internal
