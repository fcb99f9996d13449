// SPDX-License-Identifier: Apache-2.0
// Rows on their way into a table: whatever Python holds them in, as a stream of record batches.
#pragma once

#include <memory>
#include <utility>

#include "arrow/type_fwd.h"
#include "errors.h"
#include "nanobind/nanobind.h"

namespace varve::python {

/// A stream that C++ may pull without the GIL. Between batches it looks for signals, so that Ctrl-C
/// stops a long write.
struct Input {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  /// An exception of the source, or KeyboardInterrupt: thrown instead of the status it ended in.
  std::shared_ptr<PendingError> pending;
};

/// Takes Arrow streams and arrays (pyarrow, Polars, DuckDB, pandas, …), mappings from names to
/// columns, and iterables of those. Throws InvalidError for anything else.
Input MakeInput(nb::handle data);

/// The first batch of `reader` that has rows, and a reader that begins with it; (nullptr, at its
/// end) if there is none.
arrow::Result<
    std::pair<std::shared_ptr<arrow::RecordBatch>, std::shared_ptr<arrow::RecordBatchReader>>>
PeekRows(std::shared_ptr<arrow::RecordBatchReader> reader);

/// True if `data` describes columns and holds no rows.
bool IsSchema(nb::handle data);

}  // namespace varve::python
