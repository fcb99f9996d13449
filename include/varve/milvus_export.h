// SPDX-License-Identifier: Apache-2.0
// Rows as a collection of Milvus: V2 segments, and the metadata of a backup beside them.
//
//   meta/backup_meta.json, collection_meta.json, partition_meta.json, segment_meta.json
//   binlogs/insert_log/{collection}/{partition}/{segment}/{column group}/{log}
//   binlogs/stats_log/{collection}/{partition}/{segment}/{primary key}/{log}
//
// What is written is what FindMilvusCollections (milvus.h) finds.
//
// Threads: functions; call them from any thread
// Source:  docs/format/milvus-packed.md; milvus-backup, backup.proto
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/milvus.h"
#include "varve/schema.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct MilvusExportOptions {
  std::string collection;  ///< its name
  std::string partition = "_default";
  /// Of rows that bring none, hybrid; ids are counted from it, as Milvus does, so that two exports
  /// have none in common.
  uint64_t timestamp = 0;
  int64_t segment_bytes = 512 << 20;  ///< of rows as Arrow arrays, about; then the next one begins
};

/// Writes all of `rows`, which have the columns of `schema`, in their order, with their types, and
/// may bring a column "Timestamp" with the hybrid timestamp of each, an int64 without nulls. The
/// metadata come last: until then there is no collection with a name. A call that fails or is
/// stopped removes what it has written; one that is killed leaves logs, and the mark of an export
/// under way, which have to be removed before the next try. Of several to one place at once one
/// goes on. RowIDs count from 0. Texts and arrays without a limit get Milvus' own: 65,535 bytes,
/// 4,096 elements.
///
/// Memory: a row group a column group, and the primary keys of a segment.
///
/// Errors: Invalid for a schema without a primary key, names that Milvus does not take, and values
/// beyond the limits; Unsupported naming a field that Milvus has no type for; AlreadyExists if
/// there are metadata or logs of Milvus at this place, or another export is at work there: what is
/// there stays as it is.
VARVE_EXPORT Result<MilvusCollection> ExportMilvusCollection(
    const std::shared_ptr<ChunkManager>& store,
    const std::shared_ptr<const CollectionSchema>& schema, arrow::RecordBatchReader* rows,
    const MilvusExportOptions& options);

}  // namespace varve
