// SPDX-License-Identifier: Apache-2.0
#include "packed/fixed_width.h"

#include <limits>

#include "arrow/array/array_base.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/checked_cast.h"

namespace varve::internal {

using arrow::internal::checked_cast;

int32_t PlainWidth(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::FLOAT:
    case arrow::Type::DATE32:
      return 4;
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::TIME64:
    case arrow::Type::DURATION:
      return 8;
    case arrow::Type::HALF_FLOAT:
      return 2;
    case arrow::Type::TIME32:
      // Parquet has no seconds: parquet-cpp multiplies.
      return checked_cast<const arrow::Time32Type&>(type).unit() == arrow::TimeUnit::MILLI ? 4 : 0;
    case arrow::Type::TIMESTAMP:
      return checked_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::SECOND ? 0
                                                                                               : 8;
    case arrow::Type::FIXED_SIZE_BINARY:
      return checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width();
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = checked_cast<const arrow::FixedSizeListType&>(type);
      const int bits = list.value_type()->num_fields() == 0 ? list.value_type()->bit_width() : 0;
      if (bits < 8 || !arrow::is_primitive(list.value_type()->id())) return 0;
      const int64_t width = int64_t{list.list_size()} * (bits / 8);
      return width <= std::numeric_limits<int32_t>::max() ? static_cast<int32_t>(width) : 0;
    }
    default:
      return 0;
  }
}

const uint8_t* PlainValues(const arrow::Array& array) {
  const arrow::ArrayData* data = array.data().get();
  int64_t first = data->offset;
  int64_t width = PlainWidth(*data->type);
  if (data->type->id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = checked_cast<const arrow::FixedSizeListType&>(*data->type);
    first = first * list.list_size() + data->child_data[0]->offset;
    if (list.list_size() > 0) width /= list.list_size();
    data = data->child_data[0].get();
  }
  const auto& buffer = data->buffers[1];
  return buffer == nullptr || buffer->data() == nullptr ? nullptr : buffer->data() + first * width;
}

}  // namespace varve::internal
