// SPDX-License-Identifier: Apache-2.0
// varve.Batch: some rows of a result, column by column.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

struct PyBatch {
  std::shared_ptr<arrow::RecordBatch> batch;
};

void DefineBatch(nanobind::module_& module);

}  // namespace varve::python
