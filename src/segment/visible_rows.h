// SPDX-License-Identifier: Apache-2.0
// Of the rows of a segment as they were inserted, those of a range that are visible at a time.
//
// Cost:     columns are slices where every row of a stored batch is visible, copied elsewhere
// Errors:   those of the stored rows; Corruption naming the segment if there are fewer or more than
//           its metadata say
// Threads:  the stream has one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "segment/delete_set.h"

namespace varve::internal {

struct VisibleRowsPlan {
  std::shared_ptr<arrow::RecordBatchReader> stored;
  int64_t first_row = 0;  ///< of the segment, that `stored` begins with

  std::shared_ptr<arrow::Schema> schema;  ///< of the result
  std::vector<int> columns;               ///< of `stored`, in the order of the result

  int key_column = -1;            ///< of `stored`; -1: there are no deletes
  int timestamp_column = -1;      ///< likewise; -1: no row is hidden
  uint64_t commit_timestamp = 0;  ///< not 0: counts in place of that column's values
  std::shared_ptr<const DeleteSet> deletes;

  uint64_t as_of = UINT64_MAX;
  int64_t begin_row = 0, end_row = INT64_MAX;
  int64_t batch_rows = 8192;
  std::string segment;     ///< in errors
  int64_t total_rows = 0;  ///< what the metadata say; 0: they do not
};

std::shared_ptr<arrow::RecordBatchReader> OpenVisibleRows(VisibleRowsPlan plan);

}  // namespace varve::internal
