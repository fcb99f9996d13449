// SPDX-License-Identifier: Apache-2.0
// Exceptions end here: one that left a thread of ours would end the process, and none crosses into
// C.
//
// Threads: functions; call them from any thread
#pragma once

#include <exception>
#include <new>

#include "varve/status.h"

namespace varve::internal {

/// What `call` returns, a Status or a Result; what it throws (memory that ran out, above all, or an
/// interface that a caller has implemented) as ResourceExhausted or Internal.
template <typename Call>
auto GuardExceptions(Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return MakeError(ErrorKind::kResourceExhausted, "out of memory");
  } catch (const std::exception& error) {
    return MakeError(ErrorKind::kInternal, error.what());
  } catch (...) {
    return MakeError(ErrorKind::kInternal, "an exception of unknown type");
  }
}

}  // namespace varve::internal
