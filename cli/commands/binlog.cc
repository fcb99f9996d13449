// SPDX-License-Identifier: Apache-2.0
#include "varve/binlog.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "arrow/util/base64.h"
#include "cli/command.h"
#include "cli/location.h"
#include "cli/milvus/milvus_arguments.h"
#include "cli/opened_stores.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/row_printer.h"
#include "cli/output/table_printer.h"
#include "varve/binlog_event.h"

namespace varve::cli {
namespace {

// A code without a name is told as it is: "unknown (28)".
std::string TypeText(DataType type) {
  const std::string name(DataTypeName(type));
  return DataTypeFromName(name).ok()
             ? name
             : name + " (" + std::to_string(static_cast<int32_t>(type)) + ")";
}

// "2023-07-19 11:27:40 UTC to … (442…)", or "-" for what is not told.
std::string RangeText(uint64_t from, uint64_t to) {
  if (from == 0 && to == 0) return "-";
  const std::string numbers =
      from == to ? std::to_string(from) : std::to_string(from) + " to " + std::to_string(to);
  return FormatHybridTime(from) + (from == to ? "" : " to " + FormatHybridTime(to)) + " (" +
         numbers + ")";
}

nlohmann::ordered_json ToJson(const BinlogInfo& info) {
  nlohmann::ordered_json document;
  document["bytes"] = info.file_bytes;
  document["collection_id"] = info.collection_id;
  document["partition_id"] = info.partition_id;
  document["segment_id"] = info.segment_id;
  document["field_id"] = info.field_id;
  document["type"] = TypeText(info.data_type);
  document["nullable"] =
      info.nullable ? nlohmann::ordered_json(*info.nullable) : nlohmann::ordered_json();
  document["original_bytes"] = info.original_bytes;
  document["start_timestamp"] = info.start_timestamp;
  document["end_timestamp"] = info.end_timestamp;
  document["written_timestamp"] = info.written_timestamp;
  document["extras"] = info.extras;
  document["events"] = nlohmann::ordered_json::array();
  for (const BinlogEventInfo& event : info.events) {
    nlohmann::ordered_json entry;
    entry["type"] = event.type;
    entry["offset"] = event.offset;
    entry["bytes"] = event.event_bytes;
    entry["payload_bytes"] = event.payload_bytes;
    entry["start_timestamp"] = event.start_timestamp;
    entry["end_timestamp"] = event.end_timestamp;
    entry["rows"] =
        event.num_rows < 0 ? nlohmann::ordered_json() : nlohmann::ordered_json(event.num_rows);
    document["events"].push_back(std::move(entry));
  }
  return document;
}

class BinlogCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    app_ = app;
    app->add_option("ACTION", action_,
                    "info: what the file says of itself; cat: its rows, or the bytes of the index "
                    "that it holds; verify: decode and check every value")
        ->required()
        ->check(CLI::IsMember({"info", "cat", "verify"}));
    app->add_option("FILE", file_, "Path or URI of a binlog")->required();
    app->add_option("-n,--limit", limit_, "cat: at most so many rows; default: all")
        ->check(WholeNumber(0));
    store_.Configure(app);
  }

