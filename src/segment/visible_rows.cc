// SPDX-License-Identifier: Apache-2.0
#include "segment/visible_rows.h"

#include <algorithm>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/compute/api_vector.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"

namespace varve::internal {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

class VisibleRows : public arrow::RecordBatchReader {
 public:
  explicit VisibleRows(VisibleRowsPlan plan) : plan_(std::move(plan)), next_row_(plan_.first_row) {}

  std::shared_ptr<arrow::Schema> schema() const override { return plan_.schema; }

  // After an error there is no going on: rows would be left out without a word.
  Status ReadNext(BatchPtr* batch) override {
    batch->reset();
    if (end_.ok()) end_ = Next(batch);
    return end_;
  }

 private:
  Status Next(BatchPtr* batch) {
    while (visible_ == nullptr || handed_out_ == visible_->num_rows()) {
      if (next_row_ >= plan_.end_row) return Status::OK();
      BatchPtr stored;
      ARROW_RETURN_NOT_OK(plan_.stored->ReadNext(&stored));
      if (stored == nullptr) return CheckEnd();
      ARROW_ASSIGN_OR_RAISE(visible_, VisibleOf(stored));
      handed_out_ = 0;
    }
    const int64_t rows = std::min(plan_.batch_rows, visible_->num_rows() - handed_out_);
    *batch = visible_->Slice(handed_out_, rows);
    handed_out_ += rows;
    return Status::OK();
  }

  Status CheckEnd() const {
    if (plan_.total_rows == 0 || next_row_ == plan_.total_rows) return Status::OK();
    return Corruption("the insert logs have another number of rows than the segment",
                      {.object = plan_.segment,
                       .expected = std::to_string(plan_.total_rows),
                       .found = std::to_string(next_row_)});
  }

  // The next rows, cut to the range, without hidden ones and the columns that tell them.
  Result<BatchPtr> VisibleOf(const BatchPtr& stored) {
    const int64_t begin = std::clamp<int64_t>(plan_.begin_row - next_row_, 0, stored->num_rows());
    const int64_t end = std::clamp(plan_.end_row - next_row_, begin, stored->num_rows());
    next_row_ += stored->num_rows();
    const BatchPtr range = stored->Slice(begin, end - begin);
    arrow::ArrayVector columns;
    for (const int column : plan_.columns) columns.push_back(range->column(column));
    BatchPtr batch = arrow::RecordBatch::Make(plan_.schema, range->num_rows(), std::move(columns));
    if (plan_.timestamp_column < 0) return batch;
    ARROW_ASSIGN_OR_RAISE(const auto mask, MaskOf(*range));
    if (mask->true_count() == mask->length()) return batch;
    ARROW_ASSIGN_OR_RAISE(const auto filtered, arrow::compute::Filter(batch, mask));
    return filtered.record_batch();
  }

  Result<std::shared_ptr<arrow::BooleanArray>> MaskOf(const arrow::RecordBatch& range) const {
    const auto& times =
        static_cast<const arrow::Int64Array&>(*range.column(plan_.timestamp_column));
    const arrow::Array* keys =
        plan_.key_column < 0 ? nullptr : range.column(plan_.key_column).get();
    arrow::BooleanBuilder mask;
    ARROW_RETURN_NOT_OK(mask.Reserve(range.num_rows()));
    for (int64_t row = 0; row < range.num_rows(); ++row) {
      const uint64_t inserted = plan_.commit_timestamp != 0
                                    ? plan_.commit_timestamp
                                    : static_cast<uint64_t>(times.Value(row));
      mask.UnsafeAppend(inserted <= plan_.as_of &&
                        (keys == nullptr || !IsDeleted(*keys, row, inserted)));
    }
    std::shared_ptr<arrow::BooleanArray> array;
    ARROW_RETURN_NOT_OK(mask.Finish(&array));
    return array;
  }

  bool IsDeleted(const arrow::Array& keys, int64_t row, uint64_t inserted) const {
    if (keys.type_id() == arrow::Type::INT64) {
      const auto& numbers = static_cast<const arrow::Int64Array&>(keys);
      return plan_.deletes->Hides(numbers.Value(row), inserted, plan_.as_of);
    }
    const auto& texts = static_cast<const arrow::StringArray&>(keys);
    return plan_.deletes->Hides(texts.GetView(row), inserted, plan_.as_of);
  }

  const VisibleRowsPlan plan_;
  int64_t next_row_;
  BatchPtr visible_;  // handed out up to handed_out_
  int64_t handed_out_ = 0;
  Status end_;  // the first error
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> OpenVisibleRows(VisibleRowsPlan plan) {
  return std::make_shared<VisibleRows>(std::move(plan));
}

}  // namespace varve::internal
