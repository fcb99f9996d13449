// SPDX-License-Identifier: Apache-2.0
// Commit tokens as text: "<32 hex digits of the commit id>:<version>,<version>,…".
#include <charconv>
#include <string_view>

#include "base/coding.h"
#include "manifest/manifest_store.h"
#include "manifest/version_chain.h"

namespace varve::internal {
namespace {

Status BadToken(const std::string& text) {
  return MakeError(
      ErrorKind::kInvalid, "not a commit token",
      {.expected = "<32 hex digits>:<version>,<version>,...", .found = text.substr(0, 100)});
}

}  // namespace

std::string CommitToken::Encode() const {
  std::string text = ToHex(commit_id) + ":";
  for (size_t i = 0; i < versions_tried.size(); ++i) {
    if (i > 0) text += ",";
    text += std::to_string(versions_tried[i]);
  }
  return text;
}

Result<CommitToken> CommitToken::Decode(const std::string& text) {
  CommitToken token;
  const size_t id_digits = 2 * token.commit_id.size();
  if (text.size() <= id_digits || text[id_digits] != ':') return BadToken(text);
  for (size_t i = 0; i < token.commit_id.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, token.commit_id[i], 16);
    if (error != std::errc() || end != digits + 2) return BadToken(text);
  }
  std::string_view rest = std::string_view(text).substr(id_digits + 1);
  while (!rest.empty()) {
    uint64_t version = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
    if (error != std::errc() || version == 0 || version >= kVersionLimit) return BadToken(text);
    rest.remove_prefix(end - rest.data());
    token.versions_tried.push_back(version);
    if (rest.empty()) break;
    if (rest.front() != ',' || rest.size() == 1) return BadToken(text);
    rest.remove_prefix(1);
  }
  if (token.versions_tried.empty()) return BadToken(text);
  return token;
}

}  // namespace varve::internal
