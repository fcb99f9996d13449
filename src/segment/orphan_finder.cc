// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/stop.h"
#include "binlog/path_template.h"
#include "varve/sync.h"

namespace varve {
namespace {

using internal::PathKind;

constexpr int64_t kMicrosPerMilli = 1000;

// The kinds of logs that the sync path writes.
constexpr PathKind kLogKinds[] = {PathKind::kInsertLog, PathKind::kDeltaLog,
                                  PathKind::kPrimaryKeyStatistics, PathKind::kBm25Statistics};

// What all logs of a kind and a segment begin with: a template up to what follows the segment.
Result<std::string> LogPrefix(PathKind kind, const SegmentFiles& files, std::string_view root) {
  const internal::PathFields fields{.collection = files.collection_id,
                                    .partition = files.partition_id,
                                    .segment = files.segment_id};
  ARROW_ASSIGN_OR_RAISE(std::string path, internal::PrintPath(kind, fields, root));
  const size_t parts_after_segment = kind == PathKind::kDeltaLog ? 1 : 2;
  for (size_t i = 0; i < parts_after_segment; ++i) path.resize(path.rfind('/'));
  return path + '/';
}

void AddPaths(const std::vector<FieldBinlog>& fields, std::unordered_set<std::string>* paths) {
  for (const FieldBinlog& field : fields) {
    for (const Binlog& log : field.logs) paths->insert(log.path);
  }
}

}  // namespace

Result<std::vector<ObjectInfo>> FindSegmentOrphans(ChunkManager* store,
                                                   const std::vector<SegmentState>& states,
                                                   const std::string& root,
                                                   std::chrono::milliseconds min_age) {
  ARROW_ASSIGN_OR_RAISE(const int64_t now_micros, store->StoreTime());
  const int64_t newest_micros = now_micros - min_age.count() * kMicrosPerMilli;
  std::vector<ObjectInfo> orphans;
  for (const SegmentState& state : states) {
    std::unordered_set<std::string> named;
    for (const auto* fields :
         {&state.files.inserts, &state.files.statistics, &state.files.deltas, &state.files.bm25}) {
      AddPaths(*fields, &named);
    }
    for (const PathKind kind : kLogKinds) {
      ARROW_RETURN_NOT_OK(internal::CheckStopped());
      ARROW_ASSIGN_OR_RAISE(const std::string prefix, LogPrefix(kind, state.files, root));
      ARROW_ASSIGN_OR_RAISE(const auto objects, store->List(prefix));
      for (const ObjectInfo& object : objects) {
        // What else may lie there is not the sync path's.
        const auto path = internal::ParsePathAs(kind, object.path, root);
        if (!path.ok() || named.contains(object.path)) continue;
        if (object.last_modified_micros <= newest_micros) orphans.push_back(object);
      }
    }
  }
  std::sort(orphans.begin(), orphans.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.path < b.path; });
  return orphans;
}

}  // namespace varve
