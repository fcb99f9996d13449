// SPDX-License-Identifier: Apache-2.0
#include "packed/visible_bytes.h"

#include "arrow/array.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"

namespace varve::internal {

int64_t VisibleBytes(const arrow::Array& array) {
  const int64_t length = array.length();
  const int64_t validity =
      array.null_bitmap() == nullptr ? 0 : arrow::bit_util::BytesForBits(length);
  const auto offsets = (length + 1) * static_cast<int64_t>(sizeof(int32_t));
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return validity + offsets +
             static_cast<const arrow::BinaryArray&>(array).total_values_length();
    case arrow::Type::LIST: {
      const auto& lists = static_cast<const arrow::ListArray&>(array);
      const int64_t begin = lists.value_offset(0);
      return validity + offsets +
             VisibleBytes(*lists.values()->Slice(begin, lists.value_offset(length) - begin));
    }
    default:
      return validity + arrow::bit_util::BytesForBits(length * array.type()->bit_width());
  }
}

}  // namespace varve::internal
