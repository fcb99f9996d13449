// SPDX-License-Identifier: Apache-2.0
// Values as Milvus stores them, byte by byte, and what is refused when read.
#include "packed/milvus_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "packed/well_known_binary.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr char kObject[] = "insert_log/7";

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

FieldSchema Field(DataType type, DataType element = DataType::kNone) {
  FieldSchema field;
  field.field_id = 100;
  field.name = "f";
  field.data_type = type;
  field.element_type = element;
  field.nullable = true;
  return field;
}

ArrayPtr Json(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

ArrayPtr Binary(const std::vector<std::string>& rows) {
  arrow::BinaryBuilder builder;
  for (const std::string& row : rows) EXPECT_TRUE(builder.Append(row).ok());
  return builder.Finish().ValueOrDie();
}

struct ArrayExample {
  DataType element;
  std::string json;  // of one row
  std::string hex;
};

TEST(MilvusValuesTest, ArraysAreTheMessagesOfMilvus) {
  const std::vector<ArrayExample> examples = {
      {DataType::kBool, "[true, false]", "0a040a020100"},
      {DataType::kInt8, "[1, -1]", "120d0a0b01ffffffffffffffffff01"},
      {DataType::kInt16, "[300]", "12040a02ac02"},
      {DataType::kInt32, "[2147483647]", "12070a05ffffffff07"},
      {DataType::kInt64, "[1, 2]", "1a040a020102"},
      {DataType::kFloat, "[1.5]", "22060a040000c03f"},
      {DataType::kDouble, "[-2.5]", "2a0a0a0800000000000004c0"},
      {DataType::kVarChar, R"(["a", "bc"])", "32070a01610a026263"},
      {DataType::kString, R"([""])", "32020a00"},
      {DataType::kJson, R"(["{}"])", "4a040a027b7d"},
      {DataType::kTimestamptz, "[5]", "5a030a0105"},
      {DataType::kInt64, "[]", "1a00"},
      {DataType::kVarChar, "[]", "3200"},
  };
  for (const ArrayExample& example : examples) {
    SCOPED_TRACE(example.hex);
    const FieldSchema field = Field(DataType::kArray, example.element);
    const ArrayPtr rows = Json(DefaultArrowType(field).ValueOrDie(), "[" + example.json + "]");
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, EncodeValues(field, rows));
    EXPECT_EQ(ToHex(AsBytes(static_cast<const arrow::BinaryArray&>(*stored).GetView(0))),
              example.hex);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DecodeValues(field, {stored}, kObject));
    EXPECT_TRUE(found->Equals(rows)) << found->ToString();
  }
}

TEST(MilvusValuesTest, ArraysOfNoBytesAndUnpackedNumbersAreRead) {
  const FieldSchema field = Field(DataType::kArray, DataType::kInt64);
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto found,
      DecodeValues(field, {Binary({FromHex("1a040a020102"), "", FromHex("1a0408010802")})},
                   kObject));
  EXPECT_TRUE(found->Equals(Json(arrow::list(arrow::int64()), "[[1, 2], [], [1, 2]]")))
      << found->ToString();
}

TEST(MilvusValuesTest, ArraysOfTheStorageTypeStayAsTheyAre) {
  FieldSchema field = Field(DataType::kArray, DataType::kInt64);
  field.arrow_type = arrow::binary();
  const ArrayPtr rows = Binary({FromHex("1a040a020102")});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, EncodeValues(field, rows));
  EXPECT_TRUE(stored->Equals(rows));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DecodeValues(field, {stored}, kObject));
  EXPECT_TRUE(found->Equals(rows));
  const ArrayPtr bad = Binary({FromHex("1a040a0201")});
  EXPECT_EQ(KindOf(EncodeValues(field, bad).status()), ErrorKind::kInvalid);
  EXPECT_TRUE(IsCorruption(DecodeValues(field, {bad}, kObject).status()));
}

struct BadValue {
  FieldSchema field;
  std::string hex;
  std::string message;
};

