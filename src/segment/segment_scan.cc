// SPDX-License-Identifier: Apache-2.0
#include "segment/segment_scan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "schema/projection.h"
#include "schema/system_fields.h"
#include "segment/insert_log_rows.h"
#include "segment/packed_rows.h"
#include "segment/visible_rows.h"

namespace varve::internal {
namespace {

using StreamPtr = std::shared_ptr<arrow::RecordBatchReader>;

Status CheckOptions(const SegmentReadOptions& options) {
  if (options.begin_row < 0 || options.end_row < options.begin_row) {
    return MakeError(
        ErrorKind::kInvalid, "no range of rows",
        {.expected = "0 <= begin_row <= end_row",
         .found = std::to_string(options.begin_row) + ", " + std::to_string(options.end_row)});
  }
  if (options.batch_rows < 1) {
    return MakeError(ErrorKind::kInvalid, "batches must have rows",
                     {.field = "batch_rows",
                      .expected = "1 or more",
                      .found = std::to_string(options.batch_rows)});
  }
  return Status::OK();
}

// The paths of each chunk's files, group by group.
std::vector<std::vector<std::string>> SetsFrom(const std::vector<SegmentChunk>& chunks,
                                               size_t first_chunk) {
  std::vector<std::vector<std::string>> sets;
  for (size_t i = first_chunk; i < chunks.size(); ++i) {
    auto& paths = sets.emplace_back();
    for (const Binlog* log : chunks[i].logs) {
      if (log != nullptr) paths.push_back(log->path);
    }
  }
  return sets;
}

Result<StreamPtr> OpenStoredRows(const SegmentScanPlan& plan, size_t first_chunk,
                                 std::vector<FieldSchema> fields, int64_t batch_rows) {
  if (plan.files->version == StorageVersion::kV1) {
    return OpenInsertLogs(plan.store, plan.files, plan.chunks, first_chunk, std::move(fields));
  }
  return OpenPackedRows(plan.store, SetsFrom(plan.chunks, first_chunk), std::move(fields),
                        {.batch_rows = batch_rows});
}

}  // namespace

Result<StreamPtr> ScanSegment(const SegmentScanPlan& plan, const SegmentReadOptions& options) {
  ARROW_RETURN_NOT_OK(CheckOptions(options));
  ARROW_ASSIGN_OR_RAISE(const auto projection, MakeProjection(*plan.schema, options.columns));

  std::vector<FieldSchema> fields = projection.fields;
  const auto column_of = [&](const FieldSchema& field) {
    const auto found = std::ranges::find(fields, field.field_id, &FieldSchema::field_id);
    const auto index = static_cast<int>(found - fields.begin());
    if (found == fields.end()) fields.push_back(field);
    return index;
  };
  VisibleRowsPlan rows{.schema = projection.schema,
                       .as_of = options.as_of,
                       .begin_row = options.begin_row,
                       .end_row = options.end_row,
                       .batch_rows = options.batch_rows,
                       .segment = NameOf(*plan.files),
                       .total_rows = plan.files->num_rows};
  for (size_t i = 0; i < fields.size(); ++i) rows.columns.push_back(static_cast<int>(i));
  if (plan.deletes->size() > 0) rows.key_column = column_of(*plan.schema->primary_key());
  if (plan.deletes->size() > 0 || options.as_of != UINT64_MAX) {
    rows.timestamp_column = column_of(TimestampField());
  }
  rows.commit_timestamp = plan.files->commit_timestamp;
  rows.deletes = plan.deletes;

  // Whole chunks before the range are not read, where their lengths are known.
  size_t first_chunk = 0;
  while (first_chunk < plan.chunks.size() && plan.chunks[first_chunk].num_rows >= 0 &&
         plan.chunks[first_chunk].num_rows <= options.begin_row - rows.first_row) {
    rows.first_row += plan.chunks[first_chunk++].num_rows;
  }
  ARROW_ASSIGN_OR_RAISE(rows.stored,
                        OpenStoredRows(plan, first_chunk, std::move(fields), options.batch_rows));
  return OpenVisibleRows(std::move(rows));
}

}  // namespace varve::internal
