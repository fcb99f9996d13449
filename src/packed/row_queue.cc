// SPDX-License-Identifier: Apache-2.0
#include "packed/row_queue.h"

#include <algorithm>

#include "arrow/array/array_base.h"

namespace varve::internal {

void RowQueue::Push(std::shared_ptr<arrow::Array> array) {
  if (array->length() == 0) return;
  num_rows_ += array->length();
  arrays_.push_back(std::move(array));
}

int64_t RowQueue::null_count() const {
  int64_t count = 0;
  for (const auto& array : arrays_) count += array->null_count();
  return count;
}

arrow::ArrayVector RowQueue::TakeRows(int64_t count) {
  arrow::ArrayVector taken;
  num_rows_ -= count;
  while (count > 0) {
    auto& front = arrays_.front();
    const int64_t length = std::min(count, front->length());
    count -= length;
    if (length == front->length()) {
      taken.push_back(std::move(front));
      arrays_.pop_front();
    } else {
      taken.push_back(front->Slice(0, length));
      front = front->Slice(length);
    }
  }
  return taken;
}

std::optional<int64_t> RowQueue::RowsHolding(int64_t count) const {
  int64_t rows = 0;
  for (const auto& array : arrays_) {
    const int64_t values = array->length() - array->null_count();
    if (values < count) {
      count -= values;
      rows += array->length();
      continue;
    }
    if (values == array->length()) return rows + count;
    for (int64_t row = 0; row < array->length(); ++row) {
      if (array->IsValid(row) && --count == 0) return rows + row + 1;
    }
  }
  return std::nullopt;
}

}  // namespace varve::internal
