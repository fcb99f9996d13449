// SPDX-License-Identifier: Apache-2.0
#include "milvus/log_listing.h"

#include <algorithm>
#include <sstream>
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

std::optional<LogKey> AsLogKey(const ParsedPath& path) {
  switch (path.kind) {
    case PathKind::kInsertLog:
    case PathKind::kDeltaLog:
    case PathKind::kPrimaryKeyStatistics:
    case PathKind::kBm25Statistics: {
      const PathFields& fields = path.fields;
      return LogKey{path.kind,      fields.collection, fields.partition,
                    fields.segment, fields.field,      fields.log};
    }
    default:
      return std::nullopt;
  }
}

bool IsOfV3(PathKind kind) {
  return kind >= PathKind::kManifest && kind <= PathKind::kSegmentIndex;
}

// What a path below a folder of logs says, with a group or without.
std::optional<ParsedPath> ParseLogPath(std::string_view path) {
  const std::string_view relative = FromLogFolder(path);
  for (const std::string& one : {std::string(relative), WithoutGroup(relative)}) {
    auto parsed = ParsePath(one, "");
    if (parsed.ok()) return *std::move(parsed);
  }
  return std::nullopt;
}

// Whether an object whose path says nothing may be part of `place`.
bool MayBeOf(const MilvusPlace& place, std::string_view path) {
  std::vector<std::string> parts;  // folder, collection, partition, segment or group, segment
  std::istringstream folders{std::string(FromLogFolder(path))};
  for (std::string part; std::getline(folders, part, '/');) parts.push_back(part);
  parts.resize(std::max<size_t>(parts.size(), 5));
  const auto is = [&](size_t i, const std::optional<int64_t>& id) {
    return !id || parts[i] == std::to_string(*id);
  };
  return is(2, place.partition_id) && (is(3, place.segment_id) || is(4, place.segment_id));
}

std::string Prefix(std::string_view root, std::string_view folder, const MilvusPlace& place) {
  std::string prefix = Below(root, folder) + "/";
  if (place.collection_id) prefix += std::to_string(*place.collection_id) + "/";
  return prefix;
}

void Add(const ObjectInfo& object, const MilvusPlace& place, LogListing* listing) {
  const auto parsed = ParseLogPath(object.path);
  if (!parsed) {
    if (MayBeOf(place, object.path)) listing->others.push_back(object.path);
    return;
  }
  const PathFields& fields = parsed->fields;
  if (const auto key = AsLogKey(*parsed)) {
    listing->logs.emplace(*key, object);
  } else if (IsOfV3(parsed->kind)) {
    listing->v3_segments.insert({fields.collection, fields.partition, fields.segment});
  } else if (parsed->kind != PathKind::kLargeObject && MayBeOf(place, object.path)) {
    listing->others.push_back(object.path);
  }
}

}  // namespace

std::optional<LogKey> LogKeyOf(std::string_view path) {
  const auto parsed = ParseLogPath(path);
  return parsed ? AsLogKey(*parsed) : std::nullopt;
}

Result<LogListing> ListLogs(ChunkManager* store, const MilvusPlace& place) {
  for (const std::string_view root : kRoots) {
    LogListing listing{.root = std::string(root)};
    for (const std::string_view folder : kLogFolders) {
      ARROW_ASSIGN_OR_RAISE(const auto objects, store->List(Prefix(root, folder, place)));
      for (const ObjectInfo& object : objects) Add(object, place, &listing);
    }
    if (!listing.empty()) return listing;
  }
  return LogListing();
}

Status NoLogs(const ChunkManager& store, const MilvusPlace& place) {
  std::string tried;
  for (const std::string_view root : kRoots) {
    tried += (tried.empty() ? "'" : ", '") + Prefix(root, kLogFolders[0], place) + "'";
  }
  return MakeError(
      ErrorKind::kNotFound, "no logs of Milvus here",
      {.object = store.uri(),
       .expected = "objects below one of " + tried + " or the folders of other logs beside it"});
}

}  // namespace varve::internal
