// SPDX-License-Identifier: Apache-2.0
// Which columns of a V2 segment share a file.
//
// A new segment is split by Milvus' policies in turn, each of which takes from the columns that are
// left: the system columns, long fields by average size, vectors, the rest. A segment that has
// files keeps its split.
//
// Threads: functions; call them from any thread
// Source:  shared specification of Milvus' formats, section 6.6
#pragma once

#include <cstdint>
#include <vector>

#include "varve/milvus_packed.h"
#include "varve/schema.h"
#include "varve/segment.h"
#include "varve/status.h"
#include "varve/sync.h"

namespace varve::internal {

/// `fields`: with RowID and Timestamp. `average_bytes`: of a row of each in memory. By group id;
/// none is empty.
/// Errors: Invalid if the two differ in length
Result<std::vector<ColumnGroup>> SplitBySchema(const std::vector<FieldSchema>& fields,
                                               const std::vector<double>& average_bytes,
                                               const ColumnSplitOptions& options);

/// As files of old segments imply it, which do not name their fields: vectors each for themselves,
/// the rest in group 0.
std::vector<ColumnGroup> LegacySplit(const std::vector<FieldSchema>& fields);

/// The split of the files of a segment.
/// Errors: Invalid naming a field that no file has, or two
Result<std::vector<ColumnGroup>> StoredSplit(const std::vector<FieldSchema>& fields,
                                             const std::vector<FieldBinlog>& inserts);

}  // namespace varve::internal
