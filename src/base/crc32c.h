// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli): the checksum of manifests and of file tails. RFC 3720, appendix B.4.
#pragma once

#include <cstdint>
#include <span>

namespace varve::internal {

/// CRC-32C of `bytes`, continuing from `crc` (0 to start). Uses the CPU's instruction where there
/// is one.
uint32_t Crc32c(std::span<const uint8_t> bytes, uint32_t crc = 0);

/// The table-driven version that defines the right answer; for tests and for CPUs without the
/// instruction.
uint32_t Crc32cPortable(std::span<const uint8_t> bytes, uint32_t crc = 0);

}  // namespace varve::internal
