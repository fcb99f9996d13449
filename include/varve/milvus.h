// SPDX-License-Identifier: Apache-2.0
// Collections as Milvus left them on a disk or in a bucket: found, described, read.
//
//   const MilvusPlace place = LocateMilvus("backup/demo");
//   ARROW_ASSIGN_OR_RAISE(auto store, OpenChunkManager(place.store_uri));
//   ARROW_ASSIGN_OR_RAISE(auto collections, FindMilvusCollections(store, place));
//   ARROW_ASSIGN_OR_RAISE(auto rows, ScanMilvusCollection(store, collections[0]));
//   ARROW_ASSIGN_OR_RAISE(auto table, Table::Create("demo", collections[0].schema, rows, {}));
//
// A place is a folder of milvus-backup ("meta" with its JSON beside the logs), the root of a Milvus
// ("files" in a bucket), or the folder of a collection, a partition or a segment below either.
//
// Errors:  Corruption naming object, offset or member, expected and found; NotFound for a place
//          that has neither logs nor metadata, naming where they were looked for, and for ids that
//          nothing there has; Unsupported naming the segment when one of storage V3 is read
// Threads: functions; call them from any thread
// Source:  docs/guide/milvus.md; shared specification of Milvus' formats, sections 1, 2, 5, 9
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/segment.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Where to look, and for what.
struct MilvusPlace {
  std::string store_uri;  ///< of the folder that has "insert_log" below it, in "binlogs" or not
  std::optional<int64_t> collection_id, partition_id, segment_id;  ///< nullopt: all of them

  bool operator==(const MilvusPlace&) const = default;
};

/// "backup/demo/binlogs/insert_log/7/8" is partition 8 of collection 7 in "backup/demo"; what names
/// no log folder is a place of its own.
VARVE_EXPORT MilvusPlace LocateMilvus(const std::string& uri);

/// Deletes that concern all partitions are kept in this one.
inline constexpr int64_t kAllPartitions = -1;

struct MilvusCollection {
  int64_t collection_id = 0;
  std::string name;                                ///< empty: there are no metadata
  std::shared_ptr<const CollectionSchema> schema;  ///< likewise nullptr
  /// Unsupported: what the metadata say of the schema is beyond us, as types of a newer Milvus are;
  /// `schema` is nullptr then.
  Status unreadable;
  std::map<int64_t, std::string> partitions;  ///< names by id, as far as they are known
  /// By partition and segment; those without rows left out. Of V3 without their files.
  std::vector<SegmentFiles> segments;
  /// Segments of delta logs alone, which concern all others of their partition, or of all.
  std::vector<SegmentFiles> level_zero;
  /// Paths of logs that the metadata name and that are not there.
  std::set<std::string> missing;
};

/// What is at `place`, by id. With metadata, the segments that these name, whose logs need not be
/// there; without, those whose logs are there. Reads names, metadata and a few bytes of a segment.
/// Errors: NotFound where neither is, or nothing has an id that `place` names
VARVE_EXPORT Result<std::vector<MilvusCollection>> FindMilvusCollections(
    const std::shared_ptr<ChunkManager>& store, const MilvusPlace& place);

/// From the JSON of a collection as milvus-backup has it: its "schema", or all of
/// collection_meta.json or full_meta.json, with one collection or that of `collection_id`.
VARVE_EXPORT Result<std::shared_ptr<const CollectionSchema>> MilvusSchemaFromJson(
    std::string_view json, const std::string& object,
    std::optional<int64_t> collection_id = std::nullopt);

/// The schema as far as insert logs tell it: fields "field_100" and so on, without limits and
/// defaults. `primary_key` names one of these; empty: the field that has statistics, if there are.
/// Errors: Invalid where logs do not tell it: of V2, and of arrays
VARVE_EXPORT Result<std::shared_ptr<const CollectionSchema>> DescribeMilvusSchema(
    const std::shared_ptr<ChunkManager>& store, const MilvusCollection& collection,
    const std::string& primary_key = "");

/// The level zero deltas that concern a segment of `partition_id`.
VARVE_EXPORT std::vector<FieldBinlog> MilvusDeltasOf(const MilvusCollection& collection,
                                                     int64_t partition_id);

struct MilvusScanOptions {
  /// As SegmentReadOptions. "Timestamp" is the one that counts: of a segment with a
  /// commit_timestamp, that.
  std::vector<std::string> columns;
  uint64_t as_of = UINT64_MAX;  ///< likewise, a hybrid timestamp
  int64_t batch_rows = 8192;    ///< an upper bound
};

/// Visible rows, segment by segment; deletes are applied.  REQUIRES: collection.schema
VARVE_EXPORT Result<std::shared_ptr<arrow::RecordBatchReader>> ScanMilvusCollection(
    const std::shared_ptr<ChunkManager>& store, const MilvusCollection& collection,
    const MilvusScanOptions& options = {});

}  // namespace varve
