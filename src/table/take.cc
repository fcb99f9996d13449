// SPDX-License-Identifier: Apache-2.0
#include "table/take.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "table/fetch.h"

namespace varve::internal {
namespace {

Result<std::vector<SegmentRows>> GroupBySegment(const SnapshotState& state,
                                                std::span<const int64_t> rows) {
  std::vector<SegmentRows> groups;
  std::vector<int32_t> group_of(state.segments.size(), -1);
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t row = rows[i];
    if (row < 0 || row >= state.num_rows()) {
      return MakeError(ErrorKind::kInvalid, "row " + std::to_string(row) +
                                                " is out of range: version " +
                                                std::to_string(state.manifest->version) + " has " +
                                                std::to_string(state.num_rows()) + " rows");
    }
    const size_t segment = state.SegmentOf(row);
    if (group_of[segment] < 0) {
      group_of[segment] = static_cast<int32_t>(groups.size());
      groups.push_back({.segment = segment, .rows = {}, .positions = {}});
      if (state.segments.size() == 1) {
        groups.back().rows.reserve(rows.size());
        groups.back().positions.reserve(rows.size());
      }
    }
    SegmentRows& group = groups[static_cast<size_t>(group_of[segment])];
    group.rows.push_back(row - state.starts[segment]);
    group.positions.push_back(static_cast<int64_t>(i));
  }
  return groups;
}

// An array of `type` over `values`, whose rows are `width` bytes each.
std::shared_ptr<arrow::Array> ArrayOverValues(const std::shared_ptr<arrow::DataType>& type,
                                              int64_t length, int64_t width,
                                              std::shared_ptr<arrow::Buffer> values) {
  if (type->id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::MakeArray(arrow::ArrayData::Make(type, length, {nullptr, std::move(values)}, 0));
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  auto items = arrow::ArrayData::Make(list.value_type(), length * list.list_size(),
                                      {nullptr, std::move(values)}, 0);
  return arrow::MakeArray(arrow::ArrayData::Make(type, length, {nullptr}, {std::move(items)}, 0));
}

class ColumnTake {
 public:
  ColumnTake(const SnapshotState& state, const std::vector<SegmentRows>& groups, int64_t num_rows,
             bool verify)
      : state_(state), groups_(groups), num_rows_(num_rows), verify_(verify) {}

  Result<std::shared_ptr<arrow::Array>> Take(const FieldSchema& field) const {
    if (groups_.empty()) return arrow::MakeEmptyArray(field.arrow_type);
    ARROW_ASSIGN_OR_RAISE(const auto first, Open(field, 0));
    if (groups_.size() == 1) return first->Take(groups_[0].rows, verify_);
    if (const int64_t width = first->fixed_width(); width > 0) {
      ARROW_ASSIGN_OR_RAISE(auto values, TakeFixed(field, width));
      if (values != nullptr) {
        return ArrayOverValues(first->type(), num_rows_, width, std::move(values));
      }
    }
    return TakeAndReorder(field);
  }

 private:
  // Each column is opened where it is read and let go after: a take may touch more segments than a
  // process can have files open.
  Result<std::shared_ptr<const PackedColumnReader>> Open(const FieldSchema& field,
                                                         size_t group) const {
    return state_.segments[groups_[group].segment].Column(field);
  }

  // nullptr if the segments store the column in different ways.
  Result<std::shared_ptr<arrow::Buffer>> TakeFixed(const FieldSchema& field, int64_t width) const {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateBuffer(num_rows_ * width));
    uint8_t* out = values->mutable_data();
    std::atomic<bool> differs{false};
    ARROW_RETURN_NOT_OK(state_.executor()->ParallelFor(
        static_cast<int64_t>(groups_.size()), [&](int64_t i) -> Status {
          const SegmentRows& group = groups_[static_cast<size_t>(i)];
          ARROW_ASSIGN_OR_RAISE(const auto column, Open(field, static_cast<size_t>(i)));
          if (column->fixed_width() == width) {
            return column->TakeInto(group.rows, group.positions, out, verify_);
          }
          differs = true;
          return Status::OK();
        }));
    if (differs) return nullptr;
    return values;
  }

  Result<std::shared_ptr<arrow::Array>> TakeAndReorder(const FieldSchema& field) const {
    arrow::ArrayVector parts(groups_.size());
    ARROW_RETURN_NOT_OK(state_.executor()->ParallelFor(
        static_cast<int64_t>(groups_.size()), [&](int64_t i) -> Status {
          const auto at = static_cast<size_t>(i);
          ARROW_ASSIGN_OR_RAISE(const auto column, Open(field, at));
          ARROW_ASSIGN_OR_RAISE(parts[at], column->Take(groups_[at].rows, verify_));
          return Status::OK();
        }));
    ARROW_ASSIGN_OR_RAISE(auto grouped, arrow::Concatenate(parts));
    // `grouped` has the rows in the order of the groups; row positions[k] of the result is its
    // k-th.
    ARROW_ASSIGN_OR_RAISE(auto order_buffer,
                          arrow::AllocateBuffer(num_rows_ * static_cast<int64_t>(sizeof(int64_t))));
    auto* order = reinterpret_cast<int64_t*>(order_buffer->mutable_data());
    int64_t next = 0;
    for (const SegmentRows& group : groups_) {
      for (const int64_t position : group.positions) order[position] = next++;
    }
    const auto indices = std::make_shared<arrow::Int64Array>(
        num_rows_, std::shared_ptr<arrow::Buffer>(std::move(order_buffer)));
    return arrow::compute::Take(*grouped, *indices, arrow::compute::TakeOptions::NoBoundsCheck());
  }

  const SnapshotState& state_;
  const std::vector<SegmentRows>& groups_;
  const int64_t num_rows_;
  const bool verify_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(const SnapshotState& state,
                                                     const Projection& projection,
                                                     std::span<const int64_t> rows, bool verify,
                                                     ReadPattern pattern) {
  ARROW_ASSIGN_OR_RAISE(const auto groups, GroupBySegment(state, rows));
  const auto num_rows = static_cast<int64_t>(rows.size());
  ReadWave wave(pattern);
  ARROW_RETURN_NOT_OK(MissingFileIsDamage(FetchForTake(state, projection, groups, verify, &wave)));
  const ColumnTake take(state, groups, num_rows, verify);
  arrow::ArrayVector arrays(projection.fields.size());
  ARROW_RETURN_NOT_OK(MissingFileIsDamage(
      state.executor()->ParallelFor(static_cast<int64_t>(arrays.size()), [&](int64_t i) -> Status {
        const auto at = static_cast<size_t>(i);
        ARROW_ASSIGN_OR_RAISE(arrays[at], take.Take(projection.fields[at]));
        return Status::OK();
      })));
  return arrow::RecordBatch::Make(projection.schema, num_rows, std::move(arrays));
}

}  // namespace varve::internal
