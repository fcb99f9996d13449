// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/degrading_chunk_manager.h"

#include <utility>

#include "storage/remote/degrading_chunk_reader.h"

namespace varve::internal {
namespace {

// What the first source says that has anything to say; else what the first one said.
template <typename Value, typename Ask>
Result<Value> AskInOrder(const ReadSources& sources, const Ask& ask) {
  Status first;
  for (ChunkManager* source : sources.Now()) {
    Result<Value> found = ask(source);
    if (found.ok() || !ReadSources::MayBeElsewhere(found.status())) return found;
    if (first.ok()) first = found.status();
  }
  return first;
}

// Asks the sources from `next` on, each when the one before it has failed.
void StartInOrder(std::shared_ptr<const ReadSources> sources, std::vector<ChunkManager*> order,
                  size_t next, Status first, std::vector<ObjectRanges> objects, ReadPattern pattern,
                  std::stop_token stop, std::function<void(Status)> done) {
  if (next == order.size()) return done(first);
  ChunkManager* const source = order[next];
  auto ranges = objects;
  source->StartRangesOf(
      std::move(ranges), pattern, stop,
      [sources = std::move(sources), order = std::move(order), next, first,
       objects = std::move(objects), pattern, stop, done = std::move(done)](Status status) mutable {
        if (status.ok() || !ReadSources::MayBeElsewhere(status)) return done(status);
        if (first.ok()) first = status;
        StartInOrder(std::move(sources), std::move(order), next + 1, std::move(first),
                     std::move(objects), pattern, std::move(stop), std::move(done));
      });
}

}  // namespace

std::vector<ChunkManager*> ReadSources::Now() const {
  std::vector<ChunkManager*> now;
  if (!is_avoided()) now.push_back(store.get());
  for (const auto& replica : replicas) now.push_back(replica.get());
  return now;
}

bool ReadSources::MayBeElsewhere(const Status& error) {
  const ErrorKind kind = KindOf(error);
  return kind == ErrorKind::kIo || kind == ErrorKind::kResourceExhausted;
}

DegradingChunkManager::DegradingChunkManager(std::shared_ptr<ChunkManager> store,
                                             std::vector<std::shared_ptr<ChunkManager>> replicas,
                                             std::function<bool()> is_avoided)
    : sources_(std::make_shared<ReadSources>(
          ReadSources{std::move(store), std::move(replicas), std::move(is_avoided)})) {}

ChunkManagerFeatures DegradingChunkManager::features() const {
  ChunkManagerFeatures features = sources_->store->features();
  features.mapping = false;
  for (const auto& replica : sources_->replicas) {
    features.ordered_listing = features.ordered_listing && replica->features().ordered_listing;
  }
  return features;
}

Result<bool> DegradingChunkManager::Exist(const std::string& path) {
  return AskInOrder<bool>(*sources_, [&](ChunkManager* source) { return source->Exist(path); });
}

Result<int64_t> DegradingChunkManager::Size(const std::string& path) {
  return AskInOrder<int64_t>(*sources_, [&](ChunkManager* source) { return source->Size(path); });
}

Result<ObjectInfo> DegradingChunkManager::Stat(const std::string& path) {
  return AskInOrder<ObjectInfo>(*sources_,
                                [&](ChunkManager* source) { return source->Stat(path); });
}

Result<std::shared_ptr<arrow::Buffer>> DegradingChunkManager::Read(const std::string& path) {
  return AskInOrder<std::shared_ptr<arrow::Buffer>>(
      *sources_, [&](ChunkManager* source) { return source->Read(path); });
}

std::vector<Result<std::shared_ptr<arrow::Buffer>>> DegradingChunkManager::ReadMany(
    std::span<const std::string> paths) {
  auto objects = sources_->Now().front()->ReadMany(paths);
  for (size_t i = 0; i < objects.size(); ++i) {
    if (ReadSources::MayBeElsewhere(objects[i].status())) objects[i] = Read(paths[i]);
  }
  return objects;
}

Result<std::vector<ObjectInfo>> DegradingChunkManager::List(const std::string& prefix,
                                                            ListOptions options) {
  return AskInOrder<std::vector<ObjectInfo>>(
      *sources_, [&](ChunkManager* source) { return source->List(prefix, options); });
}

Result<std::shared_ptr<ChunkReader>> DegradingChunkManager::OpenReader(const std::string& path,
                                                                       int64_t known_size) {
  if (known_size < 0) {
    ARROW_ASSIGN_OR_RAISE(known_size, Size(path));
  }
  return std::make_shared<DegradingChunkReader>(sources_, path, known_size);
}

Status DegradingChunkManager::ReadRangesOf(std::span<const ObjectRanges> objects,
                                           ReadPattern pattern) {
  Status first;
  for (ChunkManager* source : sources_->Now()) {
    const Status status = source->ReadRangesOf(objects, pattern);
    if (status.ok() || !ReadSources::MayBeElsewhere(status)) return status;
    if (first.ok()) first = status;
  }
  return first;
}

void DegradingChunkManager::StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern,
                                          std::stop_token stop, std::function<void(Status)> done) {
  auto order = sources_->Now();
  StartInOrder(sources_, std::move(order), 0, Status::OK(), std::move(objects), pattern,
               std::move(stop), std::move(done));
}

Status DegradingChunkManager::CheckWritable() const {
  if (!sources_->is_avoided()) return Status::OK();
  return MakeError(ErrorKind::kResourceExhausted,
                   "nothing is written while the store does not answer; reads go on from its "
                   "replicas",
                   {.object = uri()});
}

Status DegradingChunkManager::Write(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->Write(path, bytes);
}

Result<bool> DegradingChunkManager::PutIfAbsent(const std::string& path,
                                                std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->PutIfAbsent(path, bytes);
}

Result<std::unique_ptr<ChunkWriter>> DegradingChunkManager::OpenWriter(const std::string& path,
                                                                       MakeWriterOptions options) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->OpenWriter(path, options);
}

Status DegradingChunkManager::WriteAt(const std::string& path, int64_t offset,
                                      std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->WriteAt(path, offset, bytes);
}

Status DegradingChunkManager::Remove(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->Remove(path);
}

Status DegradingChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->Copy(from, to);
}

Result<std::vector<ObjectInfo>> DegradingChunkManager::Leftovers(const LeftoverOptions& options) {
  return sources_->store->Leftovers(options);
}

Result<std::unique_ptr<QueueGuard>> DegradingChunkManager::Queue(const std::string& name) {
  return sources_->store->Queue(name);
}

Status DegradingChunkManager::CheckConditionalWrites() {
  ARROW_RETURN_NOT_OK(CheckWritable());
  return sources_->store->CheckConditionalWrites();
}

}  // namespace varve::internal
