// SPDX-License-Identifier: Apache-2.0
// The keys of a configuration file that are known, with their values: one name each, whatever way
// it was written.
//
// Errors: Invalid naming file, line and key. A value is repeated where it has a type, so that it
//         cannot be a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

struct Setting {
  std::string path;   ///< as written: "minio.useSSL"
  std::string place;  ///< "varve.yaml:12"
  std::string value;
};

class Settings {
 public:
  static Result<Settings> Read(const std::string& text, const std::string& source);

  /// By name, as under `storage`: "use_ssl", "cache.memory_limit". nullptr: not set, or to nothing.
  const Setting* Find(std::string_view name) const;
  /// What stands under storage.options, by option.
  const std::map<std::string, Setting>& options() const { return options_; }
  /// Whether a section of the file begins so: "minio".
  bool HasSection(std::string_view section) const;

  std::string Text(std::string_view name) const;  ///< "" if not set
  Result<std::optional<bool>> Flag(std::string_view name) const;
  Result<std::optional<int64_t>> Integer(std::string_view name, int64_t least, int64_t most) const;
  Result<std::optional<int64_t>> Bytes(std::string_view name) const;
  Result<std::optional<std::chrono::milliseconds>> Duration(std::string_view name) const;

  /// The value is not repeated.
  static Status Wrong(const Setting& setting, std::string_view problem, std::string expected);

 private:
  static Status WrongValue(const Setting& setting, std::string expected);

  std::map<std::string, Setting, std::less<>> settings_;
  std::map<std::string, Setting> options_;
};

}  // namespace varve::internal
