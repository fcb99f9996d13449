// SPDX-License-Identifier: Apache-2.0
#include "packed/stored_column.h"

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/buffer_builder.h"
#include "arrow/type.h"
#include "arrow/util/bitmap_ops.h"
#include "arrow/util/checked_cast.h"
#include "arrow/util/key_value_metadata.h"
#include "packed/fixed_width.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;

std::shared_ptr<arrow::DataType> StoredType(const FieldSchema& field) {
  const auto& type = field.arrow_type;
  if (!IsDenseVector(field.data_type) || type->id() != arrow::Type::FIXED_SIZE_LIST) return type;
  if (!StoredAsList(field)) return arrow::fixed_size_binary(PlainWidth(*type));
  const auto& list = checked_cast<const arrow::FixedSizeListType&>(*type);
  return arrow::list(arrow::field("element", list.value_type(), /*nullable=*/false));
}

Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const arrow::Array& array) {
  if (array.null_count() == 0) return nullptr;
  return arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                     array.offset(), array.length());
}

Result<std::shared_ptr<arrow::Array>> ListOf(const arrow::FixedSizeListArray& array,
                                             const std::shared_ptr<arrow::DataType>& type) {
  const int32_t size = array.list_type()->list_size();
  arrow::TypedBufferBuilder<int32_t> offsets;
  RETURN_NOT_OK(offsets.Reserve(array.length() + 1));
  arrow::ArrayVector valid_runs;
  int32_t end = 0;
  int64_t run_begin = 0;
  const auto close_run = [&](int64_t row) {
    if (row > run_begin) {
      valid_runs.push_back(
          array.values()->Slice((array.offset() + run_begin) * size, (row - run_begin) * size));
    }
    run_begin = row + 1;
  };
  for (int64_t row = 0; row < array.length(); ++row) {
    offsets.UnsafeAppend(end);
    if (array.IsValid(row)) {
      end += size;
    } else {
      close_run(row);
    }
  }
  close_run(array.length());
  offsets.UnsafeAppend(end);
  std::shared_ptr<arrow::Array> values;
  if (valid_runs.empty()) {
    ARROW_ASSIGN_OR_RAISE(values, arrow::MakeEmptyArray(array.list_type()->value_type()));
  } else if (valid_runs.size() == 1) {
    values = valid_runs.front();
  } else {
    ARROW_ASSIGN_OR_RAISE(values, arrow::Concatenate(valid_runs));
  }
  ARROW_ASSIGN_OR_RAISE(auto offsets_buffer, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(array));
  return std::make_shared<arrow::ListArray>(type, array.length(), std::move(offsets_buffer),
                                            std::move(values), std::move(validity));
}

}  // namespace

bool StoredAsList(const FieldSchema& field) {
  if (!IsDenseVector(field.data_type)) return false;
  if (field.arrow_type->id() != arrow::Type::FIXED_SIZE_LIST) return false;
  // Split byte planes only pay where all elements of a page share them.
  const bool floats = field.data_type == DataType::kFloatVector;
  return field.layout == VectorLayout::kList || (field.layout == VectorLayout::kCompact && floats);
}

std::shared_ptr<arrow::Field> StoredField(const FieldSchema& field) {
  return arrow::field(
      field.name, StoredType(field), field.nullable,
      arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.field_id)}));
}

Result<std::shared_ptr<arrow::Array>> StoredArray(const FieldSchema& field,
                                                  const std::shared_ptr<arrow::Array>& array) {
  auto type = StoredType(field);
  if (type == field.arrow_type || array->type_id() != arrow::Type::FIXED_SIZE_LIST) return array;
  const auto& list = checked_cast<const arrow::FixedSizeListArray&>(*array);
  if (type->id() == arrow::Type::LIST) return ListOf(list, type);
  const auto& values = list.values()->data();
  const int64_t width = PlainWidth(*array->type());
  std::shared_ptr<arrow::Buffer> bytes = values->buffers[1];
  if (bytes == nullptr || array->length() == 0) {
    bytes = std::make_shared<arrow::Buffer>(nullptr, 0);
  } else {
    bytes = arrow::SliceBuffer(bytes, PlainValues(*array) - bytes->data(), array->length() * width);
  }
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(*array));
  return std::make_shared<arrow::FixedSizeBinaryArray>(type, array->length(), std::move(bytes),
                                                       std::move(validity));
}

}  // namespace varve::internal
