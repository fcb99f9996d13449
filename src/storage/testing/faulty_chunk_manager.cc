// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/faulty_chunk_manager.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace varve::internal {

class FaultyChunkManager::Faults : public StorageInterceptor {
 public:
  Status Before(StorageOperation operation, const std::string&) override {
    return Count(operation, kBefore);
  }

  Status After(StorageOperation operation, const std::string&, int64_t, int64_t) override {
    return Count(operation, kAfter);
  }

  int64_t SizeOf(const std::string& path, int64_t size) override {
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(path);
    return found == sizes_.end() ? size : std::min(size, found->second);
  }

  bool ChangesReads(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(flips_, [&](const Flip& flip) { return flip.path == path; });
  }

  void ChangeRead(const std::string& path, int64_t offset, std::span<uint8_t> bytes) override {
    const std::lock_guard lock(mutex_);
    for (const Flip& flip : flips_) {
      if (flip.path != path || flip.offset < offset) continue;
      const auto at = static_cast<size_t>(flip.offset - offset);
      if (at < bytes.size()) bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1u << flip.bit));
    }
  }

  void FailCall(StorageOperation operation, int64_t nth, Status status, When when, int64_t count) {
    const std::lock_guard lock(mutex_);
    failures_.push_back({operation, when, nth, count, std::move(status)});
  }

  void FlipBit(const std::string& path, int64_t offset, int bit) {
    const std::lock_guard lock(mutex_);
    flips_.push_back({path, offset, bit});
  }

  void Truncate(const std::string& path, int64_t size) {
    const std::lock_guard lock(mutex_);
    sizes_[path] = size;
  }

  void Heal() {
    const std::lock_guard lock(mutex_);
    failures_.clear();
    flips_.clear();
    sizes_.clear();
  }

  int64_t num_failures() const {
    const std::lock_guard lock(mutex_);
    return num_failures_;
  }

 private:
  struct Failure {
    StorageOperation operation;
    When when;
    int64_t calls_to_go;  ///< until the first that fails, itself included
    int64_t count;        ///< that fail from there on
    Status status;
  };
  struct Flip {
    std::string path;
    int64_t offset;
    int bit;
  };

  Status Count(StorageOperation operation, When when) {
    const std::lock_guard lock(mutex_);
    Status result;
    for (Failure& failure : failures_) {
      if (failure.operation != operation || failure.when != when || failure.count == 0) continue;
      if (--failure.calls_to_go > 0) continue;
      --failure.count;
      if (result.ok()) result = failure.status;
    }
    if (!result.ok()) ++num_failures_;
    return result;
  }

  mutable std::mutex mutex_;
  std::vector<Failure> failures_;  ///< this and below guarded by mutex_
  std::vector<Flip> flips_;
  std::map<std::string, int64_t> sizes_;
  int64_t num_failures_ = 0;
};

std::shared_ptr<FaultyChunkManager> FaultyChunkManager::Make(std::shared_ptr<ChunkManager> store) {
  return std::shared_ptr<FaultyChunkManager>(
      new FaultyChunkManager(std::move(store), std::make_shared<Faults>()));
}

FaultyChunkManager::FaultyChunkManager(std::shared_ptr<ChunkManager> store,
                                       std::shared_ptr<Faults> faults)
    : InterceptingChunkManager(std::move(store), faults), faults_(std::move(faults)) {}

void FaultyChunkManager::FailCall(StorageOperation operation, int64_t nth, Status status, When when,
                                  int64_t count) {
  faults_->FailCall(operation, nth, std::move(status), when, count);
}

void FaultyChunkManager::FlipBit(const std::string& path, int64_t offset, int bit) {
  faults_->FlipBit(path, offset, bit);
}

void FaultyChunkManager::Truncate(const std::string& path, int64_t size) {
  faults_->Truncate(path, size);
}

void FaultyChunkManager::Heal() { faults_->Heal(); }

int64_t FaultyChunkManager::num_failures() const { return faults_->num_failures(); }

}  // namespace varve::internal
