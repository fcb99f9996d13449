// SPDX-License-Identifier: Apache-2.0
#include "segment/testing/sync_samples.h"

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/coding.h"

namespace varve::internal::testing {
namespace {

FieldSchema Field(int64_t id, const char* name, DataType type) {
  FieldSchema field;
  field.field_id = id;
  field.name = name;
  field.data_type = type;
  return field;
}

template <typename Builder>
std::shared_ptr<arrow::Array> Done(Builder* builder) {
  return builder->Finish().ValueOrDie();
}

// One token a row, which occurs row % 3 + 1 times.
std::string SparseRow(int64_t row) {
  std::string bytes;
  AppendFixed(&bytes, static_cast<uint32_t>(row % 5));
  const auto count = static_cast<float>(row % 3 + 1);
  bytes.append(reinterpret_cast<const char*>(&count), sizeof(count));
  return bytes;
}

}  // namespace

std::shared_ptr<const CollectionSchema> SyncSchema() {
  FieldSchema key = Field(kKeyFieldId, "pk", DataType::kInt64);
  key.primary_key = true;
  FieldSchema text = Field(kTextFieldId, "text", DataType::kVarChar);
  text.nullable = true;
  text.max_length = 64;
  FieldSchema vector = Field(kVectorFieldId, "emb", DataType::kFloatVector);
  vector.dim = kSyncDim;
  return CollectionSchema::Make(
             {key, text, vector, Field(kSparseFieldId, "terms", DataType::kSparseFloatVector)})
      .ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> SyncRows(int64_t begin, int64_t count) {
  arrow::Int64Builder keys;
  arrow::StringBuilder texts;
  auto floats = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(), floats, kSyncDim);
  arrow::BinaryBuilder sparse;
  arrow::Int64Builder row_ids;
  arrow::Int64Builder timestamps;
  for (int64_t row = begin; row < begin + count; ++row) {
    Status status = keys.Append(row);
    status &= row % 7 == 3 ? texts.AppendNull() : texts.Append("text " + std::to_string(row));
    status &= vectors.Append();
    for (int i = 0; i < kSyncDim; ++i) {
      status &= floats->Append(static_cast<float>(row) + static_cast<float>(i) / 8);
    }
    status &= sparse.Append(SparseRow(row));
    status &= row_ids.Append(row + 1000);
    status &= timestamps.Append(static_cast<int64_t>(kFirstTimestamp) + row);
    if (!status.ok()) status.Abort();
  }
  const auto vector = Done(&vectors);
  auto schema = arrow::schema(
      {arrow::field("Timestamp", arrow::int64()), arrow::field("pk", arrow::int64()),
       arrow::field("text", arrow::utf8()), arrow::field("emb", vector->type()),
       arrow::field("terms", arrow::binary()), arrow::field("RowID", arrow::int64())});
  return arrow::RecordBatch::Make(
      schema, count,
      {Done(&timestamps), Done(&keys), Done(&texts), vector, Done(&sparse), Done(&row_ids)});
}

DeleteData SyncDeletes(int64_t begin, int64_t count) {
  arrow::Int64Builder keys;
  arrow::UInt64Builder timestamps;
  for (int64_t row = begin; row < begin + count; ++row) {
    Status status = keys.Append(row);
    status &= timestamps.Append(kFirstTimestamp + static_cast<uint64_t>(row) + (1 << 20));
    if (!status.ok()) status.Abort();
  }
  return {Done(&keys), std::static_pointer_cast<arrow::UInt64Array>(Done(&timestamps))};
}

SyncPack SamplePack(int64_t segment_id, int64_t begin, int64_t count) {
  SyncPack pack;
  pack.segment_id = segment_id;
  pack.inserts = {SyncRows(begin, count / 3), SyncRows(begin + count / 3, count - count / 3)};
  pack.start_position = {.channel = "channel",
                         .message_id = "first",
                         .timestamp = kFirstTimestamp + static_cast<uint64_t>(begin)};
  pack.checkpoint = {.channel = "channel",
                     .message_id = "last",
                     .timestamp = kFirstTimestamp + static_cast<uint64_t>(begin + count)};
  return pack;
}

SegmentState SampleSegment(int64_t segment_id, StorageVersion version) {
  SegmentState state;
  state.files.collection_id = 1;
  state.files.partition_id = 2;
  state.files.segment_id = segment_id;
  state.files.version = version;
  state.channel = "channel";
  return state;
}

std::vector<std::string> PathsOf(const SegmentFiles& files) {
  std::vector<std::string> paths;
  for (const auto* fields : {&files.inserts, &files.statistics, &files.deltas, &files.bm25}) {
    for (const FieldBinlog& field : *fields) {
      for (const Binlog& log : field.logs) paths.push_back(log.path);
    }
  }
  return paths;
}

}  // namespace varve::internal::testing
