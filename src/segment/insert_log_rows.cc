// SPDX-License-Identifier: Apache-2.0
#include "segment/insert_log_rows.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "varve/batch.h"
#include "varve/binlog_reader.h"
#include "varve/insert_log.h"

namespace varve::internal {
namespace {

std::shared_ptr<arrow::Schema> SchemaOf(const std::vector<FieldSchema>& fields) {
  arrow::FieldVector arrow_fields;
  for (const FieldSchema& field : fields) {
    arrow_fields.push_back(arrow::field(field.name, field.arrow_type, field.nullable));
  }
  return arrow::schema(std::move(arrow_fields));
}

class InsertLogRows : public arrow::RecordBatchReader {
 public:
  InsertLogRows(std::shared_ptr<ChunkManager> store, std::shared_ptr<const SegmentFiles> files,
                std::vector<SegmentChunk> chunks, size_t first_chunk,
                std::vector<FieldSchema> fields)
      : store_(std::move(store)),
        files_(std::move(files)),
        chunks_(std::move(chunks)),
        next_chunk_(first_chunk),
        fields_(std::move(fields)),
        schema_(SchemaOf(fields_)) {
    for (const FieldSchema& field : fields_) {
      const auto list = std::ranges::find(files_->inserts, field.field_id, &FieldBinlog::field_id);
      lists_.push_back(static_cast<size_t>(list - files_->inserts.begin()));
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    if (next_chunk_ == chunks_.size()) return Status::OK();
    const SegmentChunk& chunk = chunks_[next_chunk_++];
    arrow::ArrayVector columns(fields_.size());
    ARROW_RETURN_NOT_OK(ReadLogs(chunk, &columns));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, NumRows(chunk, columns));
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] != nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(columns[i], Absent(fields_[i], num_rows));
    }
    *batch = arrow::RecordBatch::Make(schema_, num_rows, std::move(columns));
    return Status::OK();
  }

 private:
  // nullptr: the chunk is older than the field.
  const Binlog* LogOf(const SegmentChunk& chunk, size_t column) const {
    return lists_[column] < chunk.logs.size() ? chunk.logs[lists_[column]] : nullptr;
  }

  Status ReadLogs(const SegmentChunk& chunk, arrow::ArrayVector* columns) const {
    std::vector<BatchRead> reads;
    std::vector<size_t> targets;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const Binlog* log = LogOf(chunk, i);
      if (log == nullptr) continue;
      // The store tells its size: what the metadata say may be an estimate, and nobody checked it.
      reads.push_back({.path = log->path});
      targets.push_back(i);
    }
    return ReadObjects(store_.get(), reads,
                       [&](int64_t index, std::shared_ptr<arrow::Buffer> bytes) -> Status {
                         const size_t column = targets[index];
                         ARROW_ASSIGN_OR_RAISE(
                             (*columns)[column],
                             ReadInsertLog(fields_[column], std::move(bytes), reads[index].path));
                         return Status::OK();
                       })
        .status;
  }

  // What the metadata say, or the first log that was read; all others must agree.
  Result<int64_t> NumRows(const SegmentChunk& chunk, const arrow::ArrayVector& columns) const {
    int64_t num_rows = chunk.num_rows;
    bool was_read = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == nullptr) continue;
      was_read = true;
      if (num_rows < 0) num_rows = columns[i]->length();
      if (columns[i]->length() == num_rows) continue;
      return OtherNumber(*LogOf(chunk, i), fields_[i].name, num_rows, columns[i]->length());
    }
    if (was_read) return num_rows;
    // Of none of the fields is there a log: any other one tells.
    const Binlog* log = nullptr;
    for (const Binlog* other : chunk.logs) log = other == nullptr ? log : other;
    ARROW_ASSIGN_OR_RAISE(const int64_t counted, CountRows(log->path));
    if (num_rows >= 0 && counted != num_rows) return OtherNumber(*log, "", num_rows, counted);
    return counted;
  }

  static Status OtherNumber(const Binlog& log, const std::string& field, int64_t expected,
                            int64_t found) {
    return Corruption("the insert log has another number of rows than its chunk",
                      {.object = log.path,
                       .field = field,
                       .expected = std::to_string(expected),
                       .found = std::to_string(found)});
  }

  Result<int64_t> CountRows(const std::string& path) const {
    ARROW_ASSIGN_OR_RAISE(auto bytes, store_->Read(path));
    ARROW_ASSIGN_OR_RAISE(const auto binlog, BinlogReader::Open(std::move(bytes), path));
    int64_t num_rows = 0;
    for (const Event& event : binlog.events()) {
      ARROW_ASSIGN_OR_RAISE(const auto payload, binlog.OpenPayload(event));
      num_rows += payload->num_rows();
    }
    return num_rows;
  }

  Result<std::shared_ptr<arrow::Array>> Absent(const FieldSchema& field, int64_t num_rows) const {
    if (field.default_value != nullptr) {
      return arrow::MakeArrayFromScalar(*field.default_value, num_rows);
    }
    if (field.nullable) return arrow::MakeArrayOfNull(field.arrow_type, num_rows);
    return Corruption(
        "rows without a required field that has no default",
        {.object = NameOf(*files_),
         .field = field.name,
         .expected = "an insert log of field " + std::to_string(field.field_id) + " in every chunk",
         .found = "none"});
  }

  const std::shared_ptr<ChunkManager> store_;
  const std::shared_ptr<const SegmentFiles> files_;
  const std::vector<SegmentChunk> chunks_;
  size_t next_chunk_;
  const std::vector<FieldSchema> fields_;
  const std::shared_ptr<arrow::Schema> schema_;
  std::vector<size_t> lists_;  // of each field, in files_->inserts; past the end: none
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> OpenInsertLogs(std::shared_ptr<ChunkManager> store,
                                                         std::shared_ptr<const SegmentFiles> files,
                                                         std::vector<SegmentChunk> chunks,
                                                         size_t first_chunk,
                                                         std::vector<FieldSchema> fields) {
  return std::make_shared<InsertLogRows>(std::move(store), std::move(files), std::move(chunks),
                                         first_chunk, std::move(fields));
}

}  // namespace varve::internal
