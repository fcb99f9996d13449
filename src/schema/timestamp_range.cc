// SPDX-License-Identifier: Apache-2.0
#include "schema/timestamp_range.h"

#include <algorithm>

#include "arrow/array/array_primitive.h"

namespace varve::internal {

void TimestampRange::Add(const arrow::Array& timestamps) {
  const auto& values = static_cast<const arrow::Int64Array&>(timestamps);
  for (int64_t row = 0; row < values.length(); ++row) {
    const auto timestamp = static_cast<uint64_t>(values.Value(row));
    from = std::min(from, timestamp);
    to = std::max(to, timestamp);
  }
}

}  // namespace varve::internal
