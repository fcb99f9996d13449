// SPDX-License-Identifier: Apache-2.0
// The oldest and the newest time of rows.
//
// Threads: one caller at a time
// Source:  shared specification of Milvus' formats, section 1.12
#pragma once

#include <cstdint>

#include "arrow/type_fwd.h"

namespace varve::internal {

struct TimestampRange {
  uint64_t from = UINT64_MAX,
           to = 0;  ///< hybrid timestamps, inclusive; of no rows as they are here

  /// Takes in a Timestamp column, whose values are the bits of hybrid timestamps.  REQUIRES: an
  /// int64 array without nulls
  void Add(const arrow::Array& timestamps);
};

}  // namespace varve::internal
