// SPDX-License-Identifier: Apache-2.0
#include "table/scan.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/type.h"
#include "base/stop.h"
#include "packed/column_scan.h"
#include "packed/exact_batches.h"
#include "table/fetch.h"
#include "table/segment_filter.h"
#include "table/take.h"

namespace varve::internal {
namespace {

// Matching rows that follow each other in a run at least this long are handed out as slices;
// shorter runs are gathered.
constexpr int64_t kSliceRunRows = 64;
// Batches of an exact size are put together of pieces no larger than this, however large they are.
constexpr int64_t kPieceRows = int64_t{1} << 16;

// One segment's part of a scan.
class SegmentScan {
 public:
  // `limit`: rows that are wanted at most.
  static Result<std::unique_ptr<SegmentScan>> Make(const SnapshotState& state, size_t index,
                                                   const ScanPlan& plan, int64_t limit) {
    auto scan = std::unique_ptr<SegmentScan>(new SegmentScan(state, index, plan));
    const ColumnScanOptions options = scan->column_options();
    if (plan.predicate != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto filter, SegmentFilter::Make(scan->segment_, state.schema(),
                                                             *plan.predicate, options));
      if (filter.match() == Match::kNone) scan->next_row_ = scan->segment_.num_rows();
      if (filter.match() == Match::kSome) scan->filter_.emplace(std::move(filter));
    }
    std::vector<std::shared_ptr<const PackedColumnReader>> columns;
    for (const FieldSchema& field : plan.projection.fields) {
      ARROW_ASSIGN_OR_RAISE(auto column, scan->segment_.Column(field));
      columns.push_back(std::move(column));
    }
    scan->columns_.emplace(std::move(columns), options);
    if (!scan->filter_ && limit > 0) {
      scan->columns_->Expect({{0, std::min(scan->segment_.num_rows(), limit)}});
    }
    return scan;
  }

  // Up to `limit` rows, and no more than a batch; nullptr at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> Next(int64_t limit) {
    const int64_t rows_max = std::min(limit, plan_.batch_size);
    if (!filter_) {
      if (next_row_ >= segment_.num_rows()) return nullptr;
      ARROW_ASSIGN_OR_RAISE(auto batch,
                            Slice(next_row_, std::min(segment_.num_rows(), next_row_ + rows_max)));
      next_row_ += batch->num_rows();
      return batch;
    }
    if (next_match_ == matches_.size()) {
      ARROW_ASSIGN_OR_RAISE(matches_, filter_->Next(rows_max));
      next_match_ = 0;
      if (matches_.empty()) return nullptr;
    }
    return NextMatches(rows_max);
  }

 private:
  SegmentScan(const SnapshotState& state, size_t index, const ScanPlan& plan)
      : state_(state), index_(index), segment_(state.segments[index]), plan_(plan) {}

  ColumnScanOptions column_options() const {
    return {.batch_size = plan_.batch_size,
            .window_bytes = plan_.prefetch_bytes,
            .verify = plan_.verify,
            .executor = state_.executor()};
  }

