// SPDX-License-Identifier: Apache-2.0
#include "schema/arrow_mapping.h"

#include <utility>
#include <vector>

#include "arrow/extension_type.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "schema/data_type.h"

namespace varve {
namespace internal {
namespace {

using arrow::internal::checked_cast;
using TypePtr = std::shared_ptr<arrow::DataType>;
using FieldPtr = std::shared_ptr<arrow::Field>;

// Turns types into their stored form, outermost first.
class Storable {
 public:
  explicit Storable(const std::string& field) : field_(field) {}

  Result<TypePtr> Convert(const TypePtr& type, int depth) {
    if (type == nullptr) return Refuse("no Arrow type", "");
    if (depth > kTypeDepthMax) {
      return MakeError(
          ErrorKind::kInvalid, "type nested too deeply",
          {.field = field_, .expected = "at most " + std::to_string(kTypeDepthMax) + " levels"});
    }
    switch (type->id()) {
      case arrow::Type::LARGE_STRING:
      case arrow::Type::STRING_VIEW:
        return arrow::utf8();
      case arrow::Type::LARGE_BINARY:
      case arrow::Type::BINARY_VIEW:
        return arrow::binary();
      case arrow::Type::DICTIONARY:
        return Convert(checked_cast<const arrow::DictionaryType&>(*type).value_type(), depth + 1);
      case arrow::Type::EXTENSION:
        return Convert(checked_cast<const arrow::ExtensionType&>(*type).storage_type(), depth + 1);
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST:
      case arrow::Type::LIST_VIEW:
      case arrow::Type::LARGE_LIST_VIEW: {
        ARROW_ASSIGN_OR_RAISE(FieldPtr item, Child(type->field(0), depth));
        return arrow::list(std::move(item));
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const int32_t size = checked_cast<const arrow::FixedSizeListType&>(*type).list_size();
        if (size <= 0) return Refuse("fixed_size_list of size 0", type->ToString());
        ARROW_ASSIGN_OR_RAISE(FieldPtr item, Child(type->field(0), depth));
        return arrow::fixed_size_list(std::move(item), size);
      }
      case arrow::Type::FIXED_SIZE_BINARY:
        if (checked_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width() <= 0) {
          return Refuse("fixed_size_binary of width 0", type->ToString());
        }
        return type;
      case arrow::Type::STRUCT: {
        if (type->num_fields() == 0) return Refuse("struct without fields", type->ToString());
        std::vector<FieldPtr> children;
        for (const FieldPtr& field : type->fields()) {
          ARROW_ASSIGN_OR_RAISE(FieldPtr child, Child(field, depth));
          children.push_back(std::move(child));
        }
        return arrow::struct_(children);
      }
      case arrow::Type::MAP: {
        const auto& map = checked_cast<const arrow::MapType&>(*type);
        // Names of a map's fields carry nothing.
        ARROW_ASSIGN_OR_RAISE(TypePtr key, Convert(map.key_type(), depth + 1));
        ARROW_ASSIGN_OR_RAISE(TypePtr item, Convert(map.item_type(), depth + 1));
        return std::make_shared<arrow::MapType>(
            arrow::field("key", std::move(key), false),
            arrow::field("value", std::move(item), map.item_field()->nullable()),
            map.keys_sorted());
      }
      case arrow::Type::BOOL:
      case arrow::Type::INT8:
      case arrow::Type::INT16:
      case arrow::Type::INT32:
      case arrow::Type::INT64:
      case arrow::Type::UINT8:
      case arrow::Type::UINT16:
      case arrow::Type::UINT32:
      case arrow::Type::UINT64:
      case arrow::Type::HALF_FLOAT:
      case arrow::Type::FLOAT:
      case arrow::Type::DOUBLE:
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
      case arrow::Type::DATE32:
      case arrow::Type::DATE64:
      case arrow::Type::TIME32:
      case arrow::Type::TIME64:
      case arrow::Type::TIMESTAMP:
      case arrow::Type::DURATION:
      case arrow::Type::DECIMAL32:
      case arrow::Type::DECIMAL64:
      case arrow::Type::DECIMAL128:
      case arrow::Type::DECIMAL256:
        return type;
      default:
        return Refuse("type that cannot be stored", type->ToString());
    }
  }

