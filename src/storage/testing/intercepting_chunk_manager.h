// SPDX-License-Identifier: Apache-2.0
// A store in front of another that hands every call to an interceptor first and afterwards.
//
// Threads: as the store behind it, if the interceptor's methods may be called concurrently.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/testing/storage_operation.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

/// What is done around each call. Read(path) of a whole object passes as kOpenReader and kReadAt.
class StorageInterceptor {
 public:
  virtual ~StorageInterceptor() = default;

  /// An error keeps the call from reaching the store, and is what the caller sees.
  virtual Status Before(StorageOperation operation, const std::string& path) {
    return Status::OK();
  }
  /// After a call that succeeded and moved `bytes` in `ranges` pieces. An error is what the caller
  /// sees, although the call took effect.
  virtual Status After(StorageOperation operation, const std::string& path, int64_t ranges,
                       int64_t bytes) {
    return Status::OK();
  }
  /// Where the object seems to end, at most `size`.
  virtual int64_t SizeOf(const std::string& path, int64_t size) { return size; }
  /// Whether ChangeRead may do anything to this object; mappings of others are passed on as they
  /// are.
  virtual bool ChangesReads(const std::string& path) { return false; }
  /// May change bytes that were read at `offset`.
  virtual void ChangeRead(const std::string& path, int64_t offset, std::span<uint8_t> bytes) {}
};

class InterceptingChunkManager : public ChunkManager {
 public:
  InterceptingChunkManager(std::shared_ptr<ChunkManager> store,
                           std::shared_ptr<StorageInterceptor> interceptor);

  const std::string& uri() const override { return store_->uri(); }
  ChunkManagerFeatures features() const override { return store_->features(); }
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                  int64_t known_size = -1) override;
  Status ReadRangesOf(std::span<const ObjectRanges> objects, ReadPattern pattern) override;
  Status Write(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options = {}) override;
  Status WriteAt(const std::string& path, int64_t offset, std::span<const uint8_t> bytes) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                       ListOptions options = {}) override;
  Status Remove(const std::string& path) override;
  Status Copy(const std::string& from, const std::string& to) override;
  Result<std::vector<ObjectInfo>> Leftovers(const LeftoverOptions& options) override {
    return store_->Leftovers(options);
  }
  Result<int64_t> StoreTime() override { return store_->StoreTime(); }
  Result<std::unique_ptr<QueueGuard>> Queue(const std::string& name) override {
    return store_->Queue(name);
  }
  Status CheckConditionalWrites() override { return store_->CheckConditionalWrites(); }
  std::optional<StorageMetrics> Metrics() const override { return store_->Metrics(); }

 private:
  const std::shared_ptr<ChunkManager> store_;
  const std::shared_ptr<StorageInterceptor> interceptor_;
};

}  // namespace varve::internal
