// SPDX-License-Identifier: Apache-2.0
#include "cli/export/export_sink.h"

#include <exception>

#include "arrow/csv/writer.h"
#include "arrow/io/interfaces.h"
#include "arrow/ipc/writer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "cli/output/row_printer.h"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"

namespace varve::cli {
namespace {

constexpr size_t kTextBufferBytes = 1 << 20;

class ParquetSink : public ExportSink {
 public:
  static Result<std::unique_ptr<ExportSink>> Open(
      const std::shared_ptr<arrow::Schema>& schema,
      const std::shared_ptr<arrow::io::OutputStream>& out) {
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->enable_write_page_index()
                                ->enable_page_checksum()
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    try {
      auto sink = std::make_unique<ParquetSink>();
      ARROW_ASSIGN_OR_RAISE(sink->writer_,
                            parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(),
                                                             out, properties, arrow_properties));
      return sink;
    } catch (const std::exception& error) {
      return MakeError(ErrorKind::kInternal, error.what());
    }
  }

  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return Guarded([&] { return writer_->WriteRecordBatch(*batch); });
  }
  Status Finish() override {
    return Guarded([&] { return writer_->Close(); });
  }

 private:
  template <typename Work>
  Status Guarded(Work work) {
    try {
      return work();
    } catch (const std::exception& error) {
      return MakeError(ErrorKind::kInternal, error.what());
    }
  }

  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

// Arrow IPC and CSV: Arrow's own writers have the interface already.
template <typename Writer>
class ArrowSink : public ExportSink {
 public:
  explicit ArrowSink(std::shared_ptr<Writer> writer) : writer_(std::move(writer)) {}
  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    return writer_->WriteRecordBatch(*batch);
  }
  Status Finish() override { return writer_->Close(); }

 private:
  std::shared_ptr<Writer> writer_;
};

class JsonLinesSink : public ExportSink {
 public:
  JsonLinesSink(const arrow::Schema& schema, std::shared_ptr<arrow::io::OutputStream> out)
      : keys_(JsonKeys(schema)), out_(std::move(out)) {}

  Status Write(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      AppendJsonRow(*batch, row, keys_, &text_);
      text_.push_back('\n');
      if (text_.size() >= kTextBufferBytes) ARROW_RETURN_NOT_OK(Finish());
    }
    return Status::OK();
  }
  Status Finish() override {
    ARROW_RETURN_NOT_OK(out_->Write(text_.data(), static_cast<int64_t>(text_.size())));
    text_.clear();
    return Status::OK();
  }

 private:
  std::vector<std::string> keys_;
  std::shared_ptr<arrow::io::OutputStream> out_;
  std::string text_;
};

Status CheckFlat(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (!arrow::is_nested(field->type()->id())) continue;
    return MakeError(ErrorKind::kInvalid,
                     "CSV has no vectors and lists; choose others with --columns, or export jsonl",
                     {.field = field->name(), .found = field->type()->ToString()});
  }
  return Status::OK();
}

}  // namespace

const std::vector<std::string>& ExportFormatNames() {
  static const std::vector<std::string> kNames = {"parquet", "arrow", "arrows",
                                                  "jsonl",   "csv",   "npy"};
  return kNames;
}

Result<std::unique_ptr<ExportSink>> OpenExportSink(
    const std::string& format, const std::shared_ptr<arrow::Schema>& schema, int64_t num_rows,
    const std::shared_ptr<arrow::io::OutputStream>& out) {
  if (format == "parquet") return ParquetSink::Open(schema, out);
  if (format == "npy") return OpenNpySink(schema, num_rows, out);
  if (format == "jsonl") return std::make_unique<JsonLinesSink>(*schema, out);
  if (format == "csv") {
    ARROW_RETURN_NOT_OK(CheckFlat(*schema));
    ARROW_ASSIGN_OR_RAISE(auto writer, arrow::csv::MakeCSVWriter(out, schema));
    return std::make_unique<ArrowSink<arrow::ipc::RecordBatchWriter>>(std::move(writer));
  }
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer;
  if (format == "arrow") {
    ARROW_ASSIGN_OR_RAISE(writer, arrow::ipc::MakeFileWriter(out, schema));
  } else {
    ARROW_ASSIGN_OR_RAISE(writer, arrow::ipc::MakeStreamWriter(out, schema));
  }
  return std::make_unique<ArrowSink<arrow::ipc::RecordBatchWriter>>(std::move(writer));
}

}  // namespace varve::cli
