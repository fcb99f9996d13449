// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "arrow/record_batch.h"
#include "cli/command.h"
#include "cli/output/row_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

class TakeCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_option("ROW", rows_, "Positions from 0, in any order, duplicates allowed")
        ->required()
        ->check(CLI::NonNegativeNumber);
    app->add_flag("--row-ids", by_row_id_, "The numbers are row ids, not positions");
    app->add_option("-c,--columns", columns_, "Only these columns, in this order: a,b,c")
        ->expected(1);
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    const auto columns = SplitNames(columns_);
    ARROW_RETURN_NOT_OK(source->CheckColumns(columns));
    std::shared_ptr<arrow::RecordBatch> batch;
    if (!by_row_id_) {
      ARROW_ASSIGN_OR_RAISE(batch, source->Take(rows_, columns));
    } else if (source->is_table()) {
      const std::vector<uint64_t> ids(rows_.begin(), rows_.end());
      ARROW_ASSIGN_OR_RAISE(batch, source->snapshot()->TakeRowIds(ids, {.columns = columns}));
    } else {
      return MakeError(ErrorKind::kInvalid, "a single file has no row ids",
                       {.object = source->location()});
    }
    RowPrinter printer(console, *batch->schema());
    printer.Print(*batch);
    printer.Finish();
    return Status::OK();
  }

 private:
  SourceArguments source_;
  std::vector<int64_t> rows_;
  std::vector<std::string> columns_;
  bool by_row_id_ = false;
};

}  // namespace

extern const CommandEntry kTakeCommand{
    "take",
    "Read",
    "Rows by position or row id",
    "With --json: one object a line.",
    "varve take books 5 17 5\nvarve take books --columns id,embedding 900 --json\n"
    "varve take books 12 --row-ids",
    MakeCommand<TakeCommand>};

}  // namespace varve::cli
