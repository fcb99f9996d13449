// SPDX-License-Identifier: Apache-2.0
// Statuses as Python exceptions, and Python exceptions on their way through C++.
//
// Threads: everything here is called with the GIL held.
// Source:  varve/_errors.py holds the classes
#pragma once

#include <optional>
#include <utility>

#include "nanobind/nanobind.h"
#include "varve/status.h"

namespace varve::python {

namespace nb = nanobind;

/// Throws the exception class of the status' kind, with its context as attributes. REQUIRES:
/// !status.ok()
[[noreturn]] void Throw(const Status& status);

inline void ThrowIfError(const Status& status) {
  if (!status.ok()) [[unlikely]]
    Throw(status);
}

template <class T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) [[unlikely]]
    Throw(result.status());
  return std::move(result).ValueUnsafe();
}

/// Throws InvalidError.
[[noreturn]] void ThrowInvalid(std::string_view message);

/// A Python exception that C++ met in a callback: kept while a Status travels up, then thrown
/// instead of it.
class PendingError {
 public:
  bool is_set() const { return error_.has_value(); }
  /// Keeps the current Python error, the first one only; the status to return.
  Status Keep(nb::python_error error);
  void ThrowIfSet();
  void Drop() { error_.reset(); }

 private:
  std::optional<nb::python_error> error_;
};

}  // namespace varve::python
