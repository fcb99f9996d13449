// SPDX-License-Identifier: Apache-2.0
// Schemas of collections from JSON: all that Milvus says of a field, and what is wrong with one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "arrow/scalar.h"
#include "arrow/util/base64.h"
#include "base/testing/status_assertions.h"
#include "varve/milvus.h"

namespace varve {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kObject[] = "schema.json";

std::string ErrorOf(const std::string& json) {
  const auto schema = MilvusSchemaFromJson(json, kObject);
  return schema.ok() ? "no error" : schema.status().ToString();
}

std::string Base64(const std::string& bytes) { return arrow::util::base64_encode(bytes); }

TEST(MilvusSchemaTest, FieldsOfEveryKind) {
  const std::string json = R"({"name": "c", "fields": [
    {"name": "RowID", "data_type": 5},
    {"fieldID": 100, "name": "key", "is_primary_key": true, "data_type": 21,
     "type_params": [{"key": "max_length", "value": "64"}]},
    {"fieldID": 101, "name": "v", "data_type": 102,
     "type_params": [{"key": "dim", "value": "4"}, {"key": "mmap.enabled", "value": "true"}]},
    {"fieldID": 102, "name": "tags", "data_type": "Array", "element_type": 21, "nullable": true,
     "type_params": [{"key": "max_capacity", "value": "8"}, {"key": "max_length", "value": "9"}]},
    {"fieldID": 103, "name": "$meta", "data_type": 23, "is_dynamic": true},
    {"fieldID": 104, "name": "sparse", "data_type": 104, "state": 0, "autoID": false}],
    "struct_array_fields": [{"fieldID": 105, "name": "parts", "fields": [
      {"fieldID": 106, "name": "parts[size]", "data_type": 22, "element_type": 3},
      {"fieldID": 107, "name": "parts[v]", "data_type": 106, "element_type": 101,
       "type_params": [{"key": "dim", "value": "2"}]}]}]})";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, MilvusSchemaFromJson(json, kObject));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto expected,
      CollectionSchema::Make(
          {{.field_id = 100,
            .name = "key",
            .data_type = DataType::kVarChar,
            .primary_key = true,
            .max_length = 64},
           {.field_id = 101,
            .name = "v",
            .data_type = DataType::kFloat16Vector,
            .dim = 4,
            .params = {{"mmap.enabled", "true"}}},
           {.field_id = 102,
            .name = "tags",
            .data_type = DataType::kArray,
            .nullable = true,
            .max_length = 9,
            .max_capacity = 8,
            .element_type = DataType::kVarChar},
           {.field_id = 103,
            .name = "$meta",
            .data_type = DataType::kJson,
            .params = {{"milvus.is_dynamic", "true"}}},
           {.field_id = 104, .name = "sparse", .data_type = DataType::kSparseFloatVector},
           {.field_id = 106,
            .name = "parts[size]",
            .data_type = DataType::kArray,
            .element_type = DataType::kInt16},
           {.field_id = 107,
            .name = "parts[v]",
            .data_type = DataType::kArrayOfVector,
            .dim = 2,
            .element_type = DataType::kFloatVector}}));
  EXPECT_TRUE(schema->Equals(*expected)) << schema->ToString() << expected->ToString();
}

TEST(MilvusSchemaTest, WhatFieldsAreToMilvusIsKept) {
  const std::string json = R"({"enable_dynamic_field": true, "fields": [
    {"fieldID": 100, "name": "key", "is_primary_key": true, "autoID": true, "data_type": 5},
    {"fieldID": 101, "name": "tenant", "data_type": 5, "is_partition_key": true,
     "type_params": [{"key": "mmap.enabled", "value": "true"}]},
    {"fieldID": 102, "name": "year", "data_type": 4, "is_clustering_key": true, "is_dynamic": false},
    {"fieldID": 103, "name": "words", "data_type": 104, "is_function_output": true},
    {"fieldID": 104, "name": "$meta", "data_type": 23}],
    "functions": [{"name": "bm25", "type": 1, "output_field_names": ["words"]},
                  {"name": "ranked", "type": 3}]})";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, MilvusSchemaFromJson(json, kObject));
  using Params = std::vector<std::pair<std::string, std::string>>;
  const Params expected[] = {
      {{"milvus.autoID", "true"}},
      {{"milvus.is_partition_key", "true"}, {"mmap.enabled", "true"}},
      {{"milvus.is_clustering_key", "true"}},
      {{"milvus.is_function_output", "true"},
       {"milvus.function", R"({"name":"bm25","output_field_names":["words"],"type":1})"}},
      {{"milvus.is_dynamic", "true"}}};
  ASSERT_EQ(schema->fields().size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(schema->fields()[i].params, expected[i]) << schema->fields()[i].name;
  }
}

