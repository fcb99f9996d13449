// SPDX-License-Identifier: Apache-2.0
// How rows are laid out in files: the options create, import and quickstart share.
#pragma once

#include <string>

#include "varve/table.h"

namespace CLI {
class App;
}

namespace varve::cli {

struct WriteArguments {
  std::string split = "default";
  std::string compression = "zstd";
  bool no_sync = false;

  /// Declares --split, --compression and --no-sync.
  void Configure(CLI::App* app);
  /// Errors: Invalid for a policy or codec that there is none of
  Result<TableOptions> ToOptions() const;
};

}  // namespace varve::cli
