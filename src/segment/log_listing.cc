// SPDX-License-Identifier: Apache-2.0
#include "segment/log_listing.h"

#include <utility>

#include "base/stop.h"

namespace varve::internal {
namespace {

// The kinds of logs that the sync path writes.
constexpr PathKind kLogKinds[] = {PathKind::kInsertLog, PathKind::kDeltaLog,
                                  PathKind::kPrimaryKeyStatistics, PathKind::kBm25Statistics};

// What the paths of a kind begin with: the template up to what tells logs apart.
std::string LogPrefix(PathKind kind, const std::string& root,
                      std::optional<int64_t> collection_id) {
  const std::string_view path = PathTemplate(kind);
  std::string prefix = root.empty() ? "" : root + '/';
  prefix += path.substr(0, path.find('{'));
  if (collection_id.has_value()) prefix += std::to_string(*collection_id) + '/';
  return prefix;
}

}  // namespace

Result<std::vector<ListedLog>> ListLogs(ChunkManager* store, const std::string& root,
                                        std::optional<int64_t> collection_id, bool names_only) {
  std::vector<ListedLog> logs;
  for (const PathKind kind : kLogKinds) {
    ARROW_RETURN_NOT_OK(CheckStopped());
    ARROW_ASSIGN_OR_RAISE(auto objects, store->List(LogPrefix(kind, root, collection_id),
                                                    {.names_only = names_only}));
    for (ObjectInfo& object : objects) {
      const auto path = ParsePathAs(kind, object.path, root);
      if (!path.ok()) continue;
      logs.push_back(
          {.object = std::move(object), .segment_id = path->segment, .log_id = path->log});
    }
  }
  return logs;
}

}  // namespace varve::internal
