// SPDX-License-Identifier: Apache-2.0
#include "packed/text_bounds.h"

#include <cstdint>

namespace varve::internal {
namespace {

bool ContinuesCharacter(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string CutLowerBound(std::string_view value, bool utf8) {
  if (value.size() <= kTextBoundBytes) return std::string(value);
  size_t end = kTextBoundBytes;
  while (utf8 && end > 0 && ContinuesCharacter(value[end])) --end;
  return std::string(value.substr(0, end));
}

std::optional<std::string> CutUpperBound(std::string_view value, bool utf8) {
  if (value.size() <= kTextBoundBytes) return std::string(value);
  // In UTF-8 only an ASCII character can be raised without a look at its neighbours.
  const uint8_t last = utf8 ? 0x7E : 0xFE;
  for (size_t end = kTextBoundBytes; end > 0; --end) {
    const auto byte = static_cast<uint8_t>(value[end - 1]);
    if (byte > last) continue;
    std::string bound(value.substr(0, end));
    bound.back() = static_cast<char>(byte + 1);
    return bound;
  }
  return std::nullopt;
}

}  // namespace varve::internal
