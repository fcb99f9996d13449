// SPDX-License-Identifier: Apache-2.0
// Aligned columns. Widths come from the first rows and stay; on a terminal, columns shrink until
// the table fits, and the last ones are left out (and named) where it cannot.
#pragma once

#include <string>
#include <vector>

#include "cli/output/console.h"

namespace varve::cli {

class TablePrinter {
 public:
  /// REQUIRES: console outlives this
  explicit TablePrinter(Console* console) : console_(console) {}

  void AddColumn(std::string title, bool right_aligned = false);
  /// Cells in the order of the columns, printable; rows are kept until Flush or Finish.
  void AddRow(std::vector<std::string> cells);
  size_t num_pending() const { return rows_.size(); }

  /// Prints what was added, the titles first.
  void Flush();
  /// Flush, and a word on columns left out.
  void Finish();

 private:
  struct Column {
    std::string title;
    bool right_aligned = false;
    int width = 0;
  };

  void FixWidths();

  Console* console_;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  size_t num_shown_ = 0;
  bool started_ = false;
};

}  // namespace varve::cli
