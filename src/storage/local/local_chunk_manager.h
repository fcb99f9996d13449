// SPDX-License-Identifier: Apache-2.0
// Objects as files below one directory.
//
// Atomic:    every object is written without a name, synced, then named by an exclusive link or a
//            rename, and then its directory is synced. Whoever sees a name sees the whole object.
// Durable:   with options.sync, an acknowledged write survives power loss; Remove is the exception
//            (a removed object may come back).
// Contained: paths are checked as text, and resolved beneath the root without symbolic links.
// Queue:     an flock of the file ".varve-queue-<name>" in the root, which no listing shows.
// Errors:    where a sync fails, PutIfAbsent, Write and Copy write the bytes to a new file, twice
// at
//            most; a directory whose sync failed takes no more writes through this object.
// Threads:   all methods may be called concurrently. After fork, parent and child may both go on.
// Source:    Pillai et al., "All File Systems Are Not Created Equal" (OSDI '14); Rebello et al.,
//            "Can Applications Recover from fsync Failures?" (ATC '20)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/local/directory_tree.h"
#include "storage/local/file_system.h"
#include "storage/local/staged_file.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class LocalChunkManager : public ChunkManager {
 public:
  /// `root` is absolute; it is created by the first write. `files` and `random` must outlive the
  /// store, its readers and its writers.
  static std::shared_ptr<LocalChunkManager> Make(std::string root,
                                                 const ChunkManagerOptions& options = {},
                                                 FileSystem* files = FileSystem::Posix(),
                                                 Random* random = Random::System());

  const std::string& uri() const override { return uri_; }
  ChunkManagerFeatures features() const override;
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                  int64_t known_size = -1) override;
  Status Write(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options = {}) override;
  Status WriteAt(const std::string& path, int64_t offset, std::span<const uint8_t> bytes) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                       ListOptions options = {}) override;
  Status Remove(const std::string& path) override;
  Status Copy(const std::string& from, const std::string& to) override;
  Result<std::vector<ObjectInfo>> Leftovers(const LeftoverOptions& options) override;
  Result<int64_t> StoreTime() override;
  Result<std::unique_ptr<QueueGuard>> Queue(const std::string& name) override;

 private:
  // What readers and writers keep alive.
  struct Core {
    Core(std::string root, const ChunkManagerOptions& options, FileSystem* files, Random* random);
    DirectoryTree tree;
    StagingArea staging;
  };
  struct Place {
    std::shared_ptr<Directory> directory;
    std::string name;
  };

  LocalChunkManager(std::string root, const ChunkManagerOptions& options, FileSystem* files,
                    Random* random);

  Result<Place> Find(const std::string& path);
  Result<std::unique_ptr<StagedFile>> Stage(const std::string& path, Place* place);
  template <typename Fill>
  Result<std::unique_ptr<StagedFile>> StageSynced(const std::string& path, Place* place, Fill fill);
  template <typename Call>
  Result<int> InPlace(const std::string& path, Call call);

  FileSystem* const files_;
  const std::string uri_;
  const std::shared_ptr<Core> core_;
};

}  // namespace varve::internal
