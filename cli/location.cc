// SPDX-License-Identifier: Apache-2.0
#include "cli/location.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "arrow/scalar.h"
#include "arrow/type.h"

namespace varve::cli {
namespace {

constexpr int64_t kMicrosPerSecond = 1000000;

std::optional<int64_t> ParseAge(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  int64_t unit = 0;
  switch (text.back()) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 86400;
      break;
    default:
      return std::nullopt;
  }
  text.remove_suffix(1);
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  int64_t micros = 0;
  if (__builtin_mul_overflow(count, unit * kMicrosPerSecond, &micros)) return std::nullopt;
  return micros;
}

}  // namespace

std::optional<std::string> LocalPath(const std::string& location) {
  const size_t scheme = location.find("://");
  if (scheme == std::string::npos) {
    // RFC 8089 lets the authority be left out.
    return location.starts_with("file:/") ? location.substr(5) : location;
  }
  if (location.compare(0, scheme, "file") != 0) return std::nullopt;
  return location.substr(scheme + 3);
}

bool IsLocalFile(const std::string& location) {
  const auto path = LocalPath(location);
  std::error_code error;
  return path.has_value() && std::filesystem::is_regular_file(*path, error);
}

bool IsAbsentFile(const std::string& location) {
  const auto path = LocalPath(location);
  if (!path.has_value()) return false;
  const std::string extension = std::filesystem::path(*path).extension().string();
  std::error_code error;
  return (extension == ".parquet" || extension == ".pq") &&
         !std::filesystem::exists(*path, error) && !error;
}

bool IsRemote(const std::string& location) { return !LocalPath(location).has_value(); }

bool IsRemoteFile(const std::string& location) {
  const std::string address = location.substr(0, location.find('?'));
  return IsRemote(location) && (address.ends_with(".parquet") || address.ends_with(".pq"));
}

std::string WithoutOptions(const std::string& location) {
  if (!IsRemote(location)) return location;
  std::string address = location.substr(0, location.find('?'));
  const size_t host = address.find("://") + 3;
  const size_t at = address.find('@', host);
  if (at != std::string::npos && at < address.find('/', host)) address.erase(host, at + 1 - host);
  return address;
}

FileLocation SplitFileLocation(const std::string& location) {
  if (IsRemote(location)) {
    const size_t options = std::min(location.find('?'), location.size());
    const std::string address = location.substr(0, options);
    const size_t slash = address.rfind('/');
    return {address.substr(0, slash) + location.substr(options), address.substr(slash + 1)};
  }
  // An empty path has no absolute one, and is left to the store, which refuses it.
  std::error_code error;
  const auto path = std::filesystem::absolute(*LocalPath(location), error);
  return {path.parent_path().string(), path.filename().string()};
}

Result<int64_t> ParseTime(const std::string& text, int64_t now_micros) {
  if (const auto age = ParseAge(text); age.has_value()) return now_micros - *age;
  std::string moment = text;
  if (!moment.empty() && moment.back() == 'Z') moment.pop_back();
  auto parsed = arrow::Scalar::Parse(arrow::timestamp(arrow::TimeUnit::MICRO), moment);
  if (!parsed.ok()) {
    return MakeError(ErrorKind::kInvalid,
                     "'" + text +
                         "' is no time; write 2026-11-21, 2026-11-21T04:00:00Z (UTC), or an age "
                         "such as 15m, 2h, 3d");
  }
  return static_cast<const arrow::TimestampScalar&>(**parsed).value;
}

}  // namespace varve::cli
