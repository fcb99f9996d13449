// SPDX-License-Identifier: Apache-2.0
// The metadata of a backup: meta/collection_meta.json, partition_meta.json, segment_meta.json, or
// where the first is not there meta/full_meta.json, which has all of them in one document.
//
// Errors:  Corruption naming object and member
// Threads: functions; call them from any thread
// Source:  milvus-backup, backup.proto (CollectionLevelBackupInfo and its kin; BackupInfo), as Go's
//          encoding/json writes it: members that are 0, false or empty are left out; integers may
//          be texts
#pragma once

#include <optional>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/milvus.h"

namespace varve::internal {

/// By id; logs with the paths they had in Milvus. The version of segments is what the metadata
/// say; nullopt in `untold` where they do not.
struct BackupMetadata {
  std::vector<MilvusCollection> collections;
  /// Ids of segments of which the metadata do not tell the storage version.
  std::vector<int64_t> untold_versions;
};

/// nullopt: there are none.
Result<std::optional<BackupMetadata>> ReadBackupMetadata(ChunkManager* store);

}  // namespace varve::internal
