// SPDX-License-Identifier: Apache-2.0
// How rows are laid out in files: the options create, import and quickstart share.
#pragma once

#include <string>
#include <vector>

#include "cli/store_arguments.h"
#include "varve/table.h"

namespace CLI {
class App;
}

namespace varve::cli {

struct WriteArguments {
  std::string split = "default";
  std::string compression;          ///< empty: that of the configuration file, else zstd
  std::vector<std::string> codecs;  ///< "FIELD=CODEC", with a level or without
  bool no_sync = false;
  StoreArguments store;

  /// Declares --split, --compression, --codec, --no-sync and the options of the store.
  void Configure(CLI::App* app);
  /// For the table at `location`.  Errors: Invalid for a policy or codec that there is none of
  Result<TableOptions> ToOptions(const std::string& location) const;
};

}  // namespace varve::cli
