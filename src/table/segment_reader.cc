// SPDX-License-Identifier: Apache-2.0
#include "table/segment_reader.h"

#include <algorithm>

#include "arrow/scalar.h"
#include "packed/implicit_column.h"

namespace varve::internal {

const FileEntry* SegmentReader::FileOf(const FieldSchema& field) const {
  for (const FileEntry& file : entry_->files) {
    const auto& ids = file.field_ids;
    if (std::find(ids.begin(), ids.end(), field.field_id) != ids.end()) return &file;
  }
  return nullptr;
}

Result<std::shared_ptr<const PackedColumnReader>> SegmentReader::Column(
    const FieldSchema& field) const {
  const FileEntry* file = FileOf(field);
  if (file == nullptr) return MakeImplicit(field);
  ARROW_ASSIGN_OR_RAISE(auto reader, files_->Get(*file));
  if (reader->num_rows() != entry_->num_rows) {
    return Corruption("file does not have the rows of its segment",
                      {.object = file->path,
                       .expected = std::to_string(entry_->num_rows) + " rows",
                       .found = std::to_string(reader->num_rows())});
  }
  ARROW_ASSIGN_OR_RAISE(auto column, reader->Column(field));
  if (column != nullptr) return column;
  return Corruption("file lacks a column that the manifest names",
                    {.object = file->path, .field = field.name});
}

Result<bool> SegmentReader::PlanColumn(const FieldSchema& field, bool bounds,
                                       ReadWave* wave) const {
  const FileEntry* file = FileOf(field);
  if (file == nullptr) return false;
  ARROW_ASSIGN_OR_RAISE(const auto reader, files_->Get(*file));
  return reader->PlanColumn(field, bounds, wave);
}

Status SegmentReader::PlanWhole(std::span<const FieldSchema* const> fields, int64_t most,
                                ReadWave* wave) const {
  // Counted first: all or nothing.
  for (const bool counts : {true, false}) {
    int64_t left = most;
    for (const FieldSchema* field : fields) {
      const FileEntry* file = FileOf(*field);
      if (file == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(const auto reader, files_->Get(*file));
      ARROW_ASSIGN_OR_RAISE(const int64_t bytes,
                            reader->PlanWhole(*field, counts ? -1 : left, wave));
      if (bytes < 0 || bytes > left) return Status::OK();
      left -= bytes;
    }
  }
  return Status::OK();
}

Result<std::vector<int64_t>> SegmentReader::RowGroupStarts(const FieldSchema& field) const {
  const FileEntry* file = FileOf(field);
  if (file == nullptr) return std::vector<int64_t>{0, num_rows()};
  ARROW_ASSIGN_OR_RAISE(auto reader, files_->Get(*file));
  return reader->RowGroupStarts();
}

Result<std::shared_ptr<const PackedColumnReader>> SegmentReader::MakeImplicit(
    const FieldSchema& field) const {
  if (field.field_id == kRowIdFieldId) {
    return MakeSequenceColumn(static_cast<int64_t>(entry_->first_row_id), entry_->num_rows);
  }
  if (field.field_id == kTimestampFieldId) {
    return MakeConstantColumn(
        std::make_shared<arrow::Int64Scalar>(static_cast<int64_t>(entry_->max_ts)),
        entry_->num_rows);
  }
  if (field.default_value != nullptr) return MakeConstantColumn(field.default_value, num_rows());
  if (!field.nullable) {
    return Corruption(
        "no file of the segment has a required field",
        {.object = "segment " + std::to_string(entry_->segment_id), .field = field.name});
  }
  return MakeConstantColumn(arrow::MakeNullScalar(field.arrow_type), num_rows());
}

}  // namespace varve::internal
