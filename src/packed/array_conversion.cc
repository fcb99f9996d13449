// SPDX-License-Identifier: Apache-2.0
#include "packed/array_conversion.h"

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/array/util.h"
#include "arrow/compute/cast.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "packed/fixed_width.h"

namespace varve::internal {
namespace {

using arrow::Type;

bool IsList(Type::type id) { return id == Type::LIST || id == Type::LARGE_LIST || id == Type::MAP; }

// The same bits under another name.
std::shared_ptr<arrow::Array> Retyped(const arrow::Array& array,
                                      const std::shared_ptr<arrow::DataType>& type) {
  auto data = array.data()->Copy();
  data->type = type;
  return arrow::MakeArray(data);
}

// The values of `array` from its offset on, as vectors of `type`, whose width is the same.
Result<std::shared_ptr<arrow::Array>> BinaryToVector(const arrow::Array& array,
                                                     const std::shared_ptr<arrow::DataType>& type) {
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  const auto& data = *array.data();
  auto items =
      arrow::ArrayData::Make(list.value_type(), (data.offset + data.length) * list.list_size(),
                             {nullptr, data.buffers[1]}, 0);
  auto vectors = arrow::ArrayData::Make(type, data.length, {data.buffers[0]}, {std::move(items)},
                                        data.null_count.load(), data.offset);
  return arrow::MakeArray(vectors);
}

// Rows of `width` bytes each as fixed_size_binary; null ones become zeros.
Result<std::shared_ptr<arrow::Array>> BinaryToFixed(const arrow::BinaryArray& rows, int width) {
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateBuffer(rows.length() * width));
  std::shared_ptr<arrow::Buffer> validity;
  if (rows.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(rows.length()));
  }
  for (int64_t row = 0; row < rows.length(); ++row) {
    uint8_t* out = values->mutable_data() + row * width;
    if (rows.IsNull(row)) {
      std::memset(out, 0, static_cast<size_t>(width));
      continue;
    }
    const std::string_view bytes = rows.GetView(row);
    if (bytes.size() != static_cast<size_t>(width)) {
      return Status::Invalid("row ", row, " has ", bytes.size(), " bytes, not ", width);
    }
    std::memcpy(out, bytes.data(), bytes.size());
    if (validity != nullptr) arrow::bit_util::SetBit(validity->mutable_data(), row);
  }
  return std::make_shared<arrow::FixedSizeBinaryArray>(arrow::fixed_size_binary(width),
                                                       rows.length(), std::move(values),
                                                       std::move(validity), rows.null_count());
}

template <typename ListArray>
Result<std::shared_ptr<arrow::Array>> ListToVector(const ListArray& lists,
                                                   const std::shared_ptr<arrow::DataType>& type) {
  const auto& vector = static_cast<const arrow::FixedSizeListType&>(*type);
  const int64_t dim = vector.list_size();
  std::vector<std::shared_ptr<arrow::Array>> pieces;
  std::shared_ptr<arrow::Array> nulls;
  int64_t run_begin = -1;  // rows of one run lie next to each other in the items
  const auto end_run = [&](int64_t end) {
    if (run_begin < 0 || end == run_begin) return;
    pieces.push_back(lists.values()->Slice(lists.value_offset(run_begin), (end - run_begin) * dim));
  };
  for (int64_t i = 0; i < lists.length(); ++i) {
    if (lists.IsNull(i)) {
      end_run(i);
      run_begin = -1;
      if (nulls == nullptr) {
        ARROW_ASSIGN_OR_RAISE(nulls, arrow::MakeArrayOfNull(lists.values()->type(), dim));
      }
      pieces.push_back(nulls);
      continue;
    }
    if (lists.value_length(i) != dim) {
      return Status::Invalid("row ", i, " has ", lists.value_length(i), " items, not ", dim);
    }
    if (run_begin >= 0 &&
        lists.value_offset(i) == lists.value_offset(run_begin) + (i - run_begin) * dim) {
      continue;
    }
    end_run(i);
    run_begin = i;
  }
  end_run(lists.length());
  std::shared_ptr<arrow::Array> items;
  if (pieces.empty()) {
    items = lists.values()->Slice(0, 0);
  } else if (pieces.size() == 1) {
    items = pieces.front();
  } else {
    ARROW_ASSIGN_OR_RAISE(items, arrow::Concatenate(pieces));
  }
  ARROW_ASSIGN_OR_RAISE(items, ConvertArray(items, vector.value_type()));
  std::shared_ptr<arrow::Buffer> validity;
  if (lists.null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(lists.length()));
    for (int64_t i = 0; i < lists.length(); ++i) {
      arrow::bit_util::SetBitTo(validity->mutable_data(), i, lists.IsValid(i));
    }
  }
  return std::make_shared<arrow::FixedSizeListArray>(type, lists.length(), std::move(items),
                                                     std::move(validity), lists.null_count());
}

