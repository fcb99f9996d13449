// SPDX-License-Identifier: Apache-2.0
#include "table/appender.h"

#include <utility>

#include "arrow/record_batch.h"
#include "base/coding.h"
#include "base/stop.h"
#include "varve/schema.h"

namespace varve::internal {
namespace {

// Where a segment ends and the next begins.
constexpr int64_t kSegmentRowsMax = int64_t{1} << 24;

// Rows written between two looks at whether to stop: pages end here too, so none is cut.
constexpr int64_t kWriteRows = int64_t{1} << 15;

// "data/<segment>-<group>-<16 hex digits>.parquet". The digits make it unique; the rest is for
// people.
std::string DataPath(uint64_t segment_id, int group, Random* random) {
  std::string digits;
  AppendFixed(&digits, random->Next());
  return std::string(kDataFolder) + std::to_string(segment_id) + "-" + std::to_string(group) + "-" +
         ToHex(AsBytes(digits)) + ".parquet";
}

}  // namespace

Appender::Appender(std::shared_ptr<ChunkManager> store,
                   std::shared_ptr<const CollectionSchema> schema, uint32_t schema_id,
                   PackedWriteOptions options, uint64_t next_segment_id, Random* random)
    : store_(std::move(store)),
      schema_(std::move(schema)),
      schema_id_(schema_id),
      options_(std::move(options)),
      next_segment_id_(next_segment_id),
      random_(random) {
  options_.names_are_fresh = true;  // DataPath makes them so
}

Appender::~Appender() {
  writer_.reset();  // aborts
  for (const std::string& path : written_paths_) {
    // A file that cannot be removed is an orphan: invisible, and found by garbage collection.
    const Status orphaned = store_->Remove(path);
    static_cast<void>(orphaned);
  }
}

Result<std::unique_ptr<PackedWriter>> Appender::MakeWriter() {
  return PackedWriter::Make(store_, schema_, options_, [this](int group) {
    return DataPath(next_segment_id_ + segments_.size(), group, random_);
  });
}

Status Appender::Append(const std::shared_ptr<arrow::RecordBatch>& batch) {
  ARROW_ASSIGN_OR_RAISE(auto rows, ConformBatch(*schema_, batch));
  if (rows->num_rows() == 0) return Status::OK();
  if (writer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(writer_, MakeWriter());
  }
  if (schema_->FindById(kTimestampFieldId) != nullptr) {
    if (!timestamps_.has_value()) timestamps_.emplace();
    timestamps_->Add(*rows->GetColumnByName(std::string(kTimestampFieldName)));
  }
  // A batch of any size can be stopped.
  for (int64_t row = 0; row < rows->num_rows(); row += kWriteRows) {
    ARROW_RETURN_NOT_OK(CheckStopped());
    ARROW_RETURN_NOT_OK(writer_->Write(rows->Slice(row, kWriteRows)));
  }
  return writer_->num_rows() >= kSegmentRowsMax ? CloseSegment() : Status::OK();
}

Status Appender::CloseSegment() {
  ARROW_ASSIGN_OR_RAISE(PackedFiles files, writer_->Close());
  SegmentEntry segment;
  segment.num_rows = writer_->num_rows();
  writer_.reset();
  if (const auto timestamps = std::exchange(timestamps_, std::nullopt)) {
    segment.min_ts = timestamps->from;
    segment.max_ts = timestamps->to;
  }
  for (PackedFile& file : files) {
    written_paths_.push_back(file.path);
    segment.files.push_back({.base_id = 0,
                             .path = std::move(file.path),
                             .field_ids = std::move(file.field_ids),
                             .file_bytes = file.file_bytes,
                             .schema_id = schema_id_,
                             .layout = std::move(file.layout)});
    for (ColumnStatistics& statistics : file.statistics) {
      segment.statistics.push_back(std::move(statistics));
    }
  }
  segments_.push_back(std::move(segment));
  return Status::OK();
}

Result<std::vector<SegmentEntry>> Appender::Finish() {
  if (writer_ != nullptr) {
    ARROW_RETURN_NOT_OK(CloseSegment());
  } else if (segments_.empty()) {
    // Options that no rows could be written with are a mistake all the same.
    ARROW_RETURN_NOT_OK(MakeWriter().status());
  }
  return segments_;
}

}  // namespace varve::internal
