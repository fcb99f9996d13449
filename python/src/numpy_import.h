// SPDX-License-Identifier: Apache-2.0
// NumPy arrays, and columns of any kind, as Arrow arrays.
#pragma once

#include <memory>

#include "arrow/type_fwd.h"
#include "nanobind/nanobind.h"

namespace varve::python {

/// `column` as one Arrow array; `name` is for errors. Contiguous numeric NumPy arrays are not
/// copied (booleans are packed): one dimension gives a primitive array, two a fixed_size_list of
/// required items, datetime64 and timedelta64 their Arrow types. Arrow arrays come over their
/// capsules; everything else is left to pyarrow.array.
std::shared_ptr<arrow::Array> ImportColumn(nanobind::handle column, const char* name);

}  // namespace varve::python
