// SPDX-License-Identifier: Apache-2.0
// Exceptions end here: none crosses into C.
#pragma once

#include <exception>
#include <new>

#include "varve/status.h"

namespace varve::capi {

// What `call` returns, a Status or a Result; what it throws (memory that ran out, above all) as a
// Status.
template <typename Call>
auto Guard(Call&& call) -> decltype(call()) {
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

}  // namespace varve::capi
