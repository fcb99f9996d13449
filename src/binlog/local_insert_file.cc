// SPDX-License-Identifier: Apache-2.0
#include "binlog/local_insert_file.h"

#include <cstring>
#include <utility>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/compute/cast.h"
#include "arrow/type.h"
#include "arrow/util/bit_util.h"
#include "base/coding.h"
#include "binlog/event_codec.h"
#include "packed/milvus_values.h"
#include "schema/convert_array.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr int64_t kFrontBytes = 2 * sizeof(int32_t);

// The type whose buffer is what the file holds: that of the field, but vectors of one width even
// where they are nullable, and booleans as bytes.
Result<TypePtr> RawType(const FieldSchema& field) {
  if (IsDenseVector(field.data_type)) {
    FieldSchema required = field;
    required.nullable = false;
    return MilvusArrowType(required);
  }
  if (field.data_type == DataType::kBool) return arrow::uint8();
  ARROW_ASSIGN_OR_RAISE(auto type, MilvusArrowType(field));
  if (type->byte_width() > 0) return type;
  return MakeError(ErrorKind::kUnsupported, "no local file has values of different widths",
                   {.field = field.name, .found = std::string(DataTypeName(field.data_type))});
}

int32_t DimensionOf(const FieldSchema& field) {
  return IsDenseVector(field.data_type) ? field.dim : 1;
}

Result<ArrayPtr> ToRaw(const FieldSchema& field, const ArrayPtr& values, const TypePtr& raw) {
  if (!IsDenseVector(field.data_type)) return arrow::compute::Cast(*values, raw);
  FieldSchema as = field;
  as.arrow_type = raw;
  return ConvertVectors(as, values);
}

Result<ArrayPtr> FromRaw(const FieldSchema& field, const ArrayPtr& values) {
  if (!IsDenseVector(field.data_type)) {
    ARROW_ASSIGN_OR_RAISE(const TypePtr stored, MilvusArrowType(field));
    return arrow::compute::Cast(*values, stored);
  }
  FieldSchema as = field;
  as.arrow_type = values->type();
  return EncodeValues(as, values);
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> EncodeLocalInsertFile(const FieldSchema& field,
                                                             const ArrayPtr& values) {
  ARROW_ASSIGN_OR_RAISE(const TypePtr stored, MilvusArrowType(field));
  if (!values->type()->Equals(stored)) {
    return MakeError(
        ErrorKind::kInvalid, "values are of another type than they are stored as",
        {.field = field.name, .expected = stored->ToString(), .found = values->type()->ToString()});
  }
  ARROW_ASSIGN_OR_RAISE(const TypePtr raw_type, RawType(field));
  if (!field.nullable && values->null_count() > 0) {
    return MakeError(ErrorKind::kInvalid, "null in a required field", {.field = field.name});
  }
  // The number of rows stands where the magic number of other files does.
  if (values->length() > INT32_MAX || values->length() == kBinlogMagic) {
    return MakeError(ErrorKind::kInvalid, "a local file cannot have so many rows",
                     {.field = field.name, .found = std::to_string(values->length())});
  }
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr raw, ToRaw(field, values, raw_type));
  const int64_t num_rows = raw->length();
  const int64_t width = raw_type->byte_width();
  const int64_t bitmap_bytes = field.nullable ? arrow::bit_util::BytesForBits(num_rows) : 0;
  ARROW_ASSIGN_OR_RAISE(auto file,
                        arrow::AllocateBuffer(kFrontBytes + num_rows * width + bitmap_bytes));
  uint8_t* out = file->mutable_data();
  const int32_t front[] = {static_cast<int32_t>(num_rows), DimensionOf(field)};
  std::memcpy(out, front, sizeof(front));
  uint8_t* next = out + kFrontBytes;
  uint8_t* bitmap = next + num_rows * width;
  std::memset(bitmap, 0, static_cast<size_t>(bitmap_bytes));
  const uint8_t* from =
      num_rows == 0 ? nullptr : raw->data()->buffers[1]->data() + raw->offset() * width;
  for (int64_t row = 0; row < num_rows; ++row, next += width) {
    if (raw->IsNull(row)) {
      std::memset(next, 0, static_cast<size_t>(width));
      continue;
    }
    std::memcpy(next, from + row * width, static_cast<size_t>(width));
    if (field.nullable) arrow::bit_util::SetBit(bitmap, row);
  }
  return std::shared_ptr<arrow::Buffer>(std::move(file));
}

Result<ArrayPtr> DecodeLocalInsertFile(const FieldSchema& field,
                                       const std::shared_ptr<arrow::Buffer>& bytes,
                                       const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const TypePtr raw_type, RawType(field));
  Decoder decoder({bytes->data(), static_cast<size_t>(bytes->size())}, object);
  ARROW_ASSIGN_OR_RAISE(const int32_t num_rows, decoder.ReadFixed<int32_t>());
  ARROW_ASSIGN_OR_RAISE(const int32_t dim, decoder.ReadFixed<int32_t>());
  if (dim != DimensionOf(field)) {
    return Corruption("local file of another dimension",
                      {.object = object,
                       .field = field.name,
                       .offset = sizeof(int32_t),
                       .expected = std::to_string(DimensionOf(field)),
                       .found = std::to_string(dim)});
  }
  const int64_t width = raw_type->byte_width();
  const int64_t value_bytes = num_rows * width;
  const int64_t bitmap_bytes = field.nullable ? arrow::bit_util::BytesForBits(num_rows) : 0;
  if (num_rows < 0 || kFrontBytes + value_bytes + bitmap_bytes != bytes->size()) {
    return Corruption("local file of another length than its rows take",
                      {.object = object,
                       .field = field.name,
                       .offset = 0,
                       .expected = std::to_string(num_rows) + " rows of " + std::to_string(width) +
                                   " bytes" + (field.nullable ? " and a bitmap" : ""),
                       .found = std::to_string(bytes->size()) + " bytes"});
  }
  // Copied, for values of the file need not be aligned.
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        bytes->CopySlice(kFrontBytes, value_bytes));
  std::shared_ptr<arrow::Buffer> validity;
  if (field.nullable) {
    ARROW_ASSIGN_OR_RAISE(validity, bytes->CopySlice(kFrontBytes + value_bytes, bitmap_bytes));
  }
  return FromRaw(field, arrow::MakeArray(arrow::ArrayData::Make(
                            raw_type, num_rows, {std::move(validity), std::move(values)})));
}

}  // namespace varve::internal
