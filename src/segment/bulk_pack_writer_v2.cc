// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer_v2.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/concatenate.h"
#include "arrow/record_batch.h"
#include "arrow/util/byte_size.h"
#include "packed/milvus_split.h"
#include "packed/visible_bytes.h"
#include "segment/packed_rows.h"
#include "segment/segment_chunks.h"

namespace varve::internal {
namespace {

MilvusSplitOptions SplitOptionsOf(const ColumnSplitOptions& options) {
  return {.split_system_columns = options.system_columns,
          .include_primary_key = options.includes_primary_key,
          .split_by_average_size = options.by_average_size,
          .average_bytes_limit = static_cast<double>(options.average_size_limit),
          .partition_key_id = options.partition_key_id,
          .clustering_key_id = options.clustering_key_id};
}

// Of a row of each column.  REQUIRES: there are rows
std::vector<double> AverageBytes(const arrow::RecordBatchVector& batches) {
  std::vector<double> averages(static_cast<size_t>(batches.front()->num_columns()));
  int64_t num_rows = 0;
  for (const auto& batch : batches) {
    num_rows += batch->num_rows();
    for (size_t i = 0; i < averages.size(); ++i) {
      averages[i] += static_cast<double>(VisibleBytes(*batch->column(static_cast<int>(i))));
    }
  }
  for (double& average : averages) average /= static_cast<double>(num_rows);
  return averages;
}

// `rows` with buffers that hold these rows and no others, copied where a column is part of a longer
// one.
Result<std::shared_ptr<arrow::RecordBatch>> WithOwnBuffers(const arrow::RecordBatch& rows) {
  arrow::ArrayVector columns = rows.columns();
  for (auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(const int64_t visible, arrow::util::ReferencedBufferSize(*column));
    if (arrow::util::TotalBufferSize(*column) <= visible) continue;
    ARROW_ASSIGN_OR_RAISE(column, arrow::Concatenate({column}));
  }
  return arrow::RecordBatch::Make(rows.schema(), rows.num_rows(), std::move(columns));
}

}  // namespace

Result<std::vector<FieldBinlog>> BulkPackWriterV2::WriteInserts(const InsertRows& rows) {
  arrow::RecordBatchVector stored;
  for (const auto& batch : rows.batches()) {
    ARROW_ASSIGN_OR_RAISE(stored.emplace_back(), EncodePackedRows(rows.fields(), *batch));
  }
  ARROW_ASSIGN_OR_RAISE(const auto groups, ChooseSplit(rows.fields(), stored));
  return WithRetries(context().retry(), [&] { return WriteSet(rows, stored, groups); });
}

Result<std::vector<ColumnGroup>> BulkPackWriterV2::ChooseSplit(
    const std::vector<FieldSchema>& fields, const arrow::RecordBatchVector& rows) const {
  std::vector<ColumnGroup> groups;
  if (segment().files.inserts.empty()) {
    groups = SplitMilvusColumns(fields, AverageBytes(rows),
                                SplitOptionsOf(context().environment.options.split));
  } else {
    std::map<int64_t, std::vector<int64_t>> stored;
    for (const FieldBinlog& group : segment().files.inserts) {
      ARROW_RETURN_NOT_OK(CheckFormat(segment().files, group));
      stored[group.field_id] = group.child_fields;
    }
    ARROW_ASSIGN_OR_RAISE(groups, RestoreMilvusColumns(fields, stored));
  }
  // A group without columns has no file.
  std::erase_if(groups, [](const ColumnGroup& group) { return group.columns.empty(); });
  return groups;
}

Result<std::vector<FieldBinlog>> BulkPackWriterV2::WriteSet(
    const InsertRows& rows, const arrow::RecordBatchVector& stored,
    const std::vector<ColumnGroup>& groups) {
  std::vector<int64_t> ids;
  std::vector<std::string> paths;
  for (const ColumnGroup& group : groups) {
    ARROW_ASSIGN_OR_RAISE(ids.emplace_back(), logs().NextId());
    ARROW_ASSIGN_OR_RAISE(
        paths.emplace_back(),
        logs().PathOf({.kind = PathKind::kInsertLog, .field = group.group_id}, ids.back()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, PackedSchema(rows.fields()));
  const SyncOptions& options = context().environment.options;
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        MilvusPackedWriter::Make(context().environment.store, schema, groups, paths,
                                                 {.buffer_bytes = options.buffer_bytes,
                                                  .part_bytes = options.part_bytes,
                                                  .metadata = {},
                                                  .names_are_fresh = false}));
  // Row groups are cut by the bytes of whole buffers: of slices, each would count all rows.
  for (const auto& batch : stored) {
    ARROW_ASSIGN_OR_RAISE(const auto own, WithOwnBuffers(*batch));
    ARROW_RETURN_NOT_OK(writer->Write(own));
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
