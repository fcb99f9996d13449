// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <charconv>

#include "arrow/record_batch.h"
#include "cli/command.h"
#include "cli/output/row_printer.h"
#include "cli/source.h"

namespace varve::cli {
namespace {

Result<int64_t> ParseRow(const std::string& word) {
  int64_t row = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), row);
  if (parsed.ec == std::errc() && parsed.ptr == word.data() + word.size() && row >= 0) return row;
  const bool is_number = !word.empty() && parsed.ptr == word.data() + word.size();
  return MakeError(ErrorKind::kInvalid,
                   !is_number ? "'" + word + "' is no row number"
                   : row < 0  ? "there is no row " + word + "; rows are counted from 0"
                              : "there is no row " + word);
}

class TakeCommand : public Command {
 public:
  void Configure(CLI::App* app) override {
    source_.Configure(app, /*with_file=*/true);
    app->add_option("ROW", rows_, "Positions from 0, in any order, duplicates allowed");
    app->add_flag("--row-ids", by_row_id_, "The numbers are row ids, not positions");
    AddColumnsOption(app, &columns_, "Only these columns, in this order");
  }

  Status Run(Console* console) override {
    ARROW_ASSIGN_OR_RAISE(const auto source, Source::Open(source_));
    // "--columns id 900": a number behind the columns that is none of them is a row.
    std::vector<std::string> columns, words = rows_;
    for (std::string& name : SplitNames(columns_)) {
      const bool is_row = ParseRow(name).ok() && !source->CheckColumns({name}).ok();
      (is_row ? words : columns).push_back(std::move(name));
    }
    ARROW_RETURN_NOT_OK(source->CheckColumns(columns));
    std::vector<int64_t> rows;
    for (const std::string& word : words) {
      ARROW_ASSIGN_OR_RAISE(rows.emplace_back(), ParseRow(word));
    }
    if (rows.empty()) {
      return MakeError(ErrorKind::kInvalid, "name the rows to take: 'varve take TABLE 5 17 5'");
    }
    std::shared_ptr<arrow::RecordBatch> batch;
    if (!by_row_id_) {
      ARROW_ASSIGN_OR_RAISE(batch, source->Take(rows, columns));
    } else if (source->is_table()) {
      const std::vector<uint64_t> ids(rows.begin(), rows.end());
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
  std::vector<std::string> rows_;
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
