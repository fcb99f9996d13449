// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until told, or until somebody sleeps on it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace varve::internal {

class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t now_micros) : now_micros_(now_micros) {}

  int64_t NowMicros() override { return now_micros_.load(); }
  int64_t MonotonicNanos() override { return monotonic_nanos_.load(); }
  void SleepFor(std::chrono::nanoseconds duration) override { Advance(duration); }

  void Advance(std::chrono::nanoseconds duration) {
    monotonic_nanos_ += duration.count();
    now_micros_ += duration.count() / 1000;
  }
  /// The wall clock alone, backwards too.
  void SetNowMicros(int64_t now_micros) { now_micros_ = now_micros; }

 private:
  std::atomic<int64_t> now_micros_;
  std::atomic<int64_t> monotonic_nanos_{1'000'000'000};
};

}  // namespace varve::internal
