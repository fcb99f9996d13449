// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/command.h"
#include "cli/input/batch_source.h"
#include "cli/input/input.h"
#include "cli/interruption.h"
#include "cli/list_notes.h"
#include "cli/location.h"
#include "cli/milvus/milvus_arguments.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/progress_reader.h"
#include "cli/write_arguments.h"

namespace varve::cli {
namespace {

// The streams of several files as one. Errors: Invalid naming the file whose columns differ
Result<std::shared_ptr<arrow::RecordBatchReader>> Chain(std::vector<Input> inputs) {
  auto schema = inputs.front().reader->schema();
  for (const Input& input : inputs) {
    if (input.reader->schema()->Equals(*schema, /*check_metadata=*/false)) continue;
    return MakeError(ErrorKind::kInvalid,
                     "files of one commit must have the same columns; without --single-commit each "
                     "may lack some",
                     {.object = input.path,
                      .expected = schema->ToString(),
                      .found = input.reader->schema()->ToString()});
  }
  return std::make_shared<BatchSource>(
      schema,
      [inputs = std::move(inputs),
       i = size_t{0}](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
        while (i < inputs.size()) {
          ARROW_RETURN_NOT_OK(inputs[i].reader->ReadNext(batch));
          if (*batch != nullptr) return Status::OK();
          inputs[i++].reader.reset();
        }
        return Status::OK();
      });
}

int64_t Sum(const std::vector<std::function<int64_t()>>& counts) {
  int64_t sum = 0;
  for (const auto& count : counts) sum += count();
  return sum;
}

class ImportCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app->add_option("TABLE", table_uri_, "Path or URI of a table; made if there is none")
        ->required();
    app->add_option("FILE", files_,
                    "Files to read; '-' is standard input. With --from milvus: a backup, or a "
                    "folder of logs")
        ->required();
    app->add_option("--from", from_, "What is read is no file but a collection of: milvus")
        ->check(CLI::IsMember({"milvus"}));
    milvus_.Configure(app);
    app->add_option("-f,--format", format_,
                    "parquet, arrow, npy, fvecs, bvecs, ivecs, jsonl, csv; default: by the name");
    app->add_option("--primary-key", primary_key_, "Column whose values name rows (new tables)");
    app->add_option("--column", column_, "Name for the one column of .npy and .fvecs files");
    app->add_option("-m,--message", message_, "Kept in the history");
    app->add_flag("--single-commit", single_commit_, "All files as one version");
    write_.Configure(app);
  }

  Status Run(Console* console) override {
    const GracefulInterruption graceful;
    console_ = console;
    ARROW_RETURN_NOT_OK(CheckSource());
    ARROW_ASSIGN_OR_RAISE(input_options_.format, InputFormatFromName(format_));
    input_options_.column = column_;
    input_options_.store = write_.store;
    OpenOptions open;
    ARROW_RETURN_NOT_OK(write_.store.Locate(&table_uri_));
    ARROW_ASSIGN_OR_RAISE(open.table, write_.ToOptions(table_uri_));
    ARROW_ASSIGN_OR_RAISE(target_, OpenStore(table_uri_, open.table.store));
    auto existing = Table::Open(target_, open);
    if (existing.ok()) {
      table_ = *existing;
      ARROW_RETURN_NOT_OK(CheckPrimaryKey());
      input_options_.target = table_->snapshot()->schema()->ToArrow();
    } else if (!IsNotFound(existing.status())) {
      return existing.status();
    }
    const auto begin = std::chrono::steady_clock::now();
    if (single_commit_ && files_.size() > 1) {
      std::vector<Input> inputs;
      int64_t rows = 0;
      std::vector<std::function<int64_t()>> counts;
      for (const std::string& file : files_) {
        ARROW_ASSIGN_OR_RAISE(auto input, Open(file));
        bytes_ += input.file_bytes;
        rows = rows < 0 || input.num_rows < 0 ? -1 : rows + input.num_rows;
        // By bytes only if all of them are counted.
        if (input.bytes_read != nullptr && input.file_bytes > 0) counts.push_back(input.bytes_read);
        if (schema_ == nullptr) schema_ = input.schema;
        inputs.push_back(std::move(input));
      }
      ARROW_ASSIGN_OR_RAISE(auto reader, Chain(std::move(inputs)));
      ByteProgress bytes;
      if (counts.size() == files_.size()) bytes = {bytes_, [counts] { return Sum(counts); }};
      ARROW_RETURN_NOT_OK(Commit(std::move(reader), rows, std::move(bytes), files_, open.table));
    } else {
      for (const std::string& file : files_) {
        ARROW_ASSIGN_OR_RAISE(auto input, Open(file));
        bytes_ += input.file_bytes;
        schema_ = input.schema;
        ARROW_RETURN_NOT_OK(Commit(std::move(input.reader), input.num_rows,
                                   {input.file_bytes, input.bytes_read}, {file}, open.table));
        input_options_.target = table_->snapshot()->schema()->ToArrow();
      }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    Report(seconds.count());
    return Status::OK();
  }

 private:
  Status CheckSource() const {
    if (from_.empty()) {
      if (!milvus_.IsGiven()) return Status::OK();
      return MakeError(ErrorKind::kInvalid,
                       "--collection, --partition, --schema and --as-of go with --from milvus");
    }
    if (format_ == "auto" && column_.empty()) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "--format and --column are for files");
  }

