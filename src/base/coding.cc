// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"

namespace varve::internal {

void AppendVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

Result<uint64_t> Decoder::ReadVarint() {
  uint64_t value = 0;
  const uint64_t start = position_;
  for (int shift = 0; shift < 64; shift += 7) {
    ARROW_ASSIGN_OR_RAISE(auto byte, ReadFixed<uint8_t>());
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return Corruption(
      "varint too long",
      {.object = object_, .offset = static_cast<int64_t>(start), .expected = "at most 64 bits"});
}

Result<uint64_t> Decoder::ReadVarintUpTo(uint64_t limit, const char* what) {
  const auto start = static_cast<int64_t>(position_);
  ARROW_ASSIGN_OR_RAISE(const uint64_t value, ReadVarint());
  if (value > limit) {
    return Corruption("value out of range", {.object = object_,
                                             .field = what,
                                             .offset = start,
                                             .expected = "at most " + std::to_string(limit),
                                             .found = std::to_string(value)});
  }
  return value;
}

Result<std::span<const uint8_t>> Decoder::ReadBytes(uint64_t count) {
  if (count > remaining()) {
    return Corruption("input ends early", {.object = object_,
                                           .offset = static_cast<int64_t>(position_),
                                           .expected = std::to_string(count) + " bytes",
                                           .found = std::to_string(remaining())});
  }
  auto view = bytes_.subspan(position_, count);
  position_ += count;
  return view;
}

std::string ToHex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const uint8_t byte : bytes) {
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

}  // namespace varve::internal
