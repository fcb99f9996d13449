// SPDX-License-Identifier: Apache-2.0
#include "table/file_pool.h"

#include <map>
#include <utility>

namespace varve::internal {
namespace {

// An eighth of the usual limit of 1,024 descriptors a process, which may have several tables open.
constexpr size_t kOpenFilesMax = 128;
// Of files that are far away there is no descriptor, but what is known of each: a footer at most.
constexpr size_t kFarFilesMax = 1024;

}  // namespace

Status MissingFileIsDamage(const Status& status) {
  if (!IsNotFound(status)) return status;
  ErrorContext context;
  if (const ErrorContext* known = ContextOf(status)) context = *known;
  return Corruption("a file of the table is missing", std::move(context));
}

std::shared_ptr<FilePool> FilePool::Shared(const std::shared_ptr<ChunkManager>& store,
                                           Executor* executor) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<FilePool>> pools;
  const std::lock_guard lock(mutex);
  std::erase_if(pools, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<FilePool>& known = pools[store->uri()];
  std::shared_ptr<FilePool> pool = known.lock();
  if (pool == nullptr) {
    pool = std::make_shared<FilePool>(store, executor);
    known = pool;
  }
  return pool;
}

Result<std::shared_ptr<PackedFileReader>> FilePool::Get(const FileEntry& file) {
  if (file.base_id != 0) {
    return MakeError(ErrorKind::kUnsupported, "files outside the table's root cannot be read yet",
                     {.object = file.path,
                      .field = "base_id",
                      .expected = "0",
                      .found = std::to_string(file.base_id)});
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (auto found = slots_.find(file.path); found != slots_.end()) {
      uses_.splice(uses_.begin(), uses_, found->second.use);
      return found->second.reader;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, PackedFileReader::Open(store_, file.path,
                                                            {.file_bytes = file.file_bytes,
                                                             .layout = file.layout,
                                                             .field_ids = file.field_ids,
                                                             .map = map_},
                                                            executor_));
  std::shared_ptr<PackedFileReader> evicted;  // closed after the lock is gone
  std::lock_guard<std::mutex> lock(mutex_);
  auto [slot, inserted] = slots_.try_emplace(file.path);
  if (!inserted) return slot->second.reader;  // somebody else was quicker
  uses_.push_front(file.path);
  slot->second = {reader, uses_.begin()};
  if (slots_.size() > (store_->features().mapping ? kOpenFilesMax : kFarFilesMax)) {
    auto oldest = slots_.find(uses_.back());
    evicted = std::move(oldest->second.reader);
    slots_.erase(oldest);
    uses_.pop_back();
  }
  return reader;
}

}  // namespace varve::internal
