// SPDX-License-Identifier: Apache-2.0
// Columns that no file holds: row ids counted from the segment's first, the segment's time, and the
// value given to rows that were written before a field existed.
#pragma once

#include <cstdint>
#include <memory>

#include "packed/packed_file_reader.h"

namespace varve::internal {

/// int64: first, first + 1, …
std::shared_ptr<const PackedColumnReader> MakeSequenceColumn(int64_t first, int64_t num_rows);

/// The same value in every row (null scalars included).
std::shared_ptr<const PackedColumnReader> MakeConstantColumn(std::shared_ptr<arrow::Scalar> value,
                                                             int64_t num_rows);

}  // namespace varve::internal
