// SPDX-License-Identifier: Apache-2.0
// Statistics of a column over a file, from the statistics Parquet keeps of its chunks.
#pragma once

#include <vector>

#include "packed/leaf_chunk.h"
#include "varve/schema.h"
#include "varve/statistics.h"

namespace parquet {
class ColumnDescriptor;
}

namespace varve::internal {

/// `chunks` are those of the column's only leaf, one a row group. Bounds are left unknown where a
/// chunk has values but no bounds, and for types StatisticValue cannot hold.
ColumnStatistics FileStatistics(const FieldSchema& field, const parquet::ColumnDescriptor& descr,
                                const std::vector<const LeafChunk*>& chunks);

}  // namespace varve::internal
