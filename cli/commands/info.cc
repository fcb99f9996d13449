// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "arrow/type.h"
#include "cli/command.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/table_printer.h"
#include "cli/parquet_summary.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class InfoCommand : public Command {
 public:
  void Configure(CLI::App* app) override { source_.Configure(app, /*with_file=*/true); }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    nlohmann::ordered_json document;
    document["location"] = source->location();
    document["kind"] = source->is_table() ? "table" : "file";
    int64_t num_files = 0, num_bytes = 0;
    const auto segments = source->segments();
    for (const SegmentInfo& segment : segments) {
      for (const FileInfo& file : segment.files) num_bytes += file.file_bytes;
      num_files += static_cast<int64_t>(segment.files.size());
    }
    VersionInfo newest;
    if (source->is_table()) {
      ARROW_ASSIGN_OR_RAISE(const auto history, source->table()->History(1));
      document["uri"] = source->table()->uri();
      document["version"] = source->snapshot()->version();
      if (!history.empty()) {
        newest = history.front();
        document["committed"] = FormatTimeIso(newest.commit_micros);
        document["operation"] = newest.operation;
        if (!newest.message.empty()) document["message"] = newest.message;
      }
      document["segments"] = segments.size();
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto summary,
                            SummarizeParquet(source->store(), segments[0].files[0].path));
      document["created_by"] = summary.created_by;
      document["row_groups"] = summary.row_groups.size();
      document["footer_bytes"] = summary.footer_bytes;
    }
    document["rows"] = source->num_rows();
    document["columns"] = source->schema()->num_fields();
    document["files"] = num_files;
    document["bytes"] = num_bytes;
    if (const auto& collection = source->collection_schema(); collection != nullptr) {
      const FieldSchema* key = collection->primary_key();
      document["primary_key"] =
          key == nullptr ? nlohmann::ordered_json() : nlohmann::ordered_json(key->name);
    }
    if (console->json) {
      PrintJson(console, document);
      return Status::OK();
    }
    Print(console, *source, document, num_files, num_bytes, newest);
    return Status::OK();
  }

 private:
  static void Print(Console* console, const Source& source, const nlohmann::ordered_json& document,
                    int64_t num_files, int64_t num_bytes, const VersionInfo& newest) {
    const auto line = [&](const std::string& name, const std::string& text) {
      console->DataLine(console->Bold(PadToWidth(name, 12, false)) + Printable(text));
    };
    if (source.is_table()) {
      line("table", source.table()->uri());
      std::string version = std::to_string(source.snapshot()->version());
      if (newest.version == source.snapshot()->version()) {
        version += ", " + newest.operation + " of " + FormatTime(newest.commit_micros);
        if (!newest.message.empty()) version += ": " + newest.message;
      }
      line("version", version);
    } else {
      line("file", source.location());
      line("written by", document["created_by"].get<std::string>());
    }
    line("rows", FormatCount(source.num_rows()));
    line("columns", std::to_string(source.schema()->num_fields()));
    std::string size = FormatBytes(num_bytes);
    if (source.is_table()) {
      size += " in " + Plural(num_files, "file") + " of " +
              Plural(document["segments"].get<int64_t>(), "segment");
    } else {
      size += " in " + Plural(document["row_groups"].get<int64_t>(), "row group");
    }
    line("size", size);
    const auto key = document.find("primary_key");
    if (key != document.end() && key->is_string()) line("primary key", key->get<std::string>());
  }

  SourceArguments source_;
};

}  // namespace

extern const CommandEntry kInfoCommand{
    "info",
    "Look",
    "What a table or file is: version, rows, size",
    "",
    "varve info books\nvarve info books --as-of 2h --json\nvarve info some.parquet",
    MakeCommand<InfoCommand>};

}  // namespace varve::cli
