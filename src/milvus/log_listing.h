// SPDX-License-Identifier: Apache-2.0
// The logs that lie in a store, by what their paths say.
//
// Errors:  those of the store
// Threads: values and functions
// Source:  binlog/path_template.h; milvus-backup puts a group between partition and segment
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/milvus.h"
#include "varve/path_template.h"
#include "varve/status.h"

namespace varve::internal {

/// What tells one log from all others.
struct LogKey {
  PathKind kind = PathKind::kInsertLog;
  int64_t collection = 0;
  int64_t partition = 0;
  int64_t segment = 0;
  int64_t field = 0;  ///< 0 for delta logs
  int64_t log = 0;

  auto operator<=>(const LogKey&) const = default;
};

struct SegmentKey {
  int64_t collection = 0;
  int64_t partition = 0;
  int64_t segment = 0;

  auto operator<=>(const SegmentKey&) const = default;
};

struct LogListing {
  std::string root;                   ///< "binlogs", "files", or empty
  std::map<LogKey, ObjectInfo> logs;  ///< insert logs, delta logs, statistics of both kinds
  std::set<SegmentKey> v3_segments;   ///< those that have objects of storage V3
  /// Objects that are none of these, beneath a folder of logs.
  std::vector<std::string> others;

  bool empty() const { return logs.empty() && v3_segments.empty() && others.empty(); }
};

/// Of the collection that `place` names, or of all. Others are only those that may belong to the
/// partition or segment it names. The first root that has anything counts; empty: none has.
Result<LogListing> ListLogs(ChunkManager* store, const MilvusPlace& place);

/// NotFound naming where ListLogs has looked.
Status NoLogs(const ChunkManager& store, const MilvusPlace& place);

/// The log that `path` names; nullopt: none. What stands before the template is passed over.
std::optional<LogKey> LogKeyOf(std::string_view path);

}  // namespace varve::internal