  // Where the run of consecutive rows that starts with matches_[from] ends, as an index of
  // matches_.
  size_t RunEnd(size_t from) const {
    size_t end = from + 1;
    while (end < matches_.size() && matches_[end] == matches_[end - 1] + 1) ++end;
    return end;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> NextMatches(int64_t rows_max) {
    const auto available = std::min(matches_.size() - next_match_, static_cast<size_t>(rows_max));
    size_t run_end = RunEnd(next_match_);
    if (static_cast<int64_t>(run_end - next_match_) >= kSliceRunRows) {
      const int64_t begin = matches_[next_match_];
      const auto length = static_cast<int64_t>(std::min(run_end - next_match_, available));
      ARROW_ASSIGN_OR_RAISE(auto batch, Slice(begin, begin + length));
      next_match_ += static_cast<size_t>(batch->num_rows());
      return batch;
    }
    // Gather up to the next long run.
    size_t end = next_match_;
    while (end < next_match_ + available) {
      run_end = RunEnd(end);
      if (static_cast<int64_t>(run_end - end) >= kSliceRunRows) break;
      end = run_end;
    }
    end = std::min(end, next_match_ + available);
    std::vector<int64_t> positions(matches_.begin() + static_cast<int64_t>(next_match_),
                                   matches_.begin() + static_cast<int64_t>(end));
    for (int64_t& position : positions) position += state_.starts[index_];
    next_match_ = end;
    return TakeRows(state_, plan_.projection, positions, plan_.verify, ReadPattern::kScan);
  }

  // Rows [begin, e) with e <= end.
  Result<std::shared_ptr<arrow::RecordBatch>> Slice(int64_t begin, int64_t end) {
    ARROW_ASSIGN_OR_RAISE(auto arrays, columns_->Next(begin, end));
    const int64_t num_rows = arrays.front()->length();
    return arrow::RecordBatch::Make(plan_.projection.schema, num_rows, std::move(arrays));
  }

  const SnapshotState& state_;
  const size_t index_;
  const SegmentReader& segment_;
  const ScanPlan& plan_;
  std::optional<SegmentFilter>
      filter_;  // none: every row, or no row (next_row_ is at the end then)
  std::optional<ColumnScan> columns_;
  int64_t next_row_ = 0;          // without filter_
  std::vector<int64_t> matches_;  // with filter_: rows that match, handed out up to next_match_
  size_t next_match_ = 0;
};

std::vector<const FieldSchema*> ProjectedFields(const ScanPlan& plan) {
  std::vector<const FieldSchema*> fields;
  for (const FieldSchema& field : plan.projection.fields) fields.push_back(&field);
  return fields;
}

// The columns that are read of every row: the filter's, if there is one,
std::vector<const FieldSchema*> FirstFields(const SnapshotState& state, const ScanPlan& plan) {
  if (plan.predicate == nullptr) return ProjectedFields(plan);
  return FieldsOf(state.schema(), *plan.predicate);
}

// and those of which only matching rows are.
std::vector<const FieldSchema*> LaterFields(const ScanPlan& plan) {
  if (plan.predicate == nullptr) return {};
  return ProjectedFields(plan);
}

class TableScan : public arrow::RecordBatchReader {
 public:
  TableScan(std::shared_ptr<const SnapshotState> state, ScanPlan plan)
      : state_(std::move(state)),
        plan_(std::move(plan)),
        ahead_(*state_, plan_.predicate.get(), FirstFields(*state_, plan_), LaterFields(plan_),
               plan_.predicate == nullptr ? plan_.limit : INT64_MAX, plan_.prefetch_bytes / 2),
        rows_left_(plan_.limit) {}

  std::shared_ptr<arrow::Schema> schema() const override { return plan_.projection.schema; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    auto piece = NextPiece();
    if (!piece.ok()) return MissingFileIsDamage(piece.status());
    *out = std::move(piece).ValueUnsafe();
    return Status::OK();
  }

  Status Close() override {
    current_.reset();
    rows_left_ = 0;
    return Status::OK();
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> NextPiece() {
    while (rows_left_ > 0) {
      ARROW_RETURN_NOT_OK(CheckStopped());
      if (current_ == nullptr) {
        if (next_segment_ == state_->segments.size()) break;
        ARROW_RETURN_NOT_OK(ahead_.Reach(next_segment_));
        ARROW_ASSIGN_OR_RAISE(current_,
                              SegmentScan::Make(*state_, next_segment_, plan_, rows_left_));
        ++next_segment_;
      }
      ARROW_ASSIGN_OR_RAISE(auto batch, current_->Next(rows_left_));
      if (batch != nullptr) {
        rows_left_ -= batch->num_rows();
        return batch;
      }
      current_.reset();
    }
    return nullptr;
  }

  const std::shared_ptr<const SnapshotState> state_;
  const ScanPlan plan_;
  SegmentsAhead ahead_;
  int64_t rows_left_;
  size_t next_segment_ = 0;
  std::unique_ptr<SegmentScan> current_;
};

}  // namespace

std::shared_ptr<arrow::RecordBatchReader> MakeScan(std::shared_ptr<const SnapshotState> state,
                                                   ScanPlan plan) {
  const bool exact = plan.exact_batch_size;
  const int64_t batch_size = plan.batch_size;
  if (exact) plan.batch_size = std::min(batch_size, kPieceRows);
  auto scan = std::make_shared<TableScan>(std::move(state), std::move(plan));
  if (!exact) return scan;
  return MakeExactBatches(std::move(scan), batch_size);
}

}  // namespace varve::internal
