// SPDX-License-Identifier: Apache-2.0
// Where the pages of a column chunk lie, found by going from header to header: for files without an
// offset index, and for what an offset index does not say.
//
// Errors:  what the store reports; bytes that make no sense are no error here, but for the decoder
// Threads: may be called concurrently
#pragma once

#include <vector>

#include "packed/file_source.h"
#include "packed/parquet_metadata.h"
#include "parquet/schema.h"

namespace varve::internal {

/// The pages of `extent`, a chunk of a column without children; empty where that cannot be told.
/// One small read a page: for sources whose reads cost no round trip.
Result<std::vector<PageExtent>> WalkPages(const FileSource& source,
                                          const parquet::ColumnDescriptor& descriptor,
                                          const ChunkExtent& extent, int64_t num_rows);

}  // namespace varve::internal