 private:
  Result<FieldPtr> Child(const FieldPtr& child, int depth) {
    ARROW_ASSIGN_OR_RAISE(TypePtr type, Convert(child->type(), depth + 1));
    return arrow::field(child->name(), std::move(type), child->nullable());
  }
  Status Refuse(std::string_view mistake, std::string found) const {
    return MakeError(ErrorKind::kInvalid, mistake, {.field = field_, .found = std::move(found)});
  }

  const std::string& field_;
};

bool IsMilvusTimestamp(const arrow::DataType& type) {
  if (type.id() != arrow::Type::TIMESTAMP) return false;
  const auto& timestamp = checked_cast<const arrow::TimestampType&>(type);
  return timestamp.unit() == arrow::TimeUnit::MICRO && !timestamp.timezone().empty();
}

bool ScalarFits(DataType data_type, const arrow::DataType& type) {
  switch (data_type) {
    case DataType::kBool:
      return type.id() == arrow::Type::BOOL;
    case DataType::kInt8:
      return type.id() == arrow::Type::INT8;
    case DataType::kInt16:
      return type.id() == arrow::Type::INT16;
    case DataType::kInt32:
      return type.id() == arrow::Type::INT32;
    case DataType::kInt64:
      return type.id() == arrow::Type::INT64;
    case DataType::kFloat:
      return type.id() == arrow::Type::FLOAT;
    case DataType::kDouble:
      return type.id() == arrow::Type::DOUBLE;
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kText:
      return type.id() == arrow::Type::STRING;
    case DataType::kJson:
      return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
    case DataType::kGeometry:
    case DataType::kSparseFloatVector:
      return type.id() == arrow::Type::BINARY;
    case DataType::kTimestamptz:
      return type.id() == arrow::Type::INT64 || IsMilvusTimestamp(type);
    default:
      return false;
  }
}

bool VectorFits(DataType data_type, int32_t dim, const arrow::DataType& type) {
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    return checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width() ==
           VectorWidth(data_type, dim);
  }
  if (type.id() != arrow::Type::FIXED_SIZE_LIST) return false;
  const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
  return list.list_size() == VectorElements(data_type, dim) &&
         list.value_type()->Equals(*VectorElementType(data_type));
}

bool Fits(const FieldSchema& field, const arrow::DataType& type) {
  if (field.data_type == DataType::kNone) return true;
  if (IsDenseVector(field.data_type)) return VectorFits(field.data_type, field.dim, type);
  const bool is_list = type.id() == arrow::Type::LIST;
  if (field.data_type == DataType::kArray) {
    return type.id() == arrow::Type::BINARY ||
           (is_list && ScalarFits(field.element_type, *type.field(0)->type()));
  }
  if (field.data_type == DataType::kArrayOfVector) {
    return is_list && VectorFits(field.element_type, field.dim, *type.field(0)->type());
  }
  return ScalarFits(field.data_type, type);
}

TypePtr DefaultScalarType(DataType type) {
  switch (type) {
    case DataType::kBool:
      return arrow::boolean();
    case DataType::kInt8:
      return arrow::int8();
    case DataType::kInt16:
      return arrow::int16();
    case DataType::kInt32:
      return arrow::int32();
    case DataType::kInt64:
    case DataType::kTimestamptz:
      return arrow::int64();
    case DataType::kFloat:
      return arrow::float32();
    case DataType::kDouble:
      return arrow::float64();
    case DataType::kString:
    case DataType::kVarChar:
    case DataType::kText:
      return arrow::utf8();
    case DataType::kJson:
    case DataType::kGeometry:
    case DataType::kSparseFloatVector:
      return arrow::binary();
    default:
      return nullptr;
  }
}

TypePtr FixedBinary(DataType type, int32_t dim) {
  return arrow::fixed_size_binary(static_cast<int32_t>(VectorWidth(type, dim)));
}

Status CheckWidth(DataType vector, const FieldSchema& field) {
  if (field.dim > 0 && VectorWidth(vector, field.dim) > 0 &&
      VectorWidth(vector, field.dim) <= INT32_MAX) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid, "dimension out of range",
                   {.field = field.name, .found = std::to_string(field.dim)});
}

Status NoArrowType(const FieldSchema& field) {
  return MakeError(ErrorKind::kInvalid, "no Arrow type",
                   {.field = field.name, .found = std::string(DataTypeName(field.data_type))});
}

}  // namespace

Result<TypePtr> StorableType(const TypePtr& type, const std::string& field) {
  return Storable(field).Convert(type, 0);
}

