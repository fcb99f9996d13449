// SPDX-License-Identifier: Apache-2.0
// Some rows of a column without children, from just the pages they lie in, and from those only the
// values asked for: no page becomes an array.
//
// Memory:  the array and the pages; bounded as packed/decoded_column.h says
// Errors:  Corruption naming file, column and offset; ResourceExhausted where values take more than
//          they may, or texts outgrow their array; no exception leaves
// Threads: functions may be called concurrently
#pragma once

#include <memory>
#include <span>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/flat_column.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

/// `rows` of a row group with an offset index, in the order given; nullptr if a page is encoded in
/// a way that is not for this road. The values, and what decoders hold, may take `most_bytes` each;
/// a row that is named again counts once.
Result<std::shared_ptr<arrow::Array>> TakeFlat(const FlatColumn& column, const ChunkExtent& extent,
                                               int64_t num_rows, std::span<const int64_t> rows,
                                               int64_t most_bytes, Executor* executor, bool verify);

}  // namespace varve::internal
