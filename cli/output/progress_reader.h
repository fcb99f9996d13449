// SPDX-License-Identifier: Apache-2.0
// A stream of rows that is counted, shown as a progress bar, and ended by Ctrl-C.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "arrow/record_batch.h"
#include "cli/output/console.h"

namespace varve::cli {

/// How far a stream of an unknown number of rows is, by the bytes that it is read from.
struct ByteProgress {
  int64_t total = 0;                ///< 0: not known
  std::function<int64_t()> so_far;  ///< asked by whoever reads the rows
};

class ProgressReader : public arrow::RecordBatchReader {
 public:
  /// `expected_rows` < 0: not known, and `bytes` tell. REQUIRES: console outlives this
  ProgressReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::string label,
                 int64_t expected_rows, Console* console, ByteProgress bytes = {});

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  /// Errors: Cancelled after Ctrl-C
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;

  int64_t num_rows() const { return num_rows_; }

 private:
  void Show();

  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::string label_;
  int64_t expected_rows_;
  ByteProgress bytes_;
  Console* console_;
  int64_t num_rows_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace varve::cli
