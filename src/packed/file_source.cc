// SPDX-License-Identifier: Apache-2.0
#include "packed/file_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/stop.h"
#include "storage/map_guard.h"
#include "storage/read_bounds.h"

namespace varve::internal {

Result<ChunkReader*> FileSource::Reader() const {
  if (reader_ready_.load(std::memory_order_acquire)) return reader_.get();
  std::lock_guard<std::mutex> lock(mutex_);
  if (!reader_ready_.load(std::memory_order_relaxed)) {
    ARROW_ASSIGN_OR_RAISE(reader_, store_->OpenReader(path_, known_bytes_));
    reader_ready_.store(true, std::memory_order_release);
  }
  return reader_.get();
}

void FileSource::Count(int64_t ranges, int64_t bytes) const {
  ranges_read_.fetch_add(ranges, std::memory_order_relaxed);
  bytes_read_.fetch_add(bytes, std::memory_order_relaxed);
}

Result<int64_t> FileSource::size() const {
  if (known_bytes_ >= 0) return known_bytes_;
  ARROW_ASSIGN_OR_RAISE(const ChunkReader* reader, Reader());
  return reader->size();
}

void FileSource::CountFetched(std::span<const ReadRange> ranges) const {
  int64_t bytes = 0;
  for (const ReadRange& range : ranges) bytes += range.length;
  Count(static_cast<int64_t>(ranges.size()), bytes);
}

void FileSource::Stage(std::shared_ptr<const StagedRanges> staged) const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  staged_.push_back(std::move(staged));
}

void FileSource::Unstage(const StagedRanges* staged) const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  std::erase_if(staged_, [staged](const auto& each) { return each.get() == staged; });
}

void FileSource::DropStaged() const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  staged_.clear();
}

void FileSource::Keep(int64_t offset, std::shared_ptr<arrow::Buffer> bytes) const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  kept_.push_back(StagedRanges::Of(offset, std::move(bytes)));
}

bool FileSource::CopyStaged(int64_t offset, int64_t length, void* out) const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  for (const auto* list : {&kept_, &staged_}) {
    for (const auto& each : *list) {
      const uint8_t* found = each->Find(offset, length);
      if (found == nullptr) continue;
      if (out != nullptr) std::memcpy(out, found, static_cast<size_t>(length));
      return true;
    }
  }
  return false;
}

bool FileSource::IsStaged(int64_t offset, int64_t length) const {
  return CopyStaged(offset, length, nullptr);
}

std::shared_ptr<arrow::Buffer> FileSource::StagedSlice(int64_t offset, int64_t length) const {
  std::lock_guard<std::mutex> lock(staged_mutex_);
  for (const auto& each : staged_) {
    const uint8_t* found = each->Find(offset, length);
    if (found == nullptr) continue;
    return arrow::SliceBuffer(each->memory(), found - each->memory()->data(), length);
  }
  return nullptr;
}

Status FileSource::ReadAt(int64_t offset, int64_t length, void* out) const {
  ARROW_RETURN_NOT_OK(CheckStopped());
  if (is_remote_ && CopyStaged(offset, length, out)) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const ChunkReader* reader, Reader());
  Count(1, length);
  return reader->ReadAt(offset, length, out);
}

Status FileSource::ReadRanges(std::span<const ReadRange> ranges) const {
  ARROW_RETURN_NOT_OK(CheckStopped());
  std::vector<ReadRange> missing;
  if (is_remote_) {
    for (const ReadRange& range : ranges) {
      if (!CopyStaged(range.offset, range.length, range.out)) missing.push_back(range);
    }
    if (missing.empty()) return Status::OK();
    ranges = missing;
  }
  ARROW_ASSIGN_OR_RAISE(const ChunkReader* reader, Reader());
  CountFetched(ranges);
  return reader->ReadRanges(ranges);
}

Result<std::shared_ptr<arrow::Buffer>> FileSource::Map() const {
  if (is_remote_) return nullptr;
  if (mapping_ready_.load(std::memory_order_acquire)) return mapping_;
  ARROW_ASSIGN_OR_RAISE(const ChunkReader* reader, Reader());
  std::lock_guard<std::mutex> lock(mutex_);
  if (!mapping_ready_.load(std::memory_order_relaxed)) {
    ARROW_ASSIGN_OR_RAISE(mapping_, reader->Map());
    mapping_ready_.store(true, std::memory_order_release);
  }
  return mapping_;
}

Result<std::shared_ptr<arrow::Buffer>> FileSource::View(int64_t offset, int64_t length) const {
  ARROW_RETURN_NOT_OK(CheckStopped());
  ARROW_ASSIGN_OR_RAISE(auto mapping, Map());
  if (mapping == nullptr) return Copy(offset, length);
  ARROW_RETURN_NOT_OK(CheckReadBounds(path_, mapping->size(), offset, length));
  Count(1, length);
  return arrow::SliceBuffer(std::move(mapping), offset, length);
}

Result<std::shared_ptr<arrow::Buffer>> FileSource::Copy(int64_t offset, int64_t length) const {
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, size());
  // Before memory is allocated for what cannot be there.
  ARROW_RETURN_NOT_OK(CheckReadBounds(path_, bytes, offset, length));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(length));
  if (length > 0) ARROW_RETURN_NOT_OK(ReadAt(offset, length, buffer->mutable_data()));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

}  // namespace varve::internal
