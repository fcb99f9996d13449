// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "arrow/io/file.h"
#include "arrow/io/stdio.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/io_util.h"
#include "cli/command.h"
#include "cli/export/export_sink.h"
#include "cli/export/milvus_export.h"
#include "cli/interruption.h"
#include "cli/location.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/output/progress_reader.h"
#include "cli/source.h"
#include "varve/suggestion.h"

namespace varve::cli {
namespace {

// Arrow's errors of the file that is written tell the system's error number, and not the file.
Status NamingFile(const Status& status, const std::string& path) {
  const int number = arrow::internal::ErrnoFromStatus(status);
  if (number == 0) return status;
  const bool is_full = number == ENOSPC || number == EDQUOT;
  return MakeError(is_full ? ErrorKind::kResourceExhausted : ErrorKind::kIo,
                   std::string("cannot write the file: ") + std::strerror(number),
                   {.object = path});
}

// A file that appears under its name only when it is complete, and not at all otherwise.
class StagedOutput {
 public:
  ~StagedOutput() {
    std::error_code ignored;
    if (!staged_.empty()) std::filesystem::remove(staged_, ignored);
  }

  Status Open(const std::string& path, bool replace) {
    std::error_code error;
    if (!replace && std::filesystem::exists(path, error)) {
      return MakeError(ErrorKind::kAlreadyExists, "the file exists; --force replaces it",
                       {.object = path});
    }
    path_ = path;
    replace_ = replace;
    const std::string staged = path + ".partial-" + std::to_string(getpid());
    auto opened = arrow::io::FileOutputStream::Open(staged);
    if (!opened.ok()) {
      const auto& why = opened.status().detail();  // Arrow's message names the staged file only
      return MakeError(ErrorKind::kIo,
                       "cannot create the file" + (why ? ": " + why->ToString() : std::string()),
                       {.object = path});
    }
    stream_ = *std::move(opened);
    staged_ = staged;
    return Status::OK();
  }
  const std::shared_ptr<arrow::io::FileOutputStream>& stream() const { return stream_; }

  Result<int64_t> Publish() {
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, stream_->Tell());
    ARROW_RETURN_NOT_OK(NamingFile(stream_->Close(), path_));
    std::error_code error;
    if (replace_) {
      std::filesystem::rename(staged_, path_, error);
      if (!error) staged_.clear();
    } else {
      std::filesystem::create_hard_link(staged_, path_, error);  // fails if somebody was faster
    }
    if (error) {
      return MakeError(error == std::errc::file_exists ? ErrorKind::kAlreadyExists : ErrorKind::kIo,
                       "could not put the file into place: " + error.message(), {.object = path_});
    }
    return bytes;
  }

