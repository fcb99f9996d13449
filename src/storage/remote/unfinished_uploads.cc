// SPDX-License-Identifier: Apache-2.0
#include "varve/unfinished_uploads.h"

#include "storage/remote/degrading_chunk_manager.h"
#include "storage/remote/remote_chunk_manager.h"

namespace varve {
namespace {

Result<internal::RemoteChunkManager*> RemoteOf(ChunkManager& store) {
  ChunkManager* behind = &store;
  // Uploads are the store's; replicas are only read.
  if (auto* degrading = dynamic_cast<internal::DegradingChunkManager*>(behind)) {
    behind = degrading->store();
  }
  auto* remote = dynamic_cast<internal::RemoteChunkManager*>(behind);
  if (remote != nullptr) return remote;
  return MakeError(ErrorKind::kUnsupported, "the store has no uploads that could be unfinished",
                   {.object = store.uri()});
}

}  // namespace

Result<std::vector<UnfinishedUpload>> ListUnfinishedUploads(ChunkManager& store,
                                                            const std::string& prefix) {
  ARROW_ASSIGN_OR_RAISE(auto* remote, RemoteOf(store));
  return remote->ListUnfinishedUploads(prefix);
}

Status AbortUnfinishedUpload(ChunkManager& store, const UnfinishedUpload& upload) {
  ARROW_ASSIGN_OR_RAISE(auto* remote, RemoteOf(store));
  return remote->AbortUnfinishedUpload(upload);
}

Result<std::unique_ptr<ChunkWriter>> ResumeWriter(ChunkManager& store, const std::string& path,
                                                  MakeWriterOptions options) {
  ARROW_ASSIGN_OR_RAISE(auto* remote, RemoteOf(store));
  return remote->ResumeWriter(path, options);
}

}  // namespace varve
