// SPDX-License-Identifier: Apache-2.0
// Where parallel work runs, injected: the machine's threads, or the caller's own for tests and
// simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "varve/status.h"

namespace varve::internal {

/// Threads: all methods may be called concurrently, also from a task.
class Executor {
 public:
  virtual ~Executor() = default;

  /// How many tasks may run at the same time, the calling thread included.
  virtual int parallelism() const = 0;

  /// Runs task(0) … task(count - 1), some of them on the calling thread, and returns when all have
  /// ended. Tasks after the first failure may be skipped; the error returned is that of the lowest
  /// index that failed. A stop that the caller was asked for (varve/stop.h) is such a failure.
  virtual Status ParallelFor(int64_t count, const std::function<Status(int64_t)>& task) = 0;

  /// Runs `task` at some time, on another thread where there are several; where there are not,
  /// before this returns. A task that cannot be started is dropped: only work that somebody else
  /// would do otherwise belongs here.
  virtual void Spawn(std::function<void()> task) = 0;

  /// Threads of Arrow's CPU pool. Lives for ever.
  static Executor* Default();
  /// Everything on the calling thread, in order. Lives for ever.
  static Executor* Inline();
};

}  // namespace varve::internal
