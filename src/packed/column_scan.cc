// SPDX-License-Identifier: Apache-2.0
#include "packed/column_scan.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"

namespace varve::internal {
namespace {

// What one task verifies ahead: little enough to keep several threads at neighbouring pages, enough
// to pay for handing it over.
constexpr int64_t kAheadTaskBytes = 1 << 20;

using Columns = std::vector<std::shared_ptr<const PackedColumnReader>>;

std::vector<size_t> DecodedOf(const Columns& columns) {
  std::vector<size_t> decoded;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->fixed_width() == 0) decoded.push_back(i);
  }
  return decoded;
}

Columns Chosen(const Columns& columns, const std::vector<size_t>& indices) {
  Columns chosen;
  for (const size_t i : indices) chosen.push_back(columns[i]);
  return chosen;
}

}  // namespace

ColumnScan::ColumnScan(Columns columns, ColumnScanOptions options)
    : columns_(std::move(columns)),
      options_(options),
      ahead_(columns_, options.window_bytes, options.verify),
      decoded_(DecodedOf(columns_)),
      // What has to be fetched first is fetched ahead instead.
      windows_(Chosen(columns_, decoded_), ahead_.is_needed() ? 0 : options.window_bytes,
               options.verify, options.executor) {
  int64_t row_bytes = 0;
  for (const auto& column : columns_) row_bytes += column->fixed_width();
  if (row_bytes > 0 && options_.verify) ahead_rows_ = options_.window_bytes / row_bytes / 2;
}

// Keeps between one and two times ahead_rows_ under way behind the rows that are handed out.
void ColumnScan::MakeReadyAhead(int64_t begin, int64_t end) {
  if (ahead_rows_ == 0 || begin + ahead_rows_ < ready_end_) return;
  const int64_t from = std::max(begin, ready_end_);
  const int64_t to = std::min(end, begin + 2 * ahead_rows_);
  if (from >= to) return;
  ready_end_ = to;
  for (const auto& column : columns_) {
    if (column->fixed_width() == 0 || column->IsReady(from, to)) continue;
    const int64_t rows = std::max<int64_t>(1, kAheadTaskBytes / column->fixed_width());
    for (int64_t row = from; row < to;) {
      // Whole pages: two tasks must not wait for each other.
      const int64_t end_row = std::min(to, column->NaturalEnd(std::min(to, row + rows) - 1));
      options_.executor->Spawn([column, row, end_row] { column->MakeReady(row, end_row); });
      row = end_row;
    }
  }
}

Result<std::vector<std::shared_ptr<arrow::Array>>> ColumnScan::Next(int64_t begin, int64_t end) {
  if (ahead_.is_needed()) {
    ARROW_ASSIGN_OR_RAISE(end, ahead_.Await(begin, end));
  }
  int64_t batch_end = std::min(end, begin + options_.batch_size);
  if (!windows_.empty()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t window_end, windows_.Await(begin, end));
    batch_end = std::min(batch_end, window_end);
  }
  for (const auto& column : columns_) {
    if (column->fixed_width() > 0) batch_end = std::min(batch_end, column->NaturalEnd(begin));
  }
  MakeReadyAhead(batch_end, end);
  std::vector<std::shared_ptr<arrow::Array>> arrays(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i]->fixed_width() == 0) continue;
    ARROW_ASSIGN_OR_RAISE(arrays[i], columns_[i]->Read(begin, batch_end, options_.verify));
  }
  for (size_t i = 0; i < decoded_.size(); ++i) {
    arrays[decoded_[i]] = windows_.Slice(i, begin, batch_end);
  }
  return arrays;
}

}  // namespace varve::internal
