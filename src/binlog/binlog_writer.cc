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

namespace {

// Of a payload that nobody else has, so that no second copy of it is made. False: it is no such.
Result<bool> PutBefore(const std::string& front, std::shared_ptr<arrow::Buffer>* payload) {
  auto* buffer = dynamic_cast<arrow::ResizableBuffer*>(payload->get());
  if (buffer == nullptr || payload->use_count() != 1) return false;
  const int64_t payload_bytes = buffer->size();
  const auto front_bytes = static_cast<int64_t>(front.size());
  ARROW_RETURN_NOT_OK(buffer->Resize(payload_bytes + front_bytes, /*shrink_to_fit=*/false));
  std::memmove(buffer->mutable_data() + front_bytes, buffer->data(),
               static_cast<size_t>(payload_bytes));
  std::memcpy(buffer->mutable_data(), front.data(), front.size());
  if (buffer->capacity() / 2 <= buffer->size()) return true;
  ARROW_RETURN_NOT_OK(buffer->Resize(buffer->size(), /*shrink_to_fit=*/true));
  return true;
}

}  // namespace

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
  std::vector<std::string> fronts(1);  // of each payload; the descriptor is in the first
  ARROW_RETURN_NOT_OK(EncodeDescriptor(descriptor_, &fronts.front()));
  auto position = static_cast<int64_t>(fronts.front().size());
  for (size_t i = 0; i < events_.size(); ++i) {
    const Pending& event = events_[i];
    const int64_t length = kEventFrontBytes + event.payload->size();
    position += length;
    if (i > 0) fronts.emplace_back();
    EncodeEventHeader(
        {.timestamp = descriptor_.timestamp,
         .type = event.type,
         .event_length = static_cast<int32_t>(length),
         .next_position = position <= INT32_MAX ? static_cast<int32_t>(position) : -1},
        &fronts.back());
    AppendFixed(&fronts.back(), event.start_timestamp);
    AppendFixed(&fronts.back(), event.end_timestamp);
  }
  if (events_.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(const bool fits, PutBefore(fronts.front(), &events_.front().payload));
    if (fits) return std::move(events_.front().payload);
  }
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::AllocateBuffer(position));
  uint8_t* next = file->mutable_data();
  const auto append = [&next](const void* bytes, size_t count) {
    if (count > 0) std::memcpy(next, bytes, count);
    next += count;
  };
  for (size_t i = 0; i < fronts.size(); ++i) {
    append(fronts[i].data(), fronts[i].size());
    if (i == events_.size()) break;  // a descriptor alone
    append(events_[i].payload->data(), static_cast<size_t>(events_[i].payload->size()));
  }
  events_.clear();
  return std::shared_ptr<arrow::Buffer>(std::move(file));
}

}  // namespace varve
