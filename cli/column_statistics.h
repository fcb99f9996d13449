// SPDX-License-Identifier: Apache-2.0
// What `varve stats` says of a column, gathered from footers or from the rows themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "cli/parquet_summary.h"
#include "varve/status.h"

namespace varve::cli {

struct ColumnSummary {
  std::string name;
  std::shared_ptr<arrow::DataType> type;  ///< nullptr: known from footers only
  int64_t num_values = 0;                 ///< nulls included
  int64_t null_count = 0;                 ///< -1: not known
  bool bounds_known = true;               ///< false: some part of the column has none
  std::shared_ptr<arrow::Scalar> min, max;
  int64_t compressed_bytes = 0;
  int64_t uncompressed_bytes = 0;
  std::set<std::string> encodings;
  // Of vectors, from their values.
  int64_t num_vectors = 0;
  int64_t non_finite = 0;  ///< vectors with a NaN or an infinity
  int64_t zero = 0;        ///< vectors of length 0
  double smallest_norm = 0, largest_norm = 0, sum_of_norms = 0;
};

/// Adds what a footer says of one chunk.  Errors: of comparing bounds
Status AddChunk(const ColumnChunkSummary& chunk, ColumnSummary* column);

/// Adds values: nulls, bounds of scalars and texts, norms of float vectors.
Status AddValues(const std::shared_ptr<arrow::Array>& values, ColumnSummary* column);

}  // namespace varve::cli
