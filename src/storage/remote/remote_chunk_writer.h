// SPDX-License-Identifier: Apache-2.0
// One new remote object: a single request as long as it fits into one part, an upload in parts
// beyond.
//
// An object that turns out to hold these very bytes is this one, whatever the store said.
//
// Parts grow with their number, which services limit (S3: 10,000), so that an object may be as long
// as the service takes: the first kPartsOfASize are of `part_bytes`, as many more twice that, ….
//
// Memory:  one part, and those that are on their way
// Threads: as ChunkWriter; a caller that is asked to stop (varve/stop.h) ends what is under way
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "storage/remote/object_client.h"

namespace varve::internal {

/// Bytes of part `number` (from 1) of an upload; the last may be shorter.
int64_t PartBytes(int64_t part_bytes, int64_t number);

class RemoteChunkWriter : public ChunkWriter {
 public:
  /// `before_parts`, if there is one, is asked once, where the object turns out to be longer than a
  /// part; an error fails the write.
  RemoteChunkWriter(std::shared_ptr<ObjectClient> client, std::string path, UploadOptions options,
                    std::function<Status()> before_parts = {});
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
  ObjectReply Wait(const std::function<void(ObjectDone)>& start);
  bool Holds(const arrow::Buffer& bytes);
  bool HoldsAllParts(ObjectOutcome closed);

  const std::shared_ptr<ObjectClient> client_;
  const std::string path_;
  std::stop_source stop_;
  const UploadOptions options_;
  const std::function<Status()> before_parts_;
  bool open_ = true;
  int64_t num_parts_ = 0;
  int64_t bytes_written_ = 0;
  std::string part_;
  std::unique_ptr<ObjectUpload> upload_;
};

}  // namespace varve::internal
