// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/stop.h"
#include "milvus/export_metadata.h"
#include "milvus/exported_segment.h"
#include "milvus/log_listing.h"
#include "schema/system_fields.h"
#include "segment/packed_rows.h"
#include "varve/milvus_export.h"

namespace varve {
namespace {

using internal::ExportedSegment;

constexpr char kMetadata[] = "meta/";
constexpr char kBackup[] = "meta/backup_meta.json";
constexpr char kCollections[] = "meta/collection_meta.json";
constexpr char kPartitions[] = "meta/partition_meta.json";
constexpr char kSegments[] = "meta/segment_meta.json";
constexpr size_t kNameBytesMax = 255;
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

// As Milvus has it: one with any other name cannot be restored.
Status CheckName(const char* of, const std::string& name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool is_fine = !name.empty() && name.size() <= kNameBytesMax &&
                       !(name[0] >= '0' && name[0] <= '9') &&
                       std::all_of(name.begin(), name.end(), is_word);
  if (is_fine) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "a name that Milvus does not take",
                   {.field = of,
                    .expected = "letters, digits and '_', at most 255, no digit first",
                    .found = "'" + name + "'"});
}

Status CheckNames(const MilvusExportOptions& options, const CollectionSchema& schema) {
  ARROW_RETURN_NOT_OK(CheckName("collection", options.collection));
  ARROW_RETURN_NOT_OK(CheckName("partition", options.partition));
  for (const FieldSchema& field : schema.fields()) {
    // Milvus' own for the fields that no schema names.
    if (field.name != "$meta") ARROW_RETURN_NOT_OK(CheckName("a field's name", field.name));
  }
  return Status::OK();
}

Status Occupied(const ChunkManager& store, const std::string& path) {
  return MakeError(ErrorKind::kAlreadyExists, "there is a backup at this place",
                   {.object = store.uri(), .field = path});
}

// Of two exports to one place the first to put this has it.
Status Claim(ChunkManager* store, const std::string& document, std::vector<std::string>* written) {
  const auto put = store->PutIfAbsent(kBackup, internal::AsBytes(document));
  if (put.ok() && !*put) return Occupied(*store, kBackup);
  if (!put.ok()) {
    // It may be there all the same; another's is not to be removed.
    const auto found = store->Read(kBackup);
    if (!found.ok() || !(*found)->Equals(arrow::Buffer(document))) return put.status();
  }
  written->push_back(kBackup);
  return put.status();
}

Status WriteMetadata(ChunkManager* store, const MilvusCollection& collection, uint64_t timestamp,
                     std::vector<std::string>* written) {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, internal::DescribeExport(collection, timestamp));
  // What makes it a backup comes last. The first of them is there already (Claim).
  const std::pair<const char*, const std::string*> documents[] = {
      {kBackup, &metadata.backup},
      {kPartitions, &metadata.partitions},
      {kSegments, &metadata.segments},
      {kCollections, &metadata.collections}};
  for (const auto& [path, document] : documents) {
    if (std::string_view(path) != kBackup) written->push_back(path);
    ARROW_RETURN_NOT_OK(store->Write(path, internal::AsBytes(*document)));
  }
  return Status::OK();
}

// Metadata would hide what has none, or other metadata; and nobody's are replaced.
Status CheckNothingIsThere(ChunkManager* store) {
  ARROW_ASSIGN_OR_RAISE(const auto metadata, store->List(kMetadata, {.names_only = true}));
  if (!metadata.empty()) return Occupied(*store, metadata.front().path);
  ARROW_ASSIGN_OR_RAISE(const auto logs, internal::ListLogs(store, {}));
  if (logs.empty()) return Status::OK();
  return MakeError(
      ErrorKind::kAlreadyExists, "there are logs of Milvus at this place",
      {.object = store->uri(), .field = logs.logs.empty() ? "" : logs.logs.begin()->second.path});
}

// The last first: without metadata nothing names the rest. Also for a caller who was asked to stop.
void RemoveAll(ChunkManager* store, const std::vector<std::string>& paths) {
  const internal::WorkingFor nobody(nullptr);
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    // One that was not written yet is not there; what cannot be removed stays.
    static_cast<void>(store->Remove(*path));
  }
}

// `written`: what there is to be removed if this fails.
Result<MilvusCollection> Export(const std::shared_ptr<ChunkManager>& store,
                                const std::shared_ptr<const CollectionSchema>& schema,
                                arrow::RecordBatchReader* rows, const MilvusExportOptions& options,
                                std::vector<std::string>* written) {
  if (schema->primary_key() == nullptr) {
    return MakeError(ErrorKind::kInvalid, "Milvus has no collections without a primary key",
                     {.object = options.collection});
  }
  ARROW_RETURN_NOT_OK(CheckNames(options, *schema));
  ARROW_ASSIGN_OR_RAISE(const auto exported, WithLimits(*schema));
  const auto fields = internal::PackedFields(*exported);
  ARROW_RETURN_NOT_OK(internal::PackedSchema(fields).status());
  ARROW_RETURN_NOT_OK(CheckNothingIsThere(store.get()));
  int64_t next_id = static_cast<int64_t>(options.timestamp);
  const auto ids = [&next_id] { return ++next_id; };
  MilvusCollection collection{
      .collection_id = ids(), .name = options.collection, .schema = exported};
  const int64_t partition_id = ids();
  collection.partitions[partition_id] = options.partition;
  // Defaults that Milvus does not have are found now rather than after all rows.
  ARROW_RETURN_NOT_OK(internal::DescribeExport(collection, options.timestamp).status());
  ARROW_RETURN_NOT_OK(
      Claim(store.get(), internal::DescribeExportUnderWay(collection, options.timestamp), written));

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
      ARROW_ASSIGN_OR_RAISE(
          segment, ExportedSegment::Open(store, fields, *stored, std::move(files), ids, written));
    }
    ARROW_RETURN_NOT_OK(segment->Write(stored));
    if (segment->memory_bytes() >= options.segment_bytes) ARROW_RETURN_NOT_OK(finish());
  }
  ARROW_RETURN_NOT_OK(finish());
  ARROW_RETURN_NOT_OK(WriteMetadata(store.get(), collection, options.timestamp, written));
  return collection;
}

}  // namespace

Result<MilvusCollection> ExportMilvusCollection(
    const std::shared_ptr<ChunkManager>& store,
    const std::shared_ptr<const CollectionSchema>& schema, arrow::RecordBatchReader* rows,
    const MilvusExportOptions& options) {
  std::vector<std::string> written;
  auto collection = Export(store, schema, rows, options, &written);
  if (!collection.ok()) RemoveAll(store.get(), written);
  return collection;
}

}  // namespace varve
