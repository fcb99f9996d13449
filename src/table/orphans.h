// SPDX-License-Identifier: Apache-2.0
// Files of rows that no version names: of writers that were killed, or that have not committed yet.
#pragma once

#include <vector>

#include "manifest/manifest_store.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

/// In byte order of their paths. Reads every version.
Result<std::vector<ObjectInfo>> FindOrphans(ChunkManager* store, ManifestStore* versions);

}  // namespace varve::internal
