// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "arrow/record_batch.h"
#include "cli/command.h"
#include "cli/option_checks.h"
#include "cli/output/amounts.h"
#include "cli/output/json_document.h"
#include "cli/output/row_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class QueryCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app);
    AddColumnsOption(app, &columns_, "Only these columns, RowID and Timestamp too, in this order");
    app->add_option("-w,--filter", filter_, "Only rows for which this is true")
        ->check(FilterText());
    auto* limit = app->add_option("-n,--limit", limit_, "At most so many rows; default: all")
                      ->check(WholeNumber(0));
    app->add_flag("--count", count_, "Only count the rows")->excludes(limit);
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    if (count_) {
      ARROW_ASSIGN_OR_RAISE(const int64_t rows, source->snapshot()->Count(filter_));
      nlohmann::ordered_json document;
      document["version"] = source->snapshot()->version();
      document["rows"] = rows;
      if (console->json) {
        PrintJson(console, document);
      } else {
        console->DataLine(std::to_string(rows));
      }
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(
        const auto reader,
        source->Scan({.columns = SplitNames(columns_), .filter = filter_, .limit = limit_}));
    RowPrinter printer(console, *reader->schema());
    ARROW_RETURN_NOT_OK(printer.PrintAll(reader.get(), limit_));
    console->Say(Plural(printer.num_rows(), "row"));
    return Status::OK();
  }

 private:
  SourceArguments source_;
  std::vector<std::string> columns_;
  std::string filter_;
  int64_t limit_ = INT64_MAX;
  bool count_ = false;
};

}  // namespace

extern const CommandEntry kQueryCommand{
    "query",
    "Read",
    "Rows and columns of a table that match a filter",
    "Filters: comparisons (= != < <= > >=), IN (…), BETWEEN x AND y, LIKE 'prefix%', IS [NOT] "
    "NULL,\n"
    "AND, OR, NOT and parentheses, over column names, numbers, 'texts', true and false.\n"
    "With --json: one object a line; with --count: {\"version\": …, \"rows\": …}.",
    "varve query books --filter \"year >= 1990 AND language IN ('en', 'fr')\" --columns id,title "
    "-n 20\n"
    "varve query books --filter \"title LIKE 'The %'\" --count\n"
    "varve query books --columns id,embedding --json > embeddings.jsonl",
    MakeCommand<QueryCommand>};

}  // namespace varve::cli