  Result<Input> Open(const std::string& path) const {
    if (from_.empty()) return OpenInput(path, input_options_);
    ARROW_ASSIGN_OR_RAISE(const FoundMilvus found, milvus_.Find(path, write_.store));
    ARROW_ASSIGN_OR_RAISE(const MilvusCollection collection,
                          milvus_.Choose(found, write_.store, primary_key_, console_));
    ARROW_ASSIGN_OR_RAISE(const uint64_t as_of, milvus_.AsOf());
    Input input{.path = WithoutOptions(path), .schema = collection.schema};
    int64_t num_rows = 0;  // those of the metadata: deletes are not counted off
    bool is_told = true;
    for (const SegmentFiles& files : collection.segments) {
      num_rows += files.num_rows;
      if (files.num_rows == 0) is_told = false;
      for (const FieldBinlog& list : files.inserts) {
        for (const Binlog& log : list.logs) input.file_bytes += log.file_bytes;
      }
    }
    if (is_told) input.num_rows = num_rows;
    std::vector<std::string> columns = collection.schema->ToArrow()->field_names();
    columns.emplace_back(kTimestampFieldName);
    ARROW_ASSIGN_OR_RAISE(input.reader,
                          ScanMilvusCollection(found.store, collection,
                                               {.columns = std::move(columns), .as_of = as_of}));
    return input;
  }

  // Rows of Milvus come with their own.
  bool KeepsTimestamps() const { return !from_.empty(); }

