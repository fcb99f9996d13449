// SPDX-License-Identifier: Apache-2.0
#include "milvus/log_listing.h"

#include <utility>

namespace varve::internal {
namespace {

// Before the templates: in backups, in buckets, in the backups of a test of spark-milvus.
constexpr std::string_view kRoots[] = {"", "binlogs", kDefaultRoot, "file"};
constexpr std::string_view kLogFolders[] = {"insert_log", "delta_log", "stats_log", "bm25_stats"};

std::string Below(std::string_view root, std::string_view folder) {
  return root.empty() ? std::string(folder) : std::string(root) + "/" + std::string(folder);
}

// The template's part of a path, beginning with the folder of a kind of log.
std::string_view FromLogFolder(std::string_view path) {
  for (const std::string_view folder : kLogFolders) {
    const std::string part = std::string(folder) + "/";
    if (path.starts_with(part)) return path;
    const size_t at = path.rfind("/" + part);
    if (at != std::string_view::npos) return path.substr(at + 1);
  }
  return {};
}

// Without the fourth part, which is the group.
std::string WithoutGroup(std::string_view path) {
  size_t begin = 0;
  for (int i = 0; i < 3 && begin != std::string_view::npos; ++i) begin = path.find('/', begin + 1);
  if (begin == std::string_view::npos) return std::string(path);
  const size_t end = std::min(path.find('/', begin + 1), path.size());
  return std::string(path.substr(0, begin)) + std::string(path.substr(end));
}

std::optional<LogKey> AsLogKey(std::string_view path) {
  const auto parsed = ParsePath(path, "");
  if (!parsed.ok()) return std::nullopt;
  switch (parsed->kind) {
    case PathKind::kInsertLog:
    case PathKind::kDeltaLog:
    case PathKind::kPrimaryKeyStatistics:
    case PathKind::kBm25Statistics: {
      const PathFields& fields = parsed->fields;
      return LogKey{parsed->kind,   fields.collection, fields.partition,
                    fields.segment, fields.field,      fields.log};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<LogKey> LogKeyOf(std::string_view path) {
  const std::string_view relative = FromLogFolder(path);
  if (const auto key = AsLogKey(relative)) return key;
  return AsLogKey(WithoutGroup(relative));
}

Result<LogListing> ListLogs(ChunkManager* store, std::optional<int64_t> collection_id) {
  std::string tried;
  for (const std::string_view root : kRoots) {
    LogListing listing{.root = std::string(root)};
    for (const std::string_view folder : kLogFolders) {
      std::string prefix = Below(root, folder) + "/";
      if (collection_id) prefix += std::to_string(*collection_id) + "/";
      ARROW_ASSIGN_OR_RAISE(const auto objects, store->List(prefix));
      for (const ObjectInfo& object : objects) {
        const auto key = LogKeyOf(object.path);
        if (!key) {
          listing.others.push_back(object.path);
        } else {
          listing.logs.emplace(*key, object);
        }
      }
      tried += (tried.empty() ? "'" : ", '") + prefix + "'";
    }
    if (!listing.logs.empty() || !listing.others.empty()) return listing;
  }
  return MakeError(ErrorKind::kNotFound, "no logs of Milvus here",
                   {.object = store->uri(), .expected = "objects below one of " + tried});
}

}  // namespace varve::internal
