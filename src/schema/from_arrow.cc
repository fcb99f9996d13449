// SPDX-License-Identifier: Apache-2.0
// A collection schema from plain Arrow input, vectors recognised.
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_nested.h"
#include "arrow/extension_type.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "arrow/util/key_value_metadata.h"
#include "schema/arrow_mapping.h"
#include "schema/data_type.h"
#include "schema/field_metadata.h"
#include "varve/schema.h"

namespace varve {
namespace {

using arrow::internal::checked_cast;

// The extension a column was declared as, whether or not this process knows it; empty: none.
std::string ExtensionName(const arrow::Field& field) {
  if (field.type()->id() == arrow::Type::EXTENSION) {
    return checked_cast<const arrow::ExtensionType&>(*field.type()).extension_name();
  }
  if (!field.HasMetadata()) return "";
  return field.metadata()->Get("ARROW:extension:name").ValueOr("");
}

void RecogniseExtension(const std::string& name, FieldSchema* field) {
  const arrow::Type::type storage = field->arrow_type->id();
  const bool bytes = storage == arrow::Type::BINARY;
  if (name == "arrow.json" && (bytes || storage == arrow::Type::STRING)) {
    field->data_type = DataType::kJson;
  } else if (name == "geoarrow.wkb" && bytes) {
    field->data_type = DataType::kGeometry;
  } else if (!name.empty() && field->data_type == DataType::kBinaryVector) {
    // A UUID or the like: bytes of one width, but not bits to search by.
    field->data_type = DataType::kNone;
    field->dim = 0;
  }
}

// Values in one row of `type`, counted in `vector`'s dimensions; 0 where the type does not say.
int32_t DimensionOf(const arrow::DataType& type, DataType vector) {
  int64_t bytes = 0;
  if (type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    bytes = checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width();
  } else if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
    if (!list.value_type()->Equals(*internal::VectorElementType(vector))) return 0;
    bytes = int64_t{list.list_size()} * list.value_type()->byte_width();
  }
  const int64_t dim = vector == DataType::kBinaryVector
                          ? bytes * 8
                          : bytes / internal::VectorElementType(vector)->byte_width();
  return dim > INT32_MAX ? 0 : static_cast<int32_t>(dim);
}

// The length all lists of `column` share; 0: they differ, hold nulls, or there is none.
template <typename ListArray>
int32_t ConstantLength(const ListArray& lists) {
  int64_t length = -1;
  const bool may_hold_nulls = lists.values()->null_count() > 0;
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) continue;
    if (length >= 0 && lists.value_length(row) != length) return 0;
    length = lists.value_length(row);
    if (may_hold_nulls && lists.value_slice(row)->null_count() > 0) return 0;
  }
  if (length < 2 || length > INT32_MAX / int64_t{sizeof(float)}) return 0;
  return static_cast<int32_t>(length);
}

int32_t SampleDimension(const arrow::RecordBatch* sample, const std::string& name) {
  if (sample == nullptr) return 0;
  const auto column = sample->GetColumnByName(name);
  if (column == nullptr) return 0;
  switch (column->type_id()) {
    case arrow::Type::LIST:
      return ConstantLength(checked_cast<const arrow::ListArray&>(*column));
    case arrow::Type::LARGE_LIST:
      return ConstantLength(checked_cast<const arrow::LargeListArray&>(*column));
    default:
      return 0;
  }
}

bool IsListOfDoubles(const arrow::DataType& type) {
  return (type.id() == arrow::Type::LIST || type.id() == arrow::Type::FIXED_SIZE_LIST) &&
         type.field(0)->type()->id() == arrow::Type::DOUBLE;
}

// Fills what metadata left open about a vector, and chooses the type its batches will carry.
void CompleteVector(const arrow::RecordBatch* sample, FieldSchema* field) {
  const arrow::DataType& stored = *field->arrow_type;
  const bool is_list = stored.id() == arrow::Type::LIST;
  if (field->data_type == DataType::kArrayOfVector) {
    if (field->dim == 0 && is_list && IsDenseVector(field->element_type)) {
      field->dim = DimensionOf(*stored.field(0)->type(), field->element_type);
    }
    return;
  }
  if (!IsDenseVector(field->data_type)) return;
  if (field->data_type == DataType::kFloatVector && IsListOfDoubles(stored)) {
    // Declared as vectors, so its numbers may be rounded.
    if (field->dim == 0) {
      field->dim = is_list ? SampleDimension(sample, field->name)
                           : checked_cast<const arrow::FixedSizeListType&>(stored).list_size();
    }
    field->arrow_type = nullptr;
    return;
  }
  if (field->dim == 0) field->dim = DimensionOf(stored, field->data_type);
  if (is_list && stored.field(0)->type()->Equals(*internal::VectorElementType(field->data_type))) {
    if (field->dim == 0) field->dim = SampleDimension(sample, field->name);
    field->arrow_type = nullptr;
  } else if (stored.id() == arrow::Type::BINARY) {
    field->arrow_type = nullptr;
  }
}

Result<FieldSchema> FieldFromArrow(const arrow::Field& source, const arrow::RecordBatch* sample) {
  FieldSchema field;
  field.name = source.name();
  field.nullable = source.nullable();
  ARROW_ASSIGN_OR_RAISE(field.arrow_type, internal::StorableType(source.type(), field.name));
  internal::Recognise(*field.arrow_type, &field);
  RecogniseExtension(ExtensionName(source), &field);
  const DataType recognised = field.data_type;
  ARROW_RETURN_NOT_OK(internal::ApplyMetadata(source, &field));
  if (recognised == DataType::kArray && field.data_type == DataType::kArray &&
      field.element_type == DataType::kFloat) {
    if (const int32_t dim = SampleDimension(sample, field.name); dim > 0) {
      field.data_type = DataType::kFloatVector;
      field.element_type = DataType::kNone;
      field.dim = dim;
    }
  }
  CompleteVector(sample, &field);
  return field;
}

}  // namespace

Result<std::shared_ptr<const CollectionSchema>> CollectionSchema::FromArrow(
    const arrow::Schema& schema, const arrow::RecordBatch* sample, const std::string& primary_key) {
  std::vector<FieldSchema> fields;
  bool has_key = primary_key.empty();
  for (const auto& source : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(FieldSchema field, FieldFromArrow(*source, sample));
    if (!primary_key.empty() && field.name == primary_key) {
      has_key = true;
      field.primary_key = true;
      // Arrow calls a column nullable unless told otherwise; a key is not.
      field.nullable = false;
    }
    fields.push_back(std::move(field));
  }
  if (!has_key) {
    return MakeError(ErrorKind::kInvalid, "primary key is not a field of the schema",
                     {.field = primary_key});
  }
  return Make(std::move(fields));
}

}  // namespace varve