  Status CheckPrimaryKey() const {
    if (primary_key_.empty()) return Status::OK();
    const FieldSchema* key = table_->snapshot()->schema()->primary_key();
    const std::string name = key == nullptr ? "" : key->name;
    if (name == primary_key_) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "the table exists, with another primary key",
                     {.object = WithoutOptions(table_uri_),
                      .expected = name.empty() ? "none" : name,
                      .found = primary_key_});
  }

  Status Commit(std::shared_ptr<arrow::RecordBatchReader> reader, int64_t expected_rows,
                ByteProgress bytes, const std::vector<std::string>& files,
                const TableOptions& options) {
    std::string label = std::filesystem::path(WithoutOptions(files.front())).filename().string();
    if (files.size() > 1) label = Plural(static_cast<int64_t>(files.size()), "file");
    auto counted = std::make_shared<ProgressReader>(std::move(reader), label, expected_rows,
                                                    console_, std::move(bytes));
    if (table_ == nullptr) {
      ARROW_RETURN_NOT_OK(Create(counted, options));
    } else {
      ARROW_RETURN_NOT_OK(
          table_->Append(counted, {.message = message_, .keeps_timestamps = KeepsTimestamps()}));
    }
    console_->ClearProgress();
    num_rows_ += counted->num_rows();
    nlohmann::ordered_json commit;
    commit["version"] = table_->snapshot()->version();
    commit["rows"] = counted->num_rows();
    commit["files"] = nlohmann::ordered_json::array();
    for (const std::string& file : files) commit["files"].push_back(WithoutOptions(file));
    commits_.push_back(std::move(commit));
    return Status::OK();
  }

  // The first rows show which lists are vectors, and why others are not.
  Status Create(const std::shared_ptr<arrow::RecordBatchReader>& reader,
                const TableOptions& options) {
    std::shared_ptr<arrow::RecordBatch> first;
    do {
      ARROW_RETURN_NOT_OK(reader->ReadNext(&first));
    } while (first != nullptr && first->num_rows() == 0);
    const auto whole = std::make_shared<BatchSource>(
        reader->schema(),
        [reader, next = first](std::shared_ptr<arrow::RecordBatch>* batch) mutable -> Status {
          if (next == nullptr) return reader->ReadNext(batch);
          *batch = std::exchange(next, nullptr);
          return Status::OK();
        });
    ARROW_ASSIGN_OR_RAISE(table_,
                          Table::Create(target_, schema_, whole,
                                        {.primary_key = schema_ == nullptr ? primary_key_ : "",
                                         .message = message_,
                                         .keeps_timestamps = KeepsTimestamps(),
                                         .table = options}));
    console_->ClearProgress();
    for (const std::string& note : ListNotes(*table_->snapshot()->schema(), first.get())) {
      console_->Say(Printable(note));
    }
    return Status::OK();
  }

  void Report(double seconds) const {
    const uint64_t version = table_->snapshot()->version();
    if (console_->json) {
      nlohmann::ordered_json document;
      document["table"] = table_->uri();
      document["version"] = version;
      document["rows"] = num_rows_;
      document["input_bytes"] = bytes_;
      document["seconds"] = seconds;
      document["commits"] = commits_;
      PrintJson(console_, document);
      return;
    }
    std::string words = Plural(num_rows_, "row") + " in " + FormatSeconds(seconds);
    if (bytes_ > 0) words += " (" + FormatRate(bytes_, seconds) + ")";
    console_->Say(words + ": version " + std::to_string(version) + " of " + table_->uri());
  }

  std::string table_uri_;
  std::vector<std::string> files_;
  std::string format_ = "auto";
  std::string primary_key_;
  std::string column_;
  std::string message_;
  bool single_commit_ = false;
  std::string from_;
  MilvusArguments milvus_;
  WriteArguments write_;

  Console* console_ = nullptr;
  InputOptions input_options_;
  std::shared_ptr<ChunkManager> target_;  // the table's
  std::shared_ptr<Table> table_;
  std::shared_ptr<const CollectionSchema> schema_;  // of a new table; nullptr: as the rows show
  int64_t num_rows_ = 0;
  int64_t bytes_ = 0;
  nlohmann::ordered_json commits_ = nlohmann::ordered_json::array();
};

}  // namespace

extern const CommandEntry kImportCommand{
    "import",
    "Write",
    "Rows from files into a new or existing table",
    "Each file becomes one version, which is there as a whole or not at all.\n"
    "While the table's store does not answer and its replicas are read, nothing is written: exit "
    "code 8.\n"
    "With --json: {\"table\", \"version\", \"rows\", \"input_bytes\", \"seconds\", \"commits\": "
    "[…]}.",
    "varve import books books.parquet --primary-key id\n"
    "varve import books more.jsonl -m 'the spring harvest'\n"
    "varve import vectors base.fvecs --column emb\n"
    "cat rows.jsonl | varve import books - --format jsonl\n"
    "varve import books backup/demo --from milvus --collection books",
    MakeCommand<ImportCommand>};

}  // namespace varve::cli
