// SPDX-License-Identifier: Apache-2.0
// Segments that the sync path has put into a table, as a collection.
//
// Threads: a function; call it from any thread
// Source:  docs/guide/sync-path.md
#pragma once

#include <memory>
#include <optional>

#include "varve/milvus.h"

namespace varve::cli {

/// What the newest version of the table at the store's root records, without segments that were
/// dropped; what else lies there, as failed attempts leave it, does not count. nullopt: there is no
/// table, or it has no segments of this kind.
Result<std::optional<MilvusCollection>> RecordedCollection(
    const std::shared_ptr<ChunkManager>& store);

}  // namespace varve::cli
