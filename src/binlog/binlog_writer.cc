// SPDX-License-Identifier: Apache-2.0
#include "varve/binlog_writer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "arrow/buffer.h"
#include "binlog/event_codec.h"

namespace varve {

using internal::AppendFixed;
using internal::EncodeDescriptor;
using internal::EncodeEventHeader;
using internal::kEventFrontBytes;

Status BinlogWriter::Append(EventType type, uint64_t start_timestamp, uint64_t end_timestamp,
                            Payload payload) {
  if (type == EventType::kDescriptor) {
    return MakeError(ErrorKind::kInvalid, "a binlog has one descriptor");
  }
  if (payload.bytes->size() > INT32_MAX - kEventFrontBytes) {
    return MakeError(ErrorKind::kInvalid, "payload too large for an event",
                     {.expected = "at most " + std::to_string(INT32_MAX - kEventFrontBytes),
                      .found = std::to_string(payload.bytes->size())});
  }
  descriptor_.original_size += payload.original_size;
  events_.push_back({type, std::max<uint64_t>(start_timestamp, 1),
                     std::max<uint64_t>(end_timestamp, 1), std::move(payload.bytes)});
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> BinlogWriter::Finish() {
  std::string front;
  ARROW_RETURN_NOT_OK(EncodeDescriptor(descriptor_, &front));
  int64_t total = static_cast<int64_t>(front.size());
  for (const Pending& event : events_) total += kEventFrontBytes + event.payload->size();

  ARROW_ASSIGN_OR_RAISE(auto file, arrow::AllocateBuffer(total));
  uint8_t* next = file->mutable_data();
  const auto append = [&next](const void* bytes, size_t count) {
    if (count > 0) std::memcpy(next, bytes, count);
    next += count;
  };
  append(front.data(), front.size());
  int64_t position = static_cast<int64_t>(front.size());
  for (const Pending& event : events_) {
    const int64_t length = kEventFrontBytes + event.payload->size();
    position += length;
    front.clear();
    EncodeEventHeader(
        {.timestamp = descriptor_.timestamp,
         .type = event.type,
         .event_length = static_cast<int32_t>(length),
         .next_position = position <= INT32_MAX ? static_cast<int32_t>(position) : -1},
        &front);
    AppendFixed(&front, event.start_timestamp);
    AppendFixed(&front, event.end_timestamp);
    append(front.data(), front.size());
    append(event.payload->data(), static_cast<size_t>(event.payload->size()));
  }
  events_.clear();
  return std::shared_ptr<arrow::Buffer>(std::move(file));
}

}  // namespace varve
