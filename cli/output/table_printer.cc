// SPDX-License-Identifier: Apache-2.0
#include "cli/output/table_printer.h"

#include <algorithm>
#include <utility>

#include "cli/output/display_text.h"

namespace varve::cli {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowestColumn = 10;

}  // namespace

void TablePrinter::AddColumn(std::string title, bool right_aligned) {
  columns_.push_back({std::move(title), right_aligned, 0});
}

void TablePrinter::AddRow(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void TablePrinter::FixWidths() {
  num_shown_ = columns_.size();
  int total = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    int width = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    columns_[i].width = width;
    total += width + (i == 0 ? 0 : kGap);
  }
  const int room = console_->width();
  if (room == 0) return;
  while (total > room) {
    auto widest =
        std::max_element(columns_.begin(), columns_.begin() + num_shown_,
                         [](const Column& a, const Column& b) { return a.width < b.width; });
    if (widest->width > kNarrowestColumn) {
      --widest->width;
      --total;
    } else if (num_shown_ > 1) {
      total -= columns_[--num_shown_].width + kGap;
    } else {
      return;
    }
  }
}

void TablePrinter::Flush() {
  const auto print = [&](const auto& cell_of, const auto& mark) {
    std::string line;
    for (size_t i = 0; i < num_shown_; ++i) {
      const Column& column = columns_[i];
      std::string cell = CutToWidth(cell_of(i), column.width);
      // No spaces at the end of a line.
      if (i + 1 < num_shown_ || column.right_aligned) {
        cell = PadToWidth(cell, column.width, column.right_aligned);
      }
      line += (i == 0 ? "" : std::string(kGap, ' ')) + mark(cell);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    console_->DataLine(line);
  };
  if (!started_) {
    FixWidths();
    print([&](size_t i) { return columns_[i].title; },
          [&](const std::string& cell) { return console_->Bold(cell); });
    started_ = true;
  }
  for (const auto& row : rows_) {
    print([&](size_t i) { return row[i]; }, [](const std::string& cell) { return cell; });
  }
  rows_.clear();
}

void TablePrinter::Finish() {
  Flush();
  if (num_shown_ == columns_.size()) return;
  std::string names;
  for (size_t i = num_shown_; i < columns_.size(); ++i) {
    names += (names.empty() ? "" : ", ") + columns_[i].title;
  }
  console_->Say("not shown for want of room: " + names);
}

}  // namespace varve::cli
