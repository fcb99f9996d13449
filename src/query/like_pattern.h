// SPDX-License-Identifier: Apache-2.0
// LIKE: % stands for any bytes, _ for one character, \ takes the next character as it is.
//
// Cost:    no backtracking over more than one %; at worst pattern bytes x text bytes
// Threads: immutable; share freely
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::internal {

class LikePattern {
 public:
  /// `utf8`: _ is one code point, else one byte. nullopt: the pattern ends in a lone backslash.
  static std::optional<LikePattern> Parse(std::string_view pattern, bool utf8);

  bool Matches(std::string_view text) const;

  /// The bytes that every match begins with.
  const std::string& prefix() const { return prefix_; }
  /// Only the text prefix() matches.
  bool is_literal() const { return pieces_.size() == 1 && is_literal_prefix_; }
  /// Exactly the texts that begin with prefix() match.
  bool is_prefix() const { return pieces_.size() == 2 && is_literal_prefix_ && pieces_[1].empty(); }

 private:
  // What stands between two %: bytes, and kAnyCharacter for _.
  using Piece = std::vector<int>;
  static constexpr int kAnyCharacter = -1;

  explicit LikePattern(bool utf8) : utf8_(utf8) {}

  size_t CharacterEnd(std::string_view text, size_t begin) const;
  size_t CharacterBegin(std::string_view text, size_t end) const;
  // Where the piece ends that begins at `begin`, or npos.
  size_t MatchForward(const Piece& piece, std::string_view text, size_t begin) const;
  // Where the piece begins that ends at the end of the text, or npos.
  size_t MatchBackward(const Piece& piece, std::string_view text) const;

  bool utf8_;
  std::vector<Piece> pieces_;  // one more than there are %
  std::string prefix_;
  bool is_literal_prefix_ = true;  // the first piece has no _
};

}  // namespace varve::internal
