// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer_v2.h"

#include <algorithm>
#include <string>
#include <utility>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "binlog/value_encoding.h"
#include "schema/field_metadata.h"
#include "segment/column_split.h"

namespace varve::internal {
namespace {

// In memory; what is converted at a time.
constexpr int64_t kSliceBytes = 16 << 20;

Result<std::shared_ptr<arrow::Schema>> StoredSchema(const std::vector<FieldSchema>& fields) {
  arrow::FieldVector stored;
  for (const FieldSchema& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto type, MilvusArrowType(field));
    stored.push_back(
        arrow::field(field.name, std::move(type), field.nullable,
                     arrow::key_value_metadata({kFieldIdKey}, {std::to_string(field.field_id)})));
  }
  return arrow::schema(std::move(stored));
}

Result<std::shared_ptr<arrow::RecordBatch>> StoredRows(const std::vector<FieldSchema>& fields,
                                                       const std::shared_ptr<arrow::Schema>& schema,
                                                       const arrow::RecordBatch& rows) {
  arrow::ArrayVector columns;
  columns.reserve(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(),
                          EncodeValues(fields[i], rows.column(static_cast<int>(i))));
  }
  return arrow::RecordBatch::Make(schema, rows.num_rows(), std::move(columns));
}

Result<std::vector<double>> AverageBytes(const InsertRows& rows) {
  std::vector<double> averages;
  for (size_t i = 0; i < rows.fields().size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, rows.ColumnBytes(i));
    averages.push_back(static_cast<double>(bytes) / static_cast<double>(rows.num_rows()));
  }
  return averages;
}

}  // namespace

Result<std::vector<FieldBinlog>> BulkPackWriterV2::WriteInserts(const InsertRows& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto groups, ChooseSplit(rows));
  return WithRetries(context().retry(), [&] { return WriteSet(rows, groups); });
}

Result<std::vector<ColumnGroup>> BulkPackWriterV2::ChooseSplit(const InsertRows& rows) const {
  const auto& stored = segment().files.inserts;
  if (!stored.empty()) return StoredSplit(rows.fields(), stored);
  ARROW_ASSIGN_OR_RAISE(const auto averages, AverageBytes(rows));
  return SplitBySchema(rows.fields(), averages, context().environment.options.split);
}

Result<std::vector<FieldBinlog>> BulkPackWriterV2::WriteSet(
    const InsertRows& rows, const std::vector<ColumnGroup>& groups) const {
  std::vector<int64_t> ids;
  std::vector<std::string> paths;
  for (const ColumnGroup& group : groups) {
    ARROW_ASSIGN_OR_RAISE(ids.emplace_back(), logs().NextId());
    ARROW_ASSIGN_OR_RAISE(
        paths.emplace_back(),
        logs().PathOf({.kind = PathKind::kInsertLog, .field = group.group_id}, ids.back()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, StoredSchema(rows.fields()));
  const SyncOptions& options = context().environment.options;
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        MilvusPackedWriter::Make(context().environment.store, schema, groups, paths,
                                                 {.buffer_bytes = options.buffer_bytes,
                                                  .part_bytes = options.part_bytes,
                                                  .metadata = {},
                                                  .names_are_fresh = false}));
  ARROW_ASSIGN_OR_RAISE(const auto averages, AverageBytes(rows));
  double row_bytes = 0;
  for (const double average : averages) row_bytes += average;
  const auto slice_rows =
      std::max<int64_t>(1, static_cast<int64_t>(kSliceBytes / std::max(row_bytes, 1.0)));
  for (const auto& batch : rows.batches()) {
    for (int64_t row = 0; row < batch->num_rows(); row += slice_rows) {
      const auto slice = batch->Slice(row, slice_rows);
      ARROW_ASSIGN_OR_RAISE(const auto stored, StoredRows(rows.fields(), schema, *slice));
      ARROW_RETURN_NOT_OK(writer->Write(stored));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto files, writer->Close());
  if (files.size() != groups.size()) {
    return MakeError(
        ErrorKind::kInternal, "a packed set lacks files",
        {.expected = std::to_string(groups.size()), .found = std::to_string(files.size())});
  }
  std::vector<FieldBinlog> logs;
  for (size_t i = 0; i < files.size(); ++i) {
    MilvusPackedFile& file = files[i];
    FieldBinlog group;
    group.field_id = groups[i].group_id;
    group.child_fields = std::move(file.field_ids);
    group.logs.push_back({.path = std::move(file.path),
                          .log_id = ids[i],
                          .num_rows = file.num_rows,
                          .timestamp_from = rows.timestamp_from(),
                          .timestamp_to = rows.timestamp_to(),
                          .file_bytes = file.file_bytes,
                          .memory_bytes = file.memory_bytes,
                          .null_counts = std::move(file.null_counts)});
    logs.push_back(std::move(group));
  }
  return logs;
}

}  // namespace varve::internal
