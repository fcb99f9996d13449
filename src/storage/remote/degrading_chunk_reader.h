// SPDX-License-Identifier: Apache-2.0
// One object, read from whoever of several sources has an answer.
//
// Threads: as ChunkReader
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "storage/remote/degrading_chunk_manager.h"

namespace varve::internal {

class DegradingChunkReader : public ChunkReader {
 public:
  DegradingChunkReader(std::shared_ptr<const ReadSources> sources, std::string path, int64_t size);

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override;
  Status ReadRanges(std::span<const ReadRange> ranges) const override;

 private:
  Result<std::shared_ptr<ChunkReader>> ReaderOf(ChunkManager* source) const;

  const std::shared_ptr<const ReadSources> sources_;
  const std::string path_;
  const int64_t size_;
  mutable std::mutex mutex_;  // guards readers_
  mutable std::map<ChunkManager*, std::shared_ptr<ChunkReader>> readers_;
};

}  // namespace varve::internal
