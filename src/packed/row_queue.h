// SPDX-License-Identifier: Apache-2.0
// Rows of one column waiting to be written: arrays in order, taken from the front by row count.
//
// Lifetime: keeps the arrays, and so their buffers, until their last row is taken
// Threads:  one caller at a time
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "arrow/type_fwd.h"

namespace varve::internal {

class RowQueue {
 public:
  void Push(std::shared_ptr<arrow::Array> array);
  int64_t num_rows() const { return num_rows_; }
  int64_t null_count() const;
  arrow::ArrayVector TakeRows(int64_t count);  ///< REQUIRES: count <= num_rows()
  arrow::ArrayVector TakeAll() { return TakeRows(num_rows_); }

  /// How many rows from the front hold exactly `count` values that are not null, the last of them
  /// such a value; nullopt if there are fewer.
  std::optional<int64_t> RowsHolding(int64_t count) const;

 private:
  std::deque<std::shared_ptr<arrow::Array>> arrays_;
  int64_t num_rows_ = 0;
};

}  // namespace varve::internal
