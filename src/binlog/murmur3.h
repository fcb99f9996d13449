// SPDX-License-Identifier: Apache-2.0
// MurmurHash3 for 64-bit machines, 128 bits, seed 0: the hash of basic Bloom filters.
//
// Source: Austin Appleby, MurmurHash3_x64_128 (public domain)
#pragma once

#include <cstdint>
#include <string_view>

namespace varve::internal {

struct Murmur3Hash {
  uint64_t first = 0;
  uint64_t second = 0;

  bool operator==(const Murmur3Hash&) const = default;
};

Murmur3Hash Murmur3(std::string_view bytes);

}  // namespace varve::internal
