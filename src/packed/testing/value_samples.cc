// SPDX-License-Identifier: Apache-2.0
#include "packed/testing/value_samples.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <set>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "schema/convert_array.h"
#include "schema/data_type.h"

namespace varve::internal {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

void Check(const Status& status) {
  if (!status.ok()) status.Abort();
}

template <typename Value, size_t kCount>
const Value& AnyOf(const Value (&values)[kCount], Random* random) {
  return values[random->Uniform(kCount)];
}

// Zeros of both signs, the ends of the subnormal numbers, infinities, NaNs of several payloads.
float AnyFloat(Random* random) {
  constexpr uint32_t kEdges[] = {0,          0x80000000, 1,          0x807FFFFF, 0x7F800000,
                                 0xFF800000, 0x7FC00000, 0xFFC12345, 0x7F800001, 0x7F7FFFFF};
  return std::bit_cast<float>(random->Uniform(2) == 0 ? AnyOf(kEdges, random)
                                                      : static_cast<uint32_t>(random->Next()));
}
double AnyDouble(Random* random) {
  constexpr uint64_t kEdges[] = {0,
                                 uint64_t{1} << 63,
                                 1,
                                 0x800FFFFFFFFFFFFF,
                                 0x7FF0000000000000,
                                 0xFFF0000000000000,
                                 0x7FF8000000000000,
                                 0xFFF8123456789ABC,
                                 0x7FF0000000000001};
  return std::bit_cast<double>(random->Uniform(2) == 0 ? AnyOf(kEdges, random) : random->Next());
}

std::string AnyText(Random* random) {
  const std::string texts[] = {"",
                               "a",
                               "\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87",
                               std::string(300, 'x'),
                               std::string("nul\0inside", 10),
                               std::to_string(random->Next())};
  return AnyOf(texts, random);
}

std::string AnyJson(Random* random) {
  const std::string texts[] = {"{}", "null", R"({"a":[1,2.5,-1e300,{"b":"\u00e9"}]})", "  [ ] ",
                               std::to_string(random->Next())};
  return AnyOf(texts, random);
}

std::string Wkb(uint32_t code, const std::string& rest) {
  std::string bytes(1, '\x01');
  AppendFixed(&bytes, code);
  return bytes + rest;
}

std::string AnyPoint(Random* random) {
  std::string bytes;
  // An empty point has NaN coordinates.
  for (int i = 0; i < 2; ++i) {
    AppendFixed(&bytes, random->Uniform(3) == 0 ? 0x7FF8000000000000 : random->Next());
  }
  return bytes;
}

std::string Counted(const std::vector<std::string>& parts) {
  std::string bytes;
  AppendFixed(&bytes, static_cast<uint32_t>(parts.size()));
  for (const std::string& part : parts) bytes += part;
  return bytes;
}

std::string AnyGeometry(Random* random) {
  const std::string line = Wkb(2, Counted({AnyPoint(random), AnyPoint(random)}));
  const std::string points = Wkb(4, Counted({Wkb(1, AnyPoint(random))}));
  const std::string geometries[] = {
      Wkb(1, AnyPoint(random)),
      Wkb(1001, AnyPoint(random) + std::string(8, '\0')),
      Wkb(0x20000001, std::string("\xe6\x10\0\0", 4) + AnyPoint(random)),
      line,
      Wkb(2, Counted({})),
      Wkb(3, Counted({Counted({AnyPoint(random), AnyPoint(random)}), Counted({})})),
      points,
      Wkb(5, Counted({line, line})),
      Wkb(7, Counted({points, line, Wkb(7, Counted({}))})),
  };
  return AnyOf(geometries, random);
}

std::string AnySparseVector(Random* random) {
  std::set<uint32_t> indices;
  for (uint64_t i = random->Uniform(5); i > 0; --i) {
    const uint32_t edges[] = {0, UINT32_MAX - 1,
                              static_cast<uint32_t>(random->Uniform(UINT32_MAX))};
    indices.insert(AnyOf(edges, random));
  }
  std::string bytes;
  for (const uint32_t index : indices) {
    AppendFixed(&bytes, index);
    AppendFixed(&bytes, std::bit_cast<uint32_t>(AnyFloat(random)));
  }
  return bytes;
}

std::string AnyBytes(DataType type, Random* random) {
  switch (type) {
    case DataType::kJson:
      return AnyJson(random);
    case DataType::kGeometry:
      return AnyGeometry(random);
    case DataType::kSparseFloatVector:
      return AnySparseVector(random);
    default:
      return AnyText(random);
  }
}

template <typename Builder>
void AppendInteger(arrow::ArrayBuilder* builder, Random* random) {
  using Value = typename Builder::value_type;
  const Value edges[] = {0, -1, std::numeric_limits<Value>::min(),
                         std::numeric_limits<Value>::max(), static_cast<Value>(random->Next())};
  Check(static_cast<Builder*>(builder)->Append(AnyOf(edges, random)));
}

// A value of data type `type`, not null.
void AppendAny(DataType type, arrow::ArrayBuilder* builder, Random* random) {
  switch (builder->type()->id()) {
    case arrow::Type::BOOL:
      return Check(static_cast<arrow::BooleanBuilder*>(builder)->Append(random->Uniform(2) == 1));
    case arrow::Type::INT8:
      return AppendInteger<arrow::Int8Builder>(builder, random);
    case arrow::Type::INT16:
      return AppendInteger<arrow::Int16Builder>(builder, random);
    case arrow::Type::INT32:
      return AppendInteger<arrow::Int32Builder>(builder, random);
    case arrow::Type::INT64:
      return AppendInteger<arrow::Int64Builder>(builder, random);
    case arrow::Type::TIMESTAMP:
      return AppendInteger<arrow::TimestampBuilder>(builder, random);
    case arrow::Type::FLOAT:
      return Check(static_cast<arrow::FloatBuilder*>(builder)->Append(AnyFloat(random)));
    case arrow::Type::DOUBLE:
      return Check(static_cast<arrow::DoubleBuilder*>(builder)->Append(AnyDouble(random)));
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return Check(static_cast<arrow::BinaryBuilder*>(builder)->Append(AnyBytes(type, random)));
    default: {
      auto* vectors = static_cast<arrow::FixedSizeBinaryBuilder*>(builder);
      std::string bytes;
      while (static_cast<int32_t>(bytes.size()) < vectors->byte_width()) {
        AppendFixed(&bytes, std::bit_cast<uint32_t>(AnyFloat(random)));
      }
      return Check(vectors->Append(bytes.data()));
    }
  }
}

FieldSchema Field(DataType type, bool nullable, DataType element = DataType::kNone,
                  TypePtr arrow_type = nullptr) {
  FieldSchema field;
  field.field_id = 100;
  field.name = "f";
  field.data_type = type;
  field.element_type = element;
  field.nullable = nullable;
  const bool has_dim = IsDenseVector(type) || type == DataType::kArrayOfVector;
  if (has_dim) field.dim = 16;
  field.arrow_type = std::move(arrow_type);
  if (field.arrow_type == nullptr) field.arrow_type = DefaultArrowType(field).ValueOrDie();
  return field;
}

// The same type with integers in the place of floating-point numbers.
TypePtr BitsType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::HALF_FLOAT:
      return arrow::uint16();
    case arrow::Type::FLOAT:
      return arrow::uint32();
    case arrow::Type::DOUBLE:
      return arrow::uint64();
    case arrow::Type::LIST:
      return arrow::list(BitsType(*type.field(0)->type()));
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(BitsType(*type.field(0)->type()),
                                    static_cast<const arrow::FixedSizeListType&>(type).list_size());
    default:
      return nullptr;
  }
}

