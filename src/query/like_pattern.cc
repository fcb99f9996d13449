// SPDX-License-Identifier: Apache-2.0
#include "query/like_pattern.h"

#include <algorithm>

namespace varve::internal {
namespace {

constexpr size_t kNoMatch = std::string_view::npos;

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
int ByteOf(char c) { return static_cast<unsigned char>(c); }

}  // namespace

std::optional<LikePattern> LikePattern::Parse(std::string_view pattern, bool utf8) {
  LikePattern result(utf8);
  result.pieces_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%') {
      // Neighbouring % are one.
      if (result.pieces_.size() == 1 || !result.pieces_.back().empty()) {
        result.pieces_.emplace_back();
      }
    } else if (pattern[i] == '_') {
      result.pieces_.back().push_back(kAnyCharacter);
    } else {
      if (pattern[i] == '\\' && ++i == pattern.size()) return std::nullopt;
      result.pieces_.back().push_back(ByteOf(pattern[i]));
    }
  }
  for (const int unit : result.pieces_.front()) {
    if (unit == kAnyCharacter) {
      result.is_literal_prefix_ = false;
      break;
    }
    result.prefix_.push_back(static_cast<char>(unit));
  }
  return result;
}

size_t LikePattern::CharacterEnd(std::string_view text, size_t begin) const {
  size_t end = begin + 1;
  while (utf8_ && end < text.size() && IsContinuation(text[end])) ++end;
  return end;
}

size_t LikePattern::CharacterBegin(std::string_view text, size_t end) const {
  size_t begin = end - 1;
  while (utf8_ && begin > 0 && IsContinuation(text[begin])) --begin;
  return begin;
}

size_t LikePattern::MatchForward(const Piece& piece, std::string_view text, size_t begin) const {
  size_t at = begin;
  for (const int unit : piece) {
    if (at >= text.size()) return kNoMatch;
    if (unit == kAnyCharacter) {
      at = CharacterEnd(text, at);
    } else if (ByteOf(text[at]) == unit) {
      ++at;
    } else {
      return kNoMatch;
    }
  }
  return at;
}

size_t LikePattern::MatchBackward(const Piece& piece, std::string_view text) const {
  size_t at = text.size();
  for (auto unit = piece.rbegin(); unit != piece.rend(); ++unit) {
    if (at == 0) return kNoMatch;
    if (*unit == kAnyCharacter) {
      at = CharacterBegin(text, at);
    } else if (ByteOf(text[at - 1]) == *unit) {
      --at;
    } else {
      return kNoMatch;
    }
  }
  return at;
}

bool LikePattern::Matches(std::string_view text) const {
  size_t at = MatchForward(pieces_.front(), text, 0);
  if (at == kNoMatch) return false;
  if (pieces_.size() == 1) return at == text.size();
  // The leftmost place is the best one for every piece but the last.
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    size_t end = kNoMatch;
    for (; at < text.size() && end == kNoMatch; at += end == kNoMatch ? 1 : 0) {
      // _ never begins within a character.
      if (utf8_ && pieces_[i].front() == kAnyCharacter && at > 0 && IsContinuation(text[at])) {
        continue;
      }
      end = MatchForward(pieces_[i], text, at);
    }
    if (end == kNoMatch) return false;
    at = end;
  }
  const size_t last = MatchBackward(pieces_.back(), text);
  return last != kNoMatch && last >= at;
}

}  // namespace varve::internal
