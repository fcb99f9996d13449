// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/json_document.h"
#include "cli/output/table_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class HistoryCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app);
    app->add_option("-n,--limit", limit_, "At most so many versions, newest first")
        ->check(WholeNumber(1));
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    ARROW_ASSIGN_OR_RAISE(const auto history, source->table()->History(limit_));
    TablePrinter table(console);
    table.AddColumn("version", true);
    table.AddColumn("committed");
    table.AddColumn("operation");
    table.AddColumn("added", true);
    table.AddColumn("removed", true);
    table.AddColumn("rows", true);
    table.AddColumn("message");
    for (const VersionInfo& version : history) {
      if (console->json) {
        nlohmann::ordered_json line;
        line["version"] = version.version;
        line["committed"] = FormatTimeIso(version.commit_micros);
        line["operation"] = version.operation;
        line["rows_added"] = version.rows_added;
        line["rows_removed"] = version.rows_removed;
        line["rows"] = version.num_rows;
        line["message"] = version.message;
        PrintJson(console, line);
      } else {
        table.AddRow({std::to_string(version.version), FormatTime(version.commit_micros),
                      version.operation, FormatCount(version.rows_added),
                      FormatCount(version.rows_removed), FormatCount(version.num_rows),
                      Printable(version.message)});
      }
    }
    if (!console->json) table.Finish();
    return Status::OK();
  }

 private:
  SourceArguments source_;
  int64_t limit_ = INT64_MAX;
};

}  // namespace

extern const CommandEntry kHistoryCommand{
    "history",
    "Look",
    "Versions of a table, newest first",
    "With --json: one object a line.",
    "varve history books\nvarve history books --limit 5 --json",
    MakeCommand<HistoryCommand>};

}  // namespace varve::cli
