// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/stop.h"
#include "segment/log_listing.h"
#include "segment/segment_chunks.h"
#include "varve/path_template.h"
#include "varve/sync.h"

namespace varve {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;

std::unordered_set<std::string> NamedPaths(const std::vector<SegmentState>& states) {
  std::unordered_set<std::string> paths;
  for (const SegmentState& state : states) {
    if (state.lifecycle == SegmentLifecycle::kDropped) continue;
    for (const Binlog* log : internal::LogsOf(state.files)) paths.insert(log->path);
  }
  return paths;
}

// Segments whose next flush may commit, and with it the one name that is used again.
std::unordered_set<int64_t> LiveSegments(const std::vector<SegmentState>& states) {
  std::unordered_set<int64_t> ids;
  for (const SegmentState& state : states) {
    if (state.lifecycle != SegmentLifecycle::kDropped) ids.insert(state.files.segment_id);
  }
  return ids;
}

}  // namespace

Result<std::vector<ObjectInfo>> FindSegmentOrphans(ChunkManager* store, int64_t collection_id,
                                                   const std::vector<SegmentState>& states,
                                                   const std::string& root,
                                                   std::chrono::milliseconds min_age) {
  ARROW_ASSIGN_OR_RAISE(const int64_t now_micros, store->StoreTime());
  const int64_t newest_micros = now_micros - min_age.count() * kMicrosPerMilli;
  const auto named = NamedPaths(states);
  const auto live = LiveSegments(states);
  ARROW_ASSIGN_OR_RAISE(auto logs,
                        internal::ListLogs(store, root, collection_id, /*names_only=*/false));
  std::vector<ObjectInfo> orphans;
  for (internal::ListedLog& log : logs) {
    if (named.contains(log.object.path)) continue;
    // By the time it is removed it may be another object, of a flush that was committed meanwhile.
    if (log.log_id == kCompoundLogId && live.contains(log.segment_id)) continue;
    if (log.object.last_modified_micros <= newest_micros) orphans.push_back(std::move(log.object));
  }
  std::sort(orphans.begin(), orphans.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.path < b.path; });
  return orphans;
}

Result<std::vector<ObjectInfo>> CollectSegmentOrphans(ChunkManager* store, int64_t collection_id,
                                                      const std::vector<SegmentState>& states,
                                                      const std::string& root,
                                                      std::chrono::milliseconds min_age) {
  ARROW_ASSIGN_OR_RAISE(auto orphans,
                        FindSegmentOrphans(store, collection_id, states, root, min_age));
  for (const ObjectInfo& orphan : orphans) {
    ARROW_RETURN_NOT_OK(internal::CheckStopped());
    ARROW_RETURN_NOT_OK(store->Remove(orphan.path));
  }
  return orphans;
}

}  // namespace varve
