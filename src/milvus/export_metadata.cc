// SPDX-License-Identifier: Apache-2.0
#include "milvus/export_metadata.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "arrow/util/base64.h"
#include "base/coding.h"
#include "binlog/json_members.h"
#include "milvus/default_value.h"
#include "schema/milvus_members.h"
#include "varve/hybrid_timestamp.h"

namespace varve::internal {
namespace {

using json = nlohmann::ordered_json;

// backup.proto, BackupTaskStateCode: BACKUP_SUCCESS.
constexpr int kStateSuccess = 2;

// Milvus writes numbers of type parameters as texts.
void AddParam(const std::string& key, const std::string& value, json* params) {
  params->push_back({{"key", key}, {"value", value}});
}

// What fills the field; null: nothing, or what needs a field that is not exported.
Result<json> FunctionOf(const FieldSchema& field, const CollectionSchema& schema) {
  const std::string* text = FindMilvusMember(field, kFunction);
  if (text == nullptr) return json();
  ARROW_ASSIGN_OR_RAISE(const auto parsed, ParseJson(AsBytes(*text), "field '" + field.name + "'"));
  const auto inputs = parsed.find("input_field_names");
  if (!parsed.is_object() || inputs == parsed.end() || !inputs->is_array()) return json();
  for (const auto& name : *inputs) {
    if (!name.is_string() || schema.FindByName(name.get<std::string>()) == nullptr) return json();
  }
  return json(parsed);
}

// What Milvus calls the field beside what Varve knows of it, as far as it still is that.
void AddFlags(const FieldSchema& field, bool has_function, json* described) {
  for (const std::string_view flag : kMilvusFlags) {
    if (!HasMilvusFlag(field, flag)) continue;
    if (flag == kAutoId && !field.primary_key) continue;
    if (flag == kIsPartitionKey && field.primary_key) continue;
    if (flag == kIsFunctionOutput && !has_function) continue;
    (*described)[std::string(flag)] = true;
  }
}

Result<json> DescribeField(const FieldSchema& field, bool has_function) {
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
  AddFlags(field, has_function, &described);
  if (field.default_value != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const std::string message, EncodeDefaultValue(field));
    described["default_value_base64"] = arrow::util::base64_encode(message);
  }
  return described;
}

Result<json> DescribeSchema(const CollectionSchema& schema, const std::string& name) {
  json described = {{"name", name}, {"fields", json::array()}};
  json functions = json::array();
  for (const FieldSchema& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(json function, FunctionOf(field, schema));
    ARROW_ASSIGN_OR_RAISE(json described_field, DescribeField(field, !function.is_null()));
    described["fields"].push_back(std::move(described_field));
    if (!function.is_null()) functions.push_back(std::move(function));
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

std::string Document(json infos) { return json({{"infos", std::move(infos)}}).dump(); }

}  // namespace

Result<ExportedMetadata> DescribeExport(const MilvusCollection& collection, uint64_t timestamp) {
  ARROW_ASSIGN_OR_RAISE(json schema, DescribeSchema(*collection.schema, collection.name));
  const int64_t milliseconds = MillisOfHybrid(timestamp);
  ExportedMetadata metadata;
  metadata.backup = json({{"id", std::to_string(collection.collection_id)},
                          {"state_code", kStateSuccess},
                          {"start_time", milliseconds},
                          {"end_time", milliseconds},
                          {"name", collection.name},
                          {"backup_timestamp", milliseconds},
                          {"size", BytesOf(collection)}})
                        .dump();
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
