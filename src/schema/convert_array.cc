// SPDX-License-Identifier: Apache-2.0
#include "schema/convert_array.h"

#include <string>
#include <utility>
#include <vector>

#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/compute/api_vector.h"
#include "arrow/compute/cast.h"
#include "arrow/extension_type.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/bitmap_ops.h"
#include "arrow/util/checked_cast.h"
#include "schema/check_values.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsTextLike(arrow::Type::type id) {
  return id == arrow::Type::STRING || id == arrow::Type::LARGE_STRING ||
         id == arrow::Type::STRING_VIEW;
}

bool IsBytesLike(arrow::Type::type id) {
  return id == arrow::Type::BINARY || id == arrow::Type::LARGE_BINARY ||
         id == arrow::Type::BINARY_VIEW;
}

bool IsInstant(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         !checked_cast<const arrow::TimestampType&>(type).timezone().empty();
}

// Whether a cast from scalar type to scalar type keeps the meaning; values are checked by the cast.
bool KeepsMeaning(const arrow::DataType& from, const arrow::DataType& to) {
  switch (to.id()) {
    case arrow::Type::STRING:
      return IsTextLike(from.id());
    case arrow::Type::BINARY:
      return IsTextLike(from.id()) || IsBytesLike(from.id());
    case arrow::Type::DOUBLE:
      return from.id() == arrow::Type::FLOAT || from.id() == arrow::Type::HALF_FLOAT;
    case arrow::Type::FLOAT:
      return from.id() == arrow::Type::HALF_FLOAT;
    case arrow::Type::TIMESTAMP:
      return from.id() == arrow::Type::TIMESTAMP && IsInstant(from) == IsInstant(to);
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return arrow::is_time(from.id());
    case arrow::Type::DURATION:
      return from.id() == arrow::Type::DURATION;
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
      return arrow::is_date(from.id());
    default:
      return arrow::is_integer(from.id()) && arrow::is_integer(to.id());
  }
}

class ArrayConverter {
 public:
  ArrayConverter(const FieldSchema& field, const arrow::DataType& found)
      : field_(field), found_(found) {}

  // `depth` 0 means that rows of `array` are rows of the batch.
  Result<ArrayPtr> Convert(const ArrayPtr& array, const TypePtr& to, int depth) {
    if (array->type()->Equals(*to, /*check_metadata=*/true)) return array;
    switch (array->type_id()) {
      case arrow::Type::EXTENSION:
        return Convert(checked_cast<const arrow::ExtensionArray&>(*array).storage(), to, depth);
      case arrow::Type::NA:
        return arrow::MakeArrayOfNull(to, array->length());
      case arrow::Type::DICTIONARY: {
        const auto& encoded = checked_cast<const arrow::DictionaryArray&>(*array);
        // Values before indices: there are fewer, and Take does not know every type.
        ARROW_ASSIGN_OR_RAISE(const ArrayPtr values, Convert(encoded.dictionary(), to, depth + 1));
        ARROW_ASSIGN_OR_RAISE(const arrow::Datum decoded,
                              arrow::compute::Take(values, encoded.indices()));
        return decoded.make_array();
      }
      case arrow::Type::LIST_VIEW: {
        ARROW_ASSIGN_OR_RAISE(const ArrayPtr lists,
                              PutInOrder(checked_cast<const arrow::ListViewArray&>(*array)));
        return Convert(lists, to, depth);
      }
      case arrow::Type::LARGE_LIST_VIEW: {
        ARROW_ASSIGN_OR_RAISE(const ArrayPtr lists,
                              PutInOrder(checked_cast<const arrow::LargeListViewArray&>(*array)));
        return Convert(lists, to, depth);
      }
      default:
        break;
    }
    switch (to->id()) {
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return ConvertToLists(array, to, depth);
      case arrow::Type::FIXED_SIZE_LIST:
        return ConvertToFixedSizeLists(array, to, depth);
      case arrow::Type::STRUCT:
        return ConvertToStructs(array, to, depth, /*by_name=*/true);
      default:
        if (!KeepsMeaning(*array->type(), *to) && !KeepsTimestamptz(*array->type(), *to)) {
          return WrongType(field_, found_);
        }
        return Cast(array, to, depth);
    }
  }

