// SPDX-License-Identifier: Apache-2.0
// Arrow arrays as NumPy arrays.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

/// A read-only NumPy array over the memory of `array`, which it keeps alive. No copy for numbers,
/// times and vectors without nulls; vectors give two dimensions, fixed-size binaries rows of uint8.
/// With nulls: floats get NaN, times NaT, integers and booleans become a masked array. Other types
/// (texts, lists) become objects by way of pyarrow.
nanobind::object ToNumpy(const std::shared_ptr<arrow::Array>& array);

}  // namespace varve::python
