// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "schema/arrow_mapping.h"
#include "schema/check_values.h"
#include "schema/convert_array.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

Status WrongWidth(const FieldSchema& field, int64_t found) {
  return MakeError(ErrorKind::kInvalid, "wrong vector width",
                   {.field = field.name,
                    .expected = std::to_string(field.dim) + " dimensions",
                    .found = std::to_string(found)});
}

bool IsListOfDoubles(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
      return type.field(0)->type()->id() == arrow::Type::DOUBLE;
    default:
      return false;
  }
}

// Embeddings are computed in any precision and kept in this one: digits may go, magnitude may not.
Result<BufferPtr> RoundToFloats(const FieldSchema& field, const arrow::Array& array,
                                const arrow::Buffer& doubles) {
  const int64_t count = doubles.size() / static_cast<int64_t>(sizeof(double));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> floats,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(float))));
  for (int64_t i = 0; i < count; ++i) {
    double wide;
    std::memcpy(&wide, doubles.data() + i * sizeof(double), sizeof(double));
    if (std::abs(wide) > std::numeric_limits<float>::max() && std::isfinite(wide)) {
      const int64_t row = i / field.dim;
      // What stands in the place of a null counts for nothing.
      if (array.IsValid(row)) {
        return RowError(row, "value does not fit", field.name, "numbers that fit a float",
                        "dimension " + std::to_string(i % field.dim));
      }
      wide = 0;
    }
    const auto narrow = static_cast<float>(wide);
    std::memcpy(floats->mutable_data() + i * sizeof(float), &narrow, sizeof(float));
  }
  return BufferPtr(std::move(floats));
}

// Gathers the vectors of one column as bytes, row after row.
class VectorRows {
 public:
  // `doubles`: for the elements of a FloatVector, which are doubles still.
  VectorRows(const FieldSchema& field, const arrow::Array& array, bool doubles)
      : field_(field),
        array_(array),
        element_type_(doubles ? arrow::float64() : VectorElementType(field.data_type)),
        elements_(VectorElements(field.data_type, field.dim)),
        element_bytes_(element_type_->byte_width()),
        width_(elements_ * element_bytes_) {}

  Result<BufferPtr> Gather() {
    switch (array_.type_id()) {
      case arrow::Type::FIXED_SIZE_BINARY: {
        const auto& rows = checked_cast<const arrow::FixedSizeBinaryArray&>(array_);
        if (rows.byte_width() != width_) {
          return WrongWidth(field_, DimensionsOf(rows.byte_width()));
        }
        return Slice(rows.data()->buffers[1], rows.offset() * width_);
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto& rows = checked_cast<const arrow::FixedSizeListArray&>(array_);
        ARROW_RETURN_NOT_OK(CheckElementType());
        if (rows.value_length() != elements_) {
          return WrongWidth(field_, DimensionsOf(int64_t{rows.value_length()} * element_bytes_));
        }
        ARROW_RETURN_NOT_OK(CheckNoNullInside(rows, *rows.values()));
        const arrow::ArrayData& values = *rows.values()->data();
        return Slice(values.buffers[1],
                     values.offset * element_bytes_ + rows.offset() * int64_t{width_});
      }
      case arrow::Type::LIST:
        return GatherLists(checked_cast<const arrow::ListArray&>(array_));
      case arrow::Type::LARGE_LIST:
        return GatherLists(checked_cast<const arrow::LargeListArray&>(array_));
      case arrow::Type::BINARY:
        return GatherBinaries(checked_cast<const arrow::BinaryArray&>(array_));
      case arrow::Type::LARGE_BINARY:
        return GatherBinaries(checked_cast<const arrow::LargeBinaryArray&>(array_));
      default:
        return WrongType(field_, *array_.type());
    }
  }

 private:
  int64_t DimensionsOf(int64_t bytes) const {
    return field_.data_type == DataType::kBinaryVector ? bytes * 8 : bytes / element_bytes_;
  }

  Status CheckElementType() const {
    const auto& element = *array_.type()->field(0)->type();
    return element.Equals(*element_type_) ? Status::OK() : WrongType(field_, *array_.type());
  }

  Status Ragged(int64_t row, int64_t bytes) const {
    return RowError(row, "vector of another length", field_.name,
                    std::to_string(field_.dim) + " dimensions",
                    std::to_string(DimensionsOf(bytes)));
  }

  template <typename ListArray>
  Status CheckNoNullInside(const ListArray& rows, const arrow::Array& values) const {
    if (values.null_count() == 0) return Status::OK();
    for (int64_t row = 0; row < rows.length(); ++row) {
      if (rows.IsNull(row)) continue;
      const int64_t begin = rows.value_offset(row);
      for (int64_t i = 0; i < elements_; ++i) {
        if (!values.IsNull(begin + i)) continue;
        return RowError(row, "null inside a vector", field_.name, "",
                        "null at dimension " + std::to_string(i));
      }
    }
    return Status::OK();
  }

