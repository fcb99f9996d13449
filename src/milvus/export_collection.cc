// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "milvus/export_metadata.h"
#include "milvus/exported_segment.h"
#include "schema/system_fields.h"
#include "segment/packed_rows.h"
#include "varve/milvus_export.h"

namespace varve {
namespace {

using internal::ExportedSegment;

constexpr char kBackup[] = "meta/backup_meta.json";
constexpr char kCollections[] = "meta/collection_meta.json";
constexpr char kPartitions[] = "meta/partition_meta.json";
constexpr char kSegments[] = "meta/segment_meta.json";
constexpr int32_t kTextBytesMax = 65535;
constexpr int32_t kArrayElementsMax = 4096;

Result<std::shared_ptr<arrow::Array>> Numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(count));
  for (int64_t i = 0; i < count; ++i) builder.UnsafeAppend(first + i);
  return builder.Finish();
}

// Takes the times that the rows bring out of their columns; `timestamp` is that of all where they
// bring none.
Result<std::shared_ptr<arrow::Array>> TakeTimestamps(uint64_t timestamp,
                                                     std::shared_ptr<arrow::RecordBatch>* rows) {
  const int column = (*rows)->schema()->GetFieldIndex(std::string(kTimestampFieldName));
  if (column < 0) {
    return arrow::MakeArrayFromScalar(arrow::Int64Scalar(static_cast<int64_t>(timestamp)),
                                      (*rows)->num_rows());
  }
  ARROW_ASSIGN_OR_RAISE(auto times, (*rows)->SelectColumns({column}));
  ARROW_ASSIGN_OR_RAISE(*rows, (*rows)->RemoveColumn(column));
  ARROW_ASSIGN_OR_RAISE(
      times,
      ConformBatch(CollectionSchema({internal::TimestampField()}, kTimestampFieldId), times));
  return times->column(0);
}

// `batch` with RowIDs from `first_row` on and timestamps, as Milvus stores it.
Result<std::shared_ptr<arrow::RecordBatch>> Encode(const std::vector<FieldSchema>& fields,
                                                   std::shared_ptr<arrow::RecordBatch> batch,
                                                   int64_t first_row, uint64_t timestamp) {
  ARROW_ASSIGN_OR_RAISE(auto timestamps, TakeTimestamps(timestamp, &batch));
  arrow::FieldVector columns = batch->schema()->fields();
  arrow::ArrayVector values = batch->columns();
  for (size_t i = values.size(); i < fields.size(); ++i) {
    columns.push_back(arrow::field(fields[i].name, fields[i].arrow_type, false));
  }
  ARROW_ASSIGN_OR_RAISE(auto row_ids, Numbers(first_row, batch->num_rows()));
  values.push_back(std::move(row_ids));
  values.push_back(std::move(timestamps));
  return internal::EncodePackedRows(
      fields, *arrow::RecordBatch::Make(arrow::schema(std::move(columns)), batch->num_rows(),
                                        std::move(values)));
}

// Milvus has limits on all texts and arrays: those that it allows at most, where there are none.
Result<std::shared_ptr<const CollectionSchema>> WithLimits(const CollectionSchema& schema) {
  std::vector<FieldSchema> fields = schema.fields();
  for (FieldSchema& field : fields) {
    const bool is_array = field.data_type == DataType::kArray;
    const DataType type = is_array ? field.element_type : field.data_type;
    if (type == DataType::kVarChar && field.max_length == 0) field.max_length = kTextBytesMax;
    if (is_array && field.max_capacity == 0) field.max_capacity = kArrayElementsMax;
  }
  return CollectionSchema::Make(std::move(fields), schema.max_field_id());
}

Status WriteMetadata(ChunkManager* store, const MilvusCollection& collection, uint64_t timestamp) {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, internal::DescribeExport(collection, timestamp));
  ARROW_RETURN_NOT_OK(store->Write(kBackup, internal::AsBytes(metadata.backup)));
  ARROW_RETURN_NOT_OK(store->Write(kPartitions, internal::AsBytes(metadata.partitions)));
  ARROW_RETURN_NOT_OK(store->Write(kSegments, internal::AsBytes(metadata.segments)));
  // What makes it a backup comes last.
  return store->Write(kCollections, internal::AsBytes(metadata.collections));
}

}  // namespace

Result<MilvusCollection> ExportMilvusCollection(
    const std::shared_ptr<ChunkManager>& store,
    const std::shared_ptr<const CollectionSchema>& schema, arrow::RecordBatchReader* rows,
    const MilvusExportOptions& options) {
  if (schema->primary_key() == nullptr) {
    return MakeError(ErrorKind::kInvalid, "Milvus has no collections without a primary key",
                     {.object = options.collection});
  }
  ARROW_ASSIGN_OR_RAISE(const auto exported, WithLimits(*schema));
  const auto fields = internal::PackedFields(*exported);
  ARROW_RETURN_NOT_OK(internal::PackedSchema(fields).status());
  ARROW_ASSIGN_OR_RAISE(const bool exists, store->Exist(kCollections));
  if (exists) {
    return MakeError(ErrorKind::kAlreadyExists, "there is a backup at this place",
                     {.object = store->uri(), .field = kCollections});
  }
  int64_t next_id = static_cast<int64_t>(options.timestamp);
  const auto ids = [&next_id] { return ++next_id; };
  MilvusCollection collection{
      .collection_id = ids(), .name = options.collection, .schema = exported};
  const int64_t partition_id = ids();
  collection.partitions[partition_id] = options.partition;
  // Defaults that Milvus does not have are found now rather than after all rows.
  ARROW_RETURN_NOT_OK(internal::DescribeExport(collection, options.timestamp).status());

  std::unique_ptr<ExportedSegment> segment;
  const auto finish = [&]() -> Status {
    if (segment == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto files, segment->Close());
    collection.segments.push_back(std::move(files));
    segment = nullptr;
    return Status::OK();
  };
  int64_t num_rows = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(rows->ReadNext(&batch));
    if (batch == nullptr) break;
    if (batch->num_rows() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const auto stored, Encode(fields, batch, num_rows, options.timestamp));
    num_rows += batch->num_rows();
    if (segment == nullptr) {
      SegmentFiles files{.collection_id = collection.collection_id,
                         .partition_id = partition_id,
                         .segment_id = ids(),
                         .version = StorageVersion::kV2};
      ARROW_ASSIGN_OR_RAISE(segment,
                            ExportedSegment::Open(store, fields, *stored, std::move(files), ids));
    }
    ARROW_RETURN_NOT_OK(segment->Write(stored));
    if (segment->memory_bytes() >= options.segment_bytes) ARROW_RETURN_NOT_OK(finish());
  }
  ARROW_RETURN_NOT_OK(finish());
  ARROW_RETURN_NOT_OK(WriteMetadata(store.get(), collection, options.timestamp));
  return collection;
}

}  // namespace varve
