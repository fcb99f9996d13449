// SPDX-License-Identifier: Apache-2.0
// A small store in memory that lets a test look in, fail a request or lose its response.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "varve/chunk_manager.h"

namespace varve::internal {

class HookedStore : public ChunkManager {
 public:
  enum class Call { kExist, kRead, kWrite, kPut, kList };
  enum class Moment { kBefore, kAfter };  ///< the effect
  using Hook = std::function<Status(Call, Moment, const std::string& path)>;

  explicit HookedStore(ChunkManagerFeatures features = {.put_if_absent = true})
      : features_(features) {}

  /// Called around every request, without a lock held; an error becomes the request's.
  void SetHook(Hook hook) { hook_ = std::move(hook); }
  /// Requests since the last call.
  std::vector<std::pair<Call, std::string>> TakeCalls();
  /// Objects as they are, past the hook.
  std::string Get(const std::string& path);
  void Set(const std::string& path, std::string bytes);
  void Erase(const std::string& path);

  const std::string& uri() const override { return uri_; }
  ChunkManagerFeatures features() const override { return features_; }
  Result<bool> Exist(const std::string& path) override;
  Result<int64_t> Size(const std::string& path) override;
  Result<ObjectInfo> Stat(const std::string& path) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path) override;
  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path, int64_t) override;
  Status Write(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) override;
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions) override;
  Result<std::vector<ObjectInfo>> List(const std::string& prefix, ListOptions options) override;
  Status Remove(const std::string& path) override;
  Result<int64_t> StoreTime() override { return 0; }

 private:
  Status Around(Call call, Moment moment, const std::string& path);

  const std::string uri_ = "memory://hooked";
  const ChunkManagerFeatures features_;
  Hook hook_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::string> objects_;
  std::vector<std::pair<Call, std::string>> calls_;
};

}  // namespace varve::internal
