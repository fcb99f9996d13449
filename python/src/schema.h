// SPDX-License-Identifier: Apache-2.0
// varve.Schema: names and Arrow types of columns.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

struct PySchema {
  std::shared_ptr<arrow::Schema> schema;
};

void DefineSchema(nanobind::module_& module);

}  // namespace varve::python
