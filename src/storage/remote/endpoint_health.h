// SPDX-License-Identifier: Apache-2.0
// Whether an endpoint is worth asking: what all its clients in this process have learned of it.
//
// Good, it may be asked. After `failures` answers in a row that did not come it is avoided for a
// while; then one request may look, whose success ends the avoidance and whose failure doubles it.
//
// Threads: all methods may be called concurrently
// Source:  M. Nygard, "Release It!", Circuit Breaker
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

struct BreakerPolicy {
  int failures = 20;
  std::chrono::milliseconds first_open{1'000};
  std::chrono::milliseconds max_open{30'000};
};

class EndpointHealth {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  explicit EndpointHealth(BreakerPolicy policy = {}, Timer* timer = Timer::System());

  /// Before a request: how long to stay away; nullopt: go, and tell what came of it.
  std::optional<std::chrono::milliseconds> Ask();
  /// `weight`: for how many of `failures` it counts if it is one.
  void Learn(ObjectOutcome outcome, int weight = 1);

  /// Whether Ask would say to stay away; asks nothing.
  bool IsAvoided() const;
  State state() const;
  const BreakerPolicy& policy() const { return policy_; }

 private:
  const BreakerPolicy policy_;
  Timer* const timer_;
  mutable std::mutex mutex_;  // guards what follows
  State state_ = State::kClosed;
  int in_a_row_ = 0;
  std::chrono::milliseconds open_for_;
  int64_t reopens_ = 0;  // nanoseconds on the timer's clock
};

}  // namespace varve::internal
