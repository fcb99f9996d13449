// SPDX-License-Identifier: Apache-2.0
// A store, and others that hold the same objects, which are read where the store does not answer.
//
// Reads:    from the store; from the replicas, in their order, while it is avoided, and where it
//           was asked in vain. A replica that lags shows an older version of a table; an object
//           that it lacks is not there.
// Writes:   to the store alone; refused at once, and nothing sent, while it is avoided
// Errors:   ResourceExhausted for a write that was refused; where nobody answers, the store's own
// Threads:  as ChunkManager
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"

namespace varve::internal {

/// Where reads go, in order.
struct ReadSources {
  /// Those that are worth asking now.
  std::vector<ChunkManager*> Now() const;
  /// Whether another source may have what this one could not give.
  static bool MayBeElsewhere(const Status& error);

  std::shared_ptr<ChunkManager> store;
  std::vector<std::shared_ptr<ChunkManager>> replicas;
  std::function<bool()> is_avoided;  ///< the store
};

class DegradingChunkManager : public ChunkManager {
 public:
  /// REQUIRES: at least one replica
  DegradingChunkManager(std::shared_ptr<ChunkManager> store,
                        std::vector<std::shared_ptr<ChunkManager>> replicas,
                        std::function<bool()> is_avoided);

  /// The one that is written to.
  ChunkManager* store() const { return sources_->store.get(); }

  const std::string& uri() const override { return sources_->store->uri(); }
  ChunkManagerFeatures features() const override;
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path) override;
  std::vector<Result<std::shared_ptr<arrow::Buffer>>> ReadMany(
      std::span<const std::string> paths) override;
  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                  int64_t known_size) override;
  Status ReadRangesOf(std::span<const ObjectRanges> objects, ReadPattern pattern) override;
  void StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern, std::stop_token stop,
                     std::function<void(Status)> done) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix, ListOptions options) override;

  Status Write(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options) override;
  Status WriteAt(const std::string& path, int64_t offset, std::span<const uint8_t> bytes) override;
  Status Remove(const std::string& path) override;
  Status Copy(const std::string& from, const std::string& to) override;
  Result<std::vector<ObjectInfo>> Leftovers(const LeftoverOptions& options) override;
  Result<int64_t> StoreTime() override { return sources_->store->StoreTime(); }
  Result<std::unique_ptr<QueueGuard>> Queue(const std::string& name) override;
  std::shared_ptr<ChunkManager> Primary() override { return sources_->store; }
  Status CheckConditionalWrites() override;
  std::optional<StorageMetrics> Metrics() const override { return sources_->store->Metrics(); }

 private:
  /// OK, or why nothing is written now.
  Status CheckWritable() const;

  const std::shared_ptr<const ReadSources> sources_;
};

}  // namespace varve::internal
