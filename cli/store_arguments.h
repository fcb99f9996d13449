// SPDX-License-Identifier: Apache-2.0
// How to get at a store: the options that every command with an address has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "varve/configuration.h"
#include "varve/table.h"

namespace CLI {
class App;
}

namespace varve::cli {

struct StoreArguments {
  std::vector<std::string> options;  ///< "key=value"
  std::string configuration;         ///< a file; empty: that of the environment, if any

  /// Declares --storage-option and --config.
  void Configure(CLI::App* app);

  /// The file of --config or of VARVE_CONFIG; nullopt: neither.
  Result<std::optional<StorageConfiguration>> LoadConfiguration() const;

  /// A plain relative name ("books", not "./books" or "rows.parquet") lies below the place that the
  /// file names, if it names one; everything else stays as it is.
  Status Locate(std::string* location) const;

  /// For the store at `location`: what the options say, then what the file says of that kind of
  /// store.  Errors: Invalid for what is no key=value, without repeating it
  Result<ChunkManagerOptions> ToOptions(const std::string& location) const;
  /// The same, with the file's codec for what is written.
  Result<TableOptions> ToTableOptions(const std::string& location) const;
};

/// Adds "key=value" pairs to `options`, before what stands there.  Errors: as ToOptions
Status AddStorageOptions(const std::vector<std::string>& pairs, ChunkManagerOptions* options);

}  // namespace varve::cli
