// SPDX-License-Identifier: Apache-2.0
#include "varve/segment.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "cli/command.h"
#include "cli/milvus/milvus_arguments.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/row_printer.h"
#include "cli/output/table_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

int64_t NumLogs(const std::vector<FieldBinlog>& lists) {
  int64_t count = 0;
  for (const FieldBinlog& list : lists) count += static_cast<int64_t>(list.logs.size());
  return count;
}

int64_t NumBytes(const std::vector<FieldBinlog>& lists) {
  int64_t bytes = 0;
  for (const FieldBinlog& list : lists) {
    for (const Binlog& log : list.logs) bytes += log.file_bytes;
  }
  return bytes;
}

// Only metadata tell; 0: they do not.
std::string RowsText(int64_t num_rows) { return num_rows == 0 ? "-" : FormatCount(num_rows); }

std::string VersionText(StorageVersion version) {
  return version == StorageVersion::kV1 ? "V1" : "V2";
}

// What a segment consists of, by the list of files.
nlohmann::ordered_json ToJson(const MilvusCollection& collection, const SegmentFiles& files) {
  nlohmann::ordered_json line;
  line["collection_id"] = files.collection_id;
  line["collection"] = collection.name;
  line["partition_id"] = files.partition_id;
  line["segment_id"] = files.segment_id;
  line["level_zero"] = files.inserts.empty();
  line["storage"] = VersionText(files.version);
  line["rows"] =
      files.num_rows == 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(files.num_rows);
  line["insert_logs"] = NumLogs(files.inserts);
  line["insert_bytes"] = NumBytes(files.inserts);
  line["delta_logs"] = NumLogs(files.deltas);
  line["delta_bytes"] = NumBytes(files.deltas);
  return line;
}

class SegmentCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
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
    ARROW_ASSIGN_OR_RAISE(const FoundMilvus found, milvus_.Find(path_, store_));
    if (action_ == "ls") return List(console, found);
    if (action_ == "info") return Info(console, found);
    ARROW_ASSIGN_OR_RAISE(const MilvusCollection collection,
                          milvus_.Choose(found, store_, primary_key_, console));
    MilvusScanOptions options{.columns = SplitNames(columns_)};
    ARROW_ASSIGN_OR_RAISE(options.as_of, milvus_.AsOf());
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          ScanMilvusCollection(found.store, collection, options));
    RowPrinter printer(console, *reader->schema());
    ARROW_RETURN_NOT_OK(printer.PrintAll(reader.get(), limit_));
    console->Say(Plural(printer.num_rows(), "row"));
    return Status::OK();
  }

 private:
  static Status List(Console* console, const FoundMilvus& found) {
    TablePrinter table(console);
    table.AddColumn("collection");
    table.AddColumn("partition", true);
    table.AddColumn("segment", true);
    table.AddColumn("storage");
    for (const char* title : {"rows", "logs", "size", "deltas"}) table.AddColumn(title, true);
    for (const MilvusCollection& collection : found.collections) {
      const std::string name =
          collection.name.empty() ? std::to_string(collection.collection_id) : collection.name;
      for (const auto* segments : {&collection.segments, &collection.level_zero}) {
        for (const SegmentFiles& files : *segments) {
          if (console->json) {
            PrintJson(console, ToJson(collection, files));
            continue;
          }
          table.AddRow({Printable(name), std::to_string(files.partition_id),
                        std::to_string(files.segment_id),
                        files.inserts.empty() ? "level 0" : VersionText(files.version),
                        RowsText(files.num_rows), FormatCount(NumLogs(files.inserts)),
                        FormatBytes(NumBytes(files.inserts) + NumBytes(files.deltas)),
                        FormatCount(NumLogs(files.deltas))});
        }
      }
    }
    if (!console->json) table.Finish();
    return Status::OK();
  }

  Status Info(Console* console, const FoundMilvus& found) const {
    ARROW_ASSIGN_OR_RAISE(const MilvusCollection collection,
                          milvus_.Choose(found, store_, primary_key_, console));
    for (const SegmentFiles& files : collection.segments) {
      ARROW_ASSIGN_OR_RAISE(const auto segment,
                            SegmentReader::Open(found.store, collection.schema, files,
                                                MilvusDeltasOf(collection, files.partition_id)));
      ARROW_ASSIGN_OR_RAISE(const int64_t num_deletes, segment->CountDeletes());
      if (console->json) {
        PrintInfoJson(console, collection, files, num_deletes);
      } else {
        PrintInfo(console, collection, files, num_deletes);
      }
    }
    return Status::OK();
  }

  static std::string FieldName(const MilvusCollection& collection, const FieldBinlog& list) {
    if (list.field_id == kRowIdFieldId) return std::string(kRowIdFieldName);
    if (list.field_id == kTimestampFieldId) return std::string(kTimestampFieldName);
    const FieldSchema* field = collection.schema->FindById(list.field_id);
    return field == nullptr ? "-" : field->name;
  }

  static void PrintInfoJson(Console* console, const MilvusCollection& collection,
                            const SegmentFiles& files, int64_t num_deletes) {
    nlohmann::ordered_json document = ToJson(collection, files);
    document["deletes"] = num_deletes;
    document["fields"] = nlohmann::ordered_json::array();
    for (const FieldBinlog& list : files.inserts) {
      nlohmann::ordered_json entry;
      entry[files.version == StorageVersion::kV1 ? "field_id" : "group_id"] = list.field_id;
      if (files.version == StorageVersion::kV1) entry["name"] = FieldName(collection, list);
      entry["logs"] = nlohmann::ordered_json::array();
      for (const Binlog& log : list.logs) entry["logs"].push_back(log.path);
      entry["bytes"] = NumBytes({list});
      document["fields"].push_back(std::move(entry));
    }
    PrintJson(console, document);
  }

  static void PrintInfo(Console* console, const MilvusCollection& collection,
                        const SegmentFiles& files, int64_t num_deletes) {
    const auto line = [&](const std::string& name, const std::string& text) {
      console->DataLine(console->Bold(PadToWidth(name, 12, false)) + Printable(text));
    };
    line("segment", std::to_string(files.segment_id));
    line("collection", std::to_string(files.collection_id) +
                           (collection.name.empty() ? "" : ", " + collection.name));
    const auto partition = collection.partitions.find(files.partition_id);
    const bool is_named = partition != collection.partitions.end() && !partition->second.empty();
    line("partition",
         std::to_string(files.partition_id) + (is_named ? ", " + partition->second : ""));
    line("storage", VersionText(files.version));
    line("rows", RowsText(files.num_rows));
    line("deletes", FormatCount(num_deletes));
    TablePrinter table(console);
    const bool of_fields = files.version == StorageVersion::kV1;
    table.AddColumn(of_fields ? "field" : "group", true);
    if (of_fields) table.AddColumn("name");
    table.AddColumn("logs", true);
    table.AddColumn("size", true);
    for (const FieldBinlog& list : files.inserts) {
      std::vector<std::string> cells = {std::to_string(list.field_id)};
      if (of_fields) cells.push_back(Printable(FieldName(collection, list)));
      cells.push_back(FormatCount(static_cast<int64_t>(list.logs.size())));
      cells.push_back(FormatBytes(NumBytes({list})));
      table.AddRow(std::move(cells));
    }
    table.Finish();
  }

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