  template <typename ListArray>
  Result<BufferPtr> GatherLists(const ListArray& rows) const {
    ARROW_RETURN_NOT_OK(CheckElementType());
    for (int64_t row = 0; row < rows.length(); ++row) {
      if (rows.value_length(row) != elements_ && rows.IsValid(row)) {
        return Ragged(row, int64_t{rows.value_length(row)} * element_bytes_);
      }
    }
    ARROW_RETURN_NOT_OK(CheckNoNullInside(rows, *rows.values()));
    const arrow::ArrayData& values = *rows.values()->data();
    return GatherRows(rows, values.buffers[1], values.offset * element_bytes_, element_bytes_);
  }

  template <typename BinaryArray>
  Result<BufferPtr> GatherBinaries(const BinaryArray& rows) const {
    for (int64_t row = 0; row < rows.length(); ++row) {
      if (rows.value_length(row) != width_ && rows.IsValid(row)) {
        return Ragged(row, rows.value_length(row));
      }
    }
    return GatherRows(rows, rows.data()->buffers[2], 0, 1);
  }

  // All valid rows have the field's width; their offsets count units of `unit_bytes` from `base`.
  template <typename OffsetArray>
  Result<BufferPtr> GatherRows(const OffsetArray& rows, const BufferPtr& values, int64_t base,
                               int64_t unit_bytes) const {
    if (rows.length() == 0) return Slice(values, 0);
    if (rows.null_count() == 0) {
      return Slice(values, base + int64_t{rows.value_offset(0)} * unit_bytes);
    }
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> out,
                          arrow::AllocateBuffer(rows.length() * width_));
    for (int64_t row = 0; row < rows.length(); ++row) {
      uint8_t* to = out->mutable_data() + row * width_;
      if (rows.IsNull(row)) {
        std::memset(to, 0, width_);
      } else {
        const int64_t from = base + int64_t{rows.value_offset(row)} * unit_bytes;
        std::memcpy(to, values->data() + from, width_);
      }
    }
    return BufferPtr(std::move(out));
  }

  Result<BufferPtr> Slice(const BufferPtr& values, int64_t offset) const {
    const int64_t num_bytes = array_.length() * width_;
    if (num_bytes == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
    return arrow::SliceBufferSafe(values, offset, num_bytes);
  }

  const FieldSchema& field_;
  const arrow::Array& array_;
  const std::shared_ptr<arrow::DataType> element_type_;
  const int64_t elements_;
  const int64_t element_bytes_;
  const int64_t width_;
};

}  // namespace

Result<std::shared_ptr<arrow::Array>> ConvertVectors(const FieldSchema& field,
                                                     const ArrayPtr& array) {
  const auto& to = field.arrow_type;
  if (array->type()->Equals(*to, /*check_metadata=*/true)) return array;
  switch (array->type_id()) {
    case arrow::Type::NA:
      return arrow::MakeArrayOfNull(to, array->length());
    case arrow::Type::DICTIONARY:
    case arrow::Type::EXTENSION:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::BINARY_VIEW: {
      ARROW_ASSIGN_OR_RAISE(const auto type, StorableType(array->type(), field.name));
      ARROW_ASSIGN_OR_RAISE(const ArrayPtr plain, ConvertArray(field, array, type));
      return ConvertVectors(field, plain);
    }
    default:
      break;
  }
  const bool doubles = field.data_type == DataType::kFloatVector && IsListOfDoubles(*array->type());
  ARROW_ASSIGN_OR_RAISE(BufferPtr values, VectorRows(field, *array, doubles).Gather());
  if (doubles) {
    ARROW_ASSIGN_OR_RAISE(values, RoundToFloats(field, *array, *values));
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr validity, ValidityOf(*array));
  const int64_t length = array->length();
  if (to->id() == arrow::Type::FIXED_SIZE_BINARY) {
    return arrow::MakeArray(arrow::ArrayData::Make(
        to, length, {std::move(validity), std::move(values)}, array->null_count()));
  }
  auto elements = arrow::ArrayData::Make(VectorElementType(field.data_type),
                                         length * VectorElements(field.data_type, field.dim),
                                         {nullptr, std::move(values)}, 0);
  return arrow::MakeArray(arrow::ArrayData::Make(to, length, {std::move(validity)},
                                                 {std::move(elements)}, array->null_count()));
}

}  // namespace varve::internal
