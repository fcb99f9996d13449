// SPDX-License-Identifier: Apache-2.0
// Threads of its own for work that mostly waits, such as requests to a store: the machine's CPU
// threads are too few for it, and have other things to do.
#pragma once

#include <memory>

#include "base/executor.h"

namespace varve::internal {

/// An executor of `parallelism` threads, the calling one included; 1: everything on the calling
/// thread. Threads start when they are needed, and end with the executor.
/// Errors: of the operating system
Result<std::unique_ptr<Executor>> MakeThreadExecutor(int parallelism);

}  // namespace varve::internal
