// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "binlog/binlog_reader.h"
#include "varve/milvus.h"

namespace varve {
namespace {

using internal::BinlogReader;

Status Untold(const std::string& object, const std::string& field, const std::string& what) {
  return MakeError(
      ErrorKind::kInvalid, "the logs do not tell " + what + ": give the schema",
      {.object = object, .field = field, .expected = "meta/collection_meta.json, or a schema"});
}

// Dimension of vectors of `width` bytes.
int32_t DimOf(DataType type, int32_t width) {
  switch (type) {
    case DataType::kBinaryVector:
      return width * 8;
    case DataType::kFloatVector:
      return width / 4;
    case DataType::kFloat16Vector:
    case DataType::kBFloat16Vector:
      return width / 2;
    default:
      return width;
  }
}

Result<FieldSchema> DescribeField(int64_t field_id, std::shared_ptr<arrow::Buffer> bytes,
                                  const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(std::move(bytes), object));
  ARROW_ASSIGN_OR_RAISE(const auto column, binlog.ReadColumn());
  FieldSchema field{.field_id = field_id,
                    .name = "field_" + std::to_string(field_id),
                    .data_type = binlog.descriptor().payload_type,
                    .nullable = binlog.descriptor().nullable.value_or(false),
                    .element_type = column.element_type};
  if (field.data_type == DataType::kArray) return Untold(object, field.name, "what arrays hold");
  if (IsDenseVector(field.data_type) || field.data_type == DataType::kArrayOfVector) {
    field.dim = column.dim;
    const arrow::DataType& type = *column.values->type();
    if (field.dim == 0 && type.id() == arrow::Type::FIXED_SIZE_BINARY) {
      const auto& vectors = static_cast<const arrow::FixedSizeBinaryType&>(type);
      field.dim = DimOf(field.data_type, vectors.byte_width());
    }
    if (field.dim == 0) return Untold(object, field.name, "the dimension");
  }
  return field;
}

}  // namespace

Result<std::shared_ptr<const CollectionSchema>> DescribeMilvusSchema(
    const std::shared_ptr<ChunkManager>& store, const MilvusCollection& collection,
    const std::string& primary_key) {
  // A log of each field, and how many segments have the field.
  std::map<int64_t, std::pair<std::string, size_t>> logs;
  int64_t key_field = -1;
  for (const SegmentFiles& files : collection.segments) {
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
