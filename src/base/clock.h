// SPDX-License-Identifier: Apache-2.0
// Time, injected.
#pragma once

#include <chrono>
#include <cstdint>

namespace varve::internal {

/// Threads: all methods may be called concurrently.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since the Unix epoch, UTC.
  virtual int64_t NowMicros() = 0;
  /// Nanoseconds on a clock that never goes back and counts time spent suspended.
  virtual int64_t MonotonicNanos() = 0;
  /// Waits; a simulated clock only advances.
  virtual void SleepFor(std::chrono::nanoseconds duration) = 0;

  /// The machine's clocks. Lives for ever.
  static Clock* System();
};

}  // namespace varve::internal
