// SPDX-License-Identifier: Apache-2.0
// Randomness, injected.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace varve::internal {

/// 128 random bits: the identity of a commit, a file, a table.
using Uuid = std::array<uint8_t, 16>;

/// Threads: all methods may be called concurrently.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;

  Uuid NextUuid();
  /// Uniform in [0, bound).  REQUIRES: bound > 0
  uint64_t Uniform(uint64_t bound) { return Next() % bound; }

  /// The operating system's generator; safe after fork. Lives for ever.
  static Random* System();
  /// Repeats itself for equal seeds (SplitMix64).
  static std::unique_ptr<Random> Seeded(uint64_t seed);
};

}  // namespace varve::internal
