// SPDX-License-Identifier: Apache-2.0
#include "milvus/export_metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "arrow/util/base64.h"
#include "base/coding.h"
#include "milvus/default_value.h"
#include "schema/milvus_members.h"
#include "varve/hybrid_timestamp.h"

namespace varve::internal {
namespace {

using json = nlohmann::ordered_json;

// backup.proto, BackupTaskStateCode: BACKUP_EXECUTING, BACKUP_SUCCESS.
constexpr int kStateExecuting = 1;
constexpr int kStateSuccess = 2;

// Milvus writes numbers of type parameters as texts.
void AddParam(const std::string& key, const std::string& value, json* params) {
  params->push_back({{"key", key}, {"value", value}});
}

// Whether all fields of that list of a function are exported.
bool HasFields(const json& function, const char* list, const CollectionSchema& schema) {
  const auto names = function.find(list);
  return names != function.end() && names->is_array() &&
         std::all_of(names->begin(), names->end(), [&](const json& name) {
           return name.is_string() && schema.FindByName(name.get<std::string>()) != nullptr;
         });
}

// Those that fill fields from others, where all of these are exported: they stand with their first
// output.
Result<json> FunctionsOf(const CollectionSchema& schema) {
  json functions = json::array();
  for (const FieldSchema& field : schema.fields()) {
    const std::string* text = FindMilvusMember(field, kFunction);
    if (text == nullptr) continue;
    const json function = json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!function.is_object()) {
      return MakeError(ErrorKind::kInvalid, "a function of Milvus that is no JSON object",
                       {.field = field.name, .found = *text});
    }
    if (HasFields(function, "input_field_names", schema) &&
        HasFields(function, "output_field_names", schema)) {
      functions.push_back(function);
    }
  }
  return functions;
}

bool IsOutput(const FieldSchema& field, const json& functions) {
  return std::any_of(functions.begin(), functions.end(), [&](const json& function) {
    const json& outputs = function["output_field_names"];
    return std::find(outputs.begin(), outputs.end(), field.name) != outputs.end();
  });
}

// What Milvus calls the field beside what Varve knows of it, as far as it still is that.
void AddFlags(const FieldSchema& field, bool is_output, json* described) {
  for (const std::string_view flag : kMilvusFlags) {
    if (!HasMilvusFlag(field, flag)) continue;
    if (flag == kAutoId && !field.primary_key) continue;
    if (flag == kIsPartitionKey && field.primary_key) continue;
    if (flag == kIsFunctionOutput && !is_output) continue;
    (*described)[std::string(flag)] = true;
  }
}

Result<json> DescribeField(const FieldSchema& field, bool is_output) {
  json described = {{"fieldID", field.field_id}, {"name", field.name}};
  if (field.primary_key) described["is_primary_key"] = true;
  described["data_type"] = static_cast<int32_t>(field.data_type);
  json params = json::array();
  if (field.dim > 0) AddParam("dim", std::to_string(field.dim), &params);
  if (field.max_length > 0) AddParam("max_length", std::to_string(field.max_length), &params);
  if (field.max_capacity > 0) AddParam("max_capacity", std::to_string(field.max_capacity), &params);
  for (const auto& [key, value] : field.params) {
    if (!IsMilvusMember(key)) AddParam(key, value, &params);
  }
  if (!params.empty()) described["type_params"] = std::move(params);
  if (field.element_type != DataType::kNone) {
    described["element_type"] = static_cast<int32_t>(field.element_type);
  }
  if (field.nullable) described["nullable"] = true;
  AddFlags(field, is_output, &described);
  if (field.default_value != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const std::string message, EncodeDefaultValue(field));
    described["default_value_base64"] = arrow::util::base64_encode(message);
  }
  return described;
}

Result<json> DescribeSchema(const CollectionSchema& schema, const std::string& name) {
  json described = {{"name", name}, {"fields", json::array()}};
  ARROW_ASSIGN_OR_RAISE(json functions, FunctionsOf(schema));
  for (const FieldSchema& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(json described_field, DescribeField(field, IsOutput(field, functions)));
    described["fields"].push_back(std::move(described_field));
    if (HasMilvusFlag(field, kIsDynamic)) described["enable_dynamic_field"] = true;
  }
  if (!functions.empty()) described["functions"] = std::move(functions);
  return described;
}

