// SPDX-License-Identifier: Apache-2.0
// A stream of rows that is counted, shown as a progress bar, and ended by Ctrl-C.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "arrow/record_batch.h"
#include "cli/output/console.h"

namespace varve::cli {

class ProgressReader : public arrow::RecordBatchReader {
 public:
  /// `expected_rows` < 0: not known. REQUIRES: console outlives this
  ProgressReader(std::shared_ptr<arrow::RecordBatchReader> reader, std::string label,
                 int64_t expected_rows, Console* console);

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  /// Errors: Cancelled after Ctrl-C
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override;

  int64_t num_rows() const { return num_rows_; }

 private:
  void Show();

  std::shared_ptr<arrow::RecordBatchReader> reader_;
  std::string label_;
  int64_t expected_rows_;
  Console* console_;
  int64_t num_rows_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace varve::cli