DataType ScalarDataType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return DataType::kBool;
    case arrow::Type::INT8:
      return DataType::kInt8;
    case arrow::Type::INT16:
      return DataType::kInt16;
    case arrow::Type::INT32:
      return DataType::kInt32;
    case arrow::Type::INT64:
      return DataType::kInt64;
    case arrow::Type::FLOAT:
      return DataType::kFloat;
    case arrow::Type::DOUBLE:
      return DataType::kDouble;
    case arrow::Type::STRING:
      return DataType::kVarChar;
    case arrow::Type::TIMESTAMP:
      return IsMilvusTimestamp(type) ? DataType::kTimestamptz : DataType::kNone;
    default:
      return DataType::kNone;
  }
}

void Recognise(const arrow::DataType& type, FieldSchema* field) {
  field->data_type = DataType::kNone;
  field->element_type = DataType::kNone;
  field->dim = 0;
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
      switch (list.value_type()->id()) {
        case arrow::Type::FLOAT:
          field->data_type = DataType::kFloatVector;
          break;
        case arrow::Type::HALF_FLOAT:
          field->data_type = DataType::kFloat16Vector;
          break;
        case arrow::Type::INT8:
          field->data_type = DataType::kInt8Vector;
          break;
        default:
          return;
      }
      field->dim = list.list_size();
      return;
    }
    case arrow::Type::FIXED_SIZE_BINARY: {
      const int32_t width = checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width();
      if (width > INT32_MAX / 8) return;
      field->data_type = DataType::kBinaryVector;
      field->dim = width * 8;
      return;
    }
    case arrow::Type::LIST: {
      const DataType element = ScalarDataType(*type.field(0)->type());
      if (element == DataType::kNone) return;
      field->data_type = DataType::kArray;
      field->element_type = element;
      return;
    }
    default:
      field->data_type = ScalarDataType(type);
  }
}

Status CheckArrowTypeFits(const FieldSchema& field, const arrow::DataType& type) {
  if (Fits(field, type)) return Status::OK();
  FieldSchema expected = field;
  expected.arrow_type = nullptr;
  ARROW_ASSIGN_OR_RAISE(const TypePtr natural, DefaultArrowType(expected));
  return MakeError(
      ErrorKind::kInvalid, "Arrow type does not fit " + std::string(DataTypeName(field.data_type)),
      {.field = field.name, .expected = natural->ToString(), .found = type.ToString()});
}

}  // namespace internal

using internal::FixedBinary;

Result<std::shared_ptr<arrow::DataType>> DefaultArrowType(const FieldSchema& field) {
  if (IsDenseVector(field.data_type)) {
    ARROW_RETURN_NOT_OK(internal::CheckWidth(field.data_type, field));
  }
  switch (field.data_type) {
    case DataType::kFloatVector:
    case DataType::kFloat16Vector:
    case DataType::kInt8Vector:
      return arrow::fixed_size_list(internal::VectorElementType(field.data_type), field.dim);
    case DataType::kBinaryVector:
    case DataType::kBFloat16Vector:
      return FixedBinary(field.data_type, field.dim);
    case DataType::kArray: {
      auto element = internal::DefaultScalarType(field.element_type);
      if (element == nullptr) return internal::NoArrowType(field);
      return arrow::list(std::move(element));
    }
    case DataType::kArrayOfVector:
      if (!IsDenseVector(field.element_type)) return internal::NoArrowType(field);
      ARROW_RETURN_NOT_OK(internal::CheckWidth(field.element_type, field));
      return arrow::list(FixedBinary(field.element_type, field.dim));
    default: {
      auto type = internal::DefaultScalarType(field.data_type);
      if (type == nullptr) return internal::NoArrowType(field);
      return type;
    }
  }
}

Result<std::shared_ptr<arrow::DataType>> MilvusArrowType(const FieldSchema& field) {
  if (IsDenseVector(field.data_type)) {
    ARROW_RETURN_NOT_OK(internal::CheckWidth(field.data_type, field));
    if (field.nullable) return arrow::binary();
    return FixedBinary(field.data_type, field.dim);
  }
  switch (field.data_type) {
    case DataType::kNone:
      return MakeError(
          ErrorKind::kUnsupported, "Milvus has no such type",
          {.field = field.name,
           .found = field.arrow_type == nullptr ? "None" : field.arrow_type->ToString()});
    case DataType::kArray:
      return arrow::binary();
    default: {
      FieldSchema plain = field;
      plain.arrow_type = nullptr;
      return DefaultArrowType(plain);
    }
  }
}

}  // namespace varve
