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

struct Named {
  std::unordered_set<int64_t> segments;
  std::unordered_set<std::string> paths;
};

Named NamedBy(const std::vector<SegmentState>& states) {
  Named named;
  for (const SegmentState& state : states) {
    if (state.lifecycle == SegmentLifecycle::kDropped) continue;
    named.segments.insert(state.files.segment_id);
    for (const Binlog* log : internal::LogsOf(state.files)) named.paths.insert(log->path);
  }
  return named;
}

bool IsOrphan(const internal::ListedLog& log, const Named& named) {
  if (named.paths.contains(log.object.path)) return false;
  // The one name that comes again: since the listing, a flush may have put its own log there and
  // committed it.
  return log.log_id != kCompoundLogId || !named.segments.contains(log.segment_id);
}

}  // namespace

Result<std::vector<ObjectInfo>> FindSegmentOrphans(ChunkManager* store, int64_t collection_id,
                                                   const std::vector<SegmentState>& states,
                                                   const std::string& root,
                                                   std::chrono::milliseconds min_age) {
  ARROW_ASSIGN_OR_RAISE(const int64_t now_micros, store->StoreTime());
  const int64_t newest_micros = now_micros - min_age.count() * kMicrosPerMilli;
  const Named named = NamedBy(states);
  ARROW_ASSIGN_OR_RAISE(auto logs,
                        internal::ListLogs(store, root, collection_id, /*names_only=*/false));
  std::vector<ObjectInfo> orphans;
  for (internal::ListedLog& log : logs) {
    if (!IsOrphan(log, named)) continue;
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
