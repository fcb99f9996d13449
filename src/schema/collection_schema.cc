// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "arrow/compare.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "schema/arrow_mapping.h"
#include "schema/field_metadata.h"
#include "schema/field_rules.h"
#include "varve/schema.h"

namespace varve {
namespace {

bool EqualDefaults(const std::shared_ptr<arrow::Scalar>& a,
                   const std::shared_ptr<arrow::Scalar>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->Equals(*b, arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false));
}

bool EqualTypes(const std::shared_ptr<arrow::DataType>& a,
                const std::shared_ptr<arrow::DataType>& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->Equals(*b, /*check_metadata=*/true);
}

std::string Describe(const FieldSchema& field) {
  std::string text = std::to_string(field.field_id) + " " + field.name + ": ";
  switch (field.data_type) {
    case DataType::kNone:
      text += field.arrow_type->ToString();
      break;
    case DataType::kArray:
      text += "Array<" + std::string(DataTypeName(field.element_type)) + ">";
      break;
    case DataType::kArrayOfVector:
      text += "ArrayOfVector<" + std::string(DataTypeName(field.element_type)) + "(" +
              std::to_string(field.dim) + ")>";
      break;
    default:
      text += DataTypeName(field.data_type);
      if (IsDenseVector(field.data_type)) text += "(" + std::to_string(field.dim) + ")";
  }
  if (field.max_length > 0) text += " max_length " + std::to_string(field.max_length);
  if (field.max_capacity > 0) text += " max_capacity " + std::to_string(field.max_capacity);
  if (!field.nullable) text += " not null";
  if (field.primary_key) text += " primary key";
  if (!field.allow_non_finite) text += " finite";
  if (field.layout == VectorLayout::kList) text += " layout list";
  if (field.layout == VectorLayout::kCompact) text += " layout compact";
  if (field.default_value != nullptr) text += " default " + field.default_value->ToString();
  return text;
}

}  // namespace

bool FieldSchema::operator==(const FieldSchema& other) const {
  return field_id == other.field_id && name == other.name && data_type == other.data_type &&
         nullable == other.nullable && primary_key == other.primary_key && dim == other.dim &&
         max_length == other.max_length && max_capacity == other.max_capacity &&
         element_type == other.element_type && allow_non_finite == other.allow_non_finite &&
         layout == other.layout && EqualDefaults(default_value, other.default_value) &&
         EqualTypes(arrow_type, other.arrow_type) && params == other.params;
}

Result<std::shared_ptr<const CollectionSchema>> CollectionSchema::Make(
    std::vector<FieldSchema> fields, int64_t max_field_id) {
  if (fields.empty()) return MakeError(ErrorKind::kInvalid, "schema without fields");
  if (max_field_id < 0 || max_field_id > INT32_MAX) {
    return MakeError(ErrorKind::kInvalid, "largest field id out of range",
                     {.found = std::to_string(max_field_id)});
  }
  max_field_id = std::max(max_field_id, kFirstUserFieldId - 1);
  for (const FieldSchema& field : fields) max_field_id = std::max(max_field_id, field.field_id);

  std::unordered_set<int64_t> ids;
  std::unordered_set<std::string_view> names;
  const FieldSchema* primary_key = nullptr;
  for (FieldSchema& field : fields) {
    ARROW_RETURN_NOT_OK(internal::CompleteField(&field));
    if (!names.insert(field.name).second) {
      return MakeError(ErrorKind::kInvalid, "duplicate field name", {.field = field.name});
    }
    if (field.field_id == -1) field.field_id = ++max_field_id;
    ARROW_RETURN_NOT_OK(internal::CheckFieldId(field));
    if (!ids.insert(field.field_id).second) {
      return MakeError(ErrorKind::kInvalid, "duplicate field id",
                       {.field = field.name, .found = std::to_string(field.field_id)});
    }
    if (!field.primary_key) continue;
    if (primary_key != nullptr) {
      return MakeError(ErrorKind::kInvalid, "more than one primary key",
                       {.field = field.name, .expected = "only '" + primary_key->name + "'"});
    }
    primary_key = &field;
  }
  return std::make_shared<const CollectionSchema>(std::move(fields), max_field_id);
}

CollectionSchema::CollectionSchema(std::vector<FieldSchema> fields, int64_t max_field_id)
    : fields_(std::move(fields)), max_field_id_(max_field_id) {
  std::vector<std::shared_ptr<arrow::Field>> arrow_fields;
  arrow_fields.reserve(fields_.size());
  for (const FieldSchema& field : fields_) {
    arrow_fields.push_back(arrow::field(field.name, field.arrow_type, field.nullable,
                                        internal::MetadataOfField(field)));
  }
  arrow_schema_ = arrow::schema(std::move(arrow_fields));
}

const FieldSchema* CollectionSchema::primary_key() const {
  const auto it = std::find_if(fields_.begin(), fields_.end(),
                               [](const FieldSchema& field) { return field.primary_key; });
  return it == fields_.end() ? nullptr : &*it;
}

const FieldSchema* CollectionSchema::FindById(int64_t field_id) const {
  const auto it =
      std::find_if(fields_.begin(), fields_.end(),
                   [field_id](const FieldSchema& field) { return field.field_id == field_id; });
  return it == fields_.end() ? nullptr : &*it;
}

const FieldSchema* CollectionSchema::FindByName(std::string_view name) const {
  const auto it = std::find_if(fields_.begin(), fields_.end(),
                               [name](const FieldSchema& field) { return field.name == name; });
  return it == fields_.end() ? nullptr : &*it;
}

std::shared_ptr<arrow::Schema> CollectionSchema::ToArrow() const { return arrow_schema_; }

bool CollectionSchema::Equals(const CollectionSchema& other) const {
  return max_field_id_ == other.max_field_id_ && fields_ == other.fields_;
}

std::string CollectionSchema::ToString() const {
  std::string text;
  for (const FieldSchema& field : fields_) text += Describe(field) + "\n";
  return text;
}

}  // namespace varve
