// SPDX-License-Identifier: Apache-2.0
// Stores as Milvus describes them, opened.
//
// Errors: Invalid naming the field; as StorageConfiguration::Open
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "varve/c/milvus_packed.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"

namespace varve::capi {

Result<std::shared_ptr<ChunkManager>> OpenStore(const CStorageConfig& config);
Result<std::shared_ptr<ChunkManager>> OpenStore(const LoonProperties* properties,
                                                const char* filesystem_path);

// The store of InitArrowFileSystem.  Errors: Invalid where there is none
Result<std::shared_ptr<ChunkManager>> ProcessStore();

// Paths within a store, as they come.  Errors: Invalid for NULL and wrong counts
Result<std::vector<std::string>> ReadPaths(char** paths, int64_t num_paths);

}  // namespace varve::capi
