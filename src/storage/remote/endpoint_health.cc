// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/endpoint_health.h"

#include <algorithm>

namespace varve::internal {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

EndpointHealth::EndpointHealth(BreakerPolicy policy, Timer* timer)
    : policy_(policy), timer_(timer), open_for_(policy.first_open) {}

std::optional<milliseconds> EndpointHealth::Ask() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return std::nullopt;
  const nanoseconds left(reopens_ - timer_->NowNanos());
  if (state_ == State::kOpen && left.count() <= 0) {
    state_ = State::kHalfOpen;
    return std::nullopt;
  }
  // While a probe is under way, its end is awaited.
  return std::max(milliseconds(100), std::chrono::ceil<milliseconds>(left));
}

void EndpointHealth::Learn(ObjectOutcome outcome, int weight) {
  const bool failed = outcome == ObjectOutcome::kUnavailable || outcome == ObjectOutcome::kTimedOut;
  const std::lock_guard lock(mutex_);
  if (outcome == ObjectOutcome::kCancelled) {
    // Says nothing about the endpoint: the next one is the probe.
    if (state_ == State::kHalfOpen) state_ = State::kOpen;
    return;
  }
  if (!failed) {
    state_ = State::kClosed;
    in_a_row_ = 0;
    open_for_ = policy_.first_open;
    return;
  }
  in_a_row_ = std::min(policy_.failures, in_a_row_ + weight);
  const bool opens =
      state_ == State::kHalfOpen || (state_ == State::kClosed && in_a_row_ >= policy_.failures);
  if (!opens) return;
  if (state_ == State::kHalfOpen) open_for_ = std::min(policy_.max_open, open_for_ * 2);
  state_ = State::kOpen;
  reopens_ = timer_->NowNanos() + nanoseconds(open_for_).count();
}

bool EndpointHealth::IsAvoided() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kHalfOpen || (state_ == State::kOpen && reopens_ > timer_->NowNanos());
}

EndpointHealth::State EndpointHealth::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace varve::internal
