// SPDX-License-Identifier: Apache-2.0
#include "storage/memory/memory_chunk_manager.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "arrow/buffer.h"
#include "storage/object_path.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

std::shared_ptr<arrow::Buffer> CopyOf(std::span<const uint8_t> bytes) {
  return arrow::Buffer::FromString(
      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

class MemoryChunkReader : public ChunkReader {
 public:
  MemoryChunkReader(std::string path, std::shared_ptr<arrow::Buffer> bytes, int64_t size)
      : path_(std::move(path)), bytes_(std::move(bytes)), size_(size) {}

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }

  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    ARROW_RETURN_NOT_OK(CheckReadBounds(path_, std::min(size_, bytes_->size()), offset, length));
    if (length > 0) std::memcpy(out, bytes_->data() + offset, static_cast<size_t>(length));
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::Buffer>> Map() const override {
    if (size_ == bytes_->size()) return bytes_;
    return Corruption("the object has another size",
                      {.object = path_,
                       .expected = std::to_string(size_) + " bytes",
                       .found = std::to_string(bytes_->size()) + " bytes"});
  }

 private:
  const std::string path_;
  const std::shared_ptr<arrow::Buffer> bytes_;
  const int64_t size_;
};

class MemoryChunkWriter : public ChunkWriter {
 public:
  MemoryChunkWriter(std::shared_ptr<MemoryChunkManager> store, std::string path, bool replaces)
      : store_(std::move(store)), path_(std::move(path)), replaces_(replaces) {}

  const std::string& path() const override { return path_; }
  int64_t bytes_written() const override { return bytes_written_; }

  Status Write(std::span<const uint8_t> bytes) override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_written_ += static_cast<int64_t>(bytes.size());
    return Status::OK();
  }

  Status Close() override {
    ARROW_RETURN_NOT_OK(CheckOpen());
    const auto store = std::move(store_);
    if (replaces_) return store->Write(path_, bytes_);
    ARROW_ASSIGN_OR_RAISE(const bool is_ours, store->PutIfAbsent(path_, bytes_));
    if (is_ours) return Status::OK();
    return MakeError(ErrorKind::kAlreadyExists, "the object exists already", {.object = path_});
  }

  Status Abort() override {
    store_.reset();
    bytes_ = {};
    return Status::OK();
  }

 private:
  Status CheckOpen() const {
    if (store_ != nullptr) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "the writer is closed or has failed", {.object = path_});
  }

  std::shared_ptr<MemoryChunkManager> store_;  ///< null once closed or aborted
  const std::string path_;
  const bool replaces_;
  std::vector<uint8_t> bytes_;
  int64_t bytes_written_ = 0;
};

}  // namespace

std::shared_ptr<MemoryChunkManager> MemoryChunkManager::Make(const std::string& name,
                                                             Clock* clock) {
  return std::shared_ptr<MemoryChunkManager>(new MemoryChunkManager(name, clock));
}

std::shared_ptr<MemoryChunkManager> MemoryChunkManager::Named(const std::string& name) {
  static std::mutex mutex;
  // Never destroyed: a thread may still use a store while the process ends.
  static auto* const stores = new std::map<std::string, std::shared_ptr<MemoryChunkManager>>();
  const std::lock_guard lock(mutex);
  auto& store = (*stores)[name];
  if (store == nullptr) store = Make(name);
  return store;
}

MemoryChunkManager::MemoryChunkManager(const std::string& name, Clock* clock)
    : clock_(clock), uri_("memory://" + name) {}

ChunkManagerFeatures MemoryChunkManager::features() const {
  return {.put_if_absent = true,
          .ordered_listing = true,
          .write_at = true,
          .mapping = true,
          .durable = false};
}

MemoryChunkManager::Object MemoryChunkManager::Stamp(std::shared_ptr<arrow::Buffer> bytes) {
  return {.bytes = std::move(bytes), .modified_micros = clock_->NowMicros()};
}

Result<MemoryChunkManager::Object> MemoryChunkManager::Find(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const std::shared_lock lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) {
    return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
  }
  return found->second;
}

Result<ObjectInfo> MemoryChunkManager::Stat(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const Object object, Find(path));
  return ObjectInfo{
      .path = path, .size = object.bytes->size(), .last_modified_micros = object.modified_micros};
}

