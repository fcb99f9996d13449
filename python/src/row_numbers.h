// SPDX-License-Identifier: Apache-2.0
// Row numbers as people write them: NumPy integers, ranges, lists, Arrow arrays.
#pragma once

#include <cstdint>
#include <vector>

#include "nanobind/nanobind.h"

namespace varve::python {

/// `rows` as int64, in order. `what` names them in errors ("row", "row id").
/// A contiguous array of 64-bit integers costs one copy of its bytes.
/// Throws InvalidError for negative, null and too large numbers, and for what are no integers
/// (masks and floats included).
std::vector<int64_t> ParseRowNumbers(nanobind::handle rows, const char* what);

}  // namespace varve::python
