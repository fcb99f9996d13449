// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <libdeflate.h>
#include <zlib.h>

namespace varve::internal {

uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t crc) {
  return libdeflate_crc32(crc, bytes.data(), bytes.size());
}

Crc32Combiner::Crc32Combiner(int64_t second_bytes)
    : operator_(static_cast<uint32_t>(crc32_combine_gen64(second_bytes))) {}

uint32_t Crc32Combiner::Combine(uint32_t first, uint32_t second) const {
  return static_cast<uint32_t>(crc32_combine_op(first, second, operator_));
}

}  // namespace varve::internal