 private:
  std::string path_, staged_;
  bool replace_ = false;
  std::shared_ptr<arrow::io::FileOutputStream> stream_;
};

class ExportCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app_ = app;
    source_.Configure(app, /*with_file=*/true);
    app->add_option(
           "FILE", file_,
           "File to write; '-' is standard output (needs --format). With --to: a folder or "
           "the address of one")
        ->required();
    app->add_option("--to", milvus_.to, "What is written is no file but segments of: milvus-v2")
        ->check(CLI::IsMember({"milvus-v2"}));
    app->add_option("--collection", milvus_.collection,
                    "Milvus: what the collection is called; default: as the table");
    app->add_option("--primary-key", milvus_.primary_key,
                    "Milvus: this column is the primary key; default: that of the table");
    app->add_option("-f,--format", format_,
                    "parquet, arrow, arrows (a stream), jsonl, csv, npy; default: by the name");
    AddColumnsOption(app, &columns_, "Only these columns, in this order");
    app->add_option("-w,--filter", filter_, "Only rows for which this is true (tables)")
        ->check(FilterText());
    app->add_option("-n,--limit", limit_, "At most so many rows")->check(WholeNumber(0));
    app->add_flag("--force", force_, "Replace the file if it exists");
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;
    if (milvus_.to.empty()) {
      ARROW_RETURN_NOT_OK(CheckNotGiven(*app_, {"--collection", "--primary-key"}, "--to"));
    }
    ARROW_RETURN_NOT_OK(milvus_.to.empty() ? ChooseFormat() : CheckNoFile());
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_rows, CountRows(*source));
    ARROW_ASSIGN_OR_RAISE(
        auto rows,
        source->Scan({.columns = ColumnsOf(*source), .filter = filter_, .limit = limit_}));
    const auto begin = std::chrono::steady_clock::now();
    if (!milvus_.to.empty()) return RunMilvus(*source, std::move(rows), num_rows, console);
    if (file_ == "-") {
      auto out = std::make_shared<arrow::io::StdoutStream>();
      return Copy(std::move(rows), num_rows, out, console);
    }
    StagedOutput output;
    ARROW_RETURN_NOT_OK(output.Open(file_, force_));
    ARROW_RETURN_NOT_OK(
        NamingFile(Copy(std::move(rows), num_rows, output.stream(), console), file_));
    ARROW_RETURN_NOT_OK(CheckInterrupted());
    ARROW_ASSIGN_OR_RAISE(const int64_t bytes, output.Publish());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (console->json) {
      nlohmann::ordered_json document;
      document["file"] = file_;
      document["format"] = format_;
      document["rows"] = num_rows;
      document["bytes"] = bytes;
      document["seconds"] = seconds.count();
      PrintJson(console, document);
    } else {
      console->Say(Plural(num_rows, "row") + ", " + FormatBytes(bytes) + " in " +
                   FormatSeconds(seconds.count()) + " (" + FormatRate(bytes, seconds.count()) +
                   "): " + file_);
    }
    return Status::OK();
  }

 private:
  Status ChooseFormat() {
    if (format_.empty()) {
      format_ = std::filesystem::path(file_).extension().string();
      if (!format_.empty()) format_.erase(0, 1);
      if (format_ == "feather" || format_ == "ipc") format_ = "arrow";
      if (format_ == "pq") format_ = "parquet";
      if (format_ == "ndjson" || format_ == "json") format_ = "jsonl";
    }
    const auto& known = ExportFormatNames();
    if (std::find(known.begin(), known.end(), format_) != known.end()) return Status::OK();
    const std::string what = format_.empty()
                                 ? "the name does not say which format"
                                 : "unknown format '" + format_ + "'" + DidYouMean(format_, known);
    return MakeError(ErrorKind::kInvalid,
                     what + "; choose with --format parquet, arrow, arrows, jsonl, csv or npy",
                     {.object = file_});
  }

  Status CheckNoFile() const {
    if (format_.empty() && !force_ && file_ != "-") return Status::OK();
    return MakeError(ErrorKind::kInvalid,
                     "--format, --force and standard output are for files, not for --to");
  }

  // Empty: all. Milvus gets the rows of a table with their timestamps.
  std::vector<std::string> ColumnsOf(const Source& source) const {
    std::vector<std::string> columns = SplitNames(columns_);
    if (milvus_.to.empty() || !source.is_table()) return columns;
    if (columns.empty()) columns = source.schema()->field_names();
    const std::string timestamp(kTimestampFieldName);
    if (std::ranges::find(columns, timestamp) == columns.end()) columns.push_back(timestamp);
    return columns;
  }

  Status RunMilvus(const Source& source, std::shared_ptr<arrow::RecordBatchReader> rows,
                   int64_t num_rows, Console* console) const {
    if (source.collection_schema() == nullptr) {
      return MakeError(ErrorKind::kUnsupported, "the file has types that no collection has",
                       {.object = source.location()});
    }
    const auto begin = std::chrono::steady_clock::now();
    ProgressReader reader(std::move(rows), "exporting", num_rows, console);
    ARROW_ASSIGN_OR_RAISE(
        const MilvusCollection collection,
        ExportToMilvus(milvus_,
                       {.folder = file_, .source = source.location(), .store = source_.store},
                       *source.collection_schema(), &reader));
    console->ClearProgress();
    int64_t bytes = 0;
    for (const SegmentFiles& segment : collection.segments) {
      for (const FieldBinlog& list : segment.inserts) {
        for (const Binlog& log : list.logs) bytes += log.file_bytes;
      }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const std::string to = WithoutOptions(file_);
    if (console->json) {
      PrintJson(console, {{"file", to},
                          {"format", milvus_.to},
                          {"collection", collection.name},
                          {"collection_id", collection.collection_id},
                          {"segments", collection.segments.size()},
                          {"rows", reader.num_rows()},
                          {"bytes", bytes},
                          {"seconds", seconds.count()}});
    } else {
      console->Say(Plural(reader.num_rows(), "row") + " in " +
                   Plural(static_cast<int64_t>(collection.segments.size()), "segment") + ", " +
                   FormatBytes(bytes) + " in " + FormatSeconds(seconds.count()) + ": " + to);
    }
    return Status::OK();
  }

  Result<int64_t> CountRows(const Source& source) const {
    int64_t rows = source.num_rows();
    if (source.is_table() && !filter_.empty()) {
      ARROW_ASSIGN_OR_RAISE(rows, source.snapshot()->Count(filter_));
    }
    return std::min(rows, limit_);
  }

  Status Copy(std::shared_ptr<arrow::RecordBatchReader> rows, int64_t num_rows,
              const std::shared_ptr<arrow::io::OutputStream>& out, Console* console) const {
    ProgressReader reader(std::move(rows), "exporting", num_rows, console);
    ARROW_ASSIGN_OR_RAISE(auto sink, OpenExportSink(format_, reader.schema(), num_rows, out));
    int64_t left = num_rows;
    while (left > 0) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
      if (batch == nullptr) break;
      batch = batch->Slice(0, std::min(left, batch->num_rows()));
      left -= batch->num_rows();
      ARROW_RETURN_NOT_OK(sink->Write(batch));
    }
    console->ClearProgress();
    return sink->Finish();
  }

  SourceArguments source_;
  std::string file_;
  std::string format_;
  std::vector<std::string> columns_;
  std::string filter_;
  int64_t limit_ = INT64_MAX;
  const CLI::App* app_ = nullptr;
  bool force_ = false;
  MilvusExportArguments milvus_;
};

}  // namespace

extern const CommandEntry kExportCommand{
    "export",
    "Read",
    "Rows into a Parquet, Arrow, JSON lines, CSV or NumPy file, or segments of Milvus",
    "Nothing stands under the name of the file before it is complete.\n"
    "--to milvus-v2 writes what milvus-backup does: segments of storage V2, and their metadata "
    "last.\n"
    "With --json: {\"file\", \"format\", \"rows\", \"bytes\", \"seconds\"}; with --to also "
    "\"collection\",\n"
    "\"collection_id\" and \"segments\".",
    "varve export books books.parquet\n"
    "varve export books embeddings.npy --columns embedding\n"
    "varve export books - --format jsonl --filter \"year = 1990\" | gzip > 1990.jsonl.gz\n"
    "varve export books yesterday.arrow --as-of 1d\n"
    "varve export books backup/books --to milvus-v2",
    MakeCommand<ExportCommand>};

}  // namespace varve::cli
