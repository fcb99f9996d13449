// SPDX-License-Identifier: Apache-2.0
#include "schema/type_code.h"

#include <utility>
#include <vector>

#include "arrow/array/array_base.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/type_traits.h"
#include "arrow/util/checked_cast.h"
#include "schema/arrow_mapping.h"

namespace varve::internal {
namespace {

using arrow::internal::checked_cast;
using FieldPtr = std::shared_ptr<arrow::Field>;
using TypePtr = std::shared_ptr<arrow::DataType>;

// Stable codes, independent of Arrow's enumeration.
enum class TypeCode : uint8_t {
  kBool = 1,
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kUInt8 = 6,
  kUInt16 = 7,
  kUInt32 = 8,
  kUInt64 = 9,
  kHalfFloat = 10,
  kFloat = 11,
  kDouble = 12,
  kUtf8 = 13,
  kBinary = 14,
  kFixedSizeBinary = 15,
  kDate32 = 16,
  kDate64 = 17,
  kTime32 = 18,
  kTime64 = 19,
  kTimestamp = 20,
  kDuration = 21,
  kDecimal32 = 22,
  kDecimal64 = 23,
  kDecimal128 = 24,
  kDecimal256 = 25,
  kList = 26,
  kFixedSizeList = 27,
  kStruct = 28,
  kMap = 29,
};

struct PlainType {
  TypeCode code;
  const TypePtr& (*type)();
};

// Types without parameters.
constexpr PlainType kPlainTypes[] = {
    {TypeCode::kBool, arrow::boolean},  {TypeCode::kInt8, arrow::int8},
    {TypeCode::kInt16, arrow::int16},   {TypeCode::kInt32, arrow::int32},
    {TypeCode::kInt64, arrow::int64},   {TypeCode::kUInt8, arrow::uint8},
    {TypeCode::kUInt16, arrow::uint16}, {TypeCode::kUInt32, arrow::uint32},
    {TypeCode::kUInt64, arrow::uint64}, {TypeCode::kHalfFloat, arrow::float16},
    {TypeCode::kFloat, arrow::float32}, {TypeCode::kDouble, arrow::float64},
    {TypeCode::kUtf8, arrow::utf8},     {TypeCode::kBinary, arrow::binary},
    {TypeCode::kDate32, arrow::date32}, {TypeCode::kDate64, arrow::date64},
};

constexpr uint64_t kNullable = 1;
constexpr uint64_t kKeysSorted = 2;

void AppendCode(std::string* out, TypeCode code) { out->push_back(static_cast<char>(code)); }

void AppendText(std::string* out, const std::string& text) {
  AppendVarint(out, text.size());
  out->append(text);
}

void AppendField(std::string* out, const arrow::Field& field) {
  out->push_back(field.nullable() ? 1 : 0);
  AppendText(out, field.name());
  AppendType(out, *field.type());
}

template <typename TypeWithUnit>
void AppendUnit(std::string* out, TypeCode code, const arrow::DataType& type) {
  AppendCode(out, code);
  AppendVarint(out, static_cast<uint64_t>(checked_cast<const TypeWithUnit&>(type).unit()));
}

void AppendDecimal(std::string* out, TypeCode code, const arrow::DataType& type) {
  const auto& decimal = checked_cast<const arrow::DecimalType&>(type);
  AppendCode(out, code);
  AppendVarint(out, static_cast<uint64_t>(decimal.precision()));
  AppendVarint(out, ZigZag(decimal.scale()));
}

// Reads types, never deeper than kTypeDepthMax and never wider than the bytes left.
class TypeReader {
 public:
  TypeReader(Decoder* in, const std::string& object) : in_(in), object_(object) {}

