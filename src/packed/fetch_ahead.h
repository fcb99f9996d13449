// SPDX-License-Identifier: Apache-2.0
// Fetches the rows of several columns of files that are far away before they are read, a window of
// rows at a time: one window is being read while the next ones are on their way.
//
// Memory:  windows of 4 MiB, `bytes` together (two windows at least), by the columns' average
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "packed/packed_file_reader.h"
#include "packed/read_wave.h"

namespace varve::internal {

/// Rows [begin, end).
struct RowSpan {
  int64_t begin = 0;
  int64_t end = 0;
};

class FetchAhead {
 public:
  FetchAhead(std::vector<std::shared_ptr<const PackedColumnReader>> columns, int64_t bytes,
             bool verify);

  /// False where all columns are at hand.
  bool is_needed() const { return row_bytes_ > 0; }
  /// Rows that will be awaited, ascending and apart. What nobody expected is fetched when awaited.
  void Expect(std::vector<RowSpan> rows) { expected_ = std::move(rows); }
  /// Waits until rows [begin, e) are there, begin < e <= end, and returns e.
  /// REQUIRES: is_needed(), begin < end; calls ascend
  Result<int64_t> Await(int64_t begin, int64_t end);

 private:
  struct Window {
    int64_t end = 0;
    std::unique_ptr<ReadWave> wave;
  };

  /// The first expected rows from `begin` on, as many as a window holds.
  std::vector<RowSpan> NextRows(int64_t begin) const;
  /// Begins to fetch the window of `rows`.
  Status Begin(const std::vector<RowSpan>& rows);

  const std::vector<std::shared_ptr<const PackedColumnReader>> columns_;
  const bool verify_;
  double row_bytes_ = 0;
  int64_t window_rows_ = 0;
  size_t windows_max_ = 2;
  std::vector<RowSpan> expected_;
  std::deque<Window> windows_;
};

}  // namespace varve::internal
