// SPDX-License-Identifier: Apache-2.0
// CRC-32 with the zlib polynomial: Parquet's page checksum, and our block checksums.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace varve::internal {

/// CRC of `bytes`, continuing from `crc` (0 to start). Tens of GB/s with carry-less
/// multiplication.
uint32_t Crc32(std::span<const uint8_t> bytes, uint32_t crc = 0);

/// Joins CRCs of neighbouring byte ranges: with a = Crc32(A), b = Crc32(B), Combine(a, b) = Crc32(A
/// B). The length of B is fixed at construction, which takes a microsecond; each Combine is four
/// table look-ups. Threads: immutable; share freely.
class Crc32Combiner {
 public:
  /// REQUIRES: second_bytes >= 0
  explicit Crc32Combiner(int64_t second_bytes);
  uint32_t Combine(uint32_t first, uint32_t second) const;

 private:
  // What each byte of the first CRC becomes when second_bytes zeros follow.
  std::array<std::array<uint32_t, 256>, 4> shifted_;
};

}  // namespace varve::internal