std::shared_ptr<arrow::ArrayData> Bits(const arrow::ArrayData& data) {
  auto bits = data.Copy();
  for (auto& child : bits->child_data) child = Bits(*child);
  TypePtr type = BitsType(*data.type);
  if (type != nullptr && bits->child_data.size() == 1) {
    type = data.type->id() == arrow::Type::LIST
               ? arrow::list(bits->child_data[0]->type)
               : arrow::fixed_size_list(
                     bits->child_data[0]->type,
                     static_cast<const arrow::FixedSizeListType&>(*data.type).list_size());
  }
  if (type != nullptr) bits->type = type;
  return bits;
}

}  // namespace

std::vector<FieldSchema> SampleFields() {
  constexpr DataType kScalars[] = {DataType::kBool,   DataType::kInt8,     DataType::kInt16,
                                   DataType::kInt32,  DataType::kInt64,    DataType::kFloat,
                                   DataType::kDouble, DataType::kString,   DataType::kVarChar,
                                   DataType::kJson,   DataType::kGeometry, DataType::kTimestamptz};
  constexpr DataType kVectors[] = {DataType::kBinaryVector, DataType::kFloatVector,
                                   DataType::kFloat16Vector, DataType::kBFloat16Vector,
                                   DataType::kInt8Vector};
  const TypePtr instant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  std::vector<FieldSchema> fields;
  for (const bool nullable : {false, true}) {
    for (const DataType type : kScalars) {
      fields.push_back(Field(type, nullable));
      fields.push_back(Field(DataType::kArray, nullable, type));
    }
    fields.push_back(Field(DataType::kText, nullable));
    fields.push_back(Field(DataType::kSparseFloatVector, nullable));
    for (const DataType type : kVectors) {
      fields.push_back(Field(type, nullable));
      fields.push_back(Field(DataType::kArrayOfVector, nullable, type));
    }
    fields.push_back(Field(DataType::kJson, nullable, DataType::kNone, arrow::utf8()));
    fields.push_back(Field(DataType::kTimestamptz, nullable, DataType::kNone, instant));
    fields.push_back(
        Field(DataType::kArray, nullable, DataType::kTimestamptz, arrow::list(instant)));
    fields.push_back(
        Field(DataType::kArray, nullable, DataType::kJson, arrow::list(arrow::utf8())));
    fields.push_back(
        Field(DataType::kFloatVector, nullable, DataType::kNone, arrow::fixed_size_binary(64)));
    fields.push_back(Field(DataType::kBFloat16Vector, nullable, DataType::kNone,
                           arrow::fixed_size_list(arrow::uint16(), 16)));
    fields.push_back(Field(DataType::kArrayOfVector, nullable, DataType::kFloatVector,
                           arrow::list(arrow::fixed_size_list(arrow::float32(), 16))));
  }
  return fields;
}

