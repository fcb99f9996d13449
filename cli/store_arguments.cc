// SPDX-License-Identifier: Apache-2.0
#include "cli/store_arguments.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "cli/location.h"
#include "varve/table_configuration.h"

namespace varve::cli {
void StoreArguments::Configure(CLI::App* app) {
  app->add_option("--storage-option", options,
                  "For addresses of object stores, KEY=VALUE; repeat for each. Keys are best kept "
                  "in the environment or in a file: others may see a command line")
      ->allow_extra_args(false);
  app->add_option("--config", configuration,
                  "YAML file with the section 'storage'; default: $VARVE_CONFIG");
}

Result<std::optional<StorageConfiguration>> StoreArguments::LoadConfiguration() const {
  return FindConfiguration(configuration);
}

Status StoreArguments::Locate(std::string* location) const {
  if (IsLocalFile(*location) || IsAbsentFile(*location)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto file, LoadConfiguration());
  if (file.has_value()) *location = varve::Locate(*file, *location);
  return Status::OK();
}

Result<ChunkManagerOptions> StoreArguments::ToOptions(const std::string& location) const {
  ARROW_ASSIGN_OR_RAISE(TableOptions out, ToTableOptions(location));
  return std::move(out.store);
}

Result<TableOptions> StoreArguments::ToTableOptions(const std::string& location) const {
  TableOptions out;
  ARROW_ASSIGN_OR_RAISE(const auto file, LoadConfiguration());
  if (file.has_value()) out = TableOptionsFrom(*file, location);
  ARROW_RETURN_NOT_OK(AddStorageOptions(options, &out.store));
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
