// SPDX-License-Identifier: Apache-2.0
#include "packed/page_header_parser.h"

#include <algorithm>
#include <utility>

#include "base/coding.h"

namespace varve::internal {
namespace {

// Types of the compact protocol.
enum : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};
constexpr int kDepthMax = 16;
// A page of a few bytes may decode to this much; a longer one to a thousand times its size more.
constexpr int64_t kPageBytesBase = 16 << 20;
constexpr int64_t kPageBytesFactor = 1000;

class HeaderParser {
 public:
  HeaderParser(std::span<const uint8_t> bytes, int64_t offset, const std::string& object)
      : in_(bytes, object), offset_(offset), object_(object) {}

  Result<ParsedPageHeader> Run() {
    ParsedPageHeader header;
    bool has_type = false, has_sizes[2] = {false, false}, has_body = false;
    int32_t raw_type = 0;
    ARROW_RETURN_NOT_OK(ForEachField([&](int64_t id, uint8_t type) -> Status {
      if (id == 1 && type == kI32) {
        has_type = true;
        return ReadI32(&raw_type);
      }
      if (id == 2 && type == kI32) {
        has_sizes[0] = true;
        return ReadCount(&header.uncompressed_bytes);
      }
      if (id == 3 && type == kI32) {
        has_sizes[1] = true;
        return ReadCount(&header.compressed_bytes);
      }
      if (id == 4 && type == kI32) {
        int32_t crc = 0;
        ARROW_RETURN_NOT_OK(ReadI32(&crc));
        header.crc32 = static_cast<uint32_t>(crc);
        return Status::OK();
      }
      if ((id == 5 || id == 7 || id == 8) && type == kStruct) {
        has_body = true;
        return ReadBody(id, &header);
      }
      return Skip(type, kDepthMax);
    }));
    if (!has_type || !has_sizes[0] || !has_sizes[1]) return Bad("a required field is missing");
    if (raw_type < 0 || raw_type > 3) return Bad("unknown page type");
    header.type = static_cast<ParsedPageHeader::Type>(raw_type);
    if (header.type != ParsedPageHeader::Type::kIndex && !has_body) return Bad("no inner header");
    header.header_bytes = static_cast<int32_t>(in_.position());
    return header;
  }

 private:
  Status Bad(const char* what) const {
    return Corruption(std::string("damaged page header: ") + what,
                      {.object = object_, .offset = offset_});
  }

  // Errors of the decoder count from the start of the header; ours from the start of the file.
  Status AtFileOffset(const Status& status) const {
    return status.ok() ? status : Bad("it ends early or a number is too long");
  }

  Status ReadI32(int32_t* out) {
    auto raw = in_.ReadVarint();
    if (!raw.ok()) return AtFileOffset(raw.status());
    const int64_t value = UnZigZag(*raw);
    if (value < INT32_MIN || value > INT32_MAX) return Bad("a number is out of range");
    *out = static_cast<int32_t>(value);
    return Status::OK();
  }

  Status ReadCount(int32_t* out) {
    ARROW_RETURN_NOT_OK(ReadI32(out));
    return *out < 0 ? Bad("a size is negative") : Status::OK();
  }

  template <typename OnField>
  Status ForEachField(const OnField& on_field) {
    int64_t id = 0;
    for (;;) {
      auto byte = in_.ReadFixed<uint8_t>();
      if (!byte.ok()) return AtFileOffset(byte.status());
      const uint8_t type = *byte & 0x0f;
      if (type == kStop) return Status::OK();
      if ((*byte >> 4) != 0) {
        id += *byte >> 4;
      } else {
        auto raw = in_.ReadVarint();
        if (!raw.ok()) return AtFileOffset(raw.status());
        id = UnZigZag(*raw);
      }
      // Thrift keeps ids in 16 bits; this also keeps their sum from running over.
      if (id < INT16_MIN || id > INT16_MAX) return Bad("a field id is out of range");
      ARROW_RETURN_NOT_OK(on_field(id, type));
    }
  }

