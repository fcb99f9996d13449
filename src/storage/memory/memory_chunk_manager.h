// SPDX-License-Identifier: Apache-2.0
// Objects in memory: for tests, and for tables that need not outlive the process.
//
// Bytes:    an object's bytes never change once it is there; Write and WriteAt put new bytes in
//           their place, and readers that are open keep the old ones.
// Threads:  all methods may be called concurrently.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class MemoryChunkManager : public ChunkManager,
                           public std::enable_shared_from_this<MemoryChunkManager> {
 public:
  /// A store of its own; `name` is only for its URI.
  static std::shared_ptr<MemoryChunkManager> Make(const std::string& name = "private",
                                                  Clock* clock = Clock::System());
  /// The one store of that name in this process; it lives until the process ends.
  static std::shared_ptr<MemoryChunkManager> Named(const std::string& name);

  const std::string& uri() const override { return uri_; }
  ChunkManagerFeatures features() const override;
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path) override;
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
  Result<int64_t> StoreTime() override;

 private:
  struct Object {
    std::shared_ptr<arrow::Buffer> bytes;
    int64_t modified_micros = 0;
  };

  MemoryChunkManager(const std::string& name, Clock* clock);

  Result<Object> Find(const std::string& path);
  Object Stamp(std::shared_ptr<arrow::Buffer> bytes);

  Clock* const clock_;
  const std::string uri_;
  std::shared_mutex mutex_;
  std::map<std::string, Object> objects_;  ///< guarded by mutex_
};

/// Bytes that are in memory already, as an object named `path` of a store that maps.
std::shared_ptr<ChunkReader> OpenBuffer(std::string path, std::shared_ptr<arrow::Buffer> bytes);

}  // namespace varve::internal
