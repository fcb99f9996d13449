// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <isa-l/crc.h>
#include <zlib.h>

namespace varve::internal {

uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t crc) {
  return crc32_gzip_refl(crc, bytes.data(), bytes.size());
}

Crc32Combiner::Crc32Combiner(int64_t second_bytes) {
  const auto shift = static_cast<uint32_t>(crc32_combine_gen64(second_bytes));
  for (size_t byte = 0; byte < shifted_.size(); ++byte) {
    auto& table = shifted_[byte];
    table[0] = 0;
    // Shifting is linear: what a bit becomes is added to what the bits below it become.
    for (size_t bit = 1; bit < table.size(); bit *= 2) {
      const auto of_bit = static_cast<uint32_t>(
          crc32_combine_op(static_cast<uint32_t>(bit) << (8 * byte), 0, shift));
      for (size_t below = 0; below < bit; ++below) table[bit + below] = table[below] ^ of_bit;
    }
  }
}

uint32_t Crc32Combiner::Combine(uint32_t first, uint32_t second) const {
  return shifted_[0][first & 0xFF] ^ shifted_[1][first >> 8 & 0xFF] ^
         shifted_[2][first >> 16 & 0xFF] ^ shifted_[3][first >> 24] ^ second;
}

}  // namespace varve::internal
