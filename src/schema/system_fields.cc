// SPDX-License-Identifier: Apache-2.0
#include "schema/system_fields.h"

#include <utility>
#include <vector>

#include "arrow/type.h"

namespace varve::internal {

namespace {

FieldSchema SystemField(int64_t field_id, std::string_view name) {
  FieldSchema field;
  field.field_id = field_id;
  field.name = name;
  field.data_type = DataType::kInt64;
  field.arrow_type = arrow::int64();
  return field;
}

}  // namespace

FieldSchema RowIdField() { return SystemField(kRowIdFieldId, kRowIdFieldName); }
FieldSchema TimestampField() { return SystemField(kTimestampFieldId, kTimestampFieldName); }

std::shared_ptr<const CollectionSchema> WithTimestamps(const CollectionSchema& schema) {
  std::vector<FieldSchema> fields = schema.fields();
  fields.push_back(TimestampField());
  return std::make_shared<const CollectionSchema>(std::move(fields), schema.max_field_id());
}

}  // namespace varve::internal