 private:
  // Microseconds since the epoch and instants are the same values of a Timestamptz.
  bool KeepsTimestamptz(const arrow::DataType& from, const arrow::DataType& to) const {
    if (field_.data_type != DataType::kTimestamptz) return false;
    return from.id() == arrow::Type::INT64 ||
           (to.id() == arrow::Type::INT64 && IsInstant(from) &&
            checked_cast<const arrow::TimestampType&>(from).unit() == arrow::TimeUnit::MICRO);
  }

  Result<ArrayPtr> Cast(const ArrayPtr& array, const TypePtr& to, int depth) {
    auto cast = arrow::compute::Cast(*array, to);
    if (cast.ok()) return cast;
    // Halve down to the first row that fails alone.
    int64_t begin = 0;
    for (int64_t length = array->length(); length > 1;) {
      const int64_t half = length / 2;
      if (arrow::compute::Cast(*array->Slice(begin, half), to).ok()) {
        begin += half;
        length -= half;
      } else {
        length = half;
      }
    }
    if (begin < array->length() && !arrow::compute::Cast(*array->Slice(begin, 1), to).ok()) {
      ARROW_ASSIGN_OR_RAISE(const auto value, array->GetScalar(begin));
      if (depth == 0) {
        return RowError(begin, "value does not fit", field_.name, to->ToString(),
                        value->ToString());
      }
      return MakeError(
          ErrorKind::kInvalid, "value does not fit",
          {.field = field_.name, .expected = to->ToString(), .found = value->ToString()});
    }
    return TooLarge();
  }

  Status TooLarge() const {
    return MakeError(ErrorKind::kInvalid, "batch too large: split it",
                     {.field = field_.name,
                      .expected = "at most 2147483647 bytes or items in one batch",
                      .found = found_.ToString()});
  }

