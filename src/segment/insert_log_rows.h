// SPDX-License-Identifier: Apache-2.0
// The rows of a V1 segment as they were inserted, a batch a chunk: of each field one binlog, read
// and decoded side by side.
//
// Memory:   one chunk of the fields asked for
// Errors:   Corruption naming the object; also for a chunk whose logs differ in length, and for a
//           field without a log, without a default and not nullable
// Threads:  the stream has one caller at a time
// Lifetime: the stream holds the store and the files
// Source:   docs/format/binlog-v1.md, "Segments"
#pragma once

#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "segment/segment_chunks.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/segment.h"

namespace varve::internal {

/// Chunks from `first_chunk` on; columns are `fields`, with their arrow_type.
std::shared_ptr<arrow::RecordBatchReader> OpenInsertLogs(std::shared_ptr<ChunkManager> store,
                                                         std::shared_ptr<const SegmentFiles> files,
                                                         std::vector<SegmentChunk> chunks,
                                                         size_t first_chunk,
                                                         std::vector<FieldSchema> fields);

}  // namespace varve::internal
