// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/circuit_breaker.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

namespace varve::internal {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct CircuitBreaker::Shared {
  // How long to stay away; nullopt: go.
  std::optional<milliseconds> Ask() {
    const std::lock_guard lock(mutex);
    if (state == State::kClosed) return std::nullopt;
    const nanoseconds left(reopens - timer->NowNanos());
    if (state == State::kOpen && left.count() <= 0) {
      state = State::kHalfOpen;
      return std::nullopt;
    }
    // While a probe is under way, its end is awaited.
    return std::max(milliseconds(100), std::chrono::ceil<milliseconds>(left));
  }

  void Learn(ObjectOutcome outcome) {
    const bool failed =
        outcome == ObjectOutcome::kUnavailable || outcome == ObjectOutcome::kTimedOut;
    const std::lock_guard lock(mutex);
    if (outcome == ObjectOutcome::kCancelled) {
      // Says nothing about the endpoint: the next one is the probe.
      if (state == State::kHalfOpen) state = State::kOpen;
      return;
    }
    if (!failed) {
      state = State::kClosed;
      in_a_row = 0;
      open_for = policy.first_open;
      return;
    }
    ++in_a_row;
    const bool opens =
        state == State::kHalfOpen || (state == State::kClosed && in_a_row >= policy.failures);
    if (!opens) return;
    if (state == State::kHalfOpen) open_for = std::min(policy.max_open, open_for * 2);
    state = State::kOpen;
    reopens = timer->NowNanos() + nanoseconds(open_for).count();
  }

  std::shared_ptr<ObjectClient> base;
  BreakerPolicy policy;
  Timer* timer = nullptr;
  std::mutex mutex;  // guards what follows
  State state = State::kClosed;
  int in_a_row = 0;
  milliseconds open_for{0};
  int64_t reopens = 0;  // nanoseconds on the timer's clock
};

CircuitBreaker::CircuitBreaker(std::shared_ptr<ObjectClient> base, BreakerPolicy policy,
                               Timer* timer)
    : shared_(std::make_shared<Shared>()) {
  shared_->base = std::move(base);
  shared_->policy = policy;
  shared_->timer = timer;
  shared_->open_for = policy.first_open;
}

CircuitBreaker::State CircuitBreaker::state() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->state;
}

void CircuitBreaker::Start(ObjectRequest request, ObjectDone done) {
  if (const auto wait = shared_->Ask()) {
    return done({.outcome = ObjectOutcome::kUnavailable,
                 .message = "not asked: earlier requests went unanswered",
                 .retry_after = *wait});
  }
  shared_->base->Start(std::move(request),
                       [shared = shared_, done = std::move(done)](ObjectReply reply) {
                         shared->Learn(reply.outcome);
                         done(std::move(reply));
                       });
}

Result<std::unique_ptr<ObjectUpload>> CircuitBreaker::OpenUpload(const std::string& path,
                                                                 const UploadOptions& options) {
  return shared_->base->OpenUpload(path, options);
}

}  // namespace varve::internal