TEST(MilvusValuesTest, BytesThatBreakARuleAreCorruption) {
  const auto array = [](DataType element) { return Field(DataType::kArray, element); };
  FieldSchema binary_array = array(DataType::kInt64);
  binary_array.arrow_type = arrow::binary();
  FieldSchema binary_texts = array(DataType::kVarChar);
  binary_texts.arrow_type = arrow::binary();
  FieldSchema finite = Field(DataType::kSparseFloatVector);
  finite.allow_non_finite = false;
  FieldSchema vector = Field(DataType::kFloatVector);
  vector.dim = 1;
  const FieldSchema sparse = Field(DataType::kSparseFloatVector);
  const FieldSchema geometry = Field(DataType::kGeometry);
  const std::vector<BadValue> values = {
      {array(DataType::kInt64), "12040a020102", "member 2"},
      {array(DataType::kInt64), "7a00", "member 15"},
      {array(DataType::kInt64),
       "1a040a020102"
       "7a00",
       "8 bytes of another shape"},
      {array(DataType::kInt64), "1a040a02010", "5 bytes of another shape"},
      {array(DataType::kInt64), "1a040a0301", "5 bytes of another shape"},
      {array(DataType::kInt64), "1a020a80", "4 bytes of another shape"},
      {array(DataType::kInt64), "ff", "1 bytes of another shape"},
      {array(DataType::kInt64), "1a060a0201021001", "more than elements"},
      {array(DataType::kInt64), "1a050d00000000", "more than elements"},
      {array(DataType::kVarChar), "32031a0161", "more than elements"},
      {array(DataType::kInt8), "12040a028001", "row 1: bytes that are no array of the field's"},
      {array(DataType::kInt16), "12060a04ffffff7f", "a ScalarField with elements of Int16"},
      {array(DataType::kVarChar), "32030a01ff", "UTF-8"},
      {array(DataType::kJson), "4a030a017b", "row 1: not JSON"},
      {array(DataType::kGeometry), "52030a0101", "row 1: the geometry ends early"},
      {binary_array, "12040a020102", "member 2"},
      {binary_texts, "32030a01ff", "UTF-8"},
      {sparse, "0100000000", "row 1: sparse vector of a wrong length"},
      {sparse, "02000000000000000200000000000000", "indices out of order"},
      {sparse, "ffffffff00000000", "indices out of order"},
      {finite, "000000000000c07f", "NaN or infinity"},
      {Field(DataType::kJson), "7b", "row 1: not JSON"},
      {Field(DataType::kJson), "", "row 1: not JSON"},
      {Field(DataType::kJson), "22ff22", "row 1: not JSON"},
      {geometry, "", "row 1: the geometry ends early"},
      {geometry, "000000000100000000", "row 1: the geometry is not little-endian"},
      {vector, "00000000ff", "row 1: vector of another length"},
      {vector, "", "row 1: vector of another length"},
  };
  for (const BadValue& value : values) {
    SCOPED_TRACE(value.hex + ": " + value.message);
    // The first row is null: rows are counted, and nulls passed over.
    arrow::BinaryBuilder builder;
    VARVE_ASSERT_OK(builder.AppendNull());
    VARVE_ASSERT_OK(builder.Append(FromHex(value.hex)));
    const Status status =
        DecodeValues(value.field, {builder.Finish().ValueOrDie()}, kObject).status();
    EXPECT_TRUE(IsCorruption(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(value.message));
    EXPECT_THAT(status.message(), HasSubstr("field 'f'"));
    EXPECT_THAT(status.message(), HasSubstr(kObject));
  }
}

TEST(MilvusValuesTest, WhatThePayloadSaysOfVectorsMustAgree) {
  FieldSchema field = Field(DataType::kFloatVector);
  field.dim = 2;
  const ArrayPtr vectors = Json(arrow::fixed_size_binary(8), R"(["12345678"])");
  VARVE_ASSERT_OK(DecodeValues(field, {vectors, 2}, kObject).status());
  EXPECT_TRUE(IsCorruption(DecodeValues(field, {vectors, 4}, kObject).status()));
  field.dim = 4;
  EXPECT_TRUE(IsCorruption(DecodeValues(field, {vectors}, kObject).status()));

  field = Field(DataType::kArrayOfVector, DataType::kFloatVector);
  field.dim = 2;
  const ArrayPtr lists = Json(arrow::list(arrow::fixed_size_binary(8)), R"([["12345678"], null])");
  VARVE_ASSERT_OK(DecodeValues(field, {lists, 2, DataType::kFloatVector}, kObject).status());
  EXPECT_TRUE(
      IsCorruption(DecodeValues(field, {lists, 2, DataType::kInt8Vector}, kObject).status()));
  EXPECT_TRUE(
      IsCorruption(DecodeValues(field, {Json(lists->type(), R"([[null]])")}, kObject).status()));
}

TEST(MilvusValuesTest, WrongValuesAreNotWritten) {
  const auto kind = [](const FieldSchema& field, const ArrayPtr& values) {
    return KindOf(EncodeValues(field, values).status());
  };
  EXPECT_EQ(kind(Field(DataType::kInt64), Json(arrow::int32(), "[1]")), ErrorKind::kInvalid);
  EXPECT_EQ(kind(Field(DataType::kJson), Binary({"{"})), ErrorKind::kInvalid);
  EXPECT_EQ(kind(Field(DataType::kGeometry), Binary({"POINT(1 2)"})), ErrorKind::kInvalid);
  EXPECT_EQ(kind(Field(DataType::kSparseFloatVector), Binary({"1234567"})), ErrorKind::kInvalid);
  EXPECT_EQ(kind(Field(DataType::kArray, DataType::kInt64),
                 Json(arrow::list(arrow::int64()), "[[1, null]]")),
            ErrorKind::kInvalid);
  FieldSchema required = Field(DataType::kInt64);
  required.nullable = false;
  EXPECT_EQ(kind(required, Json(arrow::int64(), "[1, null]")), ErrorKind::kInvalid);
}

struct Geometry {
  std::string hex;
  std::string_view mistake;
};

constexpr char kPoint[] = "0101000000000000000000f03f0000000000000040";

TEST(WellKnownBinaryTest, FindsMistakes) {
  const std::string point = kPoint;
  const std::string coordinates = point.substr(10);
  std::string deep;
  for (int i = 0; i < 34; ++i) deep += "010700000001000000";
  const std::vector<Geometry> geometries = {
      {point, ""},
      {"0101000000000000000000f87f000000000000f87f", ""},     // an empty point
      {"01e9030000" + coordinates + "0000000000000000", ""},  // 1001: Z
      {"01b90b0000" + coordinates + coordinates, ""},         // 3001: Z and M
      {"01010000c0" + coordinates + coordinates, ""},         // both as flags
      {"0101000020e6100000" + coordinates, ""},               // a SRID
      {"010200000002000000" + coordinates + coordinates, ""},
      {"010300000001000000"
       "01000000" +
           coordinates,
       ""},
      {"010400000001000000" + point, ""},
      {"010700000002000000" + point + "010200000000000000", ""},
      {point + "00", "bytes behind the geometry"},
      {point.substr(0, point.size() - 2), "the geometry ends early"},
      {"01", "the geometry ends early"},
      {"0102000000ffffffff", "the geometry ends early"},
      {"0103000000ffffffff", "the geometry ends early"},
      {"0107000000ffffffff", "the geometry ends early"},
      {"01e9030000" + coordinates, "the geometry ends early"},
      {"00" + point.substr(2), "the geometry is not little-endian"},
      {"0100000000", "unknown type of geometry"},
      {"0108000000", "unknown type of geometry"},
      {"01a10f0000", "unknown type of geometry"},  // 4001
      {"010400000001000000"
       "010200000000000000",
       "a member is of another type"},
      {deep, "geometries nested too deeply"},
  };
  for (const Geometry& geometry : geometries) {
    EXPECT_EQ(FindWkbMistake(AsBytes(FromHex(geometry.hex))), geometry.mistake) << geometry.hex;
  }
}

}  // namespace
}  // namespace varve::internal
