// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/remote_chunk_reader.h"

#include <utility>

#include "storage/read_bounds.h"

namespace varve::internal {

RemoteChunkReader::RemoteChunkReader(std::shared_ptr<ObjectClient> client, std::string path,
                                     int64_t size, std::chrono::milliseconds timeout)
    : client_(std::move(client)), path_(std::move(path)), size_(size), timeout_(timeout) {}

Status RemoteChunkReader::ReadAt(int64_t offset, int64_t length, void* out) const {
  const ReadRange range{.offset = offset, .length = length, .out = out};
  return ReadRanges({&range, 1});
}

Status RemoteChunkReader::ReadRanges(std::span<const ReadRange> ranges) const {
  std::vector<ObjectRequest> requests;
  for (const ReadRange& range : ranges) {
    ARROW_RETURN_NOT_OK(CheckReadBounds(path_, size_, range.offset, range.length));
    if (range.length == 0) continue;
    requests.push_back({.operation = ObjectOperation::kRead,
                        .path = path_,
                        .offset = range.offset,
                        .length = range.length,
                        .out = static_cast<uint8_t*>(range.out),
                        .timeout = timeout_});
  }
  if (requests.empty()) return Status::OK();
  Status first;
  for (const ObjectReply& reply : RunAll(client_.get(), std::move(requests))) {
    if (reply.ok()) continue;
    // The failure itself rather than those that it cancelled.
    if (first.ok() || reply.outcome != ObjectOutcome::kCancelled) {
      first = StatusOf(reply, ObjectOperation::kRead, path_);
    }
    if (reply.outcome != ObjectOutcome::kCancelled) break;
  }
  return first;
}

}  // namespace varve::internal
