// SPDX-License-Identifier: Apache-2.0
#include "packed/exact_batches.h"

#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/record_batch.h"
#include "packed/join_arrays.h"
#include "varve/status.h"

namespace varve::internal {
namespace {

class ExactBatches : public arrow::RecordBatchReader {
 public:
  ExactBatches(std::shared_ptr<arrow::RecordBatchReader> source, int64_t batch_size)
      : source_(std::move(source)), batch_size_(batch_size) {}

  std::shared_ptr<arrow::Schema> schema() const override { return source_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    arrow::RecordBatchVector pieces;
    int64_t missing = batch_size_;
    while (missing > 0) {
      auto piece = std::exchange(left_over_, nullptr);
      if (piece == nullptr) ARROW_RETURN_NOT_OK(source_->ReadNext(&piece));
      if (piece == nullptr) break;
      if (piece->num_rows() > missing) {
        left_over_ = piece->Slice(missing);
        piece = piece->Slice(0, missing);
      }
      missing -= piece->num_rows();
      pieces.push_back(std::move(piece));
    }
    if (pieces.size() <= 1) {
      *out = pieces.empty() ? nullptr : std::move(pieces.front());
      return Status::OK();
    }
    arrow::ArrayVector columns(static_cast<size_t>(source_->schema()->num_fields()));
    for (size_t i = 0; i < columns.size(); ++i) {
      arrow::ArrayVector parts;
      for (const auto& piece : pieces) parts.push_back(piece->column(static_cast<int>(i)));
      ARROW_ASSIGN_OR_RAISE(columns[i], JoinArrays(parts));
    }
    *out = arrow::RecordBatch::Make(source_->schema(), batch_size_ - missing, std::move(columns));
    return Status::OK();
  }

  Status Close() override {
    left_over_ = nullptr;
    return source_->Close();
  }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> source_;
  const int64_t batch_size_;
  std::shared_ptr<arrow::RecordBatch> left_over_;  // rows of source_ not handed out yet
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> MakeExactBatches(
    std::shared_ptr<arrow::RecordBatchReader> source, int64_t batch_size) {
  return std::make_shared<ExactBatches>(std::move(source), batch_size);
}

}  // namespace varve::internal
