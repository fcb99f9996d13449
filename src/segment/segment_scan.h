// SPDX-License-Identifier: Apache-2.0
// A scan of one segment, put together: stored rows of V1 or V2, of these the visible ones.
//
// Errors:  Invalid for options that make no sense and unknown columns; of the stream as
//          SegmentReader::Scan
// Threads: call from any thread; the stream has one caller at a time
#pragma once

#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "segment/delete_set.h"
#include "segment/segment_chunks.h"
#include "varve/chunk_manager.h"
#include "varve/schema.h"
#include "varve/segment.h"

namespace varve::internal {

struct SegmentScanPlan {
  std::shared_ptr<ChunkManager> store;
  std::shared_ptr<const CollectionSchema> schema;
  std::shared_ptr<const SegmentFiles> files;  ///< after SortLogs
  std::vector<SegmentChunk> chunks;           ///< of `files`
  std::shared_ptr<const DeleteSet> deletes;   ///< all that concern the segment
};

/// The stream holds what it needs.
Result<std::shared_ptr<arrow::RecordBatchReader>> ScanSegment(const SegmentScanPlan& plan,
                                                              const SegmentReadOptions& options);

}  // namespace varve::internal
