// SPDX-License-Identifier: Apache-2.0
#include "binlog/event_codec.h"

#include <array>
#include <charconv>

#include "arrow/util/utf8.h"
#include "binlog/json_members.h"
#include "nlohmann/json.hpp"

namespace varve {
namespace internal {
namespace {

using nlohmann::json;

constexpr std::string_view kOriginalSizeExtra = "original_size";
constexpr std::string_view kNullableExtra = "nullable";
constexpr std::string_view kEncryptedKeyExtra = "edek";
constexpr std::string_view kEncryptionZoneExtra = "encryption_zone";
// Lengths of the fixed parts, descriptor first: what every writer writes.
constexpr std::array<uint8_t, 8> kPostHeaderLengths = {52, 16, 16, 16, 16, 16, 16, 16};

constexpr std::array<std::string_view, 8> kEventTypeNames = {
    "DescriptorEvent",     "InsertEvent",          "DeleteEvent",        "CreateCollectionEvent",
    "DropCollectionEvent", "CreatePartitionEvent", "DropPartitionEvent", "IndexFileEvent"};

Status BadExtra(const std::string& object, int64_t offset, std::string_view key,
                std::string expected, const json& found) {
  return Corruption("descriptor extra makes no sense", {.object = object,
                                                        .field = std::string(key),
                                                        .offset = offset,
                                                        .expected = std::move(expected),
                                                        .found = Excerpt(found)});
}

Result<int64_t> ParseOriginalSize(const json& value, const std::string& object, int64_t offset) {
  constexpr char kExpected[] = "a string with a decimal integer of 0 or more";
  if (!value.is_string()) return BadExtra(object, offset, kOriginalSizeExtra, kExpected, value);
  const auto& digits = value.get_ref<const std::string&>();
  int64_t size = -1;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, size);
  if (parsed.ec != std::errc() || parsed.ptr != end || size < 0) {
    return BadExtra(object, offset, kOriginalSizeExtra, kExpected, value);
  }
  return size;
}

Status ParseExtras(std::string_view text, int64_t offset, const std::string& object,
                   BinlogDescriptor* descriptor) {
  ARROW_ASSIGN_OR_RAISE(const json extras, ParseJson(AsBytes(text), object, offset));
  if (!extras.is_object()) {
    return Corruption("descriptor extras are not a JSON object", {.object = object,
                                                                  .field = "extras",
                                                                  .offset = offset,
                                                                  .expected = "{…}",
                                                                  .found = Excerpt(extras)});
  }
  bool has_size = false;
  for (const auto& [key, value] : extras.items()) {
    if (key == kOriginalSizeExtra) {
      ARROW_ASSIGN_OR_RAISE(descriptor->original_size, ParseOriginalSize(value, object, offset));
      has_size = true;
    } else if (key == kNullableExtra) {
      if (!value.is_boolean()) return BadExtra(object, offset, key, "true or false", value);
      descriptor->nullable = value.get<bool>();
    } else if (key == kEncryptedKeyExtra) {
      if (!value.is_string()) return BadExtra(object, offset, key, "a string", value);
      descriptor->encrypted_key = value.get<std::string>();
    } else if (key == kEncryptionZoneExtra) {
      if (!value.is_number_integer() ||
          (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX)) {
        return BadExtra(object, offset, key, "an integer", value);
      }
      descriptor->encryption_zone = value.get<int64_t>();
    } else if (value.is_string()) {
      descriptor->extras.emplace(key, value.get<std::string>());
    }
  }
  if (has_size) return Status::OK();
  return Corruption("descriptor lacks an extra", {.object = object,
                                                  .field = std::string(kOriginalSizeExtra),
                                                  .offset = offset,
                                                  .expected = "original_size",
                                                  .found = Excerpt(extras)});
}

Result<std::string> EncodeExtras(const BinlogDescriptor& descriptor) {
  arrow::util::InitializeUTF8();
  json extras = json::object();
  const auto set_text = [&](std::string_view key, const std::string& text) -> Status {
    if (!arrow::util::ValidateUTF8(text) || !arrow::util::ValidateUTF8(key)) {
      return MakeError(ErrorKind::kInvalid, "descriptor extra is not UTF-8",
                       {.field = std::string(key)});
    }
    extras[std::string(key)] = text;
    return Status::OK();
  };
  for (const auto& [key, text] : descriptor.extras) ARROW_RETURN_NOT_OK(set_text(key, text));
  extras[kOriginalSizeExtra] = std::to_string(descriptor.original_size);
  if (descriptor.nullable) extras[kNullableExtra] = *descriptor.nullable;
  if (descriptor.encrypted_key) {
    ARROW_RETURN_NOT_OK(set_text(kEncryptedKeyExtra, *descriptor.encrypted_key));
  }
  if (descriptor.encryption_zone) extras[kEncryptionZoneExtra] = *descriptor.encryption_zone;
  std::string text = extras.dump();
  if (text.size() <= kExtrasBytesMax) return text;
  return MakeError(ErrorKind::kInvalid, "descriptor extras are too long",
                   {.expected = "at most " + std::to_string(kExtrasBytesMax) + " bytes",
                    .found = std::to_string(text.size())});
}

}  // namespace

void EncodeEventHeader(const EventHeader& header, std::string* out) {
  AppendFixed(out, header.timestamp);
  AppendFixed(out, static_cast<int8_t>(header.type));
  AppendFixed(out, header.event_length);
  AppendFixed(out, header.next_position);
}

Result<EventHeader> DecodeEventHeader(Decoder* decoder, const std::string& object) {
  EventHeader header;
  const auto start = static_cast<int64_t>(decoder->position());
  ARROW_ASSIGN_OR_RAISE(header.timestamp, decoder->ReadFixed<uint64_t>());
  ARROW_ASSIGN_OR_RAISE(const int8_t type, decoder->ReadFixed<int8_t>());
  if (type < 0 || static_cast<size_t>(type) >= kEventTypeNames.size()) {
    return Corruption("unknown event type", {.object = object,
                                             .field = "type_code",
                                             .offset = start + 8,
                                             .expected = "0 to 7",
                                             .found = std::to_string(type)});
  }
  header.type = static_cast<EventType>(type);
  ARROW_ASSIGN_OR_RAISE(header.event_length, decoder->ReadFixed<int32_t>());
  const int64_t least =
      header.type == EventType::kDescriptor ? kDescriptorFrontBytes : kEventFrontBytes;
  if (header.event_length < least) {
    return Corruption("event is too short", {.object = object,
                                             .field = "event_length",
                                             .offset = start + 9,
                                             .expected = "at least " + std::to_string(least),
                                             .found = std::to_string(header.event_length)});
  }
  ARROW_ASSIGN_OR_RAISE(header.next_position, decoder->ReadFixed<int32_t>());
  return header;
}

Status EncodeDescriptor(const BinlogDescriptor& descriptor, std::string* out) {
  ARROW_ASSIGN_OR_RAISE(const std::string json_text, EncodeExtras(descriptor));
  const auto extras_bytes = static_cast<int32_t>(json_text.size());
  const auto event_length = static_cast<int32_t>(kDescriptorFrontBytes) + extras_bytes;
  AppendFixed(out, kBinlogMagic);
  EncodeEventHeader({.timestamp = descriptor.timestamp,
                     .type = EventType::kDescriptor,
                     .event_length = event_length,
                     .next_position = static_cast<int32_t>(kMagicBytes) + event_length},
                    out);
  for (const int64_t id : {descriptor.collection_id, descriptor.partition_id, descriptor.segment_id,
                           descriptor.field_id}) {
    AppendFixed(out, id);
  }
  AppendFixed(out, descriptor.start_timestamp);
  AppendFixed(out, descriptor.end_timestamp);
  AppendFixed(out, static_cast<int32_t>(descriptor.payload_type));
  for (const uint8_t length : kPostHeaderLengths) AppendFixed(out, length);
  AppendFixed(out, extras_bytes);
  out->append(json_text);
  return Status::OK();
}

Result<BinlogDescriptor> DecodeDescriptor(Decoder* decoder, const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const int32_t magic, decoder->ReadFixed<int32_t>());
  if (magic != kBinlogMagic) {
    std::string expected;
    std::string found;
    AppendFixed(&expected, kBinlogMagic);
    AppendFixed(&found, magic);
    return Corruption("not a binlog", {.object = object,
                                       .field = "magic",
                                       .offset = 0,
                                       .expected = ToHex(AsBytes(expected)),
                                       .found = ToHex(AsBytes(found))});
  }
  ARROW_ASSIGN_OR_RAISE(const EventHeader header, DecodeEventHeader(decoder, object));
  if (header.type != EventType::kDescriptor) {
    return Corruption("the first event is no descriptor",
                      {.object = object,
                       .field = "type_code",
                       .offset = kMagicBytes + 8,
                       .expected = std::string(EventTypeName(EventType::kDescriptor)),
                       .found = std::string(EventTypeName(header.type))});
  }
  BinlogDescriptor descriptor;
  descriptor.timestamp = header.timestamp;
  for (int64_t* id : {&descriptor.collection_id, &descriptor.partition_id, &descriptor.segment_id,
                      &descriptor.field_id}) {
    ARROW_ASSIGN_OR_RAISE(*id, decoder->ReadFixed<int64_t>());
  }
  ARROW_ASSIGN_OR_RAISE(descriptor.start_timestamp, decoder->ReadFixed<uint64_t>());
  ARROW_ASSIGN_OR_RAISE(descriptor.end_timestamp, decoder->ReadFixed<uint64_t>());
  ARROW_ASSIGN_OR_RAISE(const int32_t payload_type, decoder->ReadFixed<int32_t>());
  descriptor.payload_type = static_cast<DataType>(payload_type);
  const auto lengths_offset = static_cast<int64_t>(decoder->position());
  ARROW_ASSIGN_OR_RAISE(const auto lengths, decoder->ReadBytes(kPostHeaderLengths.size()));
  // Another length would move everything that follows.
  if (AsString(lengths) != AsString(kPostHeaderLengths)) {
    return Corruption("unknown post-header lengths", {.object = object,
                                                      .field = "post_header_lengths",
                                                      .offset = lengths_offset,
                                                      .expected = ToHex(kPostHeaderLengths),
                                                      .found = ToHex(lengths)});
  }
  ARROW_ASSIGN_OR_RAISE(const int32_t extras_bytes, decoder->ReadFixed<int32_t>());
  const int64_t expected_bytes = header.event_length - kDescriptorFrontBytes;
  if (extras_bytes != expected_bytes || extras_bytes > kExtrasBytesMax) {
    return Corruption("impossible length of the descriptor's extras",
                      {.object = object,
                       .field = "extra_length",
                       .offset = kDescriptorFrontBytes,
                       .expected = extras_bytes != expected_bytes
                                       ? std::to_string(expected_bytes) + " by event_length"
                                       : "at most " + std::to_string(kExtrasBytesMax),
                       .found = std::to_string(extras_bytes)});
  }
  const auto extras_offset = static_cast<int64_t>(decoder->position());
  ARROW_ASSIGN_OR_RAISE(const auto extras, decoder->ReadBytes(static_cast<uint64_t>(extras_bytes)));
  ARROW_RETURN_NOT_OK(ParseExtras(AsString(extras), extras_offset, object, &descriptor));
  return descriptor;
}

}  // namespace internal

std::string_view EventTypeName(EventType type) {
  const auto code = static_cast<size_t>(type);
  return code < internal::kEventTypeNames.size() ? internal::kEventTypeNames[code] : "unknown";
}

int64_t Event::payload_offset() const { return offset + internal::kEventFrontBytes; }

}  // namespace varve
