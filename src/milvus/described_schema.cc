// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "arrow/buffer.h"
#include "binlog/described_field.h"
#include "segment/segment_chunks.h"
#include "varve/binlog_reader.h"
#include "varve/milvus.h"

namespace varve {
namespace {

Status Untold(const std::string& object, const std::string& field, const std::string& what) {
  return MakeError(
      ErrorKind::kInvalid, "the logs do not tell " + what + ": give the schema",
      {.object = object, .field = field, .expected = "meta/collection_meta.json, or a schema"});
}

Result<FieldSchema> DescribeField(int64_t field_id, std::shared_ptr<arrow::Buffer> bytes,
                                  const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(std::move(bytes), object));
  ARROW_ASSIGN_OR_RAISE(const auto column, binlog.ReadColumn());
  FieldSchema field = internal::DescribedField(binlog.descriptor(), column);
  // The path has the last word. -1 is what a descriptor has that was told nothing.
  if (field.field_id < 0) {
    field.field_id = field_id;
    field.name = "field_" + std::to_string(field_id);
  }
  if (field.field_id != field_id) {
    return Corruption("the insert log is of another field than its path says",
                      {.object = object,
                       .expected = std::to_string(field_id),
                       .found = std::to_string(field.field_id)});
  }
  if (field.data_type == DataType::kArray) return Untold(object, field.name, "what arrays hold");
  const bool has_vectors =
      IsDenseVector(field.data_type) || field.data_type == DataType::kArrayOfVector;
  if (has_vectors && field.dim == 0) return Untold(object, field.name, "the dimension");
  return field;
}

}  // namespace

Result<std::shared_ptr<const CollectionSchema>> DescribeMilvusSchema(
    const std::shared_ptr<ChunkManager>& store, const MilvusCollection& collection,
    const std::string& primary_key) {
  ARROW_RETURN_NOT_OK(collection.unreadable);
  // A log of each field, and how many segments have the field.
  std::map<int64_t, std::pair<std::string, size_t>> logs;
  int64_t key_field = -1;
  for (const SegmentFiles& files : collection.segments) {
    ARROW_RETURN_NOT_OK(internal::CheckVersion(files));
    for (const FieldBinlog& list : files.inserts) {
      if (files.version != StorageVersion::kV1) {
        return Untold(list.logs.front().path, "", "types and dimensions");
      }
      if (list.field_id < kFirstUserFieldId) continue;
      auto& [path, num_segments] = logs[list.field_id];
      path = list.logs.front().path;
      ++num_segments;
    }
    if (!files.statistics.empty()) key_field = files.statistics.front().field_id;
  }
  std::vector<FieldSchema> fields;
  for (const auto& [field_id, log] : logs) {
    ARROW_ASSIGN_OR_RAISE(auto bytes, store->Read(log.first));
    ARROW_ASSIGN_OR_RAISE(FieldSchema field, DescribeField(field_id, std::move(bytes), log.first));
    field.primary_key = primary_key.empty() ? field_id == key_field : field.name == primary_key;
    // Rows from before the field was added have nothing else.
    const bool is_everywhere =
        log.second == collection.segments.size() &&
        std::ranges::all_of(collection.segments, [&, id = field_id](const SegmentFiles& files) {
          const auto list = std::ranges::find(files.inserts, id, &FieldBinlog::field_id);
          return std::ranges::all_of(files.inserts, [&](const FieldBinlog& other) {
            return other.logs.size() <= list->logs.size();
          });
        });
    if (!is_everywhere) field.nullable = true;
    fields.push_back(std::move(field));
  }
  if (!primary_key.empty() &&
      std::ranges::none_of(fields, [&](const FieldSchema& field) { return field.primary_key; })) {
    std::string names;
    for (const FieldSchema& field : fields) names += (names.empty() ? "" : ", ") + field.name;
    return MakeError(ErrorKind::kInvalid, "no such field",
                     {.field = primary_key, .expected = "one of " + names});
  }
  return CollectionSchema::Make(std::move(fields));
}

}  // namespace varve
