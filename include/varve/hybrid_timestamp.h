// SPDX-License-Identifier: Apache-2.0
// Hybrid timestamps, which Milvus orders rows and deletes by: milliseconds since the epoch above a
// counter of 18 bits.
//
// Threads: functions; call them from any thread
// Source:  shared specification of Milvus' formats, section 1.12
#pragma once

#include <cstdint>

namespace varve {

inline constexpr int kLogicalBits = 18;

/// The first hybrid timestamp of a millisecond.  REQUIRES: 0 <= millis < 2^46
constexpr uint64_t HybridFromMillis(int64_t millis) {
  return static_cast<uint64_t>(millis) << kLogicalBits;
}

constexpr int64_t MillisOfHybrid(uint64_t timestamp) {
  return static_cast<int64_t>(timestamp >> kLogicalBits);
}

}  // namespace varve
