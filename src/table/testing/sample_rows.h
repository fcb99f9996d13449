// SPDX-License-Identifier: Apache-2.0
// Rows whose every value follows from the row number, so that a test can tell what any row must
// hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"

namespace varve::internal::testing {

inline constexpr int32_t kSampleDim = 32;

/// id int64 = row | ts int64 sorted | label int32 in 0..9 | score double, every 7th null | text
/// utf8 | emb float[32]
std::shared_ptr<arrow::Schema> SampleSchema();

/// Rows [begin, begin + count).
std::shared_ptr<arrow::RecordBatch> SampleRows(int64_t begin, int64_t count);
/// The rows of `rows`, in that order.
std::shared_ptr<arrow::RecordBatch> SampleRowsAt(const std::vector<int64_t>& rows);

/// Rows [begin, begin + count) in batches of `batch_rows`.
std::shared_ptr<arrow::RecordBatchReader> SampleReader(int64_t begin, int64_t count,
                                                       int64_t batch_rows = 1000);

int64_t SampleTs(int64_t row);
int32_t SampleLabel(int64_t row);

/// All batches of a stream as one.
std::shared_ptr<arrow::RecordBatch> ReadAll(arrow::RecordBatchReader* reader);

/// Empty if both hold the same columns and values, else the first difference.
std::string Difference(const arrow::RecordBatch& actual, const arrow::RecordBatch& expected);

}  // namespace varve::internal::testing
