// SPDX-License-Identifier: Apache-2.0
#include "varve/chunk_manager.h"

#include "arrow/buffer.h"
#include "storage/read_bounds.h"

namespace varve {

Status ChunkReader::ReadRanges(std::span<const ReadRange> ranges) const {
  for (const ReadRange& range : ranges) {
    ARROW_RETURN_NOT_OK(ReadAt(range.offset, range.length, range.out));
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> ChunkReader::Map() const { return nullptr; }

Result<std::shared_ptr<arrow::Buffer>> ChunkReader::Read(int64_t offset, int64_t length) const {
  // Before the allocation: the range may come from bytes that nobody has checked.
  ARROW_RETURN_NOT_OK(internal::CheckReadBounds(path(), size(), offset, length));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(length));
  ARROW_RETURN_NOT_OK(ReadAt(offset, length, buffer->mutable_data()));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Status ChunkWriter::WriteAll(std::span<const std::span<const uint8_t>> pieces) {
  for (const auto piece : pieces) ARROW_RETURN_NOT_OK(Write(piece));
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> ChunkManager::Read(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenReader(path));
  return reader->Read(0, reader->size());
}

std::vector<Result<std::shared_ptr<arrow::Buffer>>> ChunkManager::ReadMany(
    std::span<const std::string> paths) {
  std::vector<Result<std::shared_ptr<arrow::Buffer>>> objects;
  for (const std::string& path : paths) objects.push_back(Read(path));
  return objects;
}

Status ChunkManager::ReadRangesOf(std::span<const ObjectRanges> objects, ReadPattern) {
  for (const ObjectRanges& object : objects) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, OpenReader(object.path, object.size));
    ARROW_RETURN_NOT_OK(reader->ReadRanges(object.ranges));
  }
  return Status::OK();
}

void ChunkManager::StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern,
                                 std::stop_token, std::function<void(Status)> done) {
  done(ReadRangesOf(objects, pattern));
}

Status ChunkManager::WriteAt(const std::string& path, int64_t, std::span<const uint8_t>) {
  return MakeError(ErrorKind::kUnsupported, "this store cannot write inside an object",
                   {.object = path});
}

Status ChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_ASSIGN_OR_RAISE(auto bytes, Read(from));
  return Write(to, {bytes->data(), static_cast<size_t>(bytes->size())});
}

Result<std::vector<ObjectInfo>> ChunkManager::Leftovers(const LeftoverOptions&) {
  return std::vector<ObjectInfo>();
}

Result<std::unique_ptr<QueueGuard>> ChunkManager::Queue(const std::string&) {
  return std::unique_ptr<QueueGuard>();
}

Status ChunkManager::CheckConditionalWrites() { return Status::OK(); }

std::optional<StorageMetrics> ChunkManager::Metrics() const { return std::nullopt; }

}  // namespace varve
