// SPDX-License-Identifier: Apache-2.0
#include "query/evaluate.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "arrow/array.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bitmap_ops.h"
#include "arrow/util/decimal.h"
#include "arrow/util/float16.h"
#include "query/arrow_filter.h"
#include "query/range_kernels.h"

namespace varve::internal {
namespace {

// More ranges than this are searched row by row.
constexpr size_t kRangeKernelsMax = 8;

// Bits [offset, offset + num_rows) of an Arrow bitmap.
Selection SelectionOf(const uint8_t* bitmap, int64_t offset, int64_t num_rows) {
  Selection selection(num_rows, false);
  if (num_rows > 0) {
    arrow::internal::CopyBitmap(bitmap, offset, num_rows,
                                reinterpret_cast<uint8_t*>(selection.words()), 0);
  }
  return selection;
}

bool AllNull(const arrow::Array& array) { return array.type_id() == arrow::Type::NA; }

void NarrowToNulls(const arrow::Array& array, bool want_null, Selection* selection) {
  if (AllNull(array)) {
    if (!want_null) selection->Clear();
    return;
  }
  if (array.null_bitmap_data() == nullptr || array.null_count() == 0) {
    if (want_null) selection->Clear();
    return;
  }
  const Selection valid = SelectionOf(array.null_bitmap_data(), array.offset(), array.length());
  want_null ? selection->Remove(valid) : selection->Keep(valid);
}

// Rows in the union of ranges: `narrow(range, negated, selection)` keeps those (not) in one range.
template <typename Range, typename Narrow>
void NarrowToRanges(const std::vector<Range>& ranges, bool negated, Narrow narrow,
                    Selection* selection) {
  if (ranges.empty()) {
    if (!negated) selection->Clear();
    return;
  }
  if (negated || ranges.size() == 1) {
    for (const Range& range : ranges) narrow(range, negated, selection);
    return;
  }
  Selection outside = *selection;
  for (const Range& range : ranges) narrow(range, true, &outside);
  selection->Remove(outside);
}

template <typename Value>
struct Bounds {
  Value first;
  Value last;
};

template <typename Value, typename Unsigned>
void NarrowIntegers(const IntegerSet& set, const arrow::Array& array, bool negated,
                    IntegerKernel<Unsigned> kernel, Selection* selection) {
  const auto* values = array.data()->GetValues<Value>(1);
  // What of the set the physical type can hold.
  std::vector<Bounds<Value>> ranges;
  for (const IntegerRange& range : set) {
    const Int128 first = std::max<Int128>(range.first, std::numeric_limits<Value>::min());
    const Int128 last = std::min<Int128>(range.last, std::numeric_limits<Value>::max());
    if (first <= last) ranges.push_back({static_cast<Value>(first), static_cast<Value>(last)});
  }
  if (ranges.size() > kRangeKernelsMax) {
    selection->Filter([&](int64_t row) {
      const Value value = values[row];
      const auto after = std::upper_bound(
          ranges.begin(), ranges.end(), value,
          [](Value wanted, const Bounds<Value>& range) { return wanted < range.first; });
      return (after != ranges.begin() && value <= (after - 1)->last) != negated;
    });
    return;
  }
  NarrowToRanges(
      ranges, negated,
      [&](const Bounds<Value>& range, bool outside, Selection* rows) {
        const auto first = static_cast<Unsigned>(range.first);
        const auto width = static_cast<Unsigned>(static_cast<Unsigned>(range.last) - first);
        kernel(reinterpret_cast<const Unsigned*>(values), rows->num_rows(), first, width, outside,
               rows->words());
      },
      selection);
}

template <typename Value>
void NarrowFloats(const FloatSet& set, const arrow::Array& array, bool negated,
                  FloatKernel<Value> kernel, Selection* selection) {
  const auto* values = array.data()->GetValues<Value>(1);
  if (set.size() > kRangeKernelsMax) {
    selection->Filter([&](int64_t row) { return Contains(set, double{values[row]}) != negated; });
    return;
  }
  NarrowToRanges(
      set, negated,
      [&](const FloatRange& range, bool outside, Selection* rows) {
        kernel(values, rows->num_rows(), static_cast<Value>(range.first),
               static_cast<Value>(range.last), outside, rows->words());
      },
      selection);
}

void NarrowHalfFloats(const FloatSet& set, const arrow::Array& array, bool negated,
                      Selection* selection) {
  const auto* values = array.data()->GetValues<uint16_t>(1);
  selection->Filter([&](int64_t row) {
    return Contains(set, arrow::util::Float16::FromBits(values[row]).ToDouble()) != negated;
  });
}

void NarrowBools(const IntegerSet& set, const arrow::Array& array, bool negated,
                 Selection* selection) {
  const bool keep_true = Contains(set, 1) != negated;
  const bool keep_false = Contains(set, 0) != negated;
  if (keep_true && keep_false) return;
  if (!keep_true && !keep_false) return selection->Clear();
  const Selection truths =
      SelectionOf(array.data()->buffers[1]->data(), array.offset(), array.length());
  keep_true ? selection->Keep(truths) : selection->Remove(truths);
}

Int128 ToInt128(const arrow::Decimal128& value) {
  // Shifting a negative number left is defined from C++20 on.
  return (static_cast<Int128>(value.high_bits()) << 64) | static_cast<Int128>(value.low_bits());
}

// Beyond 38 digits the value itself does not matter: literals are shorter.
Int128 ToInt128(const arrow::Decimal256& value) {
  const auto& words = value.little_endian_array();
  const bool negative = value.IsNegative();
  const uint64_t sign = negative ? ~uint64_t{0} : 0;
  const bool fits = words[2] == sign && words[3] == sign && (words[1] >> 63) == (sign >> 63);
  const Int128 narrow = ToInt128(arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]));
  const Int128 beyond = BeyondAllIntegers();
  if (!fits) return negative ? -beyond : beyond;
  return std::clamp<Int128>(narrow, -beyond, beyond);
}

