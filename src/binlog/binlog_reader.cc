// SPDX-License-Identifier: Apache-2.0
#include "varve/binlog_reader.h"

#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "binlog/event_codec.h"
#include "packed/join_arrays.h"

namespace varve {

using internal::DecodeDescriptor;
using internal::DecodeEventHeader;
using internal::Decoder;
using internal::JoinArrays;
using internal::kEventFrontBytes;

namespace {

DataType ColumnType(const Event& event, DataType described) {
  const bool is_text = described == DataType::kString || described == DataType::kVarChar;
  // JSON is the data type of bytes.
  return is_text && IsDefinitionEvent(event.header.type) ? DataType::kJson : described;
}

}  // namespace

Result<BinlogReader> BinlogReader::Open(std::shared_ptr<arrow::Buffer> bytes, std::string object) {
  BinlogReader reader(std::move(object));
  Decoder decoder({bytes->data(), static_cast<size_t>(bytes->size())}, reader.object_);
  ARROW_ASSIGN_OR_RAISE(reader.descriptor_, DecodeDescriptor(&decoder, reader.object_));
  if (reader.descriptor_.encrypted_key) {
    return MakeError(ErrorKind::kUnsupported, "the binlog is encrypted",
                     {.object = reader.object_, .field = "edek"});
  }
  ARROW_RETURN_NOT_OK(reader.ReadEvents(bytes, &decoder));
  return reader;
}

Status BinlogReader::ReadEvents(const std::shared_ptr<arrow::Buffer>& bytes, Decoder* decoder) {
  while (decoder->remaining() > 0) {
    Event event;
    event.offset = static_cast<int64_t>(decoder->position());
    ARROW_ASSIGN_OR_RAISE(event.header, DecodeEventHeader(decoder, object_));
    if (event.header.type == EventType::kDescriptor) {
      return Corruption("a second descriptor",
                        {.object = object_,
                         .field = "type_code",
                         .offset = event.offset + 8,
                         .expected = "an event of another type",
                         .found = std::string(EventTypeName(event.header.type))});
    }
    if (event.header.event_length > bytes->size() - event.offset) {
      return Corruption("the event is longer than the rest of the file",
                        {.object = object_,
                         .field = "event_length",
                         .offset = event.offset + 9,
                         .expected = "at most " + std::to_string(bytes->size() - event.offset),
                         .found = std::to_string(event.header.event_length)});
    }
    ARROW_ASSIGN_OR_RAISE(event.start_timestamp, decoder->ReadFixed<uint64_t>());
    ARROW_ASSIGN_OR_RAISE(event.end_timestamp, decoder->ReadFixed<uint64_t>());
    const int64_t payload_bytes = event.header.event_length - kEventFrontBytes;
    event.payload = arrow::SliceBuffer(bytes, event.payload_offset(), payload_bytes);
    ARROW_RETURN_NOT_OK(decoder->ReadBytes(static_cast<uint64_t>(payload_bytes)).status());
    events_.push_back(std::move(event));
  }
  return Status::OK();
}

Result<std::unique_ptr<PayloadReader>> BinlogReader::OpenPayload(const Event& event) const {
  return PayloadReader::Open(
      event.payload, object_ + " (payload at byte " + std::to_string(event.payload_offset()) + ")");
}

Result<StoredValues> BinlogReader::ReadColumn() const {
  if (events_.empty()) {
    return Corruption("the binlog has no event", {.object = object_, .expected = "one at least"});
  }
  StoredValues column;
  arrow::ArrayVector parts;
  for (const Event& event : events_) {
    ARROW_ASSIGN_OR_RAISE(const auto payload, OpenPayload(event));
    ARROW_ASSIGN_OR_RAISE(StoredValues part,
                          payload->Read(0, ColumnType(event, descriptor_.payload_type)));
    if (parts.empty()) {
      column = part;
    } else if (!part.values->type()->Equals(column.values->type()) || part.dim != column.dim ||
               part.element_type != column.element_type) {
      return Corruption("events hold columns of different types",
                        {.object = object_,
                         .offset = event.payload_offset(),
                         .expected = column.values->type()->ToString(),
                         .found = part.values->type()->ToString()});
    }
    parts.push_back(std::move(part.values));
  }
  if (parts.size() > 1) {
    ARROW_ASSIGN_OR_RAISE(column.values, JoinArrays(parts));
  }
  return column;
}

}  // namespace varve
