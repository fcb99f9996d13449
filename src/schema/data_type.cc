// SPDX-License-Identifier: Apache-2.0
#include "schema/data_type.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "arrow/type.h"
#include "varve/schema.h"

namespace varve {
namespace {

struct NamedType {
  DataType type;
  std::string_view name;
};

constexpr NamedType kNames[] = {
    {DataType::kNone, "None"},
    {DataType::kBool, "Bool"},
    {DataType::kInt8, "Int8"},
    {DataType::kInt16, "Int16"},
    {DataType::kInt32, "Int32"},
    {DataType::kInt64, "Int64"},
    {DataType::kFloat, "Float"},
    {DataType::kDouble, "Double"},
    {DataType::kString, "String"},
    {DataType::kVarChar, "VarChar"},
    {DataType::kArray, "Array"},
    {DataType::kJson, "JSON"},
    {DataType::kGeometry, "Geometry"},
    {DataType::kText, "Text"},
    {DataType::kTimestamptz, "Timestamptz"},
    {DataType::kBinaryVector, "BinaryVector"},
    {DataType::kFloatVector, "FloatVector"},
    {DataType::kFloat16Vector, "Float16Vector"},
    {DataType::kBFloat16Vector, "BFloat16Vector"},
    {DataType::kSparseFloatVector, "SparseFloatVector"},
    {DataType::kInt8Vector, "Int8Vector"},
    {DataType::kArrayOfVector, "ArrayOfVector"},
};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

std::string_view DataTypeName(DataType type) {
  for (const NamedType& entry : kNames) {
    if (entry.type == type) return entry.name;
  }
  return "unknown";
}

Result<DataType> DataTypeFromName(std::string_view name) {
  for (const NamedType& entry : kNames) {
    if (EqualIgnoringCase(entry.name, name)) return entry.type;
  }
  return MakeError(ErrorKind::kNotFound, "unknown data type", {.found = std::string(name)});
}

bool IsDenseVector(DataType type) {
  switch (type) {
    case DataType::kBinaryVector:
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
    case DataType::kInt8Vector:
      return true;
    default:
      return false;
  }
}

namespace internal {

bool IsKnownDataType(DataType type) {
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [type](const NamedType& entry) { return entry.type == type; });
}

bool IsText(DataType type) {
  return type == DataType::kString || type == DataType::kVarChar || type == DataType::kText;
}

bool IsArrayElement(DataType type) {
  switch (type) {
    case DataType::kBool:
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kInt64:
    case DataType::kFloat:
    case DataType::kDouble:
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kTimestamptz:
      return true;
    default:
      return false;
  }
}

int32_t VectorElements(DataType type, int32_t dim) {
  return type == DataType::kBinaryVector ? dim / 8 : dim;
}

int64_t VectorWidth(DataType type, int32_t dim) {
  return int64_t{VectorElements(type, dim)} * VectorElementType(type)->byte_width();
}

const std::shared_ptr<arrow::DataType>& VectorElementType(DataType type) {
  switch (type) {
    case DataType::kFloatVector:
      return arrow::float32();
    case DataType::kFloat16Vector:
      return arrow::float16();
    case DataType::kBFloat16Vector:
      return arrow::uint16();
    case DataType::kInt8Vector:
      return arrow::int8();
    default:
      return arrow::uint8();
  }
}

}  // namespace internal
}  // namespace varve
