// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/degrading_chunk_reader.h"

#include <utility>

namespace varve::internal {

DegradingChunkReader::DegradingChunkReader(std::shared_ptr<const ReadSources> sources,
                                           std::string path, int64_t size)
    : sources_(std::move(sources)), path_(std::move(path)), size_(size) {}

// Opened when first needed.
Result<std::shared_ptr<ChunkReader>> DegradingChunkReader::ReaderOf(ChunkManager* source) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = readers_.find(source);
    if (found != readers_.end()) return found->second;
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, source->OpenReader(path_, size_));
  const std::lock_guard lock(mutex_);
  return readers_.emplace(source, std::move(reader)).first->second;
}

Status DegradingChunkReader::ReadAt(int64_t offset, int64_t length, void* out) const {
  const ReadRange range{.offset = offset, .length = length, .out = out};
  return ReadRanges({&range, 1});
}

Status DegradingChunkReader::ReadRanges(std::span<const ReadRange> ranges) const {
  Status first;
  for (ChunkManager* source : sources_->Now()) {
    const auto reader = ReaderOf(source);
    const Status status = reader.ok() ? (*reader)->ReadRanges(ranges) : reader.status();
    if (status.ok() || !ReadSources::MayBeElsewhere(status)) return status;
    if (first.ok()) first = status;
  }
  return first;
}

}  // namespace varve::internal
