// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/intercepting_chunk_manager.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

using Interceptor = std::shared_ptr<StorageInterceptor>;

class InterceptingReader : public ChunkReader {
 public:
  InterceptingReader(std::shared_ptr<ChunkReader> reader, Interceptor interceptor)
      : reader_(std::move(reader)), interceptor_(std::move(interceptor)) {}

  const std::string& path() const override { return reader_->path(); }
  int64_t size() const override { return interceptor_->SizeOf(path(), reader_->size()); }

  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kReadAt, path()));
    ARROW_RETURN_NOT_OK(ReadOne({.offset = offset, .length = length, .out = out}));
    return interceptor_->After(StorageOperation::kReadAt, path(), 1, length);
  }

  Status ReadRanges(std::span<const ReadRange> ranges) const override {
    ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kReadRanges, path()));
    int64_t bytes = 0;
    for (const ReadRange& range : ranges) {
      ARROW_RETURN_NOT_OK(CheckReadBounds(path(), size(), range.offset, range.length));
      bytes += range.length;
    }
    ARROW_RETURN_NOT_OK(reader_->ReadRanges(ranges));
    for (const ReadRange& range : ranges) Change(range);
    return interceptor_->After(StorageOperation::kReadRanges, path(),
                               static_cast<int64_t>(ranges.size()), bytes);
  }

  Result<std::shared_ptr<arrow::Buffer>> Map() const override {
    ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kMap, path()));
    ARROW_ASSIGN_OR_RAISE(auto mapped, reader_->Map());
    if (mapped == nullptr) return mapped;
    if (size() < mapped->size()) {
      return Corruption("the object has another size",
                        {.object = path(),
                         .expected = std::to_string(mapped->size()) + " bytes",
                         .found = std::to_string(size()) + " bytes"});
    }
    ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kMap, path(), 1, mapped->size()));
    if (!interceptor_->ChangesReads(path())) return mapped;
    ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(mapped->size()));
    std::copy_n(mapped->data(), mapped->size(), copy->mutable_data());
    interceptor_->ChangeRead(path(), 0, {copy->mutable_data(), static_cast<size_t>(copy->size())});
    return std::shared_ptr<arrow::Buffer>(std::move(copy));
  }

 private:
  Status ReadOne(const ReadRange& range) const {
    ARROW_RETURN_NOT_OK(CheckReadBounds(path(), size(), range.offset, range.length));
    ARROW_RETURN_NOT_OK(reader_->ReadAt(range.offset, range.length, range.out));
    Change(range);
    return Status::OK();
  }
  void Change(const ReadRange& range) const {
    interceptor_->ChangeRead(path(), range.offset,
                             {static_cast<uint8_t*>(range.out), static_cast<size_t>(range.length)});
  }

  const std::shared_ptr<ChunkReader> reader_;
  const Interceptor interceptor_;
};

class InterceptingWriter : public ChunkWriter {
 public:
  InterceptingWriter(std::unique_ptr<ChunkWriter> writer, Interceptor interceptor)
      : writer_(std::move(writer)), interceptor_(std::move(interceptor)) {}

  const std::string& path() const override { return writer_->path(); }
  int64_t bytes_written() const override { return writer_->bytes_written(); }

  Status Write(std::span<const uint8_t> bytes) override { return WriteAll({&bytes, 1}); }

  Status WriteAll(std::span<const std::span<const uint8_t>> pieces) override {
    ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kWriterWrite, path()));
    const int64_t before = writer_->bytes_written();
    ARROW_RETURN_NOT_OK(writer_->WriteAll(pieces));
    return interceptor_->After(StorageOperation::kWriterWrite, path(),
                               static_cast<int64_t>(pieces.size()),
                               writer_->bytes_written() - before);
  }

  Status Close() override {
    ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kWriterClose, path()));
    ARROW_RETURN_NOT_OK(writer_->Close());
    return interceptor_->After(StorageOperation::kWriterClose, path(), 1, writer_->bytes_written());
  }

  Status Abort() override { return writer_->Abort(); }

 private:
  const std::unique_ptr<ChunkWriter> writer_;
  const Interceptor interceptor_;
};

int64_t Length(std::span<const uint8_t> bytes) { return static_cast<int64_t>(bytes.size()); }

}  // namespace

std::string_view StorageOperationName(StorageOperation operation) {
  constexpr std::string_view kNames[kNumStorageOperations] = {
      "Stat",       "OpenReader",  "ReadAt",      "ReadRanges", "Map",  "Write",  "PutIfAbsent",
      "OpenWriter", "WriterWrite", "WriterClose", "WriteAt",    "List", "Remove", "Copy"};
  return kNames[static_cast<int>(operation)];
}

