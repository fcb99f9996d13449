// SPDX-License-Identifier: Apache-2.0
#include "milvus/exported_segment.h"

#include <algorithm>
#include <map>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "base/coding.h"
#include "packed/milvus_split.h"
#include "packed/visible_bytes.h"
#include "varve/path_template.h"
#include "varve/primary_key_statistics.h"

namespace varve::internal {
namespace {

// As in a backup.
constexpr char kRoot[] = "binlogs";

Result<std::string> PathOf(PathKind kind, const SegmentFiles& files, int64_t field, int64_t log) {
  return PrintPath(kind,
                   {.collection = files.collection_id,
                    .partition = files.partition_id,
                    .segment = files.segment_id,
                    .field = field,
                    .log = log},
                   kRoot);
}

std::vector<double> AverageBytes(const arrow::RecordBatch& rows) {
  std::vector<double> averages;
  for (const auto& column : rows.columns()) {
    averages.push_back(static_cast<double>(VisibleBytes(*column)) /
                       static_cast<double>(std::max<int64_t>(1, rows.num_rows())));
  }
  return averages;
}

}  // namespace

Result<std::unique_ptr<ExportedSegment>> ExportedSegment::Open(std::shared_ptr<ChunkManager> store,
                                                               std::vector<FieldSchema> fields,
                                                               const arrow::RecordBatch& first,
                                                               SegmentFiles files,
                                                               std::function<int64_t()> ids,
                                                               std::vector<std::string>* written) {
  std::unique_ptr<ExportedSegment> segment(new ExportedSegment(
      std::move(store), std::move(fields), std::move(files), std::move(ids), written));
  auto groups = SplitMilvusColumns(segment->fields_, AverageBytes(first));
  std::erase_if(groups, [](const ColumnGroup& group) { return group.columns.empty(); });
  std::vector<std::string> paths;
  for (const ColumnGroup& group : groups) {
    segment->log_ids_.push_back(segment->ids_());
    ARROW_ASSIGN_OR_RAISE(auto path, PathOf(PathKind::kInsertLog, segment->files_, group.group_id,
                                            segment->log_ids_.back()));
    paths.push_back(std::move(path));
  }
  written->insert(written->end(), paths.begin(), paths.end());
  ARROW_ASSIGN_OR_RAISE(segment->writer_,
                        MilvusPackedWriter::Make(segment->store_, first.schema(), std::move(groups),
                                                 std::move(paths)));
  return segment;
}

Status ExportedSegment::Write(const std::shared_ptr<arrow::RecordBatch>& rows) {
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto& column = rows->column(static_cast<int>(i));
    memory_bytes_ += VisibleBytes(*column);
    if (fields_[i].primary_key) keys_.push_back(column);
    if (fields_[i].field_id == kTimestampFieldId) timestamps_.Add(*column);
  }
  files_.num_rows += rows->num_rows();
  return writer_->Write(rows);
}

Result<SegmentFiles> ExportedSegment::Close() {
  ARROW_ASSIGN_OR_RAISE(auto files, writer_->Close());
  for (size_t i = 0; i < files.size(); ++i) {
    MilvusPackedFile& file = files[i];
    files_.inserts.push_back({.field_id = file.group_id,
                              .child_fields = std::move(file.field_ids),
                              .logs = {{.path = std::move(file.path),
                                        .log_id = log_ids_[i],
                                        .num_rows = file.num_rows,
                                        .timestamp_from = timestamps_.from,
                                        .timestamp_to = timestamps_.to,
                                        .file_bytes = file.file_bytes,
                                        .memory_bytes = file.memory_bytes,
                                        .null_counts = std::move(file.null_counts)}}});
  }
  ARROW_RETURN_NOT_OK(WriteStatistics());
  return std::move(files_);
}

Status ExportedSegment::WriteStatistics() {
  const auto key = std::ranges::find(fields_, true, &FieldSchema::primary_key);
  ARROW_ASSIGN_OR_RAISE(auto builder, PrimaryKeyStatisticsBuilder::Make(
                                          key->field_id, key->data_type, files_.num_rows));
  for (const auto& keys : keys_) ARROW_RETURN_NOT_OK(builder.AddKeys(*keys));
  ARROW_ASSIGN_OR_RAISE(const auto statistics, std::move(builder).Finish());
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, EncodePrimaryKeyStatistics(statistics));
  Binlog log{.log_id = ids_(),
             .num_rows = files_.num_rows,
             .timestamp_from = timestamps_.from,
             .timestamp_to = timestamps_.to,
             .file_bytes = static_cast<int64_t>(bytes.size()),
             .memory_bytes = static_cast<int64_t>(bytes.size())};
  ARROW_ASSIGN_OR_RAISE(log.path,
                        PathOf(PathKind::kPrimaryKeyStatistics, files_, key->field_id, log.log_id));
  written_->push_back(log.path);
  ARROW_RETURN_NOT_OK(store_->Write(log.path, AsBytes(bytes)));
  files_.statistics = {{.field_id = key->field_id, .logs = {std::move(log)}}};
  return Status::OK();
}

}  // namespace varve::internal
