// SPDX-License-Identifier: Apache-2.0
#include "binlog/file_manager_values.h"

#include <string_view>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/type.h"
#include "schema/arrow_mapping.h"
#include "varve/binlog_reader.h"
#include "varve/payload_reader.h"

namespace varve::internal {
namespace {

constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kEncryptedMagic = "PARE";

// A data type whose values are stored as `form`; kNone: there is none. Others may share the form,
// and are read alike: a binary vector stands for all dense vectors, JSON for all bytes.
DataType TypeStoredAs(const arrow::DataType& form) {
  switch (form.id()) {
    case arrow::Type::BINARY:
      return DataType::kJson;
    case arrow::Type::FIXED_SIZE_BINARY:
      return DataType::kBinaryVector;
    case arrow::Type::LIST:
      return DataType::kArrayOfVector;
    default:
      return ScalarDataType(form);
  }
}

Result<std::shared_ptr<arrow::Array>> ReadOnlyColumn(std::shared_ptr<arrow::Buffer> bytes,
                                                     const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto file, PayloadReader::Open(std::move(bytes), object));
  if (file->num_columns() != 1) {
    return MakeError(
        ErrorKind::kUnsupported, "nothing says which column of the file is meant",
        {.object = object, .expected = "one column", .found = std::to_string(file->num_columns())});
  }
  ARROW_ASSIGN_OR_RAISE(const auto form, file->ColumnType(0));
  const DataType type = TypeStoredAs(*form);
  if (type == DataType::kNone) {
    return MakeError(ErrorKind::kUnsupported, "the column is of a type that Milvus does not store",
                     {.object = object, .found = form->ToString()});
  }
  ARROW_ASSIGN_OR_RAISE(auto column, file->Read(0, type));
  return std::move(column.values);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ReadStoredValues(std::shared_ptr<arrow::Buffer> bytes,
                                                       const std::string& object) {
  const auto text = static_cast<std::string_view>(*bytes);
  if (text.starts_with(kParquetMagic)) return ReadOnlyColumn(std::move(bytes), object);
  if (text.starts_with(kEncryptedMagic)) {
    return MakeError(ErrorKind::kUnsupported, "the file is encrypted",
                     {.object = object, .offset = 0, .found = std::string(kEncryptedMagic)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(std::move(bytes), object));
  ARROW_ASSIGN_OR_RAISE(auto column, binlog.ReadColumn());
  return std::move(column.values);
}

}  // namespace varve::internal
