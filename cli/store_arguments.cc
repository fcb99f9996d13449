// SPDX-License-Identifier: Apache-2.0
#include "cli/store_arguments.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <string_view>

#include "cli/location.h"

namespace varve::cli {
namespace {

constexpr char kVariable[] = "VARVE_CONFIG";

// Schemes of addresses, and the types of configuration files whose options are for them.
struct Kind {
  std::string_view scheme;
  std::string_view type;
};
constexpr std::array kKinds = {
    Kind{"s3", "s3"},       Kind{"s3", "minio"},   Kind{"s3a", "s3"},  Kind{"s3a", "minio"},
    Kind{"az", "azure"},    Kind{"abfs", "azure"}, Kind{"gs", "gcp"},  Kind{"gcs", "gcp"},
    Kind{"azure", "azure"}, Kind{"oss", "oss"},    Kind{"cos", "cos"}, Kind{"cosn", "cos"},
    Kind{"obs", "obs"},
};

bool IsFor(const StorageConfiguration& configuration, const std::string& location) {
  const size_t end = location.find("://");
  if (end == std::string::npos) return false;
  for (const Kind& kind : kKinds) {
    if (kind.type == configuration.type && location.compare(0, end, kind.scheme) == 0) return true;
  }
  return false;
}

}  // namespace

void StoreArguments::Configure(CLI::App* app) {
  app->add_option("--storage-option", options,
                  "For addresses of object stores, KEY=VALUE; repeat for each. Keys are best kept "
                  "in the environment or in a file: others may see a command line")
      ->allow_extra_args(false);
  app->add_option("--config", configuration,
                  "YAML file with the section 'storage'; default: $VARVE_CONFIG");
}

Result<std::optional<StorageConfiguration>> StoreArguments::LoadConfiguration() const {
  std::string path = configuration;
  if (const char* variable = std::getenv(kVariable); path.empty() && variable != nullptr) {
    path = variable;
  }
  if (path.empty()) return std::optional<StorageConfiguration>();
  return StorageConfiguration::Load(path);
}

Status StoreArguments::Locate(std::string* location) const {
  const bool is_plain = !location->empty() && location->find(':') == std::string::npos &&
                        location->front() != '/' && location->front() != '.';
  if (!is_plain || IsLocalFile(*location) || IsAbsentFile(*location)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto file, LoadConfiguration());
  if (file.has_value() && !file->uri.empty()) *location = file->uri + "/" + *location;
  return Status::OK();
}

Result<ChunkManagerOptions> StoreArguments::ToOptions(const std::string& location) const {
  ChunkManagerOptions out;
  ARROW_ASSIGN_OR_RAISE(const auto file, LoadConfiguration());
  if (file.has_value() && IsFor(*file, location)) out.storage_options = file->StorageOptions();
  ARROW_RETURN_NOT_OK(AddStorageOptions(options, &out));
  return out;
}

Status AddStorageOptions(const std::vector<std::string>& pairs, ChunkManagerOptions* options) {
  for (size_t i = 0; i < pairs.size(); ++i) {
    const size_t end = pairs[i].find('=');
    if (end == std::string::npos || end == 0) {
      return MakeError(ErrorKind::kInvalid, "storage option " + std::to_string(i + 1) +
                                                " is no KEY=VALUE, such as region=eu-west-1");
    }
    options->storage_options[pairs[i].substr(0, end)] = pairs[i].substr(end + 1);
  }
  return Status::OK();
}

}  // namespace varve::cli