json DescribeLogs(const std::vector<FieldBinlog>& lists) {
  json described = json::array();
  for (const FieldBinlog& list : lists) {
    json logs = json::array();
    for (const Binlog& log : list.logs) {
      logs.push_back({{"entries_num", log.num_rows},
                      {"timestamp_from", log.timestamp_from},
                      {"timestamp_to", log.timestamp_to},
                      {"log_path", log.path},
                      {"log_size", log.file_bytes},
                      {"log_id", log.log_id},
                      {"memory_size", log.memory_bytes}});
      for (const auto& [field_id, count] : log.null_counts) {
        logs.back()["field_null_counts"][std::to_string(field_id)] = count;
      }
    }
    json one = {{"fieldID", list.field_id}, {"binlogs", std::move(logs)}};
    if (!list.child_fields.empty()) one["child_fields"] = list.child_fields;
    described.push_back(std::move(one));
  }
  return described;
}

// What a backup counts: insert logs and delta logs.
int64_t BytesOf(const SegmentFiles& files) {
  int64_t bytes = 0;
  for (const auto* lists : {&files.inserts, &files.deltas}) {
    for (const FieldBinlog& list : *lists) {
      for (const Binlog& log : list.logs) bytes += log.file_bytes;
    }
  }
  return bytes;
}

int64_t BytesOf(const MilvusCollection& collection, std::optional<int64_t> partition_id = {}) {
  int64_t bytes = 0;
  for (const SegmentFiles& files : collection.segments) {
    if (!partition_id || *partition_id == files.partition_id) bytes += BytesOf(files);
  }
  return bytes;
}

json DescribeSegment(const SegmentFiles& files) {
  return {{"segment_id", files.segment_id},
          {"collection_id", files.collection_id},
          {"partition_id", files.partition_id},
          {"num_of_rows", files.num_rows},
          {"binlogs", DescribeLogs(files.inserts)},
          {"statslogs", DescribeLogs(files.statistics)},
          {"size", BytesOf(files)},
          {"storage_version", static_cast<int64_t>(files.version)}};
}

std::string DescribeBackup(const MilvusCollection& collection, uint64_t timestamp, int state) {
  const int64_t milliseconds = MillisOfHybrid(timestamp);
  return json({{"id", std::to_string(collection.collection_id)},
               {"state_code", state},
               {"start_time", milliseconds},
               {"end_time", milliseconds},
               {"name", collection.name},
               {"backup_timestamp", milliseconds},
               {"size", BytesOf(collection)}})
      .dump();
}

std::string Document(json infos) { return json({{"infos", std::move(infos)}}).dump(); }

}  // namespace

std::string DescribeExportUnderWay(const MilvusCollection& collection, uint64_t timestamp) {
  return DescribeBackup(collection, timestamp, kStateExecuting);
}

Result<ExportedMetadata> DescribeExport(const MilvusCollection& collection, uint64_t timestamp) {
  ARROW_ASSIGN_OR_RAISE(json schema, DescribeSchema(*collection.schema, collection.name));
  ExportedMetadata metadata;
  metadata.backup = DescribeBackup(collection, timestamp, kStateSuccess);
  metadata.collections = Document({{{"collection_id", collection.collection_id},
                                    {"db_name", "default"},
                                    {"collection_name", collection.name},
                                    {"schema", std::move(schema)},
                                    {"shards_num", 1},
                                    {"backup_timestamp", timestamp},
                                    {"size", BytesOf(collection)}}});
  json partitions = json::array();
  for (const auto& [id, name] : collection.partitions) {
    partitions.push_back({{"partition_id", id},
                          {"partition_name", name},
                          {"collection_id", collection.collection_id},
                          {"size", BytesOf(collection, id)}});
  }
  metadata.partitions = Document(std::move(partitions));
  json segments = json::array();
  for (const SegmentFiles& files : collection.segments) segments.push_back(DescribeSegment(files));
  metadata.segments = Document(std::move(segments));
  return metadata;
}

}  // namespace varve::internal
