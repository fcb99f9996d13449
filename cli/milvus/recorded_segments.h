// SPDX-License-Identifier: Apache-2.0
// Segments that the sync path has put into a table, as collections.
//
// Threads: a function; call it from any thread
// Source:  docs/guide/sync-path.md
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "varve/milvus.h"

namespace varve::cli {

/// What the newest version of the table at the store's root records, without segments that were
/// dropped; what else lies there, as failed attempts leave it, does not count. By collection id,
/// each with the schema of the table. nullopt: there is no table, or it has no segments of this
/// kind.
Result<std::optional<std::vector<MilvusCollection>>> RecordedCollections(
    const std::shared_ptr<ChunkManager>& store);

}  // namespace varve::cli
