// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_arrays.h"

#include <string>
#include <type_traits>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "packed/scalar_field.pb.h"
#include "schema/check_values.h"

namespace varve::internal {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using packed::ScalarField;

Status NotAnArray(const FieldSchema& field, int64_t row, const std::string& found) {
  return RowError(row, "bytes that are no array of the field's", field.name,
                  "a ScalarField with elements of " + std::string(DataTypeName(field.element_type)),
                  found);
}

// Protobuf passes over what it does not know and joins members that are there twice; here a row is
// one member of elements and nothing else.
Status CheckFrame(const FieldSchema& field, int64_t row, std::string_view bytes,
                  ScalarField::DataCase member) {
  constexpr uint64_t kLengthDelimited = 2;
  Decoder decoder(AsBytes(bytes), field.name);
  const auto tag = decoder.ReadVarint();
  if (tag.ok() && *tag != (static_cast<uint64_t>(member) << 3 | kLengthDelimited)) {
    return NotAnArray(field, row, "member " + std::to_string(*tag >> 3));
  }
  const auto length = decoder.ReadVarint();
  if (length.ok() && *length == decoder.remaining()) return Status::OK();
  return NotAnArray(field, row, std::to_string(bytes.size()) + " bytes of another shape");
}

Status ParseRow(const FieldSchema& field, int64_t row, std::string_view bytes,
                ScalarField::DataCase member, ScalarField* out) {
  // No bytes at all: some writers leave the member of an empty array out.
  if (!bytes.empty()) ARROW_RETURN_NOT_OK(CheckFrame(field, row, bytes, member));
  if (out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Status::OK();
  return NotAnArray(field, row, std::to_string(bytes.size()) + " bytes of another shape");
}

// Whether there was something beside the elements, which are lost.
template <typename Kind>
bool HasOthers(ScalarField* row) {
  constexpr size_t kEmptyMemberBytes = 2;  // tag and length
  Kind::MutableOf(row)->Clear();
  return row->ByteSizeLong() != kEmptyMemberBytes;
}

template <typename Kind, typename Builder>
Result<ArrayPtr> Decode(const FieldSchema& field, const arrow::BinaryArray& rows,
                        ScalarField::DataCase member) {
  const auto values = std::make_shared<Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), values);
  ARROW_RETURN_NOT_OK(lists.Reserve(rows.length()));
  ScalarField message;
  for (int64_t row = 0; row < rows.length(); ++row) {
    if (rows.IsNull(row)) {
      ARROW_RETURN_NOT_OK(lists.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(ParseRow(field, row, rows.GetView(row), member, &message));
    ARROW_RETURN_NOT_OK(lists.Append());
    const auto& elements = Kind::Get(message);
    ARROW_RETURN_NOT_OK(values->Reserve(elements.size()));
    for (const auto& element : elements) {
      if constexpr (std::is_same_v<Builder, arrow::Int8Builder> ||
                    std::is_same_v<Builder, arrow::Int16Builder>) {
        if (!std::in_range<typename Builder::value_type>(element)) {
          return NotAnArray(field, row, std::to_string(element));
        }
      }
      ARROW_RETURN_NOT_OK(values->Append(element));
    }
    if (HasOthers<Kind>(&message)) return NotAnArray(field, row, "more than elements");
  }
  return lists.Finish();
}

template <typename Kind, typename Values>
Result<ArrayPtr> Encode(const FieldSchema& field, const arrow::ListArray& lists) {
  const auto& values = static_cast<const Values&>(*lists.values());
  arrow::BinaryBuilder rows;
  ARROW_RETURN_NOT_OK(rows.Reserve(lists.length()));
  ScalarField message;
  std::string bytes;
  for (int64_t row = 0; row < lists.length(); ++row) {
    if (lists.IsNull(row)) {
      ARROW_RETURN_NOT_OK(rows.AppendNull());
      continue;
    }
    auto* elements = Kind::MutableOf(&message);
    elements->Clear();
    for (int64_t i = lists.value_offset(row); i < lists.value_offset(row + 1); ++i) {
      if (values.IsNull(i)) return RowError(row, "null in an array", field.name);
      if constexpr (std::is_base_of_v<arrow::BinaryArray, Values>) {
        *elements->Add() = values.GetView(i);
      } else {
        elements->Add(values.Value(i));
      }
    }
    if (!message.SerializeToString(&bytes)) {
      return RowError(row, "array too large", field.name, "at most 2147483647 bytes");
    }
    ARROW_RETURN_NOT_OK(rows.Append(bytes));
  }
  return rows.Finish();
}

// The two directions of each kind of elements: how a row is read, how it is added to (which makes
// its member be there).
struct Bools {
  static const auto& Get(const ScalarField& row) { return row.bool_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_bool_data()->mutable_data(); }
};
struct Ints {
  static const auto& Get(const ScalarField& row) { return row.int_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_int_data()->mutable_data(); }
};
struct Longs {
  static const auto& Get(const ScalarField& row) { return row.long_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_long_data()->mutable_data(); }
};
struct Floats {
  static const auto& Get(const ScalarField& row) { return row.float_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_float_data()->mutable_data(); }
};
struct Doubles {
  static const auto& Get(const ScalarField& row) { return row.double_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_double_data()->mutable_data(); }
};
struct Texts {
  static const auto& Get(const ScalarField& row) { return row.string_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_string_data()->mutable_data(); }
};
struct Jsons {
  static const auto& Get(const ScalarField& row) { return row.json_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_json_data()->mutable_data(); }
};
struct Geometries {
  static const auto& Get(const ScalarField& row) { return row.geometry_data().data(); }
  static auto* MutableOf(ScalarField* row) { return row->mutable_geometry_data()->mutable_data(); }
};
struct Instants {
  static const auto& Get(const ScalarField& row) { return row.timestamptz_data().data(); }
  static auto* MutableOf(ScalarField* row) {
    return row->mutable_timestamptz_data()->mutable_data();
  }
};

// Calls `visit` with the kind, its member, and the builder and array of the elements' Arrow type.
template <typename Visit>
Result<ArrayPtr> VisitElements(const FieldSchema& field, Visit&& visit) {
  using arrow::TypeTraits;
  switch (field.element_type) {
    case DataType::kBool:
      return visit.template operator()<Bools, arrow::BooleanType>(ScalarField::kBoolData);
    case DataType::kInt8:
      return visit.template operator()<Ints, arrow::Int8Type>(ScalarField::kIntData);
    case DataType::kInt16:
      return visit.template operator()<Ints, arrow::Int16Type>(ScalarField::kIntData);
    case DataType::kInt32:
      return visit.template operator()<Ints, arrow::Int32Type>(ScalarField::kIntData);
    case DataType::kInt64:
      return visit.template operator()<Longs, arrow::Int64Type>(ScalarField::kLongData);
    case DataType::kFloat:
      return visit.template operator()<Floats, arrow::FloatType>(ScalarField::kFloatData);
    case DataType::kDouble:
      return visit.template operator()<Doubles, arrow::DoubleType>(ScalarField::kDoubleData);
    case DataType::kString:
    case DataType::kVarChar:
      return visit.template operator()<Texts, arrow::StringType>(ScalarField::kStringData);
    case DataType::kJson:
      return visit.template operator()<Jsons, arrow::BinaryType>(ScalarField::kJsonData);
    case DataType::kGeometry:
      return visit.template operator()<Geometries, arrow::BinaryType>(ScalarField::kGeometryData);
    case DataType::kTimestamptz:
      return visit.template operator()<Instants, arrow::Int64Type>(ScalarField::kTimestamptzData);
    default:
      return MakeError(
          ErrorKind::kInvalid, "no array has such elements",
          {.field = field.name, .found = std::string(DataTypeName(field.element_type))});
  }
}

}  // namespace

Result<ArrayPtr> DecodeArrayRows(const FieldSchema& field, const arrow::BinaryArray& rows) {
  return VisitElements(field, [&]<typename Kind, typename Type>(ScalarField::DataCase member) {
    return Decode<Kind, typename arrow::TypeTraits<Type>::BuilderType>(field, rows, member);
  });
}

Result<ArrayPtr> EncodeArrayRows(const FieldSchema& field, const arrow::ListArray& lists) {
  return VisitElements(field, [&]<typename Kind, typename Type>(ScalarField::DataCase) {
    return Encode<Kind, typename arrow::TypeTraits<Type>::ArrayType>(field, lists);
  });
}

}  // namespace varve::internal
