// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_values.h"

#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "nlohmann/json.hpp"
#include "packed/array_conversion.h"
#include "packed/decoded_column.h"
#include "packed/milvus_arrays.h"
#include "packed/well_known_binary.h"
#include "schema/check_texts.h"
#include "schema/check_values.h"
#include "schema/convert_array.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

// What is wrong with a value that Arrow takes for mere bytes; "": nothing.
std::string_view FindMistake(DataType type, std::string_view bytes) {
  if (type == DataType::kGeometry) return FindWkbMistake(AsBytes(bytes));
  if (type == DataType::kJson && !nlohmann::json::accept(bytes)) return "not JSON";
  return "";
}

// `array`: utf8 or binary.
Status CheckEncoded(const FieldSchema& field, DataType type, const arrow::BinaryArray& array) {
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    const auto mistake = FindMistake(type, array.GetView(row));
    if (!mistake.empty()) return RowError(row, mistake, field.name);
  }
  return Status::OK();
}

// JSON and geometries, those in arrays included.
Status CheckOpaque(const FieldSchema& field, const arrow::Array& array) {
  const bool is_array = field.data_type == DataType::kArray;
  const DataType type = is_array ? field.element_type : field.data_type;
  if (type != DataType::kJson && type != DataType::kGeometry) return Status::OK();
  if (!is_array) {
    return CheckEncoded(field, type, static_cast<const arrow::BinaryArray&>(array));
  }
  const auto& lists = static_cast<const arrow::ListArray&>(array);
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    const auto& elements = static_cast<const arrow::BinaryArray&>(*lists.values());
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      const auto mistake = FindMistake(type, elements.GetView(i));
      if (!mistake.empty()) return RowError(row, mistake, field.name);
    }
  }
  return Status::OK();
}

Result<ArrayPtr> VectorsAs(const FieldSchema& field, const ArrayPtr& vectors, TypePtr type) {
  FieldSchema as = field;
  as.arrow_type = std::move(type);
  return ConvertVectors(as, vectors);
}

// Lists of vectors, the vectors in another spelling; offsets and validity stay.
Result<ArrayPtr> VectorListsAs(const FieldSchema& field, const ArrayPtr& lists,
                               const TypePtr& type) {
  if (lists->type_id() != arrow::Type::LIST) return WrongType(field, *lists->type());
  FieldSchema element = field;
  element.data_type = field.element_type;
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr vectors,
                        VectorsAs(element, static_cast<const arrow::ListArray&>(*lists).values(),
                                  type->field(0)->type()));
  auto data = lists->data()->Copy();
  data->type = type;
  data->child_data = {vectors->data()};
  return arrow::MakeArray(data);
}

// fixed_size_binary as binary that has no bytes for nulls.
Result<ArrayPtr> WithoutNullBytes(const FieldSchema& field, const ArrayPtr& array) {
  const auto& vectors = static_cast<const arrow::FixedSizeBinaryArray&>(*array);
  const int64_t width = vectors.byte_width();
  const int64_t num_bytes = (vectors.length() - vectors.null_count()) * width;
  if (num_bytes > INT32_MAX) {
    return MakeError(ErrorKind::kInvalid, "batch too large: split it",
                     {.field = field.name,
                      .expected = "at most 2147483647 bytes of vectors",
                      .found = std::to_string(num_bytes)});
  }
  ARROW_ASSIGN_OR_RAISE(auto offsets,
                        arrow::AllocateBuffer((vectors.length() + 1) * sizeof(int32_t)));
  ARROW_ASSIGN_OR_RAISE(auto bytes, arrow::AllocateBuffer(num_bytes));
  auto* next_offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  int32_t end = 0;
  *next_offset++ = end;
  for (int64_t row = 0; row < vectors.length(); ++row) {
    if (vectors.IsValid(row)) {
      std::memcpy(bytes->mutable_data() + end, vectors.GetValue(row), static_cast<size_t>(width));
      end += static_cast<int32_t>(width);
    }
    *next_offset++ = end;
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(vectors));
  return std::make_shared<arrow::BinaryArray>(vectors.length(), std::move(offsets),
                                              std::move(bytes), std::move(validity),
                                              vectors.null_count());
}

Result<FieldSchema> Completed(const FieldSchema& field) {
  FieldSchema complete = field;
  if (complete.arrow_type == nullptr) {
    ARROW_ASSIGN_OR_RAISE(complete.arrow_type, DefaultArrowType(field));
  }
  return complete;
}

// The type that DecodeArrayRows gives.
Result<TypePtr> ArrayRowsType(const FieldSchema& field) {
  FieldSchema plain = field;
  plain.arrow_type = nullptr;
  return DefaultArrowType(plain);
}

// `rows` as lists whose elements have been looked at.
Result<ArrayPtr> CheckedArrays(const FieldSchema& field, const arrow::Array& rows) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr lists,
                        DecodeArrayRows(field, static_cast<const arrow::BinaryArray&>(rows)));
  ARROW_RETURN_NOT_OK(CheckTexts(field, *lists));
  ARROW_RETURN_NOT_OK(CheckOpaque(field, *lists));
  return lists;
}

