// SPDX-License-Identifier: Apache-2.0
// How the files of a segment belong together: chunk i is the i-th log of every list, and a list
// that is shorter, that of a field added later, ends where the longest ends.
//
// Threads: values; share as such
// Source:  docs/format/binlog-v1.md, "Segments"; docs/format/milvus-packed.md
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "varve/segment.h"
#include "varve/status.h"

namespace varve::internal {

/// Rows that were written together.
struct SegmentChunk {
  /// By list of SegmentFiles::inserts; nullptr: the list begins later. Lives as long as the files.
  std::vector<const Binlog*> logs;
  int64_t num_rows = -1;  ///< -1: the metadata do not say
};

/// Errors: Unsupported naming the segment for a storage version that is not read
Status CheckVersion(const SegmentFiles& files);

/// Errors: Unsupported naming the segment for a list of files that are not Parquet
Status CheckFormat(const SegmentFiles& files, const FieldBinlog& list);

/// Puts lists in the order of their fields or groups, which is that of the files of a packed set,
/// and the logs of every list in the order of their ids.
/// Errors: Invalid naming the segment: a list that is there twice, a log without a path; those of
///         CheckFormat
Status SortLogs(SegmentFiles* files);

/// Errors: Corruption naming the object whose number of rows is not that of its chunk
Result<std::vector<SegmentChunk>> ChunksOf(const SegmentFiles& files);

/// Of every kind: inserts, statistics, deletes, BM25. Live as long as the files.
std::vector<const Binlog*> LogsOf(const SegmentFiles& files);

/// "segment 7", for errors.
std::string NameOf(const SegmentFiles& files);

}  // namespace varve::internal
