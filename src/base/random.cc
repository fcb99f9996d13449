// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace varve::internal {
namespace {

class SystemRandom : public Random {
 public:
  uint64_t Next() override {
    uint64_t value;
    // Eight bytes never come short, and the call fails only on a kernel without it.
    if (getrandom(&value, sizeof(value), 0) != sizeof(value)) std::abort();
    return value;
  }
};

class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z =
        state_.fetch_add(0x9E3779B97F4A7C15ULL, std::memory_order_relaxed) + 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace

Uuid Random::NextUuid() {
  Uuid id;
  for (size_t at = 0; at < id.size(); at += 8) {
    const uint64_t word = Next();
    std::memcpy(id.data() + at, &word, 8);
  }
  return id;
}

Random* Random::System() {
  static SystemRandom random;
  return &random;
}

std::unique_ptr<Random> Random::Seeded(uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

}  // namespace varve::internal
