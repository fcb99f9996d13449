// SPDX-License-Identifier: Apache-2.0
// Where a command speaks: data goes to standard output, words to standard error, and progress bars
// only to a terminal.
//
// Threads: one caller at a time.
#pragma once

#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::cli {

class Console {
 public:
  /// Looks at the environment: NO_COLOR, TERM, COLUMNS, and whether the outputs are terminals.
  Console();

  bool json = false;     ///< --json: data as JSON
  bool quiet = false;    ///< --quiet: no words but errors
  bool metrics = false;  ///< --metrics: what stores were asked, at the end

  /// Writes to standard output.
  void Data(std::string_view text);
  void DataLine(std::string_view text) {
    Data(text);
    Data("\n");
  }
  /// One line of words on standard error.
  void Say(std::string_view text);
  /// Redraws the line at the bottom of the terminal; nothing where standard error is none.
  void Progress(std::string_view text);
  void ClearProgress();
  bool shows_progress() const { return words_on_terminal_ && !quiet; }

  /// Columns of the terminal that data goes to; 0: no terminal, do not cut.
  int width() const { return width_; }

  /// Marks for data; empty changes where colours are off.
  std::string Bold(std::string_view text) const { return Mark("1", text); }
  std::string Dim(std::string_view text) const { return Mark("2", text); }
  std::string Good(std::string_view text) const { return Mark("32", text); }
  std::string Bad(std::string_view text) const { return Mark("31", text); }

  /// Errors: IOError if anything written did not arrive (a full disk behind `>`).
  Status Flush();

 private:
  std::string Mark(const char* code, std::string_view text) const;

  bool colours_ = false;
  bool words_on_terminal_ = false;
  bool progress_shown_ = false;
  int width_ = 0;
};

}  // namespace varve::cli
