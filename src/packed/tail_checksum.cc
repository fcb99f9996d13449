// SPDX-License-Identifier: Apache-2.0
#include "packed/tail_checksum.h"

#include <array>
#include <string_view>

#include "base/coding.h"
#include "base/crc32c.h"
#include "packed/packed_layout.h"

namespace varve::internal {

std::optional<size_t> FindTailDigits(std::span<const uint8_t> tail) {
  // In Thrift's compact form the value follows its key: field 2, a string of eight bytes.
  const std::string pattern = std::string(kTailFooterKey) + "\x18\x08";
  const size_t found = AsString(tail).rfind(pattern);
  if (found == std::string_view::npos || tail.size() - found < pattern.size() + 8) {
    return std::nullopt;
  }
  return found + pattern.size();
}

uint32_t TailChecksum(std::span<const uint8_t> tail, std::optional<size_t> digits) {
  if (!digits) return Crc32c(tail);
  uint32_t crc = Crc32c(tail.first(*digits));
  crc = Crc32c(AsBytes(kBlankTailDigits), crc);
  return Crc32c(tail.subspan(*digits + 8), crc);
}

std::string TailDigits(uint32_t crc) {
  std::array<uint8_t, 4> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
  return ToHex(bytes);
}

}  // namespace varve::internal