TEST(MilvusSchemaTest, DefaultValues) {
  // ValueField messages, byte by byte: tag, value.
  const struct {
    DataType type;
    std::string message;
    std::shared_ptr<arrow::Scalar> expected;  // nullptr: an error
  } cases[] = {
      {DataType::kBool, std::string("\x08\x01", 2), std::make_shared<arrow::BooleanScalar>(true)},
      {DataType::kInt8, std::string("\x10\x07", 2), std::make_shared<arrow::Int8Scalar>(7)},
      {DataType::kInt8, std::string("\x10\x80\x02", 3), nullptr},  // 256
      {DataType::kInt16, std::string("\x10\x80\x02", 3), std::make_shared<arrow::Int16Scalar>(256)},
      {DataType::kInt32, std::string("\x10\x00", 2), std::make_shared<arrow::Int32Scalar>(0)},
      {DataType::kInt64, std::string("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),
       std::make_shared<arrow::Int64Scalar>(-1)},
      {DataType::kFloat, std::string("\x25\x00\x00\x80\x3f", 5),
       std::make_shared<arrow::FloatScalar>(1.0f)},
      {DataType::kDouble, std::string("\x29\x00\x00\x00\x00\x00\x00\xf0\x3f", 9),
       std::make_shared<arrow::DoubleScalar>(1.0)},
      {DataType::kVarChar, "\x32\x02hi", std::make_shared<arrow::StringScalar>("hi")},
      {DataType::kVarChar, std::string("\x32\x01\xff", 3), nullptr},  // not UTF-8
      {DataType::kVarChar, std::string("\x18\x01", 2), nullptr},
      {DataType::kInt64, "\x32\x02hi", nullptr},
      {DataType::kInt64, "\x18", nullptr},
      {DataType::kInt64, "\xff\xff\xff\xff", nullptr},
      {DataType::kTimestamptz, std::string("\x40\x05", 2), std::make_shared<arrow::Int64Scalar>(5)},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(std::string(DataTypeName(one.type)) + " " + Base64(one.message));
    const std::string json = R"({"fields": [{"fieldID": 100, "name": "f", "data_type": )" +
                             std::to_string(static_cast<int>(one.type)) +
                             R"(, "default_value_base64": ")" + Base64(one.message) + R"("}]})";
    const auto schema = MilvusSchemaFromJson(json, kObject);
    if (one.expected == nullptr) {
      EXPECT_THAT(schema.status().ToString(), HasSubstr("default value"));
      continue;
    }
    VARVE_ASSERT_OK(schema.status());
    const auto& found = (*schema)->fields()[0].default_value;
    ASSERT_NE(found, nullptr);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto cast, found->CastTo(one.expected->type));
    EXPECT_TRUE(cast->Equals(*one.expected)) << found->ToString();
  }
}

TEST(MilvusSchemaTest, ADocumentOfSeveralCollectionsNeedsAnId) {
  const auto info = [](int id, const std::string& name) {
    return R"({"collection_id": )" + std::to_string(id) +
           R"(, "schema": {"fields": [{"fieldID": 100, "data_type": 5, "name": ")" + name +
           R"("}]}})";
  };
  const std::string one = R"({"infos": [)" + info(7, "a") + "]}";
  const std::string two = R"({"infos": [)" + info(7, "a") + "," + info(8, "b") + "]}";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto only, MilvusSchemaFromJson(one, kObject, 5));
  EXPECT_EQ(only->fields()[0].name, "a");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto chosen, MilvusSchemaFromJson(two, kObject, 8));
  EXPECT_EQ(chosen->fields()[0].name, "b");
  EXPECT_THAT(ErrorOf(two), HasSubstr("more than one collection"));
  EXPECT_THAT(MilvusSchemaFromJson(two, kObject, 9).status().ToString(),
              HasSubstr("expected collection 9"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto nested, MilvusSchemaFromJson(info(7, "c"), kObject));
  EXPECT_EQ(nested->fields()[0].name, "c");
}

TEST(MilvusSchemaTest, MistakesAreNamed) {
  EXPECT_THAT(ErrorOf("{"), AllOf(HasSubstr(kObject), HasSubstr("JSON")));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(ErrorOf("{}"), HasSubstr("fields, schema or infos"));
  EXPECT_THAT(ErrorOf(R"({"fields": 7})"), AllOf(HasSubstr("'fields'"), HasSubstr("found 7")));
  EXPECT_THAT(ErrorOf(R"({"fields": []})"), AllOf(HasSubstr(kObject), HasSubstr("without fields")));
  EXPECT_TRUE(IsCorruption(MilvusSchemaFromJson(R"({"fields": []})", kObject).status()));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"name": "f", "data_type": 5}]})"), HasSubstr("'fieldID'"));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "data_type": 5}]})"), HasSubstr("'name'"));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f"}]})"), HasSubstr("'data_type'"));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f", "data_type": -5}]})"),
              AllOf(HasSubstr("'data_type'"), HasSubstr("found -5")));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f", "data_type": 99}]})"),
              AllOf(HasSubstr("unknown data type"), HasSubstr("99")));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f", "data_type": 101,
                          "type_params": [{"key": "dim", "value": "8x"}]}]})"),
              AllOf(HasSubstr("'dim'"), HasSubstr("found 8x")));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f", "data_type": 5,
                          "default_value_base64": "%"}]})"),
              HasSubstr("base64"));
  EXPECT_THAT(ErrorOf(R"({"fields": [{"fieldID": 100, "name": "f", "data_type": 5,
                          "nullable": "yes"}]})"),
              HasSubstr("'nullable'"));
}

}  // namespace
}  // namespace varve