Result<ArrayPtr> Decode(const FieldSchema& field, const ArrayPtr& stored) {
  if (IsDenseVector(field.data_type)) return VectorsAs(field, stored, field.arrow_type);
  if (field.data_type == DataType::kArrayOfVector) {
    return VectorListsAs(field, stored, field.arrow_type);
  }
  if (field.data_type != DataType::kArray) {
    ARROW_RETURN_NOT_OK(CheckOpaque(field, *stored));
    return ConvertArray(stored, field.arrow_type);
  }
  if (stored->type_id() != arrow::Type::BINARY) return WrongType(field, *stored->type());
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr lists, CheckedArrays(field, *stored));
  // Rows that are to stay as they are were read for the sake of finding mistakes.
  if (field.arrow_type->id() == arrow::Type::BINARY) return stored;
  return ConvertArray(lists, field.arrow_type);
}

Result<ArrayPtr> DecodeChecked(const FieldSchema& field, const StoredValues& stored) {
  if (stored.dim != 0 && stored.dim != field.dim) {
    return MakeError(ErrorKind::kInvalid, "vectors of another dimension",
                     {.field = field.name,
                      .expected = std::to_string(field.dim),
                      .found = std::to_string(stored.dim)});
  }
  if (stored.element_type != DataType::kNone && stored.element_type != field.element_type) {
    return MakeError(ErrorKind::kInvalid, "vectors of another type",
                     {.field = field.name,
                      .expected = std::string(DataTypeName(field.element_type)),
                      .found = std::to_string(static_cast<int32_t>(stored.element_type))});
  }
  ARROW_RETURN_NOT_OK(CheckNullBytes(field, *stored.values, kSparseBytesMax));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, Decode(field, stored.values));
  ARROW_RETURN_NOT_OK(CheckValues(field, *values));
  return values;
}

}  // namespace

Result<ArrayPtr> DecodeValues(const FieldSchema& field, const StoredValues& stored,
                              const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const FieldSchema complete, Completed(field));
  auto values = DecodeChecked(complete, stored);
  if (values.ok() || KindOf(values.status()) != ErrorKind::kInvalid) return values;
  // What would be a caller's mistake in a batch is damage in a file.
  const Status damage = Corruption(values.status().message(), {.object = object});
  if (stored.first_row == 0) return damage;
  return Corruption(damage.message() + ", rows counted from row " +
                    std::to_string(stored.first_row));
}

Status CheckNullBytes(const FieldSchema& field, const arrow::Array& stored, int64_t most_bytes) {
  if (!IsDenseVector(field.data_type) || field.dim <= 0) return Status::OK();
  const int64_t width = VectorWidth(field.data_type, field.dim);
  // A dimension that the type cannot have, such as 4 bits, is told by who knows the rules.
  if (width == 0 || stored.null_count() <= most_bytes / width) return Status::OK();
  return MakeError(ErrorKind::kResourceExhausted, "null vectors take more than they may",
                   {.field = field.name,
                    .expected = "at most " + std::to_string(most_bytes / width) + " of " +
                                std::to_string(field.dim) + " dimensions",
                    .found = std::to_string(stored.null_count())});
}

Result<ArrayPtr> EncodeValues(const FieldSchema& field, const ArrayPtr& values) {
  ARROW_ASSIGN_OR_RAISE(const FieldSchema complete, Completed(field));
  if (!values->type()->Equals(complete.arrow_type)) return WrongType(complete, *values->type());
  ARROW_RETURN_NOT_OK(CheckValues(complete, *values));
  ARROW_ASSIGN_OR_RAISE(const TypePtr stored, MilvusArrowType(complete));
  if (IsDenseVector(field.data_type)) {
    const auto width = static_cast<int32_t>(VectorWidth(field.data_type, field.dim));
    ARROW_ASSIGN_OR_RAISE(ArrayPtr vectors,
                          VectorsAs(complete, values, arrow::fixed_size_binary(width)));
    return field.nullable ? WithoutNullBytes(complete, vectors) : vectors;
  }
  if (field.data_type == DataType::kArrayOfVector) return VectorListsAs(complete, values, stored);
  if (field.data_type == DataType::kArray && values->type_id() == arrow::Type::LIST) {
    ARROW_ASSIGN_OR_RAISE(const TypePtr type, ArrayRowsType(complete));
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr lists, ConvertArray(values, type));
    ARROW_RETURN_NOT_OK(CheckOpaque(complete, *lists));
    return EncodeArrayRows(complete, static_cast<const arrow::ListArray&>(*lists));
  }
  if (field.data_type == DataType::kArray) {
    ARROW_RETURN_NOT_OK(CheckedArrays(complete, *values).status());
    return values;
  }
  ARROW_RETURN_NOT_OK(CheckOpaque(complete, *values));
  return ConvertArray(values, stored);
}

}  // namespace varve::internal
