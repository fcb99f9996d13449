// SPDX-License-Identifier: Apache-2.0
#include "packed/implicit_column.h"

#include <numeric>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/scalar.h"
#include "arrow/type.h"

namespace varve::internal {
namespace {

// What both kinds share: one zone, nothing to rule out, nothing to verify.
class ImplicitColumn : public PackedColumnReader {
 public:
  explicit ImplicitColumn(int64_t num_rows) : num_rows_(num_rows) {}

  Status TakeInto(std::span<const int64_t>, std::span<const int64_t>, uint8_t*,
                  bool) const override {
    return MakeError(ErrorKind::kInternal, "an implicit column has no bytes to take");
  }
  int64_t fixed_width() const override { return 0; }
  bool IsReady(int64_t, int64_t) const override { return true; }
  void MakeReady(int64_t, int64_t) const override {}
  int64_t NaturalEnd(int64_t) const override { return num_rows_; }
  Result<std::vector<bool>> MayContain(const StatisticValue&) const override {
    return std::vector<bool>{true};
  }

 protected:
  const int64_t num_rows_;
};

class SequenceColumn : public ImplicitColumn {
 public:
  SequenceColumn(int64_t first, int64_t num_rows)
      : ImplicitColumn(num_rows), first_(first), type_(arrow::int64()) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }

  Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t end, bool) const override {
    ARROW_ASSIGN_OR_RAISE(auto values, Allocate(end - begin));
    auto* out = reinterpret_cast<int64_t*>(values->mutable_data());
    std::iota(out, out + (end - begin), first_ + begin);
    return MakeArray(end - begin, std::move(values));
  }

  Result<std::shared_ptr<arrow::Array>> Take(std::span<const int64_t> rows, bool) const override {
    const auto count = static_cast<int64_t>(rows.size());
    ARROW_ASSIGN_OR_RAISE(auto values, Allocate(count));
    auto* out = reinterpret_cast<int64_t*>(values->mutable_data());
    for (const int64_t row : rows) *out++ = first_ + row;
    return MakeArray(count, std::move(values));
  }

  Result<std::vector<PageZone>> Zones() const override {
    if (num_rows_ == 0) return std::vector<PageZone>{};
    return std::vector<PageZone>{{0,
                                  num_rows_,
                                  {.field_id = kRowIdFieldId,
                                   .null_count = 0,
                                   .min = first_,
                                   .max = first_ + num_rows_ - 1}}};
  }

 private:
  static Result<std::unique_ptr<arrow::Buffer>> Allocate(int64_t count) {
    return arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(int64_t)));
  }
  static std::shared_ptr<arrow::Array> MakeArray(int64_t count,
                                                 std::shared_ptr<arrow::Buffer> values) {
    return std::make_shared<arrow::Int64Array>(count, std::move(values));
  }

  const int64_t first_;
  const std::shared_ptr<arrow::DataType> type_;
};

class ConstantColumn : public ImplicitColumn {
 public:
  ConstantColumn(std::shared_ptr<arrow::Scalar> value, int64_t num_rows)
      : ImplicitColumn(num_rows), value_(std::move(value)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return value_->type; }

  Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t end, bool) const override {
    return arrow::MakeArrayFromScalar(*value_, end - begin);
  }
  Result<std::shared_ptr<arrow::Array>> Take(std::span<const int64_t> rows, bool) const override {
    return arrow::MakeArrayFromScalar(*value_, static_cast<int64_t>(rows.size()));
  }
  Result<std::vector<PageZone>> Zones() const override {
    if (num_rows_ == 0) return std::vector<PageZone>{};
    return std::vector<PageZone>{{0, num_rows_, {}}};
  }

 private:
  const std::shared_ptr<arrow::Scalar> value_;
};

}  // namespace

std::shared_ptr<const PackedColumnReader> MakeSequenceColumn(int64_t first, int64_t num_rows) {
  return std::make_shared<SequenceColumn>(first, num_rows);
}

std::shared_ptr<const PackedColumnReader> MakeConstantColumn(std::shared_ptr<arrow::Scalar> value,
                                                             int64_t num_rows) {
  return std::make_shared<ConstantColumn>(std::move(value), num_rows);
}

}  // namespace varve::internal
