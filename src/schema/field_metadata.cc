// SPDX-License-Identifier: Apache-2.0
#include "schema/field_metadata.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "schema/arrow_mapping.h"

namespace varve::internal {
namespace {

// Keys that Arrow, Parquet or Varve give a meaning of their own.
bool IsReservedKey(std::string_view key) {
  return key.starts_with("varve.") || key.starts_with("PARQUET:") || key.starts_with("ARROW:");
}

Result<DataType> ReadType(const std::string& value, const std::string& key,
                          const std::string& field) {
  auto type = DataTypeFromName(value);
  if (type.ok()) return type;
  return MakeError(
      ErrorKind::kInvalid, "unknown data type in field metadata",
      {.field = field, .expected = "a name such as FloatVector", .found = key + "=" + value});
}

Result<int32_t> ReadDimension(const std::string& value, const std::string& field) {
  int32_t dim = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, dim);
  if (error == std::errc() && stop == end && dim > 0) return dim;
  return MakeError(
      ErrorKind::kInvalid, "dimension in field metadata is no positive number",
      {.field = field, .expected = "1 to 2147483647", .found = kDimKey + ("=" + value)});
}

}  // namespace

std::shared_ptr<const arrow::KeyValueMetadata> MetadataOfField(const FieldSchema& field) {
  std::vector<std::string> keys{kFieldIdKey};
  std::vector<std::string> values{std::to_string(field.field_id)};
  const auto add = [&](std::string key, std::string_view value) {
    keys.push_back(std::move(key));
    values.emplace_back(value);
  };
  FieldSchema recognised;
  Recognise(*field.arrow_type, &recognised);
  if (recognised.data_type != field.data_type || recognised.element_type != field.element_type) {
    add(kTypeKey, DataTypeName(field.data_type));
    if (field.element_type != DataType::kNone) {
      add(kElementTypeKey, DataTypeName(field.element_type));
    }
    if (field.dim > 0) add(kDimKey, std::to_string(field.dim));
  }
  for (const auto& [key, value] : field.params) {
    if (!IsReservedKey(key)) add(key, value);
  }
  return arrow::key_value_metadata(std::move(keys), std::move(values));
}

Status ApplyMetadata(const arrow::Field& source, FieldSchema* field) {
  if (!source.HasMetadata()) return Status::OK();
  const arrow::KeyValueMetadata& metadata = *source.metadata();
  if (const int index = metadata.FindKey(kTypeKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->data_type, ReadType(metadata.value(index), kTypeKey, field->name));
    field->element_type = DataType::kNone;
    field->dim = 0;
  }
  if (const int index = metadata.FindKey(kElementTypeKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->element_type,
                          ReadType(metadata.value(index), kElementTypeKey, field->name));
  }
  if (const int index = metadata.FindKey(kDimKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->dim, ReadDimension(metadata.value(index), field->name));
  }
  for (int64_t i = 0; i < metadata.size(); ++i) {
    if (!IsReservedKey(metadata.key(i))) {
      field->params.emplace_back(metadata.key(i), metadata.value(i));
    }
  }
  return Status::OK();
}

}  // namespace varve::internal