  Status Run(Console* console) override {
    if (action_ != "cat") ARROW_RETURN_NOT_OK(CheckNotGiven(*app_, {"--limit"}, "cat"));
    while (file_.size() > 1 && file_.back() == '/') file_.pop_back();
    const FileLocation location = SplitFileLocation(file_);
    ARROW_ASSIGN_OR_RAISE(const auto options, store_.ToOptions(file_));
    ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(location.folder, options));
    auto opened = BinlogFile::Open(store, location.name);
    if (!opened.ok()) return WithHint(opened.status(), store.get(), location.name);
    const auto binlog = std::move(*opened);
    if (action_ == "info") return Info(console, binlog->info());
    if (action_ == "verify") return Verify(console, *binlog);
    if (HoldsIndex(binlog->info())) return CatIndex(console, *binlog);
    ARROW_ASSIGN_OR_RAISE(const auto rows, binlog->Read());
    RowPrinter printer(console, *rows->schema());
    printer.Print(*rows->Slice(0, limit_));
    printer.Finish();
    console->Say(Plural(printer.num_rows(), "row"));
    return Status::OK();
  }

 private:
  // What lies beside binlogs and is none: `status` says what is wrong, this what reads it.
  static Status WithHint(const Status& status, ChunkManager* store, const std::string& path) {
    if (IsNotFound(status)) {
      const auto below = store->List(path + "/", {.limit = 1});
      if (!below.ok() || below->empty()) return status;
      return MakeError(ErrorKind::kInvalid,
                       "this is a folder and no binlog: varve segment ls, info and cat read what "
                       "is in it",
                       {.object = path});
    }
    if (!IsCorruption(status)) return status;
    char magic[4] = {};
    const auto file = store->OpenReader(path);
    if (!file.ok() || (*file)->size() < static_cast<int64_t>(sizeof(magic)) ||
        !(*file)->ReadAt(0, sizeof(magic), magic).ok()) {
      return status;
    }
    const std::string_view found(magic, sizeof(magic));
    const auto with = [&](const char* hint) { return status.WithMessage(status.message(), hint); };
    if (found == "PAR1") {
      return with("; this is a Parquet file, as those of V2 are: varve info and head read it");
    }
    if (found == "PARE") return with("; this is an encrypted Parquet file, which is not read");
    if (found[0] == '{' || found[0] == '[') {
      return with("; this is JSON, as the statistics of primary keys are: text as it stands");
    }
    return status;
  }

  static bool HoldsIndex(const BinlogInfo& info) {
    return !info.events.empty() && info.events.front().type == EventTypeName(EventType::kIndexFile);
  }

  // Bytes as they are: for a file or another program.
  Status CatIndex(Console* console, const BinlogFile& binlog) const {
    if (limit_ != INT64_MAX) {
      return MakeError(ErrorKind::kInvalid, "--limit is of rows, and an index file has none",
                       {.object = file_});
    }
    if (!console->json && console->width() > 0) {
      return MakeError(ErrorKind::kInvalid, "the bytes of an index are not for a terminal",
                       {.object = file_, .expected = "> FILE, | PROGRAM or --json"});
    }
    ARROW_ASSIGN_OR_RAISE(const auto bytes, binlog.ReadIndex());
    const std::string_view index(*bytes);
    if (console->json) {
      nlohmann::ordered_json document;
      document["value"] = arrow::util::base64_encode(index);
      PrintJson(console, document);
    } else {
      console->Data(index);
    }
    console->Say(Plural(bytes->size(), "byte"));
    return Status::OK();
  }

  static Status Info(Console* console, const BinlogInfo& info) {
    if (console->json) {
      PrintJson(console, ToJson(info));
      return Status::OK();
    }
    int width = 12;
    for (const auto& [key, value] : info.extras) {
      width = std::max(width, DisplayWidth(Printable(key)) + 2);
    }
    const auto line = [&](const std::string& name, const std::string& text) {
      console->DataLine(console->Bold(PadToWidth(name, width, false)) + Printable(text));
    };
    line("collection", std::to_string(info.collection_id));
    line("partition", std::to_string(info.partition_id));
    line("segment", std::to_string(info.segment_id));
    line("field", std::to_string(info.field_id) + ", " + TypeText(info.data_type) +
                      (info.nullable.value_or(false) ? ", nullable" : ""));
    line("rows of", RangeText(info.start_timestamp, info.end_timestamp));
    line("written", RangeText(info.written_timestamp, info.written_timestamp));
    line("size", FormatBytes(info.file_bytes) + ", values " + FormatBytes(info.original_bytes));
    for (const auto& [key, value] : info.extras) line(Printable(key), value);
    TablePrinter table(console);
    table.AddColumn("event");
    for (const char* title : {"offset", "bytes", "payload", "rows"}) table.AddColumn(title, true);
    for (const BinlogEventInfo& event : info.events) {
      table.AddRow({event.type, std::to_string(event.offset), FormatCount(event.event_bytes),
                    FormatCount(event.payload_bytes),
                    event.num_rows < 0 ? "-" : FormatCount(event.num_rows)});
    }
    table.Finish();
    return Status::OK();
  }

  static Status Verify(Console* console, const BinlogFile& binlog) {
    ARROW_RETURN_NOT_OK(binlog.Verify());
    const BinlogInfo& info = binlog.info();
    int64_t num_rows = 0;
    bool is_index = false;
    for (const BinlogEventInfo& event : info.events) {
      num_rows += std::max<int64_t>(event.num_rows, 0);
      is_index = is_index || event.num_rows < 0;
    }
    if (console->json) {
      nlohmann::ordered_json document;
      document["bytes"] = info.file_bytes;
      document["events"] = info.events.size();
      document["rows"] = num_rows;
      PrintJson(console, document);
      return Status::OK();
    }
    const std::string events = Plural(static_cast<int64_t>(info.events.size()), "event");
    console->DataLine(console->Good("ok") + ": " +
                      (is_index
                           ? "an index file of " + events + ", its payload decoded"
                           : Plural(num_rows, "row") + " in " + events + ", every value decoded"));
    return Status::OK();
  }

  std::string action_, file_;
  int64_t limit_ = INT64_MAX;
  const CLI::App* app_ = nullptr;
  StoreArguments store_;
};

}  // namespace

extern const CommandEntry kBinlogCommand{
    "binlog",
    "Milvus",
    "Look into a binlog of Milvus: insert log, delta log, index file",
    "A binlog has no checksums: verify finds what does not parse or decode, not a changed value.\n"
    "With --json: info and verify one object, cat one a row.",
    "varve binlog info insert_log/7/8/9/100/442958042415717585\n"
    "varve binlog cat delta_log/7/8/9/442958042415720717 --json\n"
    "varve binlog verify insert_log/7/8/9/103/442958042415717588\n"
    "varve binlog cat index_files/44/1/8/9/HNSW_0 > slice",
    MakeCommand<BinlogCommand>};

}  // namespace varve::cli
