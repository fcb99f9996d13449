// SPDX-License-Identifier: Apache-2.0
#include "milvus/schema_json.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/util/base64.h"
#include "base/coding.h"
#include "binlog/json_members.h"
#include "milvus/default_value.h"
#include "schema/data_type.h"
#include "schema/milvus_members.h"
#include "varve/milvus.h"

namespace varve::internal {
namespace {

using nlohmann::json;

// Absent: false, as Go leaves it out.
Result<bool> FindBool(const JsonMembers& members, const std::string& name) {
  const json* value = members.Find(name);
  if (value == nullptr) return false;
  if (const auto* flag = value->get_ptr<const bool*>()) return *flag;
  return members.Wrong("wrong kind of value", name, "true or false", Excerpt(*value));
}

Result<std::vector<json>> FindArray(const JsonMembers& members, const std::string& name) {
  const json* value = members.Find(name);
  if (value == nullptr) return std::vector<json>();
  if (const auto* array = value->get_ptr<const json::array_t*>()) return *array;
  return members.Wrong("wrong kind of value", name, "an array", Excerpt(*value));
}

Status UnknownType(const std::string& object, const std::string& field, const std::string& found) {
  return MakeError(ErrorKind::kUnsupported, "unknown data type",
                   {.object = object, .field = field, .found = found});
}

// By code, as Go writes them, or by name. One that is not known may be a newer Milvus'.
Result<DataType> FindDataType(const JsonMembers& members, const std::string& name,
                              const std::string& object, const std::string& field) {
  const json* value = members.Find(name);
  if (value == nullptr) return DataType::kNone;
  const auto* text = value->get_ptr<const std::string*>();
  if (text != nullptr && !AsProtoInt64(*value)) {
    const auto type = DataTypeFromName(*text);
    return type.ok() ? type : UnknownType(object, field, *text);
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t code, members.GetInt64(name));
  if (code < 0) return members.Wrong("no data type", name, "a code", std::to_string(code));
  const auto type = static_cast<DataType>(code);
  if (code != 0 && (code > INT32_MAX || !IsKnownDataType(type))) {
    return UnknownType(object, field, std::to_string(code));
  }
  return type;
}

// Numbers are texts.
Result<int32_t> NumberOf(const std::string& text, const std::string& name,
                         const std::string& object) {
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Corruption("a type parameter that is no number",
                    {.object = object, .field = name, .expected = "a number", .found = text});
}

Status ApplyTypeParams(const JsonMembers& members, const std::string& object, FieldSchema* field) {
  ARROW_ASSIGN_OR_RAISE(const auto params, FindArray(members, "type_params"));
  for (const json& entry : params) {
    ARROW_ASSIGN_OR_RAISE(const auto param, JsonMembers::OfProto(entry, object, "type_params"));
    ARROW_ASSIGN_OR_RAISE(const std::string key, param.GetText("key"));
    // A text that is empty is left out.
    std::string value;
    if (param.Find("value") != nullptr) {
      ARROW_ASSIGN_OR_RAISE(value, param.GetText("value"));
    }
    int32_t* const number = key == "dim"            ? &field->dim
                            : key == "max_length"   ? &field->max_length
                            : key == "max_capacity" ? &field->max_capacity
                                                    : nullptr;
    if (number == nullptr) {
      field->params.emplace_back(key, value);
    } else {
      ARROW_ASSIGN_OR_RAISE(*number, NumberOf(value, key, object));
    }
  }
  return Status::OK();
}

Status ApplyDefault(const JsonMembers& members, const std::string& object, FieldSchema* field) {
  const std::string name = "default_value_base64";
  if (members.Find(name) == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::string text, members.GetText(name));
  const auto message = arrow::util::base64_decode(text);
  if (!message.ok()) return members.Wrong("wrong kind of value", name, "base64", Excerpt(text));
  ARROW_ASSIGN_OR_RAISE(field->default_value, DecodeDefaultValue(*field, *message, object));
  return Status::OK();
}

Result<FieldSchema> FieldFromJson(const json& value, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto members, JsonMembers::OfProto(value, object, "fields"));
  FieldSchema field;
  ARROW_ASSIGN_OR_RAISE(field.name, members.GetText("name"));
  // Go leaves a 0 out, and RowID has that id.
  if (field.name != kRowIdFieldName || members.Find("fieldID") != nullptr) {
    ARROW_ASSIGN_OR_RAISE(field.field_id, members.GetInt64("fieldID"));
  }
  ARROW_ASSIGN_OR_RAISE(field.data_type, FindDataType(members, "data_type", object, field.name));
  if (field.data_type == DataType::kNone) {
    return members.Wrong("a field without a data type", "data_type", "a code", "none");
  }
  ARROW_ASSIGN_OR_RAISE(field.element_type,
                        FindDataType(members, "element_type", object, field.name));
  ARROW_ASSIGN_OR_RAISE(field.nullable, FindBool(members, "nullable"));
  ARROW_ASSIGN_OR_RAISE(field.primary_key, FindBool(members, "is_primary_key"));
  for (const std::string_view flag : kMilvusFlags) {
    ARROW_ASSIGN_OR_RAISE(const bool is_set, FindBool(members, std::string(flag)));
    if (is_set) AddMilvusMember(flag, "true", &field);
  }
  ARROW_RETURN_NOT_OK(ApplyTypeParams(members, object, &field));
  ARROW_RETURN_NOT_OK(ApplyDefault(members, object, &field));
  return field;
}

Status AddFields(const JsonMembers& members, const std::string& object,
                 std::vector<FieldSchema>* fields) {
  ARROW_ASSIGN_OR_RAISE(const auto found, FindArray(members, "fields"));
  for (const json& value : found) {
    ARROW_ASSIGN_OR_RAISE(FieldSchema field, FieldFromJson(value, object));
    if (field.field_id >= kFirstUserFieldId) fields->push_back(std::move(field));
  }
  return Status::OK();
}

// A function stands with the field that it fills.
Status AddFunctions(const JsonMembers& members, const std::string& object,
                    std::vector<FieldSchema>* fields) {
  ARROW_ASSIGN_OR_RAISE(const auto functions, FindArray(members, "functions"));
  for (const json& value : functions) {
    ARROW_ASSIGN_OR_RAISE(const auto function, JsonMembers::OfProto(value, object, "functions"));
    ARROW_ASSIGN_OR_RAISE(const auto outputs, FindArray(function, "output_field_names"));
    for (FieldSchema& field : *fields) {
      if (outputs.empty() || outputs.front() != field.name) continue;
      AddMilvusMember(kFunction, value.dump(), &field);
    }
  }
  return Status::OK();
}

// Where the collection says that it has a dynamic field and none says that it is.
Status MarkDynamicField(const JsonMembers& members, std::vector<FieldSchema>* fields) {
  ARROW_ASSIGN_OR_RAISE(const bool is_enabled, FindBool(members, "enable_dynamic_field"));
  if (!is_enabled || std::ranges::any_of(*fields, [](const FieldSchema& field) {
        return HasMilvusFlag(field, kIsDynamic);
      })) {
    return Status::OK();
  }
  const auto found = std::ranges::find(*fields, "$meta", &FieldSchema::name);
  if (found != fields->end()) AddMilvusMember(kIsDynamic, "true", &*found);
  return Status::OK();
}

// The collection's own object, of a document about one or several.
Result<const json*> FindSchema(const json& document, const std::string& object,
                               std::optional<int64_t> collection_id) {
  ARROW_ASSIGN_OR_RAISE(const auto members, JsonMembers::OfProto(document, object, "schema"));
  if (members.Find("fields") != nullptr) return &document;
  if (const json* schema = members.Find("schema")) return schema;
  const json* infos = members.Find("infos");
  if (infos == nullptr) infos = members.Find("collection_backups");
  if (infos == nullptr || !infos->is_array()) {
    return members.Wrong("no schema of a collection", "schema", "fields, schema or infos",
                         Excerpt(document));
  }
  const json* found = nullptr;
  for (const json& info : *infos) {
    ARROW_ASSIGN_OR_RAISE(const auto collection, JsonMembers::OfProto(info, object, "infos"));
    ARROW_ASSIGN_OR_RAISE(const int64_t id, collection.GetInt64("collection_id"));
    if (collection_id && infos->size() > 1 && id != *collection_id) continue;
    if (found != nullptr) {
      return MakeError(ErrorKind::kInvalid, "more than one collection is described here",
                       {.object = object, .field = "infos", .expected = "one, or a collection id"});
    }
    ARROW_ASSIGN_OR_RAISE(found, collection.Get("schema"));
  }
  if (found != nullptr) return found;
  return MakeError(ErrorKind::kInvalid, "the collection is not described here",
                   {.object = object,
                    .field = "infos",
                    .expected = collection_id ? "collection " + std::to_string(*collection_id)
                                              : "a collection"});
}

}  // namespace

