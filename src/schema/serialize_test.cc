// SPDX-License-Identifier: Apache-2.0
#include "schema/serialize.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/random.h"

namespace varve::internal {
namespace {

using SchemaPtr = std::shared_ptr<const CollectionSchema>;

SchemaPtr Make(std::vector<FieldSchema> fields, int64_t max_field_id = 0) {
  return CollectionSchema::Make(std::move(fields), max_field_id).ValueOrDie();
}

// The example of docs/format/schema.md.
SchemaPtr Books() {
  FieldSchema title{.name = "title", .data_type = DataType::kVarChar, .max_length = 200};
  FieldSchema stock{.name = "stock", .data_type = DataType::kInt32, .nullable = true};
  stock.default_value = std::make_shared<arrow::Int32Scalar>(0);
  return Make({{.name = "id", .data_type = DataType::kInt64, .primary_key = true},
               title,
               stock,
               {.name = "tags", .nullable = true, .arrow_type = arrow::list(arrow::binary())},
               {.name = "emb",
                .data_type = DataType::kFloatVector,
                .dim = 384,
                .allow_non_finite = false}});
}

std::vector<FieldSchema> EveryType() {
  std::vector<FieldSchema> fields;
  const auto add = [&](FieldSchema field) {
    field.name = "f" + std::to_string(fields.size());
    fields.push_back(std::move(field));
  };
  for (const int code : {1, 2, 3, 4, 5, 10, 11, 20, 21, 23, 24, 25, 26, 104}) {
    add({.data_type = static_cast<DataType>(code), .nullable = code % 2 == 0});
  }
  for (const int code : {100, 101, 102, 103, 105}) {
    add({.data_type = static_cast<DataType>(code), .dim = 64, .layout = VectorLayout::kCompact});
    add({.data_type = DataType::kArrayOfVector,
         .dim = 64,
         .max_capacity = 3,
         .element_type = static_cast<DataType>(code)});
  }
  for (const int code : {1, 2, 3, 4, 5, 10, 11, 20, 21, 23, 24, 26}) {
    add({.data_type = DataType::kArray, .element_type = static_cast<DataType>(code)});
  }
  const auto child = arrow::field("c", arrow::utf8(), false);
  for (const auto& type : std::vector<std::shared_ptr<arrow::DataType>>{
           arrow::boolean(),
           arrow::uint8(),
           arrow::uint16(),
           arrow::uint32(),
           arrow::uint64(),
           arrow::float16(),
           arrow::binary(),
           arrow::fixed_size_binary(16),
           arrow::date32(),
           arrow::date64(),
           arrow::time32(arrow::TimeUnit::SECOND),
           arrow::time32(arrow::TimeUnit::MILLI),
           arrow::time64(arrow::TimeUnit::MICRO),
           arrow::time64(arrow::TimeUnit::NANO),
           arrow::timestamp(arrow::TimeUnit::NANO),
           arrow::timestamp(arrow::TimeUnit::SECOND, "Europe/Rome"),
           arrow::duration(arrow::TimeUnit::MILLI),
           arrow::decimal32(9, 2),
           arrow::decimal64(18, -3),
           arrow::decimal128(38, 10),
           arrow::decimal256(76, 0),
           arrow::list(child),
           arrow::fixed_size_list(child, 7),
           arrow::struct_({child, arrow::field("d", arrow::list(arrow::uint8()))}),
           arrow::map(arrow::utf8(), arrow::list(arrow::int8())),
           arrow::map(arrow::int32(), arrow::field("value", arrow::utf8(), false), true)}) {
    add({.nullable = true, .arrow_type = type});
  }
  FieldSchema strict{.data_type = DataType::kFloatVector, .dim = 2, .allow_non_finite = false};
  strict.layout = VectorLayout::kList;
  strict.params = {{"metric", "cosine"}, {"empty", ""}};
  add(strict);
  FieldSchema key{.data_type = DataType::kVarChar, .primary_key = true, .max_length = 30};
  add(key);
  return fields;
}

TEST(SerializeSchemaTest, RoundTripsEveryType) {
  const SchemaPtr schema = Make(EveryType(), 5000);
  const std::string bytes = SerializeSchema(*schema);
  const SchemaPtr again = DeserializeSchema(bytes, "s").ValueOrDie();
  EXPECT_TRUE(again->Equals(*schema)) << again->ToString();
  EXPECT_EQ(again->max_field_id(), schema->max_field_id());
  EXPECT_EQ(SerializeSchema(*again), bytes);
}

TEST(SerializeSchemaTest, RoundTripsDefaults) {
  const auto with = [](std::shared_ptr<arrow::Scalar> value) {
    const SchemaPtr schema =
        Make({{.name = "x", .default_value = value, .arrow_type = value->type}});
    const SchemaPtr again = DeserializeSchema(SerializeSchema(*schema), "s").ValueOrDie();
    EXPECT_TRUE(again->Equals(*schema)) << again->ToString();
    return again->fields()[0].default_value->ToString();
  };
  EXPECT_EQ(with(std::make_shared<arrow::BooleanScalar>(true)), "true");
  EXPECT_EQ(with(std::make_shared<arrow::BooleanScalar>(false)), "false");
  EXPECT_EQ(with(std::make_shared<arrow::Int8Scalar>(-5)), "-5");
  EXPECT_EQ(with(std::make_shared<arrow::UInt64Scalar>(UINT64_MAX)), "18446744073709551615");
  EXPECT_EQ(with(std::make_shared<arrow::DoubleScalar>(0.1)), "0.1");
  EXPECT_EQ(with(std::make_shared<arrow::FloatScalar>(std::numeric_limits<float>::quiet_NaN())),
            "nan");
  EXPECT_EQ(with(std::make_shared<arrow::StringScalar>("h\xC3\xA9")), "h\xC3\xA9");
  EXPECT_EQ(with(std::make_shared<arrow::StringScalar>("")), "");
  EXPECT_EQ(
      with(std::make_shared<arrow::TimestampScalar>(1, arrow::timestamp(arrow::TimeUnit::SECOND))),
      "1970-01-01 00:00:01");
  EXPECT_EQ(with(std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(-123),
                                                           arrow::decimal128(9, 2))),
            "-1.23");
  EXPECT_EQ(with(std::make_shared<arrow::FixedSizeBinaryScalar>(std::string("abc"))), "abc");
}

TEST(SerializeSchemaTest, StaysSmall) {
  const SchemaPtr schema = Books();
  EXPECT_LT(SerializeSchema(*schema).size(), 100u);
}

TEST(SerializeSchemaTest, SpecPageShowsTheBytesWritten) {
  std::ifstream page("docs/format/schema.md");
  ASSERT_TRUE(page.good());
  std::string line, hex;
  bool inside = false;
  while (std::getline(page, line)) {
    if (line.starts_with("```")) {
      inside = line == "```hexdump";
      continue;
    }
    if (!inside) continue;
    // Two hex digits a byte up to the '|' of the annotation.
    for (const char c : line.substr(0, line.find('|'))) {
      if (c != ' ') hex.push_back(c);
    }
  }
  const std::string written = ToHex(AsBytes(SerializeSchema(*Books())));
  EXPECT_EQ(hex, written);
}

TEST(DeserializeSchemaTest, TellsNewerVersionsFromDamage) {
  std::string bytes = SerializeSchema(*Books());
  bytes[0] = 2;
  const Status newer = DeserializeSchema(bytes, "m").status();
  EXPECT_EQ(KindOf(newer), ErrorKind::kUnsupported);
  EXPECT_EQ(newer.message(),
            "schema written by a newer version: object 'm', expected schema format 1, found 2");
  bytes[0] = 0;
  EXPECT_EQ(DeserializeSchema(bytes, "m").status().message(),
            "schema without a version: object 'm', offset 0");
  EXPECT_TRUE(IsCorruption(DeserializeSchema("", "m").status()));
}

TEST(DeserializeSchemaTest, RefusesEveryTruncationAndTail) {
  const std::string bytes = SerializeSchema(*Make(EveryType()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(IsCorruption(DeserializeSchema(bytes.substr(0, size), "m").status())) << size;
  }
  EXPECT_EQ(DeserializeSchema(SerializeSchema(*Books()) + "x", "m").status().message(),
            "bytes after the schema: object 'm', offset " +
                std::to_string(SerializeSchema(*Books()).size()) + ", found 1");
}

TEST(DeserializeSchemaTest, ReportsInvalidSchemasAsCorruption) {
  // One field: id 5 (reserved), name "a", Int64.
  const std::string bytes(
      "\x01\x63\x01\x07\x01\x05\x02\x01"
      "a"
      "\x03\x05",
      11);
  EXPECT_EQ(DeserializeSchema(bytes, "m").status().message(),
            "schema that is not valid: object 'm', field 'a', found reserved field id: field 'a', "
            "expected at least 100, found 5");
  // Entries out of order.
  const std::string swapped(
      "\x01\x63\x01\x07\x02\x01"
      "a"
      "\x01\x64\x03\x05",
      11);
  EXPECT_EQ(DeserializeSchema(swapped, "m").status().message(),
            "field entries out of order: object 'm', field 'a', offset 4, found entry 1");
}

TEST(DeserializeSchemaTest, SurvivesEveryFlippedBit) {
  const std::string bytes = SerializeSchema(*Make(EveryType()));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const auto schema = DeserializeSchema(flipped, "m");
    if (!schema.ok()) {
      const ErrorKind kind = KindOf(schema.status());
      EXPECT_TRUE(kind == ErrorKind::kCorruption || (kind == ErrorKind::kUnsupported && bit < 8))
          << bit << ": " << schema.status().ToString();
      continue;
    }
    const std::string again = SerializeSchema(**schema);
    EXPECT_TRUE(DeserializeSchema(again, "m").ValueOrDie()->Equals(**schema)) << bit;
  }
}

}  // namespace
}  // namespace varve::internal
