// SPDX-License-Identifier: Apache-2.0
// varve.Table, and the functions that make one.
#pragma once

#include "nanobind/nanobind.h"

namespace varve::python {

void DefineTable(nanobind::module_& module);

}  // namespace varve::python
