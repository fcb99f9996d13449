// SPDX-License-Identifier: Apache-2.0
// Errors of varve_*: an arrow::Status as a code and an object of C.
#pragma once

#include "base/exception_guard.h"
#include "varve/c/varve.h"
#include "varve/status.h"

namespace varve::capi {

// The code of `status`; where it failed and `error` is not NULL, *error is what went wrong.
varve_code ReportError(const Status& status, varve_error** error);

// What every function of varve_* is made of: *error is NULL or says what `call` came to, and
// nothing is thrown. Where there is no memory to say more, the code alone says so.
template <typename Call>
varve_code Answer(varve_error** error, Call&& call) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return ReportError(internal::GuardExceptions(call), error);
  } catch (...) {
    return VARVE_RESOURCE_EXHAUSTED;
  }
}

}  // namespace varve::capi
