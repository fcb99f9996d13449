// SPDX-License-Identifier: Apache-2.0
// Splits filter text into tokens, one ahead of the parser.
//
// Errors:   Invalid with line and column, counted from 1, columns in characters
// Lifetime: views the text
// Threads:  one caller at a time
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

struct FilterToken {
  enum class Kind { kName, kQuotedName, kNumber, kText, kBytes, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view source;  ///< as written
  std::string value;        ///< names, texts and bytes: without quotes and escapes
  size_t offset = 0;

  bool IsSymbol(std::string_view symbol) const { return kind == Kind::kSymbol && source == symbol; }
  /// `keyword` in capitals; bare names match in either case.
  bool IsKeyword(std::string_view keyword) const;
};

class FilterLexer {
 public:
  explicit FilterLexer(std::string_view text) : text_(text) {}

  Result<FilterToken> Next();

  /// "filter, line 1, column 9: `message`", with what was expected and found.
  Status ErrorAt(size_t offset, std::string_view message, ErrorContext context = {}) const;

 private:
  Result<FilterToken> Quoted(FilterToken token, size_t open);
  Result<FilterToken> Number(FilterToken token);

  std::string_view text_;
  size_t position_ = 0;
};

/// AND, OR, NOT, IN, …: never a bare name of a column.
bool IsFilterKeyword(std::string_view word);

/// The name bare where that is possible, else "quoted".
std::string FilterNameToString(std::string_view name);

/// "'AND'", "the end of the filter"; long tokens are cut.
std::string DescribeToken(const FilterToken& token);

}  // namespace varve::internal
