// SPDX-License-Identifier: Apache-2.0
// Batches of exactly the size asked for, at the price of a copy where they were cut elsewhere.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow/type_fwd.h"

namespace varve::internal {

/// The rows of `source` in batches of `batch_size`, the last one shorter.  REQUIRES: batch_size > 0
std::shared_ptr<arrow::RecordBatchReader> MakeExactBatches(
    std::shared_ptr<arrow::RecordBatchReader> source, int64_t batch_size);

}  // namespace varve::internal
