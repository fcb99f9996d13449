// SPDX-License-Identifier: Apache-2.0
// Where long work looks whether it should stop (varve/stop.h says who asks for it).
//
// Threads: each thread works for one scope at a time: one of its own, or that of the thread that
//          handed it work
#pragma once

#include "varve/status.h"
#include "varve/stop.h"

namespace varve::internal {

/// Cancelled if the scope that this thread works for was stopped. Cheap: call it for every block
/// read or every few thousand rows.
Status CheckStopped();

/// The scope that this thread works for; nullptr: none.
StopScope* CurrentScope();

/// Lets this thread work for `scope`, which may be nullptr: what follows cannot be stopped then.
/// `scope` is not used after the work handed over has ended.
class WorkingFor {
 public:
  explicit WorkingFor(StopScope* scope);
  ~WorkingFor();
  WorkingFor(const WorkingFor&) = delete;
  WorkingFor& operator=(const WorkingFor&) = delete;

 private:
  StopScope* const before_;
};

}  // namespace varve::internal
