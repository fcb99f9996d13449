// SPDX-License-Identifier: Apache-2.0
#include "capi/varve_history.h"

#include <memory>
#include <utility>

struct varve_history {
  std::vector<varve::VersionInfo> versions;  // has the texts
  std::vector<varve_version_info> entries;
};

namespace varve::capi {

varve_history* MakeHistory(std::vector<VersionInfo> versions) {
  auto made = std::make_unique<varve_history>();
  made->versions = std::move(versions);
  made->entries.reserve(made->versions.size());
  for (const VersionInfo& version : made->versions) {
    made->entries.push_back({.version = version.version,
                             .commit_micros = version.commit_micros,
                             .operation = version.operation.c_str(),
                             .rows_added = version.rows_added,
                             .rows_removed = version.rows_removed,
                             .num_rows = version.num_rows,
                             .message = version.message.c_str()});
  }
  return made.release();
}

}  // namespace varve::capi

size_t varve_history_size(const varve_history* history) {
  return history == nullptr ? 0 : history->entries.size();
}

const varve_version_info* varve_history_at(const varve_history* history, size_t i) {
  return i < varve_history_size(history) ? &history->entries[i] : nullptr;
}

void varve_history_free(varve_history* history) { delete history; }
