// SPDX-License-Identifier: Apache-2.0
// What tasks of the sync path run on.
#pragma once

#include <memory>

#include "segment/retry_loop.h"
#include "varve/sync.h"

namespace varve::internal {

/// Threads: all that it names may be used concurrently.
struct SyncContext {
  SyncEnvironment environment;
  Clock* clock = Clock::System();
  Random* random = Random::System();

  RetryPolicy retry() const {
    return {.options = environment.options.retry, .clock = clock, .random = random};
  }
};

}  // namespace varve::internal