Result<bool> MemoryChunkManager::Exist(const std::string& path) {
  const auto found = Find(path);
  if (found.ok()) return true;
  if (IsNotFound(found.status())) return false;
  return found.status();
}

Result<int64_t> MemoryChunkManager::Size(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const Object object, Find(path));
  return object.bytes->size();
}

Result<std::shared_ptr<arrow::Buffer>> MemoryChunkManager::Read(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const Object object, Find(path));
  return object.bytes;
}

Result<std::shared_ptr<ChunkReader>> MemoryChunkManager::OpenReader(const std::string& path,
                                                                    int64_t known_size) {
  ARROW_ASSIGN_OR_RAISE(Object object, Find(path));
  const int64_t size = known_size >= 0 ? known_size : object.bytes->size();
  return std::make_shared<MemoryChunkReader>(path, std::move(object.bytes), size);
}

Status MemoryChunkManager::Write(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  auto copy = CopyOf(bytes);
  const std::unique_lock lock(mutex_);
  objects_[path] = Stamp(std::move(copy));
  return Status::OK();
}

Result<bool> MemoryChunkManager::PutIfAbsent(const std::string& path,
                                             std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  auto copy = CopyOf(bytes);
  const std::unique_lock lock(mutex_);
  return objects_.try_emplace(path, Stamp(std::move(copy))).second;
}

Result<std::unique_ptr<ChunkWriter>> MemoryChunkManager::OpenWriter(const std::string& path,
                                                                    MakeWriterOptions options) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  return std::make_unique<MemoryChunkWriter>(shared_from_this(), path, options.replace);
}

Status MemoryChunkManager::WriteAt(const std::string& path, int64_t offset,
                                   std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const auto length = static_cast<int64_t>(bytes.size());
  if (offset < 0 || offset > std::numeric_limits<int64_t>::max() - length) {
    return MakeError(ErrorKind::kInvalid, "an offset to write at that is out of range",
                     {.object = path, .found = std::to_string(offset)});
  }
  const std::unique_lock lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) {
    return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
  }
  const arrow::Buffer& old = *found->second.bytes;
  ARROW_ASSIGN_OR_RAISE(auto changed, arrow::AllocateBuffer(std::max(old.size(), offset + length)));
  uint8_t* const out = changed->mutable_data();
  if (old.size() > 0) std::memcpy(out, old.data(), static_cast<size_t>(old.size()));
  std::fill(out + std::min(old.size(), changed->size()), out + changed->size(), uint8_t{0});
  if (length > 0) std::memcpy(out + offset, bytes.data(), bytes.size());
  found->second = Stamp(std::move(changed));
  return Status::OK();
}

Result<std::vector<ObjectInfo>> MemoryChunkManager::List(const std::string& prefix,
                                                         ListOptions options) {
  ARROW_RETURN_NOT_OK(CheckObjectPrefix(prefix));
  std::vector<ObjectInfo> infos;
  const std::shared_lock lock(mutex_);
  auto at = options.start_after >= prefix ? objects_.upper_bound(options.start_after)
                                          : objects_.lower_bound(prefix);
  for (; at != objects_.end() && at->first.starts_with(prefix); ++at) {
    if (static_cast<int64_t>(infos.size()) >= options.limit) break;
    infos.push_back({.path = at->first,
                     .size = at->second.bytes->size(),
                     .last_modified_micros = at->second.modified_micros});
  }
  return infos;
}

Status MemoryChunkManager::Remove(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const std::unique_lock lock(mutex_);
  objects_.erase(path);
  return Status::OK();
}

Status MemoryChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(to));
  ARROW_ASSIGN_OR_RAISE(Object object, Find(from));
  const std::unique_lock lock(mutex_);
  objects_[to] = Stamp(std::move(object.bytes));
  return Status::OK();
}

Result<int64_t> MemoryChunkManager::StoreTime() { return clock_->NowMicros(); }

std::shared_ptr<ChunkReader> OpenBuffer(std::string path, std::shared_ptr<arrow::Buffer> bytes) {
  const int64_t size = bytes->size();
  return std::make_shared<MemoryChunkReader>(std::move(path), std::move(bytes), size);
}

}  // namespace varve::internal
