// SPDX-License-Identifier: Apache-2.0
// Ranges of one remote object, many at a time.
//
// Threads: as ChunkReader
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "storage/remote/object_client.h"

namespace varve::internal {

class RemoteChunkReader : public ChunkReader {
 public:
  RemoteChunkReader(std::shared_ptr<ObjectClient> client, std::string path, int64_t size,
                    std::chrono::milliseconds timeout);

  const std::string& path() const override { return path_; }
  int64_t size() const override { return size_; }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override;
  Status ReadRanges(std::span<const ReadRange> ranges) const override;

 private:
  const std::shared_ptr<ObjectClient> client_;
  const std::string path_;
  const int64_t size_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace varve::internal
