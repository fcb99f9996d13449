// SPDX-License-Identifier: Apache-2.0
// Trying again what may pass.
//
// Pauses:  as RetryOptions (varve/sync.h); cut short where the caller is asked to stop
// Threads: a loop has one caller
// Source:  shared specification of Milvus' formats, section 10.8
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "varve/status.h"
#include "varve/sync.h"

namespace varve::internal {

/// What retries run on. Pointers outlive it.
struct RetryPolicy {
  RetryOptions options;
  Clock* clock = Clock::System();
  Random* random = Random::System();
};

/// Whether the same call may end otherwise another time.
bool MayPass(const Status& error);

class RetryLoop {
 public:
  explicit RetryLoop(const RetryPolicy& policy);

  /// Waits after a try that failed. False: `error` is final, no more tries are left, or somebody
  /// asked to stop.
  bool PauseAfter(const Status& error);

 private:
  const RetryPolicy& policy_;
  int64_t tries_ = 0;
  std::chrono::nanoseconds pause_;
};

/// What `call`, which returns a Status or a Result, ended with at last.
template <typename Call>
auto WithRetries(const RetryPolicy& policy, const Call& call) {
  for (RetryLoop loop(policy);;) {
    auto outcome = call();
    if (outcome.ok() || !loop.PauseAfter(arrow::ToStatus(outcome))) return outcome;
  }
}

}  // namespace varve::internal
