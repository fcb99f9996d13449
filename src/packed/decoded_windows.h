// SPDX-License-Identifier: Apache-2.0
// Columns that have to be decoded, a window of rows at a time, all columns side by side. While the
// consumer is busy with one window, the next is decoded.
//
// Memory:   two windows; one where a window alone takes half of `ahead_bytes`
// Errors:   those of a window when its rows are asked for, however early it was decoded
// Threads:  one caller at a time
// Lifetime: keeps the column readers; arrays returned stand alone; nothing is decoded any more once
//           this is destroyed, which waits for a window that is being decoded
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/packed_file_reader.h"

namespace varve::internal {

class DecodedWindows {
 public:
  using Columns = std::vector<std::shared_ptr<const PackedColumnReader>>;

  /// `ahead_bytes` 0: nothing is decoded before it is asked for.
  DecodedWindows(Columns columns, int64_t ahead_bytes, bool verify, Executor* executor);
  ~DecodedWindows();
  DecodedWindows(DecodedWindows&&) = default;
  DecodedWindows& operator=(DecodedWindows&&) = delete;

  bool empty() const { return columns_->empty(); }
  /// Makes rows [begin, e) available, begin < e <= end, and returns e. Rows up to `end` are likely
  /// to be asked for next.
  /// REQUIRES: begin < end; begin not below the end of the last call, or rows are decoded again
  Result<int64_t> Await(int64_t begin, int64_t end);
  /// Rows of the column, which the last Await made available.
  std::shared_ptr<arrow::Array> Slice(size_t column, int64_t begin, int64_t end) const;

 private:
  struct Window {
    int64_t begin = 0;
    int64_t end = 0;
    std::vector<std::shared_ptr<arrow::Array>> values;  // rows [begin, end), one a column

    bool Has(int64_t row) const { return begin <= row && row < end; }
    int64_t bytes() const;
  };
  struct Ahead;

  static Result<Window> Decode(const Columns& columns, int64_t begin, int64_t end, bool verify,
                               Executor* executor);
  Result<Window> Take(int64_t begin, int64_t end);
  void StartNext(int64_t end);
  void Abandon();

  const std::shared_ptr<const Columns> columns_;  // tasks under way use them, too
  const int64_t ahead_bytes_;
  const bool verify_;
  Executor* const executor_;
  Window window_;
  std::shared_ptr<Ahead> ahead_;
};

}  // namespace varve::internal
