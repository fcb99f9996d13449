// SPDX-License-Identifier: Apache-2.0
// The logs that lie in a store, whether metadata names them or not.
//
// Cost:    a listing of all objects below the kinds of logs that the sync path writes
// Errors:  those of the store; Invalid for a root that no store takes
// Threads: functions; call them from any thread
// Source:  shared specification of Milvus' formats, section 5
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/path_template.h"
#include "varve/status.h"

namespace varve::internal {

struct ListedLog {
  ObjectInfo object;
  int64_t segment_id = 0;
  int64_t log_id = 0;
};

/// Of one collection, or of all. What else lies there is not the sync path's and left out.
/// `names_only`: as ListOptions.
Result<std::vector<ListedLog>> ListLogs(ChunkManager* store, const std::string& root,
                                        std::optional<int64_t> collection_id, bool names_only);

}  // namespace varve::internal
