// SPDX-License-Identifier: Apache-2.0
#include "packed/flat_column.h"

#include "arrow/type.h"
#include "packed/fixed_width.h"

namespace varve::internal {

namespace {

bool IsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY ||
         type.id() == arrow::Type::LARGE_STRING || type.id() == arrow::Type::LARGE_BINARY;
}

}  // namespace

Status FlatColumn::Damaged(const char* what, int64_t offset) const {
  return Corruption(what, {.object = metadata->source().path(), .field = *name, .offset = offset});
}

int64_t FlatWidth(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return 1;
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return 2;
    default:
      return PlainWidth(type);
  }
}

int64_t StoredWidth(const parquet::ColumnDescriptor& descriptor) {
  switch (descriptor.physical_type()) {
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return 8;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return descriptor.type_length();
    default:
      return 0;
  }
}

bool IsDictionaryEncoding(int32_t encoding) {
  return encoding == parquet::Encoding::RLE_DICTIONARY ||
         encoding == parquet::Encoding::PLAIN_DICTIONARY;
}

bool IsFlat(const parquet::ColumnDescriptor& descriptor, const arrow::DataType& file_type,
            const arrow::DataType& type) {
  if (descriptor.max_repetition_level() > 0 || descriptor.max_definition_level() > 1) return false;
  const int64_t width = FlatWidth(type);
  switch (descriptor.physical_type()) {
    case parquet::Type::BYTE_ARRAY:
      return IsText(type) && file_type.Equals(type);
    case parquet::Type::INT32:
    case parquet::Type::INT64:
    case parquet::Type::FLOAT:
    case parquet::Type::DOUBLE:
      return width > 0 && file_type.Equals(type);
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      // Also a vector, which is stored as its bytes.
      return width > 0 && width == descriptor.type_length() &&
             (file_type.id() == arrow::Type::FIXED_SIZE_BINARY || file_type.Equals(type));
    default:
      return false;
  }
}

}  // namespace varve::internal
