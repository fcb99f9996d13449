// SPDX-License-Identifier: Apache-2.0
#include "packed/column_scan.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"

namespace varve::internal {
namespace {

// Rows decoded in one go: the rows of a fixed-width page, so that windows end where pages do.
constexpr int64_t kWindowRows = 8192;
// What one task verifies ahead: little enough to keep several threads at neighbouring pages, enough
// to pay for handing it over.
constexpr int64_t kAheadTaskBytes = 1 << 20;

}  // namespace

ColumnScan::ColumnScan(std::vector<std::shared_ptr<const PackedColumnReader>> columns,
                       ColumnScanOptions options)
    : columns_(std::move(columns)),
      options_(options),
      ahead_(columns_, options.window_bytes, options.verify) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i]->fixed_width() == 0) decoded_.push_back(i);
  }
  windows_.resize(decoded_.size());
  int64_t row_bytes = 0;
  for (const auto& column : columns_) row_bytes += column->fixed_width();
  if (row_bytes > 0 && options_.verify) ahead_rows_ = options_.window_bytes / row_bytes / 2;
}

Status ColumnScan::FillWindows(int64_t begin, int64_t end) {
  int64_t window_end = std::min(end, (begin / kWindowRows + 1) * kWindowRows);
  for (const size_t column : decoded_) {
    // A column of large rows names a nearer end; a column of small ones would let us go further
    // than the others.
    window_end = std::min(window_end, std::max(columns_[column]->NaturalEnd(begin), begin + 1));
  }
  // All or none: after a failure nothing of an older window may be handed out.
  for (Window& window : windows_) window = {};
  return options_.executor->ParallelFor(
      static_cast<int64_t>(decoded_.size()), [&](int64_t i) -> Status {
        Window& window = windows_[static_cast<size_t>(i)];
        ARROW_ASSIGN_OR_RAISE(window.values, columns_[decoded_[static_cast<size_t>(i)]]->Read(
                                                 begin, window_end, options_.verify));
        window.begin = begin;
        window.end = window_end;
        return Status::OK();
      });
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
  if (!decoded_.empty()) {
    const Window& window = windows_.front();
    const bool filled = std::all_of(windows_.begin(), windows_.end(),
                                    [](const Window& w) { return w.values != nullptr; });
    if (!filled || begin < window.begin || begin >= window.end) {
      ARROW_RETURN_NOT_OK(FillWindows(begin, end));
    }
    batch_end = std::min(batch_end, window.end);
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
    const Window& window = windows_[i];
    arrays[decoded_[i]] = window.values->Slice(begin - window.begin, batch_end - begin);
  }
  return arrays;
}

}  // namespace varve::internal