  Result<TypePtr> Read(int depth) {
    if (depth > kTypeDepthMax) return Refuse("type nested too deeply");
    ARROW_ASSIGN_OR_RAISE(const auto byte, in_->ReadFixed<uint8_t>());
    const auto code = static_cast<TypeCode>(byte);
    for (const PlainType& plain : kPlainTypes) {
      if (plain.code == code) return plain.type();
    }
    switch (code) {
      case TypeCode::kFixedSizeBinary: {
        ARROW_ASSIGN_OR_RAISE(const int32_t width, ReadSize("byte width"));
        return arrow::fixed_size_binary(width);
      }
      case TypeCode::kTime32:
        return ReadTime(code, arrow::TimeUnit::SECOND, arrow::TimeUnit::MILLI);
      case TypeCode::kTime64:
        return ReadTime(code, arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO);
      case TypeCode::kTimestamp:
      case TypeCode::kDuration:
        return ReadTime(code, arrow::TimeUnit::SECOND, arrow::TimeUnit::NANO);
      case TypeCode::kDecimal32:
      case TypeCode::kDecimal64:
      case TypeCode::kDecimal128:
      case TypeCode::kDecimal256:
        return ReadDecimal(code);
      case TypeCode::kList: {
        ARROW_ASSIGN_OR_RAISE(FieldPtr item, ReadField(depth));
        return arrow::list(std::move(item));
      }
      case TypeCode::kFixedSizeList: {
        ARROW_ASSIGN_OR_RAISE(const int32_t size, ReadSize("list size"));
        ARROW_ASSIGN_OR_RAISE(FieldPtr item, ReadField(depth));
        return arrow::fixed_size_list(std::move(item), size);
      }
      case TypeCode::kStruct: {
        ARROW_ASSIGN_OR_RAISE(const uint64_t count,
                              in_->ReadVarintUpTo(in_->remaining(), "struct fields"));
        std::vector<FieldPtr> fields;
        for (uint64_t i = 0; i < count; ++i) {
          ARROW_ASSIGN_OR_RAISE(FieldPtr field, ReadField(depth));
          fields.push_back(std::move(field));
        }
        return arrow::struct_(fields);
      }
      case TypeCode::kMap:
        return ReadMap(depth);
      default:
        return Refuse("unknown Arrow type code", std::to_string(byte));
    }
  }

 private:
  Status Refuse(std::string_view mistake, std::string found = "") const {
    return Corruption(mistake, {.object = object_,
                                .offset = static_cast<int64_t>(in_->position()),
                                .found = std::move(found)});
  }

  Result<int32_t> ReadSize(const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in_->ReadVarintUpTo(INT32_MAX, what));
    if (size == 0) return Refuse(std::string(what) + " is 0");
    return static_cast<int32_t>(size);
  }

  Result<std::string> ReadText(const char* what) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, in_->ReadVarintUpTo(in_->remaining(), what));
    ARROW_ASSIGN_OR_RAISE(const auto bytes, in_->ReadBytes(size));
    return std::string(AsString(bytes));
  }

  Result<FieldPtr> ReadField(int depth) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t flags, in_->ReadVarintUpTo(kNullable, "field flags"));
    ARROW_ASSIGN_OR_RAISE(std::string name, ReadText("field name"));
    ARROW_ASSIGN_OR_RAISE(TypePtr type, Read(depth + 1));
    return arrow::field(std::move(name), std::move(type), (flags & kNullable) != 0);
  }

  Result<TypePtr> ReadTime(TypeCode code, arrow::TimeUnit::type first, arrow::TimeUnit::type last) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t value, in_->ReadVarintUpTo(last, "time unit"));
    if (value < static_cast<uint64_t>(first)) return Refuse("time unit of another type");
    const auto unit = static_cast<arrow::TimeUnit::type>(value);
    switch (code) {
      case TypeCode::kTime32:
        return arrow::time32(unit);
      case TypeCode::kTime64:
        return arrow::time64(unit);
      case TypeCode::kDuration:
        return arrow::duration(unit);
      default: {
        ARROW_ASSIGN_OR_RAISE(const std::string zone, ReadText("time zone"));
        return arrow::timestamp(unit, zone);
      }
    }
  }

  Result<TypePtr> ReadDecimal(TypeCode code) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t precision, in_->ReadVarintUpTo(76, "decimal precision"));
    ARROW_ASSIGN_OR_RAISE(const uint64_t scale,
                          in_->ReadVarintUpTo(ZigZag(INT32_MIN), "decimal scale"));
    const auto p = static_cast<int32_t>(precision);
    const auto s = static_cast<int32_t>(UnZigZag(scale));
    Result<TypePtr> type = code == TypeCode::kDecimal32    ? arrow::Decimal32Type::Make(p, s)
                           : code == TypeCode::kDecimal64  ? arrow::Decimal64Type::Make(p, s)
                           : code == TypeCode::kDecimal128 ? arrow::Decimal128Type::Make(p, s)
                                                           : arrow::Decimal256Type::Make(p, s);
    if (!type.ok()) return Refuse("decimal precision out of range", std::to_string(precision));
    return type;
  }

  Result<TypePtr> ReadMap(int depth) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t flags,
                          in_->ReadVarintUpTo(kNullable | kKeysSorted, "map flags"));
    ARROW_ASSIGN_OR_RAISE(TypePtr key, Read(depth + 1));
    ARROW_ASSIGN_OR_RAISE(TypePtr item, Read(depth + 1));
    return std::make_shared<arrow::MapType>(
        arrow::field("key", std::move(key), false),
        arrow::field("value", std::move(item), (flags & kNullable) != 0),
        (flags & kKeysSorted) != 0);
  }

  Decoder* in_;
  const std::string& object_;
};

}  // namespace

