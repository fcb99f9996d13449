// SPDX-License-Identifier: Apache-2.0
// Reads several columns side by side, a batch at a time.
//
// Columns of fixed width are handed out as they lie in the file (a batch ends where one of their
// pages ends); the others are decoded in windows (packed/decoded_windows.h) and handed out in
// slices.
//
// Of files that are far away, rows are fetched ahead in large requests, many under way together,
// while the consumer is busy with those before them.
//
// Memory:   two windows a decoded column; what is fetched ahead, at most `window_bytes` in all
// where
//           the columns say how large their rows are
// Threads:  one caller at a time
// Lifetime: keeps the column readers; arrays returned stand alone
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/decoded_windows.h"
#include "packed/fetch_ahead.h"
#include "packed/packed_file_reader.h"

namespace varve::internal {

struct ColumnScanOptions {
  int64_t batch_size = 8192;
  int64_t window_bytes = 32 << 20;
  bool verify = true;
  Executor* executor = Executor::Default();
};

class ColumnScan {
 public:
  ColumnScan(std::vector<std::shared_ptr<const PackedColumnReader>> columns,
             ColumnScanOptions options);

  /// Which rows Next is going to be asked for, ascending and apart: what is fetched ahead.
  void Expect(std::vector<RowSpan> rows) { ahead_.Expect(std::move(rows)); }

  /// Rows [begin, e) of every column, where begin < e <= end; the arrays' length tells e - begin.
  /// REQUIRES: begin < end; begin not below the end of the last call, or windows are decoded again;
  /// at least one column
  Result<std::vector<std::shared_ptr<arrow::Array>>> Next(int64_t begin, int64_t end);

 private:
  void MakeReadyAhead(int64_t begin, int64_t end);

  std::vector<std::shared_ptr<const PackedColumnReader>> columns_;
  ColumnScanOptions options_;
  FetchAhead ahead_;
  int64_t ahead_rows_ = 0;  // of the columns of fixed width, verified while the consumer is busy
  int64_t ready_end_ = 0;   // rows before this one have been handed to the executor
  std::vector<size_t> decoded_;  // indices of columns read through windows
  DecodedWindows windows_;       // of these
};

}  // namespace varve::internal