std::string Describe(const FieldSchema& field) {
  std::string text(DataTypeName(field.data_type));
  if (field.element_type != DataType::kNone) {
    text += " of " + std::string(DataTypeName(field.element_type));
  }
  return text + " as " + field.arrow_type->ToString() + (field.nullable ? ", nullable" : "");
}

ArrayPtr SampleValues(const FieldSchema& field, int64_t num_rows, Random* random) {
  const bool is_list =
      field.data_type == DataType::kArray || field.data_type == DataType::kArrayOfVector;
  FieldSchema element = field;
  if (is_list) element.data_type = field.element_type;
  const bool is_vector = IsDenseVector(element.data_type);
  TypePtr value_type = is_list ? field.arrow_type->field(0)->type() : field.arrow_type;
  if (is_vector) {
    value_type =
        arrow::fixed_size_binary(static_cast<int32_t>(VectorWidth(element.data_type, field.dim)));
  }
  auto values =
      std::shared_ptr<arrow::ArrayBuilder>(arrow::MakeBuilder(value_type).ValueOrDie().release());
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  arrow::ArrayBuilder* rows = is_list ? &lists : values.get();
  for (int64_t row = 0; row < num_rows; ++row) {
    if (field.nullable && random->Uniform(4) == 0) {
      Check(rows->AppendNull());
      continue;
    }
    uint64_t count = 1;
    if (is_list) {
      Check(lists.Append());
      count = random->Uniform(4);
    }
    for (; count > 0; --count) AppendAny(element.data_type, values.get(), random);
  }
  ArrayPtr array = rows->Finish().ValueOrDie();
  if (!is_vector) return array;
  if (!is_list) return ConvertVectors(field, array).ValueOrDie();
  element.arrow_type = field.arrow_type->field(0)->type();
  auto data = array->data()->Copy();
  data->child_data[0] =
      ConvertVectors(element, arrow::MakeArray(data->child_data[0])).ValueOrDie()->data();
  data->type = field.arrow_type;
  return arrow::MakeArray(data);
}

bool HasSameBits(const arrow::Array& a, const arrow::Array& b) {
  return a.type()->Equals(b.type()) &&
         arrow::MakeArray(Bits(*a.data()))->Equals(arrow::MakeArray(Bits(*b.data())));
}

}  // namespace varve::internal
