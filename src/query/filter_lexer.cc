// SPDX-License-Identifier: Apache-2.0
#include "query/filter_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace varve::internal {
namespace {

constexpr std::array<std::string_view, 11> kKeywords = {
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "FALSE", "ESCAPE"};
constexpr size_t kFoundBytesMax = 40;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNameCharacter(char c) { return IsNameStart(c) || IsDigit(c) || c == '$'; }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool EqualsKeyword(std::string_view word, std::string_view keyword) {
  return word.size() == keyword.size() && std::equal(word.begin(), word.end(), keyword.begin(),
                                                     [](char a, char b) { return Upper(a) == b; });
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char upper = Upper(c);
  return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

}  // namespace

bool FilterToken::IsKeyword(std::string_view keyword) const {
  return kind == Kind::kName && EqualsKeyword(source, keyword);
}

bool IsFilterKeyword(std::string_view word) {
  return std::any_of(kKeywords.begin(), kKeywords.end(),
                     [&](std::string_view keyword) { return EqualsKeyword(word, keyword); });
}

std::string FilterNameToString(std::string_view name) {
  const bool bare = !name.empty() && IsNameStart(name.front()) &&
                    std::all_of(name.begin(), name.end(), IsNameCharacter) &&
                    !IsFilterKeyword(name);
  if (bare) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string DescribeToken(const FilterToken& token) {
  if (token.kind == FilterToken::Kind::kEnd) return "the end of the filter";
  if (token.source.size() <= kFoundBytesMax) return std::string(token.source);
  size_t cut = kFoundBytesMax;
  while (cut > 0 && IsContinuation(token.source[cut])) --cut;
  return std::string(token.source.substr(0, cut)) + "...";
}

Status FilterLexer::ErrorAt(size_t offset, std::string_view message, ErrorContext context) const {
  size_t line = 1, column = 1;
  for (const char c : text_.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if (!IsContinuation(c)) {
      ++column;
    }
  }
  std::string text = "filter, line " + std::to_string(line) + ", column " + std::to_string(column);
  if (!message.empty()) text.append(": ").append(message);
  return MakeError(ErrorKind::kInvalid, text, std::move(context));
}

Result<FilterToken> FilterLexer::Next() {
  while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t' ||
                                      text_[position_] == '\n' || text_[position_] == '\r')) {
    ++position_;
  }
  FilterToken token;
  token.offset = position_;
  if (position_ == text_.size()) return token;
  const char c = text_[position_];
  const char next = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
  if (c == '\'') {
    token.kind = FilterToken::Kind::kText;
    return Quoted(std::move(token), position_);
  }
  if (c == '"') {
    token.kind = FilterToken::Kind::kQuotedName;
    return Quoted(std::move(token), position_);
  }
  if ((c == 'x' || c == 'X') && next == '\'') {
    token.kind = FilterToken::Kind::kBytes;
    return Quoted(std::move(token), position_ + 1);
  }
  if (IsNameStart(c)) {
    token.kind = FilterToken::Kind::kName;
    while (position_ < text_.size() && IsNameCharacter(text_[position_])) ++position_;
    token.source = text_.substr(token.offset, position_ - token.offset);
    token.value = token.source;
    return token;
  }
  const char after = (c == '-' || c == '+') ? next : c;
  if (IsDigit(after) || after == '.') return Number(std::move(token));

  static constexpr std::array<std::string_view, 12> kSymbols = {"==", "!=", "<>", "<=", ">=", "=",
                                                                "<",  ">",  "(",  ")",  ",",  ";"};
  for (const std::string_view symbol : kSymbols) {
    if (text_.substr(position_, symbol.size()) != symbol) continue;
    token.kind = FilterToken::Kind::kSymbol;
    token.source = text_.substr(position_, symbol.size());
    position_ += symbol.size();
    return token;
  }
  token.source = text_.substr(position_, 1);
  std::string expected = "a column, a literal or an operator";
  if (c == '&') expected = "AND";
  if (c == '|') expected = "OR";
  if (c == '!') expected = "NOT, or !=";
  const bool printable = c > ' ' && c < '\x7F';
  return ErrorAt(position_, "",
                 {.expected = expected,
                  .found = printable ? std::string(1, c)
                                     : "byte " + std::to_string(static_cast<unsigned char>(c))});
}

Result<FilterToken> FilterLexer::Quoted(FilterToken token, size_t open) {
  const char quote = text_[open];
  size_t at = open + 1;
  while (true) {
    const size_t close = text_.find(quote, at);
    if (close == std::string_view::npos) {
      return ErrorAt(token.offset, quote == '"' ? "the name has no closing quote"
                                                : "the text has no closing quote");
    }
    token.value.append(text_.substr(at, close - at));
    at = close + 1;
    if (at == text_.size() || text_[at] != quote) break;
    token.value.push_back(quote);  // a doubled quote stands for one
    ++at;
  }
  position_ = at;
  token.source = text_.substr(token.offset, at - token.offset);
  if (token.kind != FilterToken::Kind::kBytes) return token;
  std::string bytes;
  for (size_t i = 0; i < token.value.size(); i += 2) {
    const int high = HexDigit(token.value[i]);
    const int low = i + 1 < token.value.size() ? HexDigit(token.value[i + 1]) : -1;
    if (high < 0 || low < 0) {
      return ErrorAt(token.offset, "",
                     {.expected = "pairs of hexadecimal digits", .found = DescribeToken(token)});
    }
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  token.value = std::move(bytes);
  return token;
}

Result<FilterToken> FilterLexer::Number(FilterToken token) {
  token.kind = FilterToken::Kind::kNumber;
  size_t at = position_ + 1;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    const bool exponent_sign =
        (c == '-' || c == '+') && (text_[at - 1] == 'e' || text_[at - 1] == 'E');
    if (!IsNameCharacter(c) && c != '.' && !exponent_sign) break;
  }
  token.source = text_.substr(token.offset, at - token.offset);
  position_ = at;
  return token;  // the parser of numbers refuses what is none
}

}  // namespace varve::internal
