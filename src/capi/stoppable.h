// SPDX-License-Identifier: Apache-2.0
// Calls that C can stop.
//
// Threads: a flag is set by any thread and read by those that make calls
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "varve/status.h"
#include "varve/stop.h"

namespace varve::capi {

// True once calls should stop; nullptr: nothing stops them.
using StopFlag = std::shared_ptr<const std::atomic<bool>>;

// What `call` returns, a Status or a Result; Cancelled, before it begins or soon after the flag was
// set.
template <typename Call>
auto Stoppable(const StopFlag& stop, Call&& call) -> decltype(call()) {
  if (stop == nullptr) return call();
  // A scope asks for the first time when it is 20 ms old.
  if (stop->load()) return MakeError(ErrorKind::kCancelled, "the call was asked to stop");
  const StopScope scope([&] { return stop->load(); });
  return call();
}

}  // namespace varve::capi
