// SPDX-License-Identifier: Apache-2.0
// An arrow::Status as a CStatus.
#pragma once

#include <cstring>

#include "base/exception_guard.h"
#include "varve/c/milvus_packed.h"
#include "varve/status.h"

namespace varve::capi {

// The text of every success.
inline constexpr char kNoMessage[] = "";

// What every function with a CStatus is made of: what `call` came to, and nothing is thrown. The
// message is of malloc, or NULL where there is no memory for it.
template <typename Call>
CStatus AnswerCStatus(Call&& call) noexcept {
  try {
    const Status status = internal::GuardExceptions(call);
    if (status.ok()) return {0, kNoMessage};
    return {static_cast<int>(KindOf(status)), strdup(status.message().c_str())};
  } catch (...) {
    return {static_cast<int>(ErrorKind::kResourceExhausted), nullptr};
  }
}

}  // namespace varve::capi
