// SPDX-License-Identifier: Apache-2.0
// Work for later, injected.
//
// Threads: all methods may be called concurrently, also from the work
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace varve::internal {

class Timer {
 public:
  virtual ~Timer() = default;

  /// Nanoseconds on the clock that `After` goes by; it never goes back.
  virtual int64_t NowNanos() = 0;

  /// Calls `work` once, not before `delay` has passed. It must be short: it holds up the others.
  virtual void After(std::chrono::nanoseconds delay, std::function<void()> work) = 0;

  /// One thread of this process, started when first needed. Lives for ever; a child of fork has one
  /// of its own, without the parent's work.
  static Timer* System();
};

}  // namespace varve::internal
