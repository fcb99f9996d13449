// SPDX-License-Identifier: Apache-2.0
#include "segment/retry_loop.h"

#include <algorithm>

#include "base/stop.h"

namespace varve::internal {
namespace {

// While it pauses, a loop looks so often whether it should stop.
constexpr std::chrono::nanoseconds kBetweenLooks = std::chrono::milliseconds(50);

}  // namespace

bool MayPass(const Status& error) {
  switch (KindOf(error)) {
    case ErrorKind::kIo:
    case ErrorKind::kResourceExhausted:
    case ErrorKind::kCommitUnknown:
      return true;
    default:
      return false;
  }
}

RetryLoop::RetryLoop(const RetryPolicy& policy)
    : policy_(policy), pause_(policy.options.first_pause) {}

bool RetryLoop::PauseAfter(const Status& error) {
  ++tries_;
  const int64_t most = policy_.options.attempts_max;
  if (!MayPass(error) || (most > 0 && tries_ >= most)) return false;
  // From the upper half: many that failed together do not come back together.
  const int64_t half = pause_.count() / 2;
  std::chrono::nanoseconds left(
      half + static_cast<int64_t>(policy_.random->Uniform(static_cast<uint64_t>(half) + 1)));
  while (left.count() > 0) {
    if (!CheckStopped().ok()) return false;
    const auto step = std::min(left, kBetweenLooks);
    policy_.clock->SleepFor(step);
    left -= step;
  }
  pause_ = std::min<std::chrono::nanoseconds>(2 * pause_, policy_.options.longest_pause);
  return CheckStopped().ok();
}

}  // namespace varve::internal
