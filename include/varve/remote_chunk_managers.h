// SPDX-License-Identifier: Apache-2.0
// Chunk managers by the names that they go by elsewhere. Each opens what a configuration describes,
// if that is of its kind; the result is one and the same class over Apache OpenDAL, whose service
// the configuration has chosen.
//
//   ARROW_ASSIGN_OR_RAISE(auto storage, varve::StorageConfiguration::Load("milvus.yaml"));
//   ARROW_ASSIGN_OR_RAISE(auto store, varve::CreateChunkManager(storage));
//
// Errors: Invalid for a configuration of another kind; else as StorageConfiguration::Open
#pragma once

#include <memory>

#include "varve/chunk_manager.h"
#include "varve/configuration.h"

namespace varve {

/// Of whatever kind the configuration is, the local disk included.
VARVE_EXPORT Result<std::shared_ptr<ChunkManager>> CreateChunkManager(
    const StorageConfiguration& configuration);

/// Amazon S3 and what speaks as it does: types minio and s3.
struct VARVE_EXPORT MinioChunkManager {
  static Result<std::shared_ptr<ChunkManager>> Make(const StorageConfiguration& configuration);
};

/// Azure Blob Storage: type azure.
struct VARVE_EXPORT AzureChunkManager {
  static Result<std::shared_ptr<ChunkManager>> Make(const StorageConfiguration& configuration);
};

/// Google Cloud Storage by its own interface: type gcp.
struct VARVE_EXPORT GcpNativeChunkManager {
  static Result<std::shared_ptr<ChunkManager>> Make(const StorageConfiguration& configuration);
};

/// Any remote type: those above, oss, cos and obs.
struct VARVE_EXPORT OpenDALChunkManager {
  static Result<std::shared_ptr<ChunkManager>> Make(const StorageConfiguration& configuration);
};

}  // namespace varve
