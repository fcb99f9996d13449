// SPDX-License-Identifier: Apache-2.0
#include "manifest/testing/hooked_store.h"

#include "arrow/buffer.h"
#include "base/coding.h"

namespace varve::internal {
namespace {

Status NotThere(const std::string& path) {
  return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
}

Status NotNeeded() { return MakeError(ErrorKind::kUnsupported, "not a request of manifests"); }

}  // namespace

Status HookedStore::Around(Call call, Moment moment, const std::string& path) {
  if (moment == Moment::kBefore) {
    std::lock_guard<std::mutex> lock(mutex_);
    calls_.emplace_back(call, path);
  }
  return hook_ ? hook_(call, moment, path) : Status::OK();
}

std::vector<std::pair<HookedStore::Call, std::string>> HookedStore::TakeCalls() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(calls_, {});
}

std::string HookedStore::Get(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  return objects_.at(path);
}

void HookedStore::Set(const std::string& path, std::string bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  objects_[path] = std::move(bytes);
}

void HookedStore::Erase(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  objects_.erase(path);
}

Result<bool> HookedStore::Exist(const std::string& path) {
  ARROW_RETURN_NOT_OK(Around(Call::kExist, Moment::kBefore, path));
  bool there;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    there = objects_.contains(path);
  }
  ARROW_RETURN_NOT_OK(Around(Call::kExist, Moment::kAfter, path));
  return there;
}

Result<int64_t> HookedStore::Size(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto info, Stat(path));
  return info.size;
}

Result<ObjectInfo> HookedStore::Stat(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto at = objects_.find(path);
  if (at == objects_.end()) return NotThere(path);
  return ObjectInfo{.path = path, .size = static_cast<int64_t>(at->second.size())};
}

Result<std::shared_ptr<arrow::Buffer>> HookedStore::Read(const std::string& path) {
  ARROW_RETURN_NOT_OK(Around(Call::kRead, Moment::kBefore, path));
  std::shared_ptr<arrow::Buffer> buffer;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto at = objects_.find(path);
    if (at != objects_.end()) buffer = arrow::Buffer::FromString(at->second);
  }
  ARROW_RETURN_NOT_OK(Around(Call::kRead, Moment::kAfter, path));
  if (buffer == nullptr) return NotThere(path);
  return buffer;
}

Result<std::shared_ptr<ChunkReader>> HookedStore::OpenReader(const std::string&, int64_t) {
  return NotNeeded();
}

Status HookedStore::Write(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(Around(Call::kWrite, Moment::kBefore, path));
  Set(path, std::string(AsString(bytes)));
  return Around(Call::kWrite, Moment::kAfter, path);
}

Result<bool> HookedStore::PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(Around(Call::kPut, Moment::kBefore, path));
  bool added;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    added = objects_.try_emplace(path, AsString(bytes)).second;
  }
  ARROW_RETURN_NOT_OK(Around(Call::kPut, Moment::kAfter, path));
  return added;
}

Result<std::unique_ptr<ChunkWriter>> HookedStore::OpenWriter(const std::string&,
                                                             MakeWriterOptions) {
  return NotNeeded();
}

Result<std::vector<ObjectInfo>> HookedStore::List(const std::string& prefix, ListOptions options) {
  ARROW_RETURN_NOT_OK(Around(Call::kList, Moment::kBefore, prefix));
  std::vector<ObjectInfo> found;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [path, bytes] : objects_) {
      if (!path.starts_with(prefix) || path <= options.start_after) continue;
      if (static_cast<int64_t>(found.size()) >= options.limit) break;
      found.push_back({.path = path, .size = static_cast<int64_t>(bytes.size())});
    }
  }
  ARROW_RETURN_NOT_OK(Around(Call::kList, Moment::kAfter, prefix));
  return found;
}

Status HookedStore::Remove(const std::string& path) {
  Erase(path);
  return Status::OK();
}

}  // namespace varve::internal
