// SPDX-License-Identifier: Apache-2.0
#include "storage/local/local_chunk_reader.h"

#include <cerrno>
#include <utility>

#include "arrow/buffer.h"
#include "storage/local/errno_status.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

class MappedBuffer : public arrow::Buffer {
 public:
  MappedBuffer(FileSystem* files, const void* address, int64_t size)
      : Buffer(static_cast<const uint8_t*>(address), size), files_(files) {}
  ~MappedBuffer() override { files_->Unmap(data(), size()); }

 private:
  FileSystem* const files_;
};

}  // namespace

LocalChunkReader::LocalChunkReader(FileSystem* files, int file, std::string path, int64_t size)
    : files_(files), file_(file), path_(std::move(path)), size_(size) {}

LocalChunkReader::~LocalChunkReader() { files_->Close(file_); }

Status LocalChunkReader::ReadAt(int64_t offset, int64_t length, void* out) const {
  ARROW_RETURN_NOT_OK(CheckReadBounds(path_, size_, offset, length));
  int64_t done = 0;
  while (done < length) {
    const int64_t count = files_->ReadAt(file_, static_cast<uint8_t*>(out) + done,
                                         static_cast<size_t>(length - done), offset + done);
    if (count == -EINTR) continue;
    if (count < 0) return ErrnoStatus(count, "cannot read the object", path_);
    if (count == 0) return ShortRead(path_, offset, length, done);
    done += count;
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> LocalChunkReader::Map() const {
  const std::lock_guard lock(mutex_);
  if (mapping_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(mapping_, MakeMapping());
  }
  return mapping_;
}

Result<std::shared_ptr<arrow::Buffer>> LocalChunkReader::MakeMapping() const {
  FileStat stat;
  const int found = files_->Stat(file_, &stat);
  if (found < 0) return ErrnoStatus(found, "cannot map the object", path_);
  if (stat.size != size_) {
    return Corruption("the object has another size",
                      {.object = path_,
                       .expected = std::to_string(size_) + " bytes",
                       .found = std::to_string(stat.size) + " bytes"});
  }
  // The kernel maps no empty ranges.
  if (size_ == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  const void* address = nullptr;
  const int mapped = files_->Map(file_, size_, &address);
  if (mapped == -EOPNOTSUPP || mapped == -ENODEV) return nullptr;
  if (mapped < 0) return ErrnoStatus(mapped, "cannot map the object", path_);
  return std::make_shared<MappedBuffer>(files_, address, size_);
}

}  // namespace varve::internal