template <typename Decimal, typename DecimalArray>
void NarrowDecimals(const IntegerSet& set, const arrow::Array& array, bool negated,
                    Selection* selection) {
  const auto& decimals = static_cast<const DecimalArray&>(array);
  selection->Filter([&](int64_t row) {
    return Contains(set, ToInt128(Decimal(decimals.GetValue(row)))) != negated;
  });
}

// `view(row)` is the value of a row.
template <typename View>
void NarrowBytes(const Condition& condition, View view, Selection* selection) {
  const bool negated = condition.negated;
  if (const auto* pattern = std::get_if<LikePattern>(&condition.values)) {
    selection->Filter([&](int64_t row) { return pattern->Matches(view(row)) != negated; });
    return;
  }
  const auto& set = std::get<BytesSet>(condition.values);
  const bool is_equal = set.size() == 1 && condition.points.size() == 1;
  if (is_equal) {
    const std::string& wanted = set.front().begin;
    selection->Filter([&](int64_t row) { return (view(row) == wanted) != negated; });
  } else if (set.size() == 1 && condition.comparison == Comparison::kLike) {
    const std::string& begin = set.front().begin;
    const bool is_prefix = set.front().end != Successor(begin);
    selection->Filter([&](int64_t row) {
      const std::string_view value = view(row);
      return (is_prefix ? value.starts_with(begin) : value == begin) != negated;
    });
  } else {
    selection->Filter([&](int64_t row) { return Contains(set, view(row)) != negated; });
  }
}

template <typename BinaryArray>
void NarrowBinary(const Condition& condition, const arrow::Array& array, Selection* selection) {
  const auto& values = static_cast<const BinaryArray&>(array);
  NarrowBytes(
      condition, [&](int64_t row) { return values.GetView(row); }, selection);
}

Status WrongType(const Condition& condition, const arrow::Array& array) {
  return MakeError(ErrorKind::kInvalid, "the filter's column has another type",
                   {.field = condition.column.name,
                    .expected = condition.column.type->ToString(),
                    .found = array.type()->ToString()});
}

// RowID and Timestamp may come unsigned; text may come with offsets of either width.
bool FitsType(const FilterColumn& column, const arrow::DataType& type) {
  if (arrow::is_base_binary_like(column.type->id())) return arrow::is_base_binary_like(type.id());
  if (arrow::is_integer(column.type->id())) return arrow::is_integer(type.id());
  return column.type->Equals(type);
}

