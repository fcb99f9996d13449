// SPDX-License-Identifier: Apache-2.0
#include "milvus/default_value.h"

#include <limits>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "milvus/value_field.pb.h"

namespace varve::internal {
namespace {

using ScalarPtr = std::shared_ptr<arrow::Scalar>;
using milvus::ValueField;

template <typename ScalarType>
ScalarPtr Integer(int32_t value) {
  using Value = typename ScalarType::ValueType;
  if (value < std::numeric_limits<Value>::min() || value > std::numeric_limits<Value>::max()) {
    return nullptr;
  }
  return std::make_shared<ScalarType>(static_cast<Value>(value));
}

// nullptr: not a value of that type.
ScalarPtr AsScalar(DataType type, const ValueField& value) {
  const auto found = value.data_case();
  switch (type) {
    case DataType::kBool:
      if (found != ValueField::kBoolData) return nullptr;
      return std::make_shared<arrow::BooleanScalar>(value.bool_data());
    case DataType::kInt8:
      return found == ValueField::kIntData ? Integer<arrow::Int8Scalar>(value.int_data()) : nullptr;
    case DataType::kInt16:
      return found == ValueField::kIntData ? Integer<arrow::Int16Scalar>(value.int_data())
                                           : nullptr;
    case DataType::kInt32:
      return found == ValueField::kIntData ? Integer<arrow::Int32Scalar>(value.int_data())
                                           : nullptr;
    case DataType::kInt64:
      if (found != ValueField::kLongData) return nullptr;
      return std::make_shared<arrow::Int64Scalar>(value.long_data());
    case DataType::kFloat:
      if (found != ValueField::kFloatData) return nullptr;
      return std::make_shared<arrow::FloatScalar>(value.float_data());
    case DataType::kDouble:
      if (found != ValueField::kDoubleData) return nullptr;
      return std::make_shared<arrow::DoubleScalar>(value.double_data());
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kText:
      if (found != ValueField::kStringData) return nullptr;
      return std::make_shared<arrow::StringScalar>(value.string_data());
    case DataType::kJson:
      if (found != ValueField::kBytesData) return nullptr;
      return std::make_shared<arrow::BinaryScalar>(value.bytes_data());
    case DataType::kTimestamptz:
      if (found != ValueField::kTimestamptzData) return nullptr;
      return std::make_shared<arrow::Int64Scalar>(value.timestamptz_data());
    default:
      return nullptr;
  }
}

}  // namespace

Result<ScalarPtr> DecodeDefaultValue(const FieldSchema& field, std::string_view message,
                                     const std::string& object) {
  ValueField value;
  if (!value.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return Corruption("a default value that does not parse",
                      {.object = object, .field = field.name, .expected = "a ValueField message"});
  }
  if (value.data_case() == ValueField::DATA_NOT_SET) return ScalarPtr();
  ScalarPtr scalar = AsScalar(field.data_type, value);
  if (scalar == nullptr) {
    return Corruption("a default value of another type",
                      {.object = object,
                       .field = field.name,
                       .expected = std::string(DataTypeName(field.data_type)),
                       .found = "member " + std::to_string(value.data_case())});
  }
  if (!scalar->ValidateFull().ok()) {
    return Corruption("a default value that is not UTF-8",
                      {.object = object, .field = field.name, .expected = "UTF-8"});
  }
  ARROW_ASSIGN_OR_RAISE(const auto type, DefaultArrowType(field));
  if (scalar->type->Equals(*type)) return scalar;
  return scalar->CastTo(type);
}

Result<std::string> EncodeDefaultValue(const FieldSchema& field) {
  ValueField value;
  const arrow::Scalar& scalar = *field.default_value;
  const auto integer = [&]() -> Result<int64_t> {
    ARROW_ASSIGN_OR_RAISE(const auto wide, scalar.CastTo(arrow::int64()));
    return static_cast<const arrow::Int64Scalar&>(*wide).value;
  };
  const auto text = [&] {
    return static_cast<const arrow::BaseBinaryScalar&>(scalar).value->ToString();
  };
  switch (field.data_type) {
    case DataType::kBool:
      value.set_bool_data(static_cast<const arrow::BooleanScalar&>(scalar).value);
      break;
    case DataType::kInt8:
    case DataType::kInt16:
    case DataType::kInt32: {
      ARROW_ASSIGN_OR_RAISE(const int64_t number, integer());
      value.set_int_data(static_cast<int32_t>(number));
      break;
    }
    case DataType::kInt64: {
      ARROW_ASSIGN_OR_RAISE(const int64_t number, integer());
      value.set_long_data(number);
      break;
    }
    case DataType::kTimestamptz: {
      ARROW_ASSIGN_OR_RAISE(const int64_t micros, integer());
      value.set_timestamptz_data(micros);
      break;
    }
    case DataType::kFloat:
      value.set_float_data(static_cast<const arrow::FloatScalar&>(scalar).value);
      break;
    case DataType::kDouble:
      value.set_double_data(static_cast<const arrow::DoubleScalar&>(scalar).value);
      break;
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kText:
      value.set_string_data(text());
      break;
    case DataType::kJson:
      value.set_bytes_data(text());
      break;
    default:
      return MakeError(ErrorKind::kUnsupported, "Milvus has no defaults of this type",
                       {.field = field.name, .found = std::string(DataTypeName(field.data_type))});
  }
  return value.SerializeAsString();
}

}  // namespace varve::internal