Result<std::shared_ptr<const CollectionSchema>> CollectionSchemaFromJson(
    const json& schema, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto members, JsonMembers::OfProto(schema, object, "schema"));
  std::vector<FieldSchema> fields;
  ARROW_RETURN_NOT_OK(AddFields(members, object, &fields));
  ARROW_ASSIGN_OR_RAISE(const auto groups, FindArray(members, "struct_array_fields"));
  for (const json& group : groups) {
    ARROW_ASSIGN_OR_RAISE(const auto group_members,
                          JsonMembers::OfProto(group, object, "struct_array_fields"));
    ARROW_RETURN_NOT_OK(AddFields(group_members, object, &fields));
  }
  ARROW_RETURN_NOT_OK(AddFunctions(members, object, &fields));
  ARROW_RETURN_NOT_OK(MarkDynamicField(members, &fields));
  auto made = CollectionSchema::Make(std::move(fields));
  if (made.ok()) return made;
  return Corruption("no schema of a collection: " + made.status().message(), {.object = object});
}

}  // namespace varve::internal

namespace varve {

Result<std::shared_ptr<const CollectionSchema>> MilvusSchemaFromJson(
    std::string_view text, const std::string& object, std::optional<int64_t> collection_id) {
  ARROW_ASSIGN_OR_RAISE(const auto document, internal::ParseJson(internal::AsBytes(text), object));
  ARROW_ASSIGN_OR_RAISE(const auto* schema, internal::FindSchema(document, object, collection_id));
  return internal::CollectionSchemaFromJson(*schema, object);
}

}  // namespace varve
