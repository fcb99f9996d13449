// SPDX-License-Identifier: Apache-2.0
// Ranges of one object of a store. A vectored read is as few requests as is quickest, all under way
// together.
#pragma once

#include <string>
#include <utility>

#include "storage/remote/ranged_reads.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class RemoteChunkReader : public ChunkReader {
 public:
  RemoteChunkReader(RangedReads reads, std::string path, int64_t size)
      : reads_(std::move(reads)), path_(std::move(path)), size_(size) {}

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override;
  Status ReadRanges(std::span<const ReadRange> ranges) const override;

 private:
  const RangedReads reads_;
  const std::string path_;
  const int64_t size_;
};

}  // namespace varve::internal