  // Views as lists. (Arrow's own cast gives descending offsets around the null views of a slice.)
  template <typename ListViewArray>
  Result<ArrayPtr> PutInOrder(const ListViewArray& views) {
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr values, views.Flatten());
    if (values->length() > INT32_MAX) return TooLarge();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> offsets,
                          arrow::AllocateBuffer((views.length() + 1) * sizeof(int32_t)));
    auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
    out[0] = 0;
    for (int64_t i = 0; i < views.length(); ++i) {
      out[i + 1] = out[i] + (views.IsNull(i) ? 0 : static_cast<int32_t>(views.value_length(i)));
    }
    ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(views));
    return arrow::MakeArray(arrow::ArrayData::Make(
        arrow::list(views.type()->field(0)), views.length(),
        {std::move(validity), std::move(offsets)}, {values->data()}, views.null_count()));
  }

  // A list array over values[first, first + offsets.back()), `offset_of(i)` counted from first.
  template <typename OffsetOf>
  Result<ArrayPtr> MakeLists(const arrow::Array& lists, const ArrayPtr& values, const TypePtr& to,
                             int depth, OffsetOf offset_of) {
    // An array without rows need not have offsets.
    const bool empty = lists.length() == 0;
    const int64_t first = empty ? 0 : offset_of(0);
    const int64_t num_values = empty ? 0 : offset_of(lists.length()) - first;
    if (num_values > INT32_MAX) return TooLarge();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> offsets,
                          arrow::AllocateBuffer((lists.length() + 1) * sizeof(int32_t)));
    auto* out = reinterpret_cast<int32_t*>(offsets->mutable_data());
    out[0] = 0;
    for (int64_t i = 1; i <= lists.length(); ++i) {
      out[i] = static_cast<int32_t>(offset_of(i) - first);
    }
    const ArrayPtr used = values->Slice(first, num_values);
    const TypePtr& item = to->field(0)->type();
    // The entries of a map are named as their writer liked.
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr items,
                          to->id() == arrow::Type::MAP
                              ? ConvertToStructs(used, item, depth + 1, /*by_name=*/false)
                              : Convert(used, item, depth + 1));
    ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(lists));
    return arrow::MakeArray(arrow::ArrayData::Make(to, lists.length(),
                                                   {std::move(validity), std::move(offsets)},
                                                   {items->data()}, lists.null_count()));
  }

  Result<ArrayPtr> ConvertToLists(const ArrayPtr& array, const TypePtr& to, int depth) {
    const bool maps = array->type_id() == arrow::Type::MAP;
    if (maps != (to->id() == arrow::Type::MAP)) return WrongType(field_, found_);
    switch (array->type_id()) {
      case arrow::Type::LIST:
      case arrow::Type::MAP: {
        const auto& lists = checked_cast<const arrow::ListArray&>(*array);
        return MakeLists(lists, lists.values(), to, depth,
                         [&](int64_t i) -> int64_t { return lists.value_offset(i); });
      }
      case arrow::Type::LARGE_LIST: {
        const auto& lists = checked_cast<const arrow::LargeListArray&>(*array);
        return MakeLists(lists, lists.values(), to, depth,
                         [&](int64_t i) { return lists.value_offset(i); });
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto& lists = checked_cast<const arrow::FixedSizeListArray&>(*array);
        return MakeLists(lists, lists.values(), to, depth,
                         [&](int64_t i) { return lists.value_offset(i); });
      }
      default:
        return WrongType(field_, found_);
    }
  }

  Result<ArrayPtr> ConvertToFixedSizeLists(const ArrayPtr& array, const TypePtr& to, int depth) {
    if (array->type_id() != arrow::Type::FIXED_SIZE_LIST) return WrongType(field_, found_);
    const auto& lists = checked_cast<const arrow::FixedSizeListArray&>(*array);
    const int64_t size = checked_cast<const arrow::FixedSizeListType&>(*to).list_size();
    if (lists.value_length() != size) return WrongType(field_, found_);
    ARROW_ASSIGN_OR_RAISE(
        const ArrayPtr items,
        Convert(lists.values()->Slice(lists.value_offset(0), lists.length() * size),
                to->field(0)->type(), depth + 1));
    ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(lists));
    return arrow::MakeArray(arrow::ArrayData::Make(to, lists.length(), {std::move(validity)},
                                                   {items->data()}, lists.null_count()));
  }

  Result<ArrayPtr> ConvertToStructs(const ArrayPtr& array, const TypePtr& to, int depth,
                                    bool by_name) {
    if (array->type_id() != arrow::Type::STRUCT || array->num_fields() != to->num_fields()) {
      return WrongType(field_, found_);
    }
    const auto& records = checked_cast<const arrow::StructArray&>(*array);
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    for (int i = 0; i < to->num_fields(); ++i) {
      if (by_name && array->type()->field(i)->name() != to->field(i)->name()) {
        return WrongType(field_, found_);
      }
      ARROW_ASSIGN_OR_RAISE(const ArrayPtr child,
                            Convert(records.field(i), to->field(i)->type(), depth + 1));
      children.push_back(child->data());
    }
    ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(records));
    return arrow::MakeArray(arrow::ArrayData::Make(to, records.length(), {std::move(validity)},
                                                   std::move(children), records.null_count()));
  }

  const FieldSchema& field_;
  const arrow::DataType& found_;
};

}  // namespace

Result<BufferPtr> ValidityOf(const arrow::Array& array) {
  if (array.null_count() == 0) return nullptr;
  if (array.offset() == 0) return array.null_bitmap();
  return arrow::internal::CopyBitmap(arrow::default_memory_pool(), array.null_bitmap_data(),
                                     array.offset(), array.length());
}

Status WrongType(const FieldSchema& field, const arrow::DataType& found) {
  return MakeError(
      ErrorKind::kInvalid, "wrong type",
      {.field = field.name, .expected = field.arrow_type->ToString(), .found = found.ToString()});
}

Result<std::shared_ptr<arrow::Array>> ConvertArray(const FieldSchema& field, const ArrayPtr& array,
                                                   const TypePtr& to) {
  return ArrayConverter(field, *array->type()).Convert(array, to, 0);
}

}  // namespace varve::internal
