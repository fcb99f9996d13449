// SPDX-License-Identifier: Apache-2.0
#include "schema/field_rules.h"

#include <string>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/utf8.h"
#include "schema/arrow_mapping.h"
#include "schema/check_values.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

Status Invalid(std::string_view mistake, const FieldSchema& field, std::string expected = "",
               std::string found = "") {
  return MakeError(
      ErrorKind::kInvalid, mistake,
      {.field = field.name, .expected = std::move(expected), .found = std::move(found)});
}

Status CheckName(const FieldSchema& field) {
  if (field.name.empty()) {
    return MakeError(
        ErrorKind::kInvalid, "field without a name",
        {.found = field.field_id < 0 ? "" : "field id " + std::to_string(field.field_id)});
  }
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(field.name)) return Invalid("field name is not UTF-8", field);
  if (field.name == kRowIdFieldName || field.name == kTimestampFieldName) {
    return Invalid("reserved field name", field);
  }
  return Status::OK();
}

Status CheckDimension(const FieldSchema& field, DataType vector) {
  if (field.dim == 0) return Invalid("vector without a dimension", field, "dim of at least 1");
  const int64_t width = field.dim < 0 ? 0 : VectorWidth(vector, field.dim);
  if (field.dim < 0 || width > INT32_MAX) {
    return Invalid("dimension out of range", field, "vectors of 1 to 2147483647 bytes",
                   "dim " + std::to_string(field.dim));
  }
  if (vector == DataType::kBinaryVector && field.dim % 8 != 0) {
    return Invalid("dimension of a binary vector is not a multiple of 8", field, "",
                   "dim " + std::to_string(field.dim));
  }
  return Status::OK();
}

Status CheckElementType(const FieldSchema& field) {
  const bool vectors = field.data_type == DataType::kArrayOfVector;
  if (!vectors && field.data_type != DataType::kArray) {
    if (field.element_type == DataType::kNone) return Status::OK();
    return Invalid("element type of a field that is no array", field, "",
                   std::string(DataTypeName(field.element_type)));
  }
  if (field.element_type == DataType::kNone) {
    return Invalid("array without an element type", field);
  }
  const bool allowed =
      vectors ? IsDenseVector(field.element_type) : IsArrayElement(field.element_type);
  if (allowed) return Status::OK();
  return Invalid("element type that arrays cannot hold", field,
                 vectors ? "a dense vector type" : "a scalar type",
                 std::string(DataTypeName(field.element_type)));
}

Status CheckLimits(const FieldSchema& field) {
  if (field.max_length < 0) {
    return Invalid("negative max_length", field, "", std::to_string(field.max_length));
  }
  if (field.max_length > 0 && !IsText(field.data_type) && !IsText(field.element_type)) {
    return Invalid("max_length of a field that is no text", field);
  }
  if (field.max_capacity < 0) {
    return Invalid("negative max_capacity", field, "", std::to_string(field.max_capacity));
  }
  if (field.max_capacity > 0 && field.data_type != DataType::kArray &&
      field.data_type != DataType::kArrayOfVector) {
    return Invalid("max_capacity of a field that is no array", field);
  }
  return Status::OK();
}

Status CheckLayout(const FieldSchema& field) {
  switch (field.layout) {
    case VectorLayout::kFixedBinary:
      return Status::OK();
    case VectorLayout::kList:
      if (field.data_type == DataType::kFloatVector) return Status::OK();
      return Invalid("list layout of a field that is no FloatVector", field);
    case VectorLayout::kCompact:
      if (IsDenseVector(field.data_type)) return Status::OK();
      return Invalid("compact layout of a field that is no dense vector", field);
  }
  return Invalid("unknown vector layout", field, "",
                 std::to_string(static_cast<int32_t>(field.layout)));
}

Status CheckPrimaryKey(const FieldSchema& field) {
  if (!field.primary_key) return Status::OK();
  if (field.data_type != DataType::kInt64 && field.data_type != DataType::kVarChar) {
    return Invalid("primary key of a type that cannot be one", field, "Int64 or VarChar",
                   field.data_type == DataType::kNone ? field.arrow_type->ToString()
                                                      : std::string(DataTypeName(field.data_type)));
  }
  if (field.nullable) return Invalid("primary key is nullable", field);
  return Status::OK();
}

Status CheckDefault(const FieldSchema& field) {
  if (field.default_value == nullptr) return Status::OK();
  const arrow::Scalar& value = *field.default_value;
  if (!value.is_valid) {
    return Invalid("default value is null", field, "a value, or no default");
  }
  if (arrow::is_nested(field.arrow_type->id())) {
    return Invalid("default value of a field that is no scalar", field, "",
                   field.arrow_type->ToString());
  }
  if (!value.type->Equals(*field.arrow_type)) {
    return Invalid("default value of another type", field, field.arrow_type->ToString(),
                   value.type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto one, arrow::MakeArrayFromScalar(value, 1));
  ARROW_RETURN_NOT_OK(one->ValidateFull());
  const Status fits = CheckValues(field, *one);
  if (fits.ok()) return fits;
  const ErrorContext* context = ContextOf(fits);
  return Invalid("default value does not fit", field, context ? context->expected : "",
                 context ? context->found : "");
}

}  // namespace

Status CheckFieldId(const FieldSchema& field) {
  if (field.field_id >= 0 && field.field_id < kFirstUserFieldId) {
    return Invalid("reserved field id", field, "at least " + std::to_string(kFirstUserFieldId),
                   std::to_string(field.field_id));
  }
  if (field.field_id < 0 || field.field_id > INT32_MAX) {
    return Invalid("field id out of range", field,
                   std::to_string(kFirstUserFieldId) + " to " + std::to_string(INT32_MAX),
                   std::to_string(field.field_id));
  }
  return Status::OK();
}

Status CompleteField(FieldSchema* field) {
  ARROW_RETURN_NOT_OK(CheckName(*field));
  if (!IsKnownDataType(field->data_type)) {
    return Invalid("unknown data type", *field, "",
                   std::to_string(static_cast<int32_t>(field->data_type)));
  }
  ARROW_RETURN_NOT_OK(CheckElementType(*field));
  if (IsDenseVector(field->data_type)) {
    ARROW_RETURN_NOT_OK(CheckDimension(*field, field->data_type));
  } else if (field->data_type == DataType::kArrayOfVector) {
    ARROW_RETURN_NOT_OK(CheckDimension(*field, field->element_type));
  } else if (field->dim != 0) {
    return Invalid("dimension of a field that is no dense vector", *field, "",
                   "dim " + std::to_string(field->dim));
  }
  ARROW_RETURN_NOT_OK(CheckLimits(*field));
  ARROW_RETURN_NOT_OK(CheckLayout(*field));
  if (field->arrow_type == nullptr) {
    ARROW_ASSIGN_OR_RAISE(field->arrow_type, DefaultArrowType(*field));
  } else {
    ARROW_ASSIGN_OR_RAISE(field->arrow_type, StorableType(field->arrow_type, field->name));
    ARROW_RETURN_NOT_OK(CheckArrowTypeFits(*field, *field->arrow_type));
  }
  ARROW_RETURN_NOT_OK(CheckPrimaryKey(*field));
  return CheckDefault(*field);
}

}  // namespace varve::internal
