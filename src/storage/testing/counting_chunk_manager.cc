// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/counting_chunk_manager.h"

#include <array>
#include <mutex>
#include <utility>

namespace varve::internal {
namespace {

OperationCount Sum(const OperationCount& a, const OperationCount& b) {
  return {.calls = a.calls + b.calls, .ranges = a.ranges + b.ranges, .bytes = a.bytes + b.bytes};
}

}  // namespace

class CountingChunkManager::Counters : public StorageInterceptor {
 public:
  Status After(StorageOperation operation, const std::string&, int64_t ranges,
               int64_t bytes) override {
    const std::lock_guard lock(mutex_);
    OperationCount& count = counts_[static_cast<size_t>(operation)];
    count = Sum(count, {.calls = 1, .ranges = ranges, .bytes = bytes});
    return Status::OK();
  }

  OperationCount count(StorageOperation operation) const {
    const std::lock_guard lock(mutex_);
    return counts_[static_cast<size_t>(operation)];
  }

  OperationCount total() const {
    const std::lock_guard lock(mutex_);
    OperationCount sum;
    for (const OperationCount& count : counts_) sum = Sum(sum, count);
    return sum;
  }

  void Reset() {
    const std::lock_guard lock(mutex_);
    counts_ = {};
  }

 private:
  mutable std::mutex mutex_;
  std::array<OperationCount, kNumStorageOperations> counts_;  ///< guarded by mutex_
};

std::shared_ptr<CountingChunkManager> CountingChunkManager::Make(
    std::shared_ptr<ChunkManager> store) {
  return std::shared_ptr<CountingChunkManager>(
      new CountingChunkManager(std::move(store), std::make_shared<Counters>()));
}

CountingChunkManager::CountingChunkManager(std::shared_ptr<ChunkManager> store,
                                           std::shared_ptr<Counters> counters)
    : InterceptingChunkManager(std::move(store), counters), counters_(std::move(counters)) {}

OperationCount CountingChunkManager::count(StorageOperation operation) const {
  return counters_->count(operation);
}

OperationCount CountingChunkManager::total() const { return counters_->total(); }

OperationCount CountingChunkManager::reads() const {
  return Sum(count(StorageOperation::kReadAt), count(StorageOperation::kReadRanges));
}

void CountingChunkManager::Reset() { counters_->Reset(); }

}  // namespace varve::internal
