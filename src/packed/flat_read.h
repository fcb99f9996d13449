// SPDX-License-Identifier: Apache-2.0
// All rows of a column chunk without children, page by page straight into the array: what is
// stored as it is, is decompressed to where it belongs.
//
// Memory:  the array and a page; bounded as packed/decoded_column.h says
// Errors:  Corruption naming file, column and offset; no exception leaves
// Threads: functions may be called concurrently
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/flat_column.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

/// The `num_rows` rows of a row group; an offset index is not needed. nullptr where that is for
/// parquet-cpp: a page is encoded in a way that is not for this road, the pages do not add up, or
/// the array would take more than `most_bytes`.
Result<std::shared_ptr<arrow::Array>> ReadFlat(const FlatColumn& column, const ChunkExtent& extent,
                                               int64_t num_rows, int64_t most_bytes,
                                               Executor* executor, bool verify);

}  // namespace varve::internal