void NarrowIntegerArray(const Condition& condition, const arrow::Array& array,
                        Selection* selection) {
  const auto& set = std::get<IntegerSet>(condition.values);
  const bool negated = condition.negated;
  const RangeKernels& kernels = BestRangeKernels();
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return NarrowBools(set, array, negated, selection);
    case arrow::Type::INT8:
      return NarrowIntegers<int8_t>(set, array, negated, kernels.bytes, selection);
    case arrow::Type::UINT8:
      return NarrowIntegers<uint8_t>(set, array, negated, kernels.bytes, selection);
    case arrow::Type::INT16:
      return NarrowIntegers<int16_t>(set, array, negated, kernels.shorts, selection);
    case arrow::Type::UINT16:
      return NarrowIntegers<uint16_t>(set, array, negated, kernels.shorts, selection);
    case arrow::Type::UINT32:
      return NarrowIntegers<uint32_t>(set, array, negated, kernels.words, selection);
    case arrow::Type::UINT64:
      return NarrowIntegers<uint64_t>(set, array, negated, kernels.longs, selection);
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
    case arrow::Type::DECIMAL32:
      return NarrowIntegers<int32_t>(set, array, negated, kernels.words, selection);
    case arrow::Type::DECIMAL128:
      return NarrowDecimals<arrow::Decimal128, arrow::Decimal128Array>(set, array, negated,
                                                                       selection);
    case arrow::Type::DECIMAL256:
      return NarrowDecimals<arrow::Decimal256, arrow::Decimal256Array>(set, array, negated,
                                                                       selection);
    default:  // what else BindCondition makes integers of has 64 bits
      return NarrowIntegers<int64_t>(set, array, negated, kernels.longs, selection);
  }
}

Status NarrowToCondition(const Condition& condition, const arrow::Array& array,
                         Selection* selection) {
  if (!FitsType(condition.column, *array.type())) return WrongType(condition, array);
  NarrowToNulls(array, /*want_null=*/false, selection);
  if (selection->empty()) return Status::OK();
  const RangeKernels& kernels = BestRangeKernels();
  switch (array.type_id()) {
    case arrow::Type::HALF_FLOAT:
      NarrowHalfFloats(std::get<FloatSet>(condition.values), array, condition.negated, selection);
      break;
    case arrow::Type::FLOAT:
      NarrowFloats<float>(std::get<FloatSet>(condition.values), array, condition.negated,
                          kernels.floats, selection);
      break;
    case arrow::Type::DOUBLE:
      NarrowFloats<double>(std::get<FloatSet>(condition.values), array, condition.negated,
                           kernels.doubles, selection);
      break;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      NarrowBinary<arrow::BinaryArray>(condition, array, selection);
      break;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      NarrowBinary<arrow::LargeBinaryArray>(condition, array, selection);
      break;
    case arrow::Type::FIXED_SIZE_BINARY:
      NarrowBinary<arrow::FixedSizeBinaryArray>(condition, array, selection);
      break;
    default:
      NarrowIntegerArray(condition, array, selection);
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> CheckedColumn(const FilterColumn& column,
                                                    const ColumnLookup& lookup, int64_t num_rows) {
  auto array = lookup(column.field_id);
  if (array == nullptr) {
    return MakeError(ErrorKind::kInvalid, "the batch lacks a column of the filter",
                     {.field = column.name});
  }
  if (array->length() != num_rows) {
    return MakeError(ErrorKind::kInvalid, "the filter's column has another length",
                     {.field = column.name,
                      .expected = std::to_string(num_rows) + " rows",
                      .found = std::to_string(array->length())});
  }
  return array;
}

}  // namespace

Status NarrowSelection(const FilterNode& node, const ColumnLookup& column, Selection* selection) {
  if (selection->empty()) return Status::OK();
  switch (node.kind) {
    case FilterNode::Kind::kConstant:
      if (!node.constant) selection->Clear();
      return Status::OK();
    case FilterNode::Kind::kAnd:
      for (const FilterNodePtr& child : node.children) {
        ARROW_RETURN_NOT_OK(NarrowSelection(*child, column, selection));
      }
      return Status::OK();
    case FilterNode::Kind::kOr: {
      Selection remaining = *selection;
      for (const FilterNodePtr& child : node.children) {
        Selection found = remaining;
        ARROW_RETURN_NOT_OK(NarrowSelection(*child, column, &found));
        remaining.Remove(found);
      }
      selection->Remove(remaining);
      return Status::OK();
    }
    case FilterNode::Kind::kNull: {
      ARROW_ASSIGN_OR_RAISE(const auto array,
                            CheckedColumn(node.column, column, selection->num_rows()));
      NarrowToNulls(*array, !node.negated, selection);
      return Status::OK();
    }
    case FilterNode::Kind::kCondition: {
      ARROW_ASSIGN_OR_RAISE(const auto array,
                            CheckedColumn(node.condition.column, column, selection->num_rows()));
      return NarrowToCondition(node.condition, *array, selection);
    }
    case FilterNode::Kind::kArrow:
      for (const FilterColumn& used : node.arrow->columns()) {
        ARROW_RETURN_NOT_OK(CheckedColumn(used, column, selection->num_rows()).status());
      }
      return node.arrow->Narrow(column, selection);
  }
  return Status::OK();
}

}  // namespace varve::internal