InterceptingChunkManager::InterceptingChunkManager(std::shared_ptr<ChunkManager> store,
                                                   Interceptor interceptor)
    : store_(std::move(store)), interceptor_(std::move(interceptor)) {}

Result<ObjectInfo> InterceptingChunkManager::Stat(const std::string& path) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kStat, path));
  ARROW_ASSIGN_OR_RAISE(ObjectInfo info, store_->Stat(path));
  info.size = interceptor_->SizeOf(path, info.size);
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kStat, path, 1, 0));
  return info;
}

Result<bool> InterceptingChunkManager::Exist(const std::string& path) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kStat, path));
  ARROW_ASSIGN_OR_RAISE(const bool exists, store_->Exist(path));
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kStat, path, 1, 0));
  return exists;
}

Result<int64_t> InterceptingChunkManager::Size(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const ObjectInfo info, Stat(path));
  return info.size;
}

Result<std::shared_ptr<ChunkReader>> InterceptingChunkManager::OpenReader(const std::string& path,
                                                                          int64_t known_size) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kOpenReader, path));
  ARROW_ASSIGN_OR_RAISE(auto reader, store_->OpenReader(path, known_size));
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kOpenReader, path, 1, 0));
  return std::make_shared<InterceptingReader>(std::move(reader), interceptor_);
}

// One call, under the name of the first object.
Status InterceptingChunkManager::ReadRangesOf(std::span<const ObjectRanges> objects,
                                              ReadPattern pattern) {
  if (objects.empty()) return Status::OK();
  const std::string& first = objects.front().path;
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kReadRanges, first));
  int64_t num_ranges = 0;
  int64_t bytes = 0;
  for (const ObjectRanges& object : objects) {
    const int64_t size = interceptor_->SizeOf(object.path, object.size);
    for (const ReadRange& range : object.ranges) {
      ARROW_RETURN_NOT_OK(CheckReadBounds(object.path, size, range.offset, range.length));
      ++num_ranges;
      bytes += range.length;
    }
  }
  ARROW_RETURN_NOT_OK(store_->ReadRangesOf(objects, pattern));
  for (const ObjectRanges& object : objects) {
    for (const ReadRange& range : object.ranges) {
      interceptor_->ChangeRead(
          object.path, range.offset,
          {static_cast<uint8_t*>(range.out), static_cast<size_t>(range.length)});
    }
  }
  return interceptor_->After(StorageOperation::kReadRanges, first, num_ranges, bytes);
}

Status InterceptingChunkManager::Write(const std::string& path, std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kWrite, path));
  ARROW_RETURN_NOT_OK(store_->Write(path, bytes));
  return interceptor_->After(StorageOperation::kWrite, path, 1, Length(bytes));
}

Result<bool> InterceptingChunkManager::PutIfAbsent(const std::string& path,
                                                   std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kPutIfAbsent, path));
  ARROW_ASSIGN_OR_RAISE(const bool is_ours, store_->PutIfAbsent(path, bytes));
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kPutIfAbsent, path, 1, Length(bytes)));
  return is_ours;
}

Result<std::unique_ptr<ChunkWriter>> InterceptingChunkManager::OpenWriter(
    const std::string& path, MakeWriterOptions options) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kOpenWriter, path));
  ARROW_ASSIGN_OR_RAISE(auto writer, store_->OpenWriter(path, options));
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kOpenWriter, path, 1, 0));
  return std::make_unique<InterceptingWriter>(std::move(writer), interceptor_);
}

Status InterceptingChunkManager::WriteAt(const std::string& path, int64_t offset,
                                         std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kWriteAt, path));
  ARROW_RETURN_NOT_OK(store_->WriteAt(path, offset, bytes));
  return interceptor_->After(StorageOperation::kWriteAt, path, 1, Length(bytes));
}

Result<std::vector<ObjectInfo>> InterceptingChunkManager::List(const std::string& prefix,
                                                               ListOptions options) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kList, prefix));
  ARROW_ASSIGN_OR_RAISE(auto infos, store_->List(prefix, std::move(options)));
  for (ObjectInfo& info : infos) info.size = interceptor_->SizeOf(info.path, info.size);
  ARROW_RETURN_NOT_OK(interceptor_->After(StorageOperation::kList, prefix, 1, 0));
  return infos;
}

Status InterceptingChunkManager::Remove(const std::string& path) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kRemove, path));
  ARROW_RETURN_NOT_OK(store_->Remove(path));
  return interceptor_->After(StorageOperation::kRemove, path, 1, 0);
}

Status InterceptingChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_RETURN_NOT_OK(interceptor_->Before(StorageOperation::kCopy, from));
  ARROW_RETURN_NOT_OK(store_->Copy(from, to));
  return interceptor_->After(StorageOperation::kCopy, from, 1, 0);
}

}  // namespace varve::internal
