// SPDX-License-Identifier: Apache-2.0
// Which columns share a file.
#pragma once

#include <cstdint>
#include <vector>

#include "varve/packed.h"
#include "varve/schema.h"

namespace varve::internal {

/// What a split decides from.
struct SplitInput {
  bool small = false;                 ///< all rows fit in small_write_bytes
  std::vector<double> average_bytes;  ///< of a value in memory, one a field
};

/// Column indices by group, every column in exactly one, none empty; columns in schema order within
/// a group. Errors: Invalid for kExplicit groups that name a field twice, not at all, or unknown
Result<std::vector<std::vector<int>>> SplitColumns(const std::vector<FieldSchema>& fields,
                                                   const PackedWriteOptions& options,
                                                   const SplitInput& input);

}  // namespace varve::internal
