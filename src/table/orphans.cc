// SPDX-License-Identifier: Apache-2.0
#include "table/orphans.h"

#include <string>
#include <unordered_set>

#include "base/stop.h"
#include "manifest/version_chain.h"
#include "table/appender.h"

namespace varve::internal {

Result<std::vector<ObjectInfo>> FindOrphans(ChunkManager* store, ManifestStore* versions) {
  // Files before versions: a file that is committed in between is named by a version we read.
  ARROW_ASSIGN_OR_RAISE(auto objects, store->List(std::string(kDataFolder)));
  ARROW_ASSIGN_OR_RAISE(const auto kept, versions->ListVersions());
  std::unordered_set<std::string> named;
  std::shared_ptr<const Manifest> manifest;
  for (const ObjectInfo& object : kept) {
    const auto version = VersionOfPath(object.path);
    if (!version) continue;
    ARROW_RETURN_NOT_OK(CheckStopped());
    ARROW_ASSIGN_OR_RAISE(manifest, versions->Load(*version, manifest.get()));
    for (const auto& segment : manifest->segments) {
      for (const FileEntry& file : segment->files) named.insert(file.path);
      for (const DeletionVectorEntry& deleted : segment->deletion_vectors) {
        named.insert(deleted.path);
      }
    }
  }
  std::erase_if(objects, [&](const ObjectInfo& object) { return named.contains(object.path); });
  return objects;
}

}  // namespace varve::internal
