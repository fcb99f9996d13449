// SPDX-License-Identifier: Apache-2.0
// Asking a long call to stop.
//
//   varve::StopScope scope([&] { return token.IsStopRequested(); });
//   auto rows = snapshot->Take(many);  // Cancelled soon after the function said true
//
// A scope covers the calls that its own thread makes while it lives, with the work they hand to
// other threads. For a stream that is each ReadNext. Scopes nest: any of them can stop a call.
//
// Outcomes: a stopped read fails with Cancelled; a stopped write leaves nothing behind. A commit
//           whose manifest is being written is not stopped: it fails or succeeds as usual.
// Threads:  the function is called on the scope's thread only, without locks of Varve held, at most
//           every 20 ms, and never by a call that is shorter. It must not throw.
// Lifetime: scopes of a thread end in the reverse order of their beginning.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "varve/visibility.h"

namespace varve {

class VARVE_EXPORT StopScope {
 public:
  explicit StopScope(std::function<bool()> should_stop);
  ~StopScope();
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;

  /// True once the function, or that of a scope around this one, has said so.
  bool stopped() const;
  /// The same; on the scope's own thread, and where it is time to, asks first.
  bool Ask();

 private:
  const std::function<bool()> should_stop_;
  const std::thread::id owner_;
  StopScope* const outer_;
  std::chrono::steady_clock::time_point asked_;  // used by the owner only
  std::atomic<bool> stopped_{false};
};

}  // namespace varve
