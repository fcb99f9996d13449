// SPDX-License-Identifier: Apache-2.0
#include "binlog/murmur3.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace varve::internal {
namespace {

constexpr size_t kBlockBytes = 16;
constexpr uint64_t kFirst = 0x87c37b91114253d5;
constexpr uint64_t kSecond = 0x4cf5ad432745937f;

uint64_t MixFirst(uint64_t k) { return std::rotl(k * kFirst, 31) * kSecond; }
uint64_t MixSecond(uint64_t k) { return std::rotl(k * kSecond, 33) * kFirst; }

// Every bit of the input reaches every bit of the output.
uint64_t Finish(uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccd;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

}  // namespace

Murmur3Hash Murmur3(std::string_view bytes) {
  uint64_t h1 = 0, h2 = 0;
  size_t at = 0;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) {
    uint64_t block[2];
    std::memcpy(block, bytes.data() + at, kBlockBytes);
    h1 = (std::rotl(h1 ^ MixFirst(block[0]), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ MixSecond(block[1]), 31) + h1) * 5 + 0x38495ab5;
  }
  // The rest, filled up with zeros: a half of zeros mixes to 0, which changes nothing.
  uint64_t tail[2] = {0, 0};
  std::memcpy(tail, bytes.data() + at, bytes.size() - at);
  h1 ^= MixFirst(tail[0]) ^ bytes.size();
  h2 ^= MixSecond(tail[1]) ^ bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = Finish(h1);
  h2 = Finish(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

}  // namespace varve::internal
