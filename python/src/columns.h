// SPDX-License-Identifier: Apache-2.0
// The columns a caller asks for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

struct Columns {
  std::vector<std::string> names;  ///< as the library wants them; empty: all
  bool none = false;               ///< no column at all, only how many rows there are
};

/// None: all; one name; or an iterable of names, which may be empty. Throws TypeError for anything
/// else.
Columns ParseColumns(nanobind::handle columns);

/// `reader` and `batch` without their columns; the number of rows stays.
std::shared_ptr<arrow::RecordBatchReader> WithoutColumns(
    std::shared_ptr<arrow::RecordBatchReader> reader);
std::shared_ptr<arrow::RecordBatch> WithoutColumns(const arrow::RecordBatch& batch);

}  // namespace varve::python
