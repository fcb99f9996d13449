// SPDX-License-Identifier: Apache-2.0
#include "packed/taken_values.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/data.h"
#include "arrow/array/util.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "packed/array_conversion.h"
#include "packed/fixed_width.h"

namespace varve::internal {
namespace {

bool HasLargeOffsets(const arrow::DataType& type) {
  return type.id() == arrow::Type::LARGE_STRING || type.id() == arrow::Type::LARGE_BINARY;
}

}  // namespace

TakenValues::TakenValues(const FlatColumn& column, size_t num_set,
                         const std::vector<RepeatedValue>& repeats, int64_t most_bytes)
    : column_(column),
      num_set_(num_set),
      repeats_(repeats),
      width_(FlatWidth(*column.type)),
      most_bytes_(width_ > 0 || HasLargeOffsets(*column.type)
                      ? most_bytes
                      : std::min<int64_t>(most_bytes, INT32_MAX)),
      is_null_(num_set + repeats.size()),
      texts_(width_ > 0 ? 0 : is_null_.size()) {}

Status TakenValues::Init(size_t num_tasks) {
  arenas_.resize(width_ > 0 ? 0 : num_tasks);
  if (width_ == 0) return Status::OK();
  if (static_cast<int64_t>(num_set_) > most_bytes_ / width_) return TooLarge(most_bytes_);
  const auto length = static_cast<int64_t>(is_null_.size());
  ARROW_ASSIGN_OR_RAISE(fixed_, arrow::AllocateBuffer(length * width_));
  return Status::OK();
}

Status TakenValues::TooLarge(int64_t most_bytes) const {
  return MakeError(ErrorKind::kResourceExhausted,
                   "the values of one take are larger than they may be; take fewer rows",
                   {.object = column_.metadata->source().path(),
                    .field = *column_.name,
                    .expected = "at most " + std::to_string(most_bytes) + " bytes"});
}

void TakenValues::Copy(const RepeatedValue& repeat) {
  const auto from = static_cast<size_t>(repeat.from);
  const auto to = static_cast<size_t>(repeat.position);
  is_null_[to] = is_null_[from];
  if (width_ == 0) {
    texts_[to] = texts_[from];
  } else {
    std::memcpy(Place(repeat.position), Place(repeat.from), static_cast<size_t>(width_));
  }
}

Result<std::shared_ptr<arrow::Buffer>> TakenValues::Validity(int64_t* num_nulls) const {
  *num_nulls = std::count(is_null_.begin(), is_null_.end(), 1);
  if (*num_nulls == 0) return nullptr;
  const auto length = static_cast<int64_t>(is_null_.size());
  ARROW_ASSIGN_OR_RAISE(auto validity, arrow::AllocateEmptyBitmap(length));
  for (int64_t i = 0; i < length; ++i) {
    if (is_null_[static_cast<size_t>(i)] == 0) {
      arrow::bit_util::SetBit(validity->mutable_data(), i);
    }
  }
  return validity;
}

Result<std::shared_ptr<arrow::Array>> TakenValues::Finish() {
  for (const RepeatedValue& repeat : repeats_) Copy(repeat);
  int64_t num_nulls = 0;
  ARROW_ASSIGN_OR_RAISE(auto validity, Validity(&num_nulls));
  const auto& type = column_.type;
  const auto length = static_cast<int64_t>(is_null_.size());
  if (width_ > 0 && PlainWidth(*type) > 0) {
    return MakeDirectArray(type, length, fixed_, std::move(validity), num_nulls);
  }
  if (width_ > 0) {
    return arrow::MakeArray(
        arrow::ArrayData::Make(type, length, {std::move(validity), fixed_}, num_nulls));
  }
  return HasLargeOffsets(*type) ? Texts<int64_t>(std::move(validity), num_nulls)
                                : Texts<int32_t>(std::move(validity), num_nulls);
}

template <typename Offset>
Result<std::shared_ptr<arrow::Array>> TakenValues::Texts(std::shared_ptr<arrow::Buffer> validity,
                                                         int64_t num_nulls) const {
  int64_t total = 0;
  for (const Text& text : texts_) total += text.length;
  constexpr int64_t most = std::numeric_limits<Offset>::max();
  if (total > most) return TooLarge(most);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, arrow::AllocateBuffer(total));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offsets,
      arrow::AllocateBuffer(static_cast<int64_t>((texts_.size() + 1) * sizeof(Offset))));
  auto* offset = reinterpret_cast<Offset*>(offsets->mutable_data());
  *offset = 0;
  for (const Text& text : texts_) {
    if (text.length > 0) {
      std::memcpy(data->mutable_data() + *offset, arenas_[text.task].bytes.data() + text.begin,
                  text.length);
    }
    offset[1] = static_cast<Offset>(*offset + static_cast<Offset>(text.length));
    ++offset;
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      column_.type, static_cast<int64_t>(texts_.size()),
      {std::move(validity), std::move(offsets), std::move(data)}, num_nulls));
}

}  // namespace varve::internal
