// SPDX-License-Identifier: Apache-2.0
// One new remote object: a single request as long as it fits into one part, an upload in parts
// beyond.
//
// An object that turns out to hold these very bytes is this one, whatever the store said.
//
// Memory:  one part, and those that are on their way
// Threads: as ChunkWriter
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/remote/object_client.h"

namespace varve::internal {

class RemoteChunkWriter : public ChunkWriter {
 public:
  RemoteChunkWriter(std::shared_ptr<ObjectClient> client, std::string path, UploadOptions options);
  ~RemoteChunkWriter() override;

  const std::string& path() const override { return path_; }
  int64_t bytes_written() const override { return bytes_written_; }
  Status Write(std::span<const uint8_t> bytes) override;
  Status Close() override;
  Status Abort() override;

 private:
  Status Append(std::span<const uint8_t> bytes);
  Status SendPart();
  Status Finish();
  bool Holds(const arrow::Buffer& bytes);
  bool HoldsAllParts(ObjectOutcome closed);

  const std::shared_ptr<ObjectClient> client_;
  const std::string path_;
  const UploadOptions options_;
  bool open_ = true;
  int64_t bytes_written_ = 0;
  std::string part_;
  std::unique_ptr<ObjectUpload> upload_;
};

}  // namespace varve::internal
