// SPDX-License-Identifier: Apache-2.0
#include "cli/chunk_file.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"

namespace varve::cli {
namespace {

class ChunkFile : public arrow::io::RandomAccessFile {
 public:
  explicit ChunkFile(std::shared_ptr<ChunkReader> reader) : reader_(std::move(reader)) {}

  Status Close() override {
    closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override {
    if (position < 0 || position > reader_->size()) {
      return MakeError(ErrorKind::kInvalid, "seek outside the file",
                       {.object = reader_->path(), .offset = position});
    }
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> GetSize() override { return reader_->size(); }

  Result<int64_t> Read(int64_t length, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadAt(position_, length, out));
    position_ += count;
    return count;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t length) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, length));
    position_ += buffer->size();
    return buffer;
  }
  // Arrow's contract: a read at the end of the file comes short.
  Result<int64_t> ReadAt(int64_t position, int64_t length, void* out) override {
    ARROW_ASSIGN_OR_RAISE(length, Within(position, length));
    ARROW_RETURN_NOT_OK(reader_->ReadAt(position, length, out));
    return length;
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t length) override {
    ARROW_ASSIGN_OR_RAISE(length, Within(position, length));
    return reader_->Read(position, length);
  }

 private:
  Result<int64_t> Within(int64_t position, int64_t length) const {
    if (position < 0 || length < 0 || position > reader_->size()) {
      return Corruption("a read outside the file", {.object = reader_->path(), .offset = position});
    }
    return std::min(length, reader_->size() - position);
  }

  std::shared_ptr<ChunkReader> reader_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenChunkFile(
    const std::shared_ptr<ChunkManager>& store, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto reader, store->OpenReader(path));
  return std::make_shared<ChunkFile>(std::move(reader));
}

}  // namespace varve::cli
