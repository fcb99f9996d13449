// SPDX-License-Identifier: Apache-2.0
// Rows on standard output: an aligned table, or one JSON object a line.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "cli/output/console.h"
#include "cli/output/table_printer.h"
#include "varve/status.h"

namespace varve::cli {

class RowPrinter {
 public:
  /// REQUIRES: console outlives this
  RowPrinter(Console* console, const arrow::Schema& schema);

  void Print(const arrow::RecordBatch& batch);
  void Finish();
  /// Every row of `reader`; stops early, without an error, at `limit` rows.
  Status PrintAll(arrow::RecordBatchReader* reader, int64_t limit = INT64_MAX);

  int64_t num_rows() const { return num_rows_; }

 private:
  Console* console_;
  TablePrinter table_;
  std::vector<std::string> json_keys_;  // "name":, escaped
  int64_t num_rows_ = 0;
};

/// Appends row `row` of `batch` as a JSON object; `keys` as made by JsonKeys.
void AppendJsonRow(const arrow::RecordBatch& batch, int64_t row,
                   const std::vector<std::string>& keys, std::string* out);
std::vector<std::string> JsonKeys(const arrow::Schema& schema);

}  // namespace varve::cli
