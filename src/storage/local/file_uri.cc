// SPDX-License-Identifier: Apache-2.0
#include "storage/local/file_uri.h"

#include <charconv>

namespace varve::internal {
namespace {

constexpr std::string_view kScheme = "file:";
constexpr std::string_view kAuthority = "//";
constexpr std::string_view kLocalHost = "localhost/";

Status Refuse(const std::string& uri, const char* problem) {
  return MakeError(ErrorKind::kInvalid, problem, {.object = uri});
}

}  // namespace

std::string FileUri(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri(kScheme);
  uri += kAuthority;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '%' || c == '?' || c == '#') {
      uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    } else {
      uri += c;
    }
  }
  return uri;
}

Result<std::string> PathOfFileUri(const std::string& uri) {
  std::string_view rest(uri);
  if (!rest.starts_with(kScheme)) return Refuse(uri, "not a file URI");
  rest.remove_prefix(kScheme.size());
  if (rest.starts_with(kAuthority)) {
    rest.remove_prefix(kAuthority.size());
    if (rest.starts_with(kLocalHost)) rest.remove_prefix(kLocalHost.size() - 1);
  }
  if (!rest.starts_with('/')) {
    return Refuse(uri, "a file URI names an absolute path and no host: file:///path");
  }
  std::string path;
  for (size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == '?' || rest[at] == '#') {
      return Refuse(uri, "a file URI with a query or a fragment; write %3F or %23 in a name");
    }
    if (rest[at] != '%') {
      path += rest[at];
      continue;
    }
    const std::string_view digits = rest.substr(at + 1, 2);
    unsigned byte = 0;
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, byte, 16);
    if (digits.size() != 2 || parsed.ptr != end) {
      return Refuse(uri, "a file URI with a broken percent escape");
    }
    if (byte == 0) return Refuse(uri, "a file URI with a NUL");
    path += static_cast<char>(byte);
    at += 2;
  }
  return path;
}

}  // namespace varve::internal
