// SPDX-License-Identifier: Apache-2.0
// Time that passes when a test says so.
#pragma once

#include <map>
#include <utility>

#include "base/timer.h"

namespace varve::internal {

/// Threads: for one thread
class ManualTimer : public Timer {
 public:
  int64_t NowNanos() override { return now_; }
  void After(std::chrono::nanoseconds delay, std::function<void()> work) override {
    queue_.emplace(now_ + delay.count(), std::move(work));
  }

  /// Does what falls due, in order, what that adds included.
  void Advance(std::chrono::nanoseconds duration) {
    const int64_t end = now_ + duration.count();
    while (!queue_.empty() && queue_.begin()->first <= end) {
      auto next = queue_.extract(queue_.begin());
      now_ = std::max(now_, next.key());
      next.mapped()();
    }
    now_ = end;
  }
  /// Until nothing is left to do.
  void Drain() {
    while (!queue_.empty()) Advance(std::chrono::nanoseconds(queue_.begin()->first - now_));
  }

 private:
  int64_t now_ = 0;
  std::multimap<int64_t, std::function<void()>> queue_;  // by time
};

}  // namespace varve::internal
