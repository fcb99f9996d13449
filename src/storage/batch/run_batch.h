// SPDX-License-Identifier: Apache-2.0
// One task for each object of a batch, and what became of each.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/executor.h"
#include "varve/batch.h"

namespace varve::internal {

/// Runs task(0) … task(count - 1) on `executor`. With `stop_at_first_error`, a failure asks tasks
/// under way to stop (base/stop.h).
BatchOutcome RunBatch(Executor* executor, int64_t count, bool stop_at_first_error,
                      const std::function<Status(int64_t)>& task);

/// The threads that `options` ask for.  Errors: Invalid for options that make no sense
Result<std::unique_ptr<Executor>> ExecutorFor(const BatchOptions& options);

/// `count` objects that all failed with `status` before anything was tried.
BatchOutcome FailedBatch(int64_t count, const Status& status);

}  // namespace varve::internal
