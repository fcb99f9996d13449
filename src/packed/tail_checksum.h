// SPDX-License-Identifier: Apache-2.0
// The CRC-32C of a packed file's tail: everything after the last column chunk, with the eight
// digits of footer key "varve.tail_crc32c" taken as '0', since they hold this very number. Spec:
// docs/format/packed-file.md, "Tail checksum"
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace varve::internal {

/// What stands for the digits while the checksum is computed.
inline constexpr char kBlankTailDigits[] = "00000000";

/// Where in `tail` the eight digits stand; nullopt if there are none.
std::optional<size_t> FindTailDigits(std::span<const uint8_t> tail);

/// REQUIRES: digits + 8 <= tail.size() where given
uint32_t TailChecksum(std::span<const uint8_t> tail, std::optional<size_t> digits);

/// `crc` as eight lower-case hexadecimal digits.
std::string TailDigits(uint32_t crc);

}  // namespace varve::internal
