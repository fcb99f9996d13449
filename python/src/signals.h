// SPDX-License-Identifier: Apache-2.0
// Ctrl-C while C++ works: Python's signal handlers run in the middle of a long call, and what they
// raise (KeyboardInterrupt) comes out of it.
//
// Threads: Python handles signals on its main thread only; on others nothing here does anything.
// Source:  https://docs.python.org/3/c-api/exceptions.html#signal-handling
#pragma once

#include <memory>
#include <optional>

#include "arrow/type_fwd.h"
#include "errors.h"
#include "nanobind/nanobind.h"
#include "varve/stop.h"

namespace varve::python {

/// Remembers which thread is Python's main thread.
void InitializeSignals();

/// While it lives, calls of this thread stop soon after a signal handler raised. Watches nest: what
/// was raised is thrown by the outermost.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// Throws what a handler raised.  REQUIRES: the GIL
  static void ThrowIfRaised();
  static bool raised();

 private:
  std::optional<StopScope> scope_;
};

/// Runs `call` without the GIL. Throws what a signal handler raises meanwhile.
template <class Call>
auto WithoutGil(Call&& call) {
  SignalWatch watch;
  auto result = [&] {
    nb::gil_scoped_release release;
    return std::forward<Call>(call)();
  }();
  watch.ThrowIfRaised();
  return result;
}

/// `reader`, for consumers that pull it from their own C++: a signal handler that raises ends it
/// with an error. No exception can reach the consumer's caller: an error of the consumer does.
std::shared_ptr<arrow::RecordBatchReader> Interruptible(
    std::shared_ptr<arrow::RecordBatchReader> reader);

}  // namespace varve::python
