// SPDX-License-Identifier: Apache-2.0
#include "varve/segment.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/command.h"
#include "cli/input/batch_source.h"
#include "cli/milvus/milvus_arguments.h"
#include "cli/milvus/segment_report.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/row_printer.h"
#include "cli/output/table_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

// Timestamps of Milvus have no sign; the column that stores them has.
std::shared_ptr<arrow::RecordBatchReader> WithUnsignedTimestamps(
    std::shared_ptr<arrow::RecordBatchReader> rows) {
  arrow::FieldVector fields = rows->schema()->fields();
  for (auto& field : fields) {
    if (field->name() == kTimestampFieldName) field = field->WithType(arrow::uint64());
  }
  auto schema = arrow::schema(std::move(fields));
  return std::make_shared<BatchSource>(
      schema,
      [rows = std::move(rows), schema](std::shared_ptr<arrow::RecordBatch>* batch) -> Status {
        ARROW_RETURN_NOT_OK(rows->ReadNext(batch));
        if (*batch == nullptr) return Status::OK();
        arrow::ArrayVector columns = (*batch)->columns();
        for (size_t i = 0; i < columns.size(); ++i) {
          const auto& type = schema->field(static_cast<int>(i))->type();
          if (!columns[i]->type()->Equals(type)) {
            ARROW_ASSIGN_OR_RAISE(columns[i], columns[i]->View(type));
          }
        }
        *batch = arrow::RecordBatch::Make(schema, (*batch)->num_rows(), std::move(columns));
        return Status::OK();
      });
}

bool LacksLogs(const MilvusCollection& collection) {
  const auto lacks = [&](const SegmentFiles& files) { return NumMissing(collection, files) > 0; };
  return std::ranges::any_of(collection.segments, lacks) ||
         std::ranges::any_of(collection.level_zero, lacks);
}

class SegmentCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app_ = app;
    app->add_option("ACTION", action_,
                    "ls: the segments; info: the files of each; cat: the rows that are visible")
        ->required()
        ->check(CLI::IsMember({"ls", "info", "cat"}));
    app->add_option(
           "PATH", path_,
           "A backup, the root of a Milvus, the folder of a collection, partition or segment "
           "in it, or a table that holds such segments")
        ->required();
    milvus_.Configure(app);
    app->add_option("--primary-key", primary_key_,
                    "Field of the key where only the logs are there: field_100");
    AddColumnsOption(app, &columns_, "cat: only these columns, RowID and Timestamp too");
    app->add_option("-n,--limit", limit_, "cat: at most so many rows; default: all")
        ->check(WholeNumber(0));
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    if (action_ != "cat" && !milvus_.as_of.empty()) {
      return MakeError(ErrorKind::kInvalid, "--as-of goes with cat: files have no time");
    }
    if (action_ != "cat")
      ARROW_RETURN_NOT_OK(CheckNotGiven(*app_, {"--columns", "--limit"}, "cat"));
    if (action_ == "ls") {
      ARROW_RETURN_NOT_OK(CheckNotGiven(*app_, {"--primary-key"}, "info and cat"));
    }
    ARROW_ASSIGN_OR_RAISE(const FoundMilvus found, milvus_.Find(path_, store_));
    if (action_ == "ls") return List(console, found);
    if (action_ == "info") return Info(console, found);
    ARROW_ASSIGN_OR_RAISE(const MilvusCollection collection,
                          milvus_.Choose(found, store_, primary_key_, console));
    MilvusScanOptions options{.columns = SplitNames(columns_)};
    ARROW_ASSIGN_OR_RAISE(options.as_of, milvus_.AsOf());
    ARROW_ASSIGN_OR_RAISE(auto rows, ScanMilvusCollection(found.store, collection, options));
    const auto reader = WithUnsignedTimestamps(std::move(rows));
    RowPrinter printer(console, *reader->schema());
    ARROW_RETURN_NOT_OK(printer.PrintAll(reader.get(), limit_));
    console->Say(Plural(printer.num_rows(), "row"));
    return Status::OK();
  }

 private:
  static Status List(Console* console, const FoundMilvus& found) {
    const bool has_missing = std::ranges::any_of(found.collections, LacksLogs);
    TablePrinter table(console);
    table.AddColumn("collection");
    table.AddColumn("partition", true);
    table.AddColumn("segment", true);
    table.AddColumn("storage");
    for (const char* title : {"rows", "logs", "size", "deltas"}) table.AddColumn(title, true);
    if (has_missing) table.AddColumn("missing", true);
    for (const MilvusCollection& collection : found.collections) {
      const std::string name =
          collection.name.empty() ? std::to_string(collection.collection_id) : collection.name;
      if (!collection.unreadable.ok()) {
        console->Say("varve: collection " + Printable(name) +
                     " cannot be read: " + collection.unreadable.message());
      }
      for (const auto* segments : {&collection.segments, &collection.level_zero}) {
        const bool is_level_zero = segments == &collection.level_zero;
        for (const SegmentFiles& files : *segments) {
          if (console->json) {
            PrintJson(console, SegmentSummary(collection, files, is_level_zero));
            continue;
          }
          std::vector<std::string> row = {
              Printable(name),
              std::to_string(files.partition_id),
              std::to_string(files.segment_id),
              is_level_zero ? "level 0" : VersionText(files.version),
              RowsText(files.num_rows),
              FormatCount(NumLogs(files.inserts)),
              FormatBytes(NumBytes(files.inserts) + NumBytes(files.deltas)),
              FormatCount(NumLogs(files.deltas))};
          if (has_missing) row.push_back(FormatCount(NumMissing(collection, files)));
          table.AddRow(std::move(row));
        }
      }
    }
    if (!console->json) table.Finish();
    return Status::OK();
  }

  // nullopt also where delta logs are missing or damaged: what there is besides is shown all the
  // same, and `console` is told.
  static Result<std::optional<int64_t>> CountDeletes(Console* console,
                                                     const std::shared_ptr<ChunkManager>& store,
                                                     const MilvusCollection& collection,
                                                     const SegmentFiles& files) {
    if (files.version >= StorageVersion::kV3) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(const auto segment,
                          SegmentReader::Open(store, collection.schema, files,
                                              MilvusDeltasOf(collection, files.partition_id)));
    const auto count = segment->CountDeletes();
    if (IsNotFound(count.status()) || IsCorruption(count.status())) {
      console->Say("varve: deletes of segment " + std::to_string(files.segment_id) +
                   " are not counted: " + count.status().message());
      return std::nullopt;
    }
    ARROW_RETURN_NOT_OK(count.status());
    return *count;
  }

  Status Info(Console* console, const FoundMilvus& found) const {
    ARROW_ASSIGN_OR_RAISE(const MilvusCollection collection,
                          milvus_.Choose(found, store_, primary_key_, console));
    for (const SegmentFiles& files : collection.segments) {
      ARROW_ASSIGN_OR_RAISE(const auto num_deletes,
                            CountDeletes(console, found.store, collection, files));
      ARROW_RETURN_NOT_OK(PrintSegment(console, found.store, collection, files, num_deletes,
                                       /*is_level_zero=*/false));
    }
    for (const SegmentFiles& files : collection.level_zero) {
      // Asked for partitions, what is of none alone is not meant.
      if (!milvus_.partitions.empty() && files.partition_id == kAllPartitions) continue;
      ARROW_RETURN_NOT_OK(PrintSegment(console, found.store, collection, files, std::nullopt,
                                       /*is_level_zero=*/true));
    }
    return Status::OK();
  }

  const CLI::App* app_ = nullptr;
  std::string action_, path_, primary_key_;
  MilvusArguments milvus_;
  std::vector<std::string> columns_;
  int64_t limit_ = INT64_MAX;
  StoreArguments store_;
};

}  // namespace

extern const CommandEntry kSegmentCommand{
    "segment",
    "Milvus",
    "Segments of Milvus: which there are, their files, their rows",
    "Rows are those that are visible: deletes are applied.\n"
    "With --json: one object a segment, cat one a row.",
    "varve segment ls backup/demo\n"
    "varve segment info backup/demo --collection hello_milvus\n"
    "varve segment cat backup/demo/binlogs/insert_log/7/8/9 --as-of 442959097209290755 -n 3",
    MakeCommand<SegmentCommand>};

}  // namespace varve::cli
