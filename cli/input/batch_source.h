// SPDX-License-Identifier: Apache-2.0
// A RecordBatchReader from a function.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "arrow/record_batch.h"
#include "varve/status.h"

namespace varve::cli {

class BatchSource : public arrow::RecordBatchReader {
 public:
  /// `next` sets the batch, or leaves nullptr at the end.
  using Next = std::function<Status(std::shared_ptr<arrow::RecordBatch>*)>;

  BatchSource(std::shared_ptr<arrow::Schema> schema, Next next)
      : schema_(std::move(schema)), next_(std::move(next)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    return next_(batch);
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  Next next_;
};

}  // namespace varve::cli
