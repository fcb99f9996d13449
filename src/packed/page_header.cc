// SPDX-License-Identifier: Apache-2.0
#include "packed/page_header.h"

#include "arrow/util/logging.h"
#include "base/coding.h"

namespace varve::internal {
namespace {

// Compact protocol: a field's first byte is (distance from the last field id << 4) | type.
constexpr char kInt32Type = 5;
constexpr char kStructType = 12;
constexpr char kStop = 0;
constexpr char kPaddingField[] = {'\x08', '\xFE', '\xFF', '\x03'};  // binary, id 32767 in zigzag
constexpr int32_t kDataPageType = 0;
constexpr int32_t kDictionaryPageType = 2;

void AppendInt(std::string* out, int distance, int32_t value) {
  out->push_back(static_cast<char>(distance << 4 | kInt32Type));
  AppendVarint(out, ZigZag(value));
}

void AppendStruct(std::string* out, int distance) {
  out->push_back(static_cast<char>(distance << 4 | kStructType));
}

// All but the stop byte.
std::string Fields(const PageHeader& header) {
  std::string out;
  AppendInt(&out, 1, header.dictionary ? kDictionaryPageType : kDataPageType);
  AppendInt(&out, 1, header.uncompressed_bytes);
  AppendInt(&out, 1, header.compressed_bytes);
  int last = 3;
  if (header.crc32.has_value()) {
    AppendInt(&out, 1, static_cast<int32_t>(*header.crc32));
    last = 4;
  }
  AppendStruct(&out, (header.dictionary ? 7 : 5) - last);
  AppendInt(&out, 1, header.num_values);
  AppendInt(&out, 1, header.encoding);
  if (!header.dictionary) {
    AppendInt(&out, 1, parquet::Encoding::RLE);  // definition levels
    AppendInt(&out, 1, parquet::Encoding::RLE);  // repetition levels
  }
  out.push_back(kStop);
  return out;
}

}  // namespace

std::string EncodePageHeader(const PageHeader& header) {
  std::string out = Fields(header);
  out.push_back(kStop);
  return out;
}

std::string EncodePaddedPageHeader(const PageHeader& header, int64_t total_bytes) {
  std::string out = Fields(header);
  const int64_t room = total_bytes - static_cast<int64_t>(out.size()) - 1;
  if (room == 0) {
    out.push_back(kStop);
    return out;
  }
  out.append(kPaddingField, sizeof(kPaddingField));
  // The length says nothing in its last byte where one byte fewer would fall just short (a varint
  // may be longer than it needs to be).
  int64_t zeros = room - static_cast<int64_t>(sizeof(kPaddingField)) - 1;
  int length_bytes = 1;
  for (; zeros >> (7 * length_bytes) != 0; ++length_bytes) --zeros;
  ARROW_CHECK(zeros >= 0);
  for (int i = 0; i < length_bytes; ++i) {
    const bool more = i + 1 < length_bytes;
    out.push_back(static_cast<char>((zeros >> (7 * i) & 0x7F) | (more ? 0x80 : 0)));
  }
  out.append(static_cast<size_t>(zeros), '\0');
  out.push_back(kStop);
  return out;
}

}  // namespace varve::internal
