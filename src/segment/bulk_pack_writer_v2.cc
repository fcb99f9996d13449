// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer_v2.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "arrow/record_batch.h"
#include "packed/milvus_split.h"
#include "packed/visible_bytes.h"
#include "segment/packed_rows.h"

namespace varve::internal {
namespace {

// In memory; what is converted at a time.
constexpr int64_t kSliceBytes = 16 << 20;

MilvusSplitOptions SplitOptionsOf(const ColumnSplitOptions& options) {
  return {.split_system_columns = options.system_columns,
          .include_primary_key = options.includes_primary_key,
          .split_by_average_size = options.by_average_size,
          .average_bytes_limit = static_cast<double>(options.average_size_limit),
          .partition_key_id = options.partition_key_id,
          .clustering_key_id = options.clustering_key_id};
}

// A row of each field in the form that is stored.
Result<std::vector<double>> StoredBytes(const InsertRows& rows) {
  std::vector<double> averages(rows.fields().size());
  for (const auto& batch : rows.batches()) {
    ARROW_ASSIGN_OR_RAISE(const auto stored, EncodePackedRows(rows.fields(), *batch));
    for (size_t i = 0; i < averages.size(); ++i) {
      averages[i] += static_cast<double>(VisibleBytes(*stored->column(static_cast<int>(i))));
    }
  }
  for (double& average : averages) average /= static_cast<double>(rows.num_rows());
  return averages;
}

Status CheckFormat(const FieldBinlog& group) {
  if (group.format.empty() || group.format == "parquet") return Status::OK();
  return MakeError(
      ErrorKind::kUnsupported, "a column group of a format that is not written",
      {.field = std::to_string(group.field_id), .expected = "parquet", .found = group.format});
}

// The split that a segment has. Fields that the schema got meanwhile have groups of their own, as
// policies 3 and 4 (section 6.6) make them: readers take a group with fewer logs for one that came
// later.
Result<std::vector<ColumnGroup>> ExtendSplit(const std::vector<FieldSchema>& fields,
                                             const std::vector<FieldBinlog>& groups) {
  std::map<int64_t, std::vector<int64_t>> stored;
  std::set<int64_t> ids;
  bool is_legacy = false;
  for (const FieldBinlog& group : groups) {
    ARROW_RETURN_NOT_OK(CheckFormat(group));
    stored[group.field_id] = group.child_fields;
    ids.insert(group.child_fields.begin(), group.child_fields.end());
    is_legacy = is_legacy || group.child_fields.empty();
  }
  if (is_legacy) return RestoreMilvusColumns(fields, stored);
  std::vector<FieldSchema> known;
  std::vector<FieldSchema> added;
  std::vector<int> known_columns;
  std::vector<int> added_columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool is_known = ids.contains(fields[i].field_id);
    (is_known ? known : added).push_back(fields[i]);
    (is_known ? known_columns : added_columns).push_back(static_cast<int>(i));
  }
  ARROW_ASSIGN_OR_RAISE(auto split, RestoreMilvusColumns(known, stored));
  for (ColumnGroup& group : split) {
    for (int& column : group.columns) column = known_columns[static_cast<size_t>(column)];
  }
  int64_t next_id = 0;
  while (stored.contains(next_id)) ++next_id;
  for (ColumnGroup& group : LegacyMilvusColumns(added)) {
    // Those of a single field are named by it, that of the rest by a number.
    if (group.group_id < kFirstUserFieldId) group.group_id = next_id;
    for (int& column : group.columns) column = added_columns[static_cast<size_t>(column)];
    split.push_back(std::move(group));
  }
  std::ranges::sort(split, {}, &ColumnGroup::group_id);
  return split;
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
  std::vector<ColumnGroup> groups;
  if (segment().files.inserts.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto averages, StoredBytes(rows));
    groups = SplitMilvusColumns(rows.fields(), averages,
                                SplitOptionsOf(context().environment.options.split));
  } else {
    ARROW_ASSIGN_OR_RAISE(groups, ExtendSplit(rows.fields(), segment().files.inserts));
  }
  // A group without columns has no file.
  std::erase_if(groups, [](const ColumnGroup& group) { return group.columns.empty(); });
  return groups;
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
    ARROW_RETURN_NOT_OK(logs().CheckIsNew(paths.back()));
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, PackedSchema(rows.fields()));
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
      ARROW_ASSIGN_OR_RAISE(const auto stored, EncodePackedRows(rows.fields(), *slice));
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
