// SPDX-License-Identifier: Apache-2.0
#include "schema/field_metadata.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/key_value_metadata.h"
#include "schema/arrow_mapping.h"
#include "varve/suggestion.h"

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

Result<int32_t> ReadNumber(const std::string& value, const std::string& key, std::string_view what,
                           const std::string& field) {
  int32_t number = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && stop == end && number > 0) return number;
  return MakeError(ErrorKind::kInvalid,
                   std::string(what) + " in field metadata is no positive number",
                   {.field = field, .expected = "1 to 2147483647", .found = key + "=" + value});
}

Result<bool> ReadBool(const std::string& value, const std::string& key, const std::string& field) {
  if (value == "true") return true;
  if (value == "false") return false;
  return MakeError(ErrorKind::kInvalid, "no truth value in field metadata",
                   {.field = field, .expected = "true or false", .found = key + "=" + value});
}

Result<std::shared_ptr<arrow::Scalar>> ReadDefault(const std::string& value,
                                                   const FieldSchema& field) {
  if (field.arrow_type == nullptr || arrow::is_nested(field.arrow_type->id())) {
    return MakeError(ErrorKind::kInvalid, "default value of a field that is no scalar",
                     {.field = field.name});
  }
  auto parsed = arrow::Scalar::Parse(field.arrow_type, value);
  if (parsed.ok()) return parsed;
  return MakeError(ErrorKind::kInvalid, "default value does not fit",
                   {.field = field.name, .expected = field.arrow_type->ToString(), .found = value});
}

Status CheckOurKey(const std::string& key, const std::string& field) {
  static const std::vector<std::string> kOurs = {
      kTypeKey,        kElementTypeKey,    kDimKey,     kMaxLengthKey,
      kMaxCapacityKey, kAllowNonFiniteKey, kDefaultKey,
  };
  if (!key.starts_with("varve.") || std::find(kOurs.begin(), kOurs.end(), key) != kOurs.end()) {
    return Status::OK();
  }
  return MakeError(ErrorKind::kInvalid,
                   "unknown key in field metadata '" + key + "'" + DidYouMean(key, kOurs),
                   {.field = field});
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
    ARROW_ASSIGN_OR_RAISE(field->dim,
                          ReadNumber(metadata.value(index), kDimKey, "dimension", field->name));
  }
  if (const int index = metadata.FindKey(kMaxLengthKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->max_length, ReadNumber(metadata.value(index), kMaxLengthKey,
                                                        "max_length", field->name));
  }
  if (const int index = metadata.FindKey(kMaxCapacityKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->max_capacity, ReadNumber(metadata.value(index), kMaxCapacityKey,
                                                          "max_capacity", field->name));
  }
  if (const int index = metadata.FindKey(kAllowNonFiniteKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->allow_non_finite,
                          ReadBool(metadata.value(index), kAllowNonFiniteKey, field->name));
  }
  if (const int index = metadata.FindKey(kDefaultKey); index >= 0) {
    ARROW_ASSIGN_OR_RAISE(field->default_value, ReadDefault(metadata.value(index), *field));
  }
  for (int64_t i = 0; i < metadata.size(); ++i) {
    ARROW_RETURN_NOT_OK(CheckOurKey(metadata.key(i), field->name));
    if (!IsReservedKey(metadata.key(i))) {
      field->params.emplace_back(metadata.key(i), metadata.value(i));
    }
  }
  return Status::OK();
}

}  // namespace varve::internal