Result<std::shared_ptr<arrow::Array>> ConvertChildren(
    const arrow::Array& array, const std::shared_ptr<arrow::DataType>& type) {
  auto data = array.data()->Copy();
  const auto& from = *data->type;
  for (int i = 0; i < type->num_fields(); ++i) {
    int source = i;
    if (from.id() == Type::STRUCT) {
      source = static_cast<const arrow::StructType&>(from).GetFieldIndex(type->field(i)->name());
      if (source < 0) return Status::Invalid("no member '", type->field(i)->name(), "'");
    }
    ARROW_ASSIGN_OR_RAISE(
        auto child,
        ConvertArray(arrow::MakeArray(array.data()->child_data[static_cast<size_t>(source)]),
                     type->field(i)->type()));
    if (static_cast<size_t>(i) < data->child_data.size()) {
      data->child_data[static_cast<size_t>(i)] = child->data();
    }
  }
  data->child_data.resize(static_cast<size_t>(type->num_fields()));
  data->type = type;
  return arrow::MakeArray(data);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ConvertArray(const std::shared_ptr<arrow::Array>& array,
                                                   const std::shared_ptr<arrow::DataType>& type) {
  const arrow::DataType& from = *array->type();
  if (from.Equals(*type, /*check_metadata=*/true)) return Retyped(*array, type);
  if (type->id() == Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionType&>(*type);
    ARROW_ASSIGN_OR_RAISE(auto storage, ConvertArray(array, extension.storage_type()));
    return Retyped(*storage, type);
  }
  if (from.id() == Type::FIXED_SIZE_BINARY && type->id() == Type::FIXED_SIZE_LIST &&
      PlainWidth(*type) > 0 && PlainWidth(*type) == PlainWidth(from)) {
    return BinaryToVector(*array, type);
  }
  const bool is_vector =
      type->id() == Type::FIXED_SIZE_LIST || type->id() == Type::FIXED_SIZE_BINARY;
  if (from.id() == Type::BINARY && is_vector && PlainWidth(*type) > 0) {
    // Milvus' way to store dense vectors that may be null.
    ARROW_ASSIGN_OR_RAISE(auto vectors,
                          BinaryToFixed(static_cast<const arrow::BinaryArray&>(*array),
                                        static_cast<int>(PlainWidth(*type))));
    return ConvertArray(vectors, type);
  }
  if (type->id() == Type::FIXED_SIZE_LIST && from.id() == Type::LIST) {
    return ListToVector(static_cast<const arrow::ListArray&>(*array), type);
  }
  if (type->id() == Type::FIXED_SIZE_LIST && from.id() == Type::LARGE_LIST) {
    return ListToVector(static_cast<const arrow::LargeListArray&>(*array), type);
  }
  if (from.id() == type->id() &&
      (IsList(from.id()) || from.id() == Type::STRUCT ||
       (from.id() == Type::FIXED_SIZE_LIST &&
        static_cast<const arrow::FixedSizeListType&>(from).list_size() ==
            static_cast<const arrow::FixedSizeListType&>(*type).list_size()))) {
    return ConvertChildren(*array, type);
  }
  if (from.id() == Type::INT64 && type->id() == Type::DURATION) return Retyped(*array, type);
  return arrow::compute::Cast(*array, type);
}

std::shared_ptr<arrow::Array> MakeDirectArray(const std::shared_ptr<arrow::DataType>& type,
                                              int64_t length, std::shared_ptr<arrow::Buffer> values,
                                              std::shared_ptr<arrow::Buffer> validity,
                                              int64_t null_count) {
  if (type->id() != Type::FIXED_SIZE_LIST) {
    return arrow::MakeArray(
        arrow::ArrayData::Make(type, length, {std::move(validity), std::move(values)}, null_count));
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*type);
  auto items = arrow::ArrayData::Make(list.value_type(), length * list.list_size(),
                                      {nullptr, std::move(values)}, 0);
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, length, {std::move(validity)}, {std::move(items)}, null_count));
}

}  // namespace varve::internal
