// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "arrow/record_batch.h"
#include "cli/command.h"
#include "cli/option_checks.h"
#include "cli/output/row_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class HeadCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_option("-n,--limit", limit_, "How many rows; default: 10")->check(WholeNumber(0));
    AddColumnsOption(app, &columns_, "Only these columns, in this order");
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          source->Scan({.columns = SplitNames(columns_), .limit = limit_}));
    return RowPrinter(console, *reader->schema()).PrintAll(reader.get(), limit_);
  }

 private:
  SourceArguments source_;
  int64_t limit_ = 10;
  std::vector<std::string> columns_;
};

}  // namespace

extern const CommandEntry kHeadCommand{
    "head",
    "Read",
    "The first rows of a table or file",
    "With --json: one object a line.",
    "varve head books\nvarve head books -n 3 --columns id,title --version 1\n"
    "varve head some.parquet --json | jq .id",
    MakeCommand<HeadCommand>};

}  // namespace varve::cli
