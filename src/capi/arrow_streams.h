// SPDX-License-Identifier: Apache-2.0
// Streams of record batches on their way out of the library, and in.
#pragma once

#include <memory>

#include "arrow/c/abi.h"
#include "arrow/type_fwd.h"
#include "capi/stoppable.h"
#include "varve/status.h"

namespace varve::capi {

// Gives `reader` out as `out`; what it throws becomes an error of the stream, and so does a stop of
// it.
Status ExportStream(std::shared_ptr<arrow::RecordBatchReader> reader, StopFlag stop,
                    ArrowArrayStream* out);

// Takes `stream` in, which is released on every way out. What it gives is looked at as
// arrow_imports.h says, and what is wrong with it is an error of the reader.
// Errors: Invalid for NULL, for one that was released or lacks a function, and for its schema
Result<std::shared_ptr<arrow::RecordBatchReader>> ImportStream(ArrowArrayStream* stream);

}  // namespace varve::capi
