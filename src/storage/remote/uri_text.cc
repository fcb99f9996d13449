// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/uri_text.h"

#include <optional>

namespace varve::internal {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace

UriParts SplitUri(std::string_view uri) {
  UriParts parts;
  if (const size_t end = uri.find("://"); end != uri.npos) {
    parts.scheme = uri.substr(0, end);
    uri.remove_prefix(end + 3);
  }
  if (const size_t mark = uri.find('?'); mark != uri.npos) {
    parts.query = uri.substr(mark + 1);
    uri = uri.substr(0, mark);
  }
  const size_t slash = uri.find('/');
  parts.authority = uri.substr(0, slash);
  if (slash != uri.npos) parts.path = uri.substr(slash);
  return parts;
}

std::string_view HostOf(std::string_view authority) {
  if (const size_t at = authority.rfind('@'); at != authority.npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    return authority.substr(1, end == authority.npos ? end : end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // Four numbers, so that 127.example.com is not one of ours.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

Result<std::map<std::string, std::string>> ParseQuery(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == query.npos ? query.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto key = Unescape(pair.substr(0, equals));
    if (equals == pair.npos || !key || key->empty()) {
      return MakeError(ErrorKind::kInvalid, "an option in an address needs a name and a value",
                       {.field = key.value_or("?"), .expected = "name=value"});
    }
    auto value = Unescape(pair.substr(equals + 1));
    if (!value) {
      return MakeError(ErrorKind::kInvalid, "an option in an address has a broken escape",
                       {.field = *key});
    }
    if (!out.try_emplace(*key, *std::move(value)).second) {
      return MakeError(ErrorKind::kInvalid, "an option stands twice in an address",
                       {.field = *key});
    }
  }
  return out;
}

}  // namespace varve::internal