  Status ReadBody(int64_t which, ParsedPageHeader* header) {
    return ForEachField([&](int64_t id, uint8_t type) -> Status {
      if (which == 8 && id == 7 && (type == kTrue || type == kFalse)) {
        header->is_compressed = type == kTrue;
        return Status::OK();
      }
      if (type != kI32) return Skip(type, kDepthMax);
      if (id == 1) return ReadCount(&header->num_values);
      if (which != 8) {
        if (id == 2) return ReadI32(&header->encoding);
        if (which == 5 && id == 3) return ReadI32(&header->definition_encoding);
        if (which == 5 && id == 4) return ReadI32(&header->repetition_encoding);
        return Skip(type, kDepthMax);
      }
      if (id == 2) return ReadCount(&header->num_nulls);
      if (id == 3) return ReadCount(&header->num_rows);
      if (id == 4) return ReadI32(&header->encoding);
      if (id == 5) return ReadCount(&header->definition_bytes);
      if (id == 6) return ReadCount(&header->repetition_bytes);
      return Skip(type, kDepthMax);
    });
  }

  Status SkipBytes(uint64_t count) {
    auto view = in_.ReadBytes(count);
    return view.ok() ? Status::OK() : AtFileOffset(view.status());
  }

  Status SkipElements(uint64_t count, uint8_t type, int depth) {
    // Every element but a boolean in a field takes at least one byte.
    if (count > in_.remaining()) return Bad("a list is longer than the header");
    for (uint64_t i = 0; i < count; ++i) {
      if (type == kTrue || type == kFalse) {
        ARROW_RETURN_NOT_OK(SkipBytes(1));
      } else {
        ARROW_RETURN_NOT_OK(Skip(type, depth));
      }
    }
    return Status::OK();
  }

  Status Skip(uint8_t type, int depth) {
    if (depth == 0) return Bad("nested too deeply");
    switch (type) {
      case kTrue:
      case kFalse:
        return Status::OK();
      case kByte:
        return SkipBytes(1);
      case kI16:
      case kI32:
      case kI64:
        return AtFileOffset(in_.ReadVarint().status());
      case kDouble:
        return SkipBytes(8);
      case kUuid:
        return SkipBytes(16);
      case kBinary: {
        auto length = in_.ReadVarint();
        if (!length.ok()) return AtFileOffset(length.status());
        return SkipBytes(*length);
      }
      case kList:
      case kSet: {
        auto byte = in_.ReadFixed<uint8_t>();
        if (!byte.ok()) return AtFileOffset(byte.status());
        uint64_t count = *byte >> 4;
        if (count == 15) {
          auto raw = in_.ReadVarint();
          if (!raw.ok()) return AtFileOffset(raw.status());
          count = *raw;
        }
        return SkipElements(count, *byte & 0x0f, depth - 1);
      }
      case kMap: {
        auto count = in_.ReadVarint();
        if (!count.ok()) return AtFileOffset(count.status());
        if (*count == 0) return Status::OK();
        if (*count > in_.remaining()) return Bad("a map is longer than the header");
        auto types = in_.ReadFixed<uint8_t>();
        if (!types.ok()) return AtFileOffset(types.status());
        for (uint64_t i = 0; i < *count; ++i) {
          ARROW_RETURN_NOT_OK(SkipElements(1, *types >> 4, depth - 1));
          ARROW_RETURN_NOT_OK(SkipElements(1, *types & 0x0f, depth - 1));
        }
        return Status::OK();
      }
      case kStruct:
        return ForEachField([&](int64_t, uint8_t inner) { return Skip(inner, depth - 1); });
      default:
        return Bad("unknown type");
    }
  }

  Decoder in_;
  const int64_t offset_;
  const std::string& object_;
};

}  // namespace

Result<ParsedPageHeader> ParsePageHeader(std::span<const uint8_t> bytes, int64_t offset,
                                         const std::string& object) {
  return HeaderParser(bytes.first(std::min<size_t>(bytes.size(), kPageHeaderBytesMax)), offset,
                      object)
      .Run();
}

Status CheckPageSizes(const ParsedPageHeader& header, int64_t bytes_left, bool trusted,
                      ErrorContext where) {
  if (header.compressed_bytes > bytes_left) {
    where.expected = "at most " + std::to_string(bytes_left) + " bytes";
    where.found = std::to_string(header.compressed_bytes);
    return Corruption("page is longer than its column chunk", std::move(where));
  }
  const int64_t decoded_max = kPageBytesBase + kPageBytesFactor * int64_t{header.compressed_bytes};
  if (!trusted && header.uncompressed_bytes > decoded_max) {
    where.expected = "at most " + std::to_string(decoded_max) + " bytes";
    where.found = std::to_string(header.uncompressed_bytes);
    return MakeError(ErrorKind::kResourceExhausted,
                     "page says it decodes to more than is believed of a file without a manifest",
                     std::move(where));
  }
  return Status::OK();
}

}  // namespace varve::internal