void AppendType(std::string* out, const arrow::DataType& type) {
  for (const PlainType& plain : kPlainTypes) {
    if (plain.type()->id() == type.id()) return AppendCode(out, plain.code);
  }
  switch (type.id()) {
    case arrow::Type::FIXED_SIZE_BINARY:
      AppendCode(out, TypeCode::kFixedSizeBinary);
      AppendVarint(out, static_cast<uint64_t>(
                            checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width()));
      return;
    case arrow::Type::TIME32:
      return AppendUnit<arrow::Time32Type>(out, TypeCode::kTime32, type);
    case arrow::Type::TIME64:
      return AppendUnit<arrow::Time64Type>(out, TypeCode::kTime64, type);
    case arrow::Type::DURATION:
      return AppendUnit<arrow::DurationType>(out, TypeCode::kDuration, type);
    case arrow::Type::TIMESTAMP:
      AppendUnit<arrow::TimestampType>(out, TypeCode::kTimestamp, type);
      return AppendText(out, checked_cast<const arrow::TimestampType&>(type).timezone());
    case arrow::Type::DECIMAL32:
      return AppendDecimal(out, TypeCode::kDecimal32, type);
    case arrow::Type::DECIMAL64:
      return AppendDecimal(out, TypeCode::kDecimal64, type);
    case arrow::Type::DECIMAL128:
      return AppendDecimal(out, TypeCode::kDecimal128, type);
    case arrow::Type::DECIMAL256:
      return AppendDecimal(out, TypeCode::kDecimal256, type);
    case arrow::Type::FIXED_SIZE_LIST:
      AppendCode(out, TypeCode::kFixedSizeList);
      AppendVarint(out, static_cast<uint64_t>(
                            checked_cast<const arrow::FixedSizeListType&>(type).list_size()));
      return AppendField(out, *type.field(0));
    case arrow::Type::STRUCT:
      AppendCode(out, TypeCode::kStruct);
      AppendVarint(out, static_cast<uint64_t>(type.num_fields()));
      for (const FieldPtr& field : type.fields()) AppendField(out, *field);
      return;
    case arrow::Type::MAP: {
      const auto& map = checked_cast<const arrow::MapType&>(type);
      AppendCode(out, TypeCode::kMap);
      AppendVarint(out, (map.item_field()->nullable() ? kNullable : 0) |
                            (map.keys_sorted() ? kKeysSorted : 0));
      AppendType(out, *map.key_type());
      return AppendType(out, *map.item_type());
    }
    default:
      // A storable type that is none of the above is a list.
      AppendCode(out, TypeCode::kList);
      return AppendField(out, *type.field(0));
  }
}

Result<TypePtr> ReadType(Decoder* in, const std::string& object) {
  return TypeReader(in, object).Read(0);
}

std::string EncodeScalar(const arrow::Scalar& value) {
  if (arrow::is_base_binary_like(value.type->id()) ||
      value.type->id() == arrow::Type::FIXED_SIZE_BINARY) {
    return std::string(checked_cast<const arrow::BaseBinaryScalar&>(value).view());
  }
  return std::string(checked_cast<const arrow::internal::PrimitiveScalarBase&>(value).view());
}

Result<std::shared_ptr<arrow::Scalar>> DecodeScalar(std::span<const uint8_t> bytes,
                                                    const TypePtr& type,
                                                    const std::string& object) {
  const auto refuse = [&](std::string found) {
    return Corruption("default value that is none of its type",
                      {.object = object, .expected = type->ToString(), .found = std::move(found)});
  };
  if (arrow::is_nested(type->id())) return refuse("a value of a nested type");
  auto buffer = arrow::Buffer::FromString(std::string(AsString(bytes)));
  std::shared_ptr<arrow::ArrayData> data;
  if (arrow::is_base_binary_like(type->id())) {
    const int32_t offsets[] = {0, static_cast<int32_t>(bytes.size())};
    auto offset_bytes = arrow::Buffer::FromString(
        std::string(reinterpret_cast<const char*>(offsets), sizeof(offsets)));
    data = arrow::ArrayData::Make(type, 1, {nullptr, std::move(offset_bytes), std::move(buffer)});
  } else {
    const bool is_bool = type->id() == arrow::Type::BOOL;
    const auto width = is_bool ? 1 : static_cast<size_t>(type->byte_width());
    if (bytes.size() != width) return refuse(std::to_string(bytes.size()) + " bytes");
    if (is_bool && bytes[0] > 1) return refuse(std::to_string(bytes[0]));
    data = arrow::ArrayData::Make(type, 1, {nullptr, std::move(buffer)});
  }
  const auto array = arrow::MakeArray(data);
  if (const Status valid = array->ValidateFull(); !valid.ok()) return refuse(valid.message());
  return array->GetScalar(0);
}

}  // namespace varve::internal
