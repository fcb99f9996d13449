// SPDX-License-Identifier: Apache-2.0
#include "varve/remote_chunk_managers.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace varve {
namespace {

Result<std::shared_ptr<ChunkManager>> OpenIfOneOf(std::initializer_list<std::string_view> types,
                                                  const StorageConfiguration& configuration) {
  if (std::ranges::find(types, configuration.type) != types.end()) return configuration.Open();
  std::string expected;
  for (const std::string_view type : types) {
    expected += (expected.empty() ? "" : ", ") + std::string(type);
  }
  return MakeError(ErrorKind::kInvalid, "the configuration describes another kind of store",
                   {.field = "storage.type", .expected = expected, .found = configuration.type});
}

}  // namespace

Result<std::shared_ptr<ChunkManager>> CreateChunkManager(
    const StorageConfiguration& configuration) {
  return configuration.Open();
}

Result<std::shared_ptr<ChunkManager>> MinioChunkManager::Make(
    const StorageConfiguration& configuration) {
  return OpenIfOneOf({"minio", "s3"}, configuration);
}

Result<std::shared_ptr<ChunkManager>> AzureChunkManager::Make(
    const StorageConfiguration& configuration) {
  return OpenIfOneOf({"azure"}, configuration);
}

Result<std::shared_ptr<ChunkManager>> GcpNativeChunkManager::Make(
    const StorageConfiguration& configuration) {
  return OpenIfOneOf({"gcp"}, configuration);
}

Result<std::shared_ptr<ChunkManager>> OpenDALChunkManager::Make(
    const StorageConfiguration& configuration) {
  return OpenIfOneOf({"minio", "s3", "azure", "gcp", "oss", "cos", "obs"}, configuration);
}

}  // namespace varve
