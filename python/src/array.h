// SPDX-License-Identifier: Apache-2.0
// varve.Array: the values of one column in one batch, as light as a pointer.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

struct PyArray {
  std::shared_ptr<arrow::Array> array;
};

void DefineArray(nanobind::module_& module);

}  // namespace varve::python
