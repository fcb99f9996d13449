// SPDX-License-Identifier: Apache-2.0
#include "varve/table_configuration.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace varve {
namespace {

// Schemes of addresses, and the types of configuration files whose options are for them.
struct Kind {
  std::string_view scheme;
  std::string_view type;

  bool operator==(const Kind&) const = default;
};
constexpr Kind kKinds[] = {
    {"s3", "s3"},      {"s3", "minio"},    {"s3a", "s3"},  {"s3a", "minio"}, {"az", "azure"},
    {"abfs", "azure"}, {"azure", "azure"}, {"gs", "gcp"},  {"gcs", "gcp"},   {"oss", "oss"},
    {"cos", "cos"},    {"cosn", "cos"},    {"obs", "obs"},
};

bool IsFor(const StorageConfiguration& configuration, const std::string& location) {
  const size_t end = location.find("://");
  if (end == std::string::npos) return false;
  const Kind wanted{std::string_view(location).substr(0, end), configuration.type};
  return std::ranges::find(kKinds, wanted) != std::end(kKinds);
}

}  // namespace

Result<std::optional<StorageConfiguration>> FindConfiguration(const std::string& path) {
  if (!path.empty()) return StorageConfiguration::Load(path);
  const char* variable = std::getenv(kConfigurationVariable);
  if (variable == nullptr || *variable == '\0') return std::optional<StorageConfiguration>();
  return StorageConfiguration::Load(variable);
}

std::string Locate(const StorageConfiguration& configuration, const std::string& location) {
  const bool is_plain = !location.empty() && location.find(':') == std::string::npos &&
                        location.front() != '/' && location.front() != '.';
  return is_plain && !configuration.uri.empty() ? configuration.uri + "/" + location : location;
}

TableOptions TableOptionsFrom(const StorageConfiguration& configuration,
                              const std::string& location) {
  TableOptions options;
  options.write.defaults = {configuration.compression.algorithm, configuration.compression.level};
  if (IsFor(configuration, location)) {
    options.store.storage_defaults = configuration.StorageOptions();
  }
  return options;
}

}  // namespace varve
