// SPDX-License-Identifier: Apache-2.0
#include "binlog/described_field.h"

#include <string>

#include "arrow/array/array_base.h"
#include "arrow/type.h"
#include "schema/data_type.h"

namespace varve::internal {

FieldSchema DescribedField(const BinlogDescriptor& descriptor, const StoredValues& column) {
  FieldSchema field{.field_id = descriptor.field_id,
                    .name = "field_" + std::to_string(descriptor.field_id),
                    .data_type = descriptor.payload_type,
                    .nullable = descriptor.nullable.value_or(column.values->null_count() > 0),
                    .dim = column.dim,
                    .element_type = column.element_type};
  const arrow::DataType& type = *column.values->type();
  if (field.dim == 0 && IsDenseVector(field.data_type) &&
      type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    const int64_t width = static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width();
    // Of eight dimensions, which all vector types can have.
    const int64_t width_of_eight = VectorWidth(field.data_type, 8);
    if (width <= INT32_MAX / 8) field.dim = static_cast<int32_t>(width * 8 / width_of_eight);
  }
  return field;
}

}  // namespace varve::internal
