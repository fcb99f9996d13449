// SPDX-License-Identifier: Apache-2.0
// Where Milvus puts its objects: one template for each kind of path, printed and parsed.
//
//   files/insert_log/{collection}/{partition}/{segment}/{field}/{log}
//
// The coordinator stores ids, not paths, so the ids in a path say whose an object is.
//
// Numbers: signed 64-bit decimals as Milvus prints them, without leading zeros or '+'; a partition
//          of -1 is "all of them"
// Root:    what stands before the template, "files" unless configured; may be empty, or several
//          parts ("backup/binlogs"), without a leading or trailing '/'
// Errors:  Invalid naming the path, the placeholder, what was expected there and what was found
// Threads: everything here may be called concurrently
// Source:  shared specification of Milvus' formats, sections 3.1, 4.3 and 5
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Of objects below the root of a Milvus.
enum class PathKind {
  kInsertLog,  ///< storage V1: one a field; V2: one a column group
  kDeltaLog,
  kPrimaryKeyStatistics,
  kBm25Statistics,
  kPartitionStatistics,
  kIndexOfBuild,       ///< IndexStorePathVersion 0
  kIndexOfCollection,  ///< IndexStorePathVersion 1
  kClusteringCentroids,
  kClusteringOffsets,
  kTextIndex,
  kJsonStatistics,
  kJsonKeyIndex,  ///< the form before kJsonStatistics
  // Storage V3: below the base path of a segment.
  kSegmentBase,
  kManifest,
  kSegmentData,
  kSegmentDelta,
  kSegmentBloomFilter,
  kSegmentBm25,
  kSegmentTextIndex,
  kSegmentJsonStatistics,
  kSegmentIndex,
  kLargeObject,  ///< of a TEXT field; shared by the segments of a partition
};

/// What the placeholders of a template stand for. Those that a template lacks stay as they are.
struct PathFields {
  int64_t collection = 0;
  int64_t partition = 0;
  int64_t segment = 0;
  int64_t field = 0;  ///< field id; in a V2 insert log the column group's
  int64_t log = 0;
  int64_t build = 0;
  int64_t version = 0;
  int64_t task = 0;
  int64_t data_format = 0;
  int64_t group_index = 0;
  std::string channel;  ///< virtual channel
  std::string key;      ///< name of an index blob or of a slice of one
  std::string uuid;     ///< 36 characters: lower-case hexadecimal digits and hyphens
  std::string format;   ///< file name extension: "parquet", "vx"
  std::string rest;     ///< one or more parts whose names are another format's business

  bool operator==(const PathFields&) const = default;
};

struct ParsedPath {
  PathKind kind = PathKind::kInsertLog;
  PathFields fields;

  bool operator==(const ParsedPath&) const = default;
};

inline constexpr std::string_view kDefaultRoot = "files";
/// Log id of statistics that hold those of all logs before them.
inline constexpr int64_t kCompoundLogId = 1;

/// All kinds, in the order of their declaration.
VARVE_EXPORT std::span<const PathKind> PathKinds();
/// "insert log" and so on.
VARVE_EXPORT std::string_view PathKindName(PathKind kind);
/// The template below the root, with placeholders in braces.
VARVE_EXPORT std::string_view PathTemplate(PathKind kind);

/// Errors: also Invalid for a path that no store takes
VARVE_EXPORT Result<std::string> PrintPath(PathKind kind, const PathFields& fields,
                                           std::string_view root = kDefaultRoot);

/// The kind is what the path says. An error is that of the template that fits the longest part of
/// the path.
VARVE_EXPORT Result<ParsedPath> ParsePath(std::string_view path,
                                          std::string_view root = kDefaultRoot);

/// A path that must be of `kind`.
VARVE_EXPORT Result<PathFields> ParsePathAs(PathKind kind, std::string_view path,
                                            std::string_view root = kDefaultRoot);

}  // namespace varve
