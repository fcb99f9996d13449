// SPDX-License-Identifier: Apache-2.0
#include "varve/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"

namespace varve {
namespace {

std::string MakeMessage(std::vector<FieldSchema> fields, int64_t max_field_id = 0) {
  auto schema = CollectionSchema::Make(std::move(fields), max_field_id);
  if (schema.ok()) return "OK";
  EXPECT_EQ(KindOf(schema.status()), ErrorKind::kInvalid);
  return schema.status().message();
}

FieldSchema Id() { return {.name = "id", .data_type = DataType::kInt64}; }
FieldSchema Vector(int32_t dim) {
  return {.name = "v", .data_type = DataType::kFloatVector, .dim = dim};
}

TEST(DataTypeTest, NamesGoBothWaysInEitherCase) {
  for (const int code :
       {0, 1, 2, 3, 4, 5, 10, 11, 20, 21, 22, 23, 24, 25, 26, 100, 101, 102, 103, 104, 105, 106}) {
    const auto type = static_cast<DataType>(code);
    std::string name(DataTypeName(type));
    EXPECT_EQ(DataTypeFromName(name).ValueOrDie(), type) << name;
    for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
    EXPECT_EQ(DataTypeFromName(name).ValueOrDie(), type) << name;
  }
  EXPECT_EQ(DataTypeName(DataType::kBFloat16Vector), "BFloat16Vector");
  EXPECT_EQ(DataTypeFromName("Mol").status().message(), "unknown data type: found Mol");
  EXPECT_TRUE(IsNotFound(DataTypeFromName("").status()));
}

TEST(DataTypeTest, DefaultAndMilvusTypesAreThoseOfTheSpec) {
  const auto check = [](FieldSchema field, const std::shared_ptr<arrow::DataType>& natural,
                        const std::shared_ptr<arrow::DataType>& milvus) {
    EXPECT_TRUE(DefaultArrowType(field).ValueOrDie()->Equals(*natural))
        << DefaultArrowType(field).ValueOrDie()->ToString();
    EXPECT_TRUE(MilvusArrowType(field).ValueOrDie()->Equals(*milvus))
        << MilvusArrowType(field).ValueOrDie()->ToString();
  };
  const auto plain = [&](DataType type, const std::shared_ptr<arrow::DataType>& arrow_type) {
    check({.name = "x", .data_type = type}, arrow_type, arrow_type);
  };
  plain(DataType::kBool, arrow::boolean());
  plain(DataType::kInt8, arrow::int8());
  plain(DataType::kInt16, arrow::int16());
  plain(DataType::kInt32, arrow::int32());
  plain(DataType::kInt64, arrow::int64());
  plain(DataType::kFloat, arrow::float32());
  plain(DataType::kDouble, arrow::float64());
  plain(DataType::kString, arrow::utf8());
  plain(DataType::kVarChar, arrow::utf8());
  plain(DataType::kText, arrow::utf8());
  plain(DataType::kJson, arrow::binary());
  plain(DataType::kGeometry, arrow::binary());
  plain(DataType::kTimestamptz, arrow::int64());
  plain(DataType::kSparseFloatVector, arrow::binary());
  check({.data_type = DataType::kArray, .element_type = DataType::kInt32},
        arrow::list(arrow::int32()), arrow::binary());
  check({.data_type = DataType::kBinaryVector, .dim = 16}, arrow::fixed_size_binary(2),
        arrow::fixed_size_binary(2));
  check({.data_type = DataType::kFloatVector, .dim = 3},
        arrow::fixed_size_list(arrow::float32(), 3), arrow::fixed_size_binary(12));
  check({.data_type = DataType::kFloatVector, .nullable = true, .dim = 3},
        arrow::fixed_size_list(arrow::float32(), 3), arrow::binary());
  check({.data_type = DataType::kFloat16Vector, .dim = 3},
        arrow::fixed_size_list(arrow::float16(), 3), arrow::fixed_size_binary(6));
  check({.data_type = DataType::kBFloat16Vector, .dim = 3}, arrow::fixed_size_binary(6),
        arrow::fixed_size_binary(6));
  check({.data_type = DataType::kInt8Vector, .dim = 3}, arrow::fixed_size_list(arrow::int8(), 3),
        arrow::fixed_size_binary(3));
  const FieldSchema vectors{
      .data_type = DataType::kArrayOfVector, .dim = 4, .element_type = DataType::kFloatVector};
  check(vectors, arrow::list(arrow::fixed_size_binary(16)),
        arrow::list(arrow::fixed_size_binary(16)));
  EXPECT_EQ(KindOf(MilvusArrowType({.name = "x", .arrow_type = arrow::uint8()}).status()),
            ErrorKind::kUnsupported);
}

TEST(CollectionSchemaTest, GivesIdsAfterTheLargestKnown) {
  FieldSchema placed = Vector(4);
  placed.field_id = 150;
  FieldSchema other = Id();
  other.name = "other";
  const auto schema = CollectionSchema::Make({Id(), placed, other}, 120).ValueOrDie();
  EXPECT_EQ(schema->fields()[0].field_id, 151);
  EXPECT_EQ(schema->fields()[1].field_id, 150);
  EXPECT_EQ(schema->fields()[2].field_id, 152);
  EXPECT_EQ(schema->max_field_id(), 152);
  EXPECT_EQ(schema->FindById(150)->name, "v");
  EXPECT_EQ(schema->FindById(1), nullptr);
  EXPECT_EQ(schema->FindByName("other")->field_id, 152);
  EXPECT_EQ(schema->FindByName("Other"), nullptr);
  EXPECT_EQ(schema->primary_key(), nullptr);
  EXPECT_EQ(CollectionSchema::Make({Id()}).ValueOrDie()->fields()[0].field_id, 100);
}

TEST(CollectionSchemaTest, DescribesAndComparesFields) {
  FieldSchema key = Id();
  key.primary_key = true;
  FieldSchema text{.name = "t", .data_type = DataType::kVarChar, .nullable = true, .max_length = 9};
  text.default_value = std::make_shared<arrow::StringScalar>("none");
  const auto schema = CollectionSchema::Make({key, text, Vector(8)}).ValueOrDie();
  EXPECT_EQ(schema->ToString(),
            "100 id: Int64 not null primary key\n101 t: VarChar max_length 9 default none\n"
            "102 v: FloatVector(8) not null\n");
  EXPECT_EQ(schema->primary_key()->name, "id");
  EXPECT_TRUE(schema->Equals(*CollectionSchema::Make({key, text, Vector(8)}).ValueOrDie()));
  EXPECT_FALSE(schema->Equals(*CollectionSchema::Make({key, text, Vector(9)}).ValueOrDie()));
  text.default_value = std::make_shared<arrow::StringScalar>("nine");
  EXPECT_FALSE(schema->Equals(*CollectionSchema::Make({key, text, Vector(8)}).ValueOrDie()));
}

TEST(CollectionSchemaTest, RefusesEachMistakeByName) {
  const auto with = [](FieldSchema field, const std::function<void(FieldSchema*)>& change) {
    change(&field);
    return MakeMessage({field});
  };
  EXPECT_EQ(MakeMessage({}), "schema without fields");
  EXPECT_EQ(MakeMessage({Id(), Id()}), "duplicate field name: field 'id'");
  FieldSchema a = Id(), b = Vector(2);
  a.field_id = b.field_id = 100;
  EXPECT_EQ(MakeMessage({a, b}), "duplicate field id: field 'v', found 100");
  EXPECT_EQ(MakeMessage({Id()}, -1), "largest field id out of range: found -1");
  EXPECT_EQ(MakeMessage({Id()}, INT32_MAX),
            "field id out of range: field 'id', expected 100 to 2147483647, found 2147483648");
  EXPECT_EQ(with(Id(), [](auto* f) { f->name = ""; }), "field without a name");
  EXPECT_EQ(with(Id(), [](auto* f) { f->name = "\xFF"; }), "field name is not UTF-8: field '\xFF'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->name = "RowID"; }), "reserved field name: field 'RowID'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->name = "Timestamp"; }),
            "reserved field name: field 'Timestamp'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->field_id = 1; }),
            "reserved field id: field 'id', expected at least 100, found 1");
  EXPECT_EQ(with(Id(), [](auto* f) { f->field_id = -7; }),
            "field id out of range: field 'id', expected 100 to 2147483647, found -7");
  EXPECT_EQ(with(Id(), [](auto* f) { f->data_type = static_cast<DataType>(27); }),
            "unknown data type: field 'id', found 27");
  EXPECT_EQ(MakeMessage({Vector(0)}),
            "vector without a dimension: field 'v', expected dim of at least 1");
  EXPECT_EQ(MakeMessage({Vector(-1)}),
            "dimension out of range: field 'v', expected vectors of 1 to 2147483647 bytes, found "
            "dim -1");
  EXPECT_EQ(MakeMessage({Vector(1 << 29)}),
            "dimension out of range: field 'v', expected vectors of 1 to 2147483647 bytes, found "
            "dim 536870912");
  EXPECT_EQ(with(Vector(12), [](auto* f) { f->data_type = DataType::kBinaryVector; }),
            "dimension of a binary vector is not a multiple of 8: field 'v', found dim 12");
  EXPECT_EQ(with(Id(), [](auto* f) { f->dim = 4; }),
            "dimension of a field that is no dense vector: field 'id', found dim 4");
  EXPECT_EQ(with(Id(), [](auto* f) { f->max_length = 4; }),
            "max_length of a field that is no text: field 'id'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->max_length = -4; }),
            "negative max_length: field 'id', found -4");
  EXPECT_EQ(with(Id(), [](auto* f) { f->max_capacity = 4; }),
            "max_capacity of a field that is no array: field 'id'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->max_capacity = -4; }),
            "negative max_capacity: field 'id', found -4");
  EXPECT_EQ(with(Id(), [](auto* f) { f->element_type = DataType::kInt8; }),
            "element type of a field that is no array: field 'id', found Int8");
  EXPECT_EQ(with(Id(), [](auto* f) { f->data_type = DataType::kArray; }),
            "array without an element type: field 'id'");
  EXPECT_EQ(with(Id(),
                 [](auto* f) {
                   f->data_type = DataType::kArray;
                   f->element_type = DataType::kFloatVector;
                 }),
            "element type that arrays cannot hold: field 'id', expected a scalar type, found "
            "FloatVector");
  EXPECT_EQ(with(Id(), [](auto* f) { f->layout = VectorLayout::kList; }),
            "list layout of a field that is no FloatVector: field 'id'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->layout = VectorLayout::kCompact; }),
            "compact layout of a field that is no dense vector: field 'id'");
  EXPECT_EQ(with(Id(), [](auto* f) { f->layout = static_cast<VectorLayout>(9); }),
            "unknown vector layout: field 'id', found 9");
  EXPECT_EQ(with(Id(), [](auto* f) { f->primary_key = f->nullable = true; }),
            "primary key is nullable: field 'id'");
  EXPECT_EQ(with(Vector(3), [](auto* f) { f->primary_key = true; }),
            "primary key of a type that cannot be one: field 'v', expected Int64 or VarChar, found "
            "FloatVector");
  FieldSchema key = Id(), second = Id();
  key.primary_key = second.primary_key = true;
  second.name = "id2";
  EXPECT_EQ(MakeMessage({key, second}),
            "more than one primary key: field 'id2', expected only 'id'");
}

TEST(CollectionSchemaTest, RefusesArrowTypesThatDoNotFitOrCannotBeStored) {
  const auto with_type = [](DataType type, std::shared_ptr<arrow::DataType> arrow_type) {
    return MakeMessage({{.name = "x", .data_type = type, .arrow_type = std::move(arrow_type)}});
  };
  EXPECT_EQ(with_type(DataType::kInt64, arrow::int32()),
            "Arrow type does not fit Int64: field 'x', expected int64, found int32");
  EXPECT_EQ(with_type(DataType::kNone, nullptr), "no Arrow type: field 'x', found None");
  EXPECT_EQ(with_type(DataType::kNone, arrow::null()),
            "type that cannot be stored: field 'x', found null");
  EXPECT_EQ(with_type(DataType::kNone, arrow::month_interval()),
            "type that cannot be stored: field 'x', found month_interval");
  EXPECT_EQ(with_type(DataType::kNone, arrow::struct_({})),
            "struct without fields: field 'x', found struct<>");
  EXPECT_EQ(with_type(DataType::kNone, arrow::fixed_size_list(arrow::float32(), 0)),
            "fixed_size_list of size 0: field 'x', found fixed_size_list<item: float>[0]");
  EXPECT_EQ(with_type(DataType::kNone, arrow::list(arrow::null())),
            "type that cannot be stored: field 'x', found null");
  auto deep = arrow::int8();
  for (int i = 0; i < 40; ++i) deep = arrow::list(deep);
  EXPECT_EQ(with_type(DataType::kNone, deep),
            "type nested too deeply: field 'x', expected at most 32 levels");
  FieldSchema vector = Vector(4);
  vector.arrow_type = arrow::fixed_size_list(arrow::float32(), 5);
  EXPECT_EQ(MakeMessage({vector}),
            "Arrow type does not fit FloatVector: field 'v', expected fixed_size_list<item: "
            "float>[4], found fixed_size_list<item: float>[5]");
}

TEST(CollectionSchemaTest, RefusesDefaultsThatDoNotFit) {
  FieldSchema text{.name = "t", .data_type = DataType::kVarChar, .max_length = 3};
  text.default_value = std::make_shared<arrow::StringScalar>("abcd");
  EXPECT_EQ(MakeMessage({text}),
            "default value does not fit: field 't', expected at most 3 bytes, found 4");
  text.default_value = std::make_shared<arrow::Int64Scalar>(4);
  EXPECT_EQ(MakeMessage({text}),
            "default value of another type: field 't', expected string, found int64");
  text.default_value = arrow::MakeNullScalar(arrow::utf8());
  EXPECT_EQ(MakeMessage({text}),
            "default value is null: field 't', expected a value, or no default");
  text.default_value = std::make_shared<arrow::StringScalar>("abc");
  EXPECT_EQ(MakeMessage({text}), "OK");
}

TEST(CollectionSchemaTest, RecognisesPlainArrowColumns) {
  const auto arrow_schema = arrow::schema({
      arrow::field("id", arrow::int64()),
      arrow::field("f32", arrow::fixed_size_list(arrow::float32(), 4)),
      arrow::field("f16", arrow::fixed_size_list(arrow::float16(), 4)),
      arrow::field("i8", arrow::fixed_size_list(arrow::int8(), 4)),
      arrow::field("bits", arrow::fixed_size_binary(6)),
      arrow::field("tags", arrow::list(arrow::utf8())),
      arrow::field("sparse",
                   arrow::list(arrow::struct_({arrow::field("index", arrow::uint32()),
                                               arrow::field("value", arrow::float32())}))),
      arrow::field("bytes", arrow::large_binary()),
      arrow::field("category", arrow::dictionary(arrow::int8(), arrow::large_utf8())),
      arrow::field("view", arrow::utf8_view()),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("naive", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("f64s", arrow::fixed_size_list(arrow::float64(), 4)),
      arrow::field("brain", arrow::fixed_size_binary(8), true,
                   arrow::key_value_metadata({"varve.type", "unit"}, {"bfloat16vector", "m"})),
  });
  const auto schema = CollectionSchema::FromArrow(*arrow_schema, nullptr, "id").ValueOrDie();
  EXPECT_EQ(schema->ToString(),
            "100 id: Int64 not null primary key\n101 f32: FloatVector(4)\n102 f16: "
            "Float16Vector(4)\n103 i8: Int8Vector(4)\n104 bits: BinaryVector(48)\n105 tags: "
            "Array<VarChar>\n106 sparse: list<item: struct<index: uint32, value: float>>\n107 "
            "bytes: binary\n108 category: VarChar\n109 view: VarChar\n110 at: Timestamptz\n111 "
            "naive: timestamp[us]\n112 f64s: fixed_size_list<item: double>[4]\n113 brain: "
            "BFloat16Vector(4)\n");
  EXPECT_EQ(schema->FindByName("category")->arrow_type->ToString(), "string");
  EXPECT_EQ(schema->ToArrow()->field(1)->metadata()->Get("PARQUET:field_id").ValueOrDie(), "101");
  EXPECT_EQ(schema->ToArrow()->field(13)->metadata()->Get("unit").ValueOrDie(), "m");
  // What Arrow types cannot say goes along as metadata.
  const auto again = CollectionSchema::FromArrow(*schema->ToArrow(), nullptr, "id").ValueOrDie();
  EXPECT_TRUE(again->Equals(*schema)) << again->ToString();
  EXPECT_EQ(CollectionSchema::FromArrow(*arrow_schema, nullptr, "no").status().message(),
            "primary key is not a field of the schema: field 'no'");
}

TEST(CollectionSchemaTest, RecognisesListsOfConstantLengthFromASample) {
  const auto type = arrow::list(arrow::float32());
  const auto arrow_schema = arrow::schema({arrow::field("v", type)});
  const auto recognise = [&](const std::string& json) {
    auto column = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
    const auto batch = arrow::RecordBatch::Make(arrow_schema, column->length(), {column});
    return CollectionSchema::FromArrow(*arrow_schema, batch.get()).ValueOrDie()->ToString();
  };
  EXPECT_EQ(recognise("[[1, 2], [3, 4]]"), "100 v: FloatVector(2)\n");
  EXPECT_EQ(recognise("[[1, 2], null, [3, 4]]"), "100 v: FloatVector(2)\n");
  EXPECT_EQ(recognise("[[1, 2, 3]]"), "100 v: FloatVector(3)\n");
  EXPECT_EQ(recognise("[null, [1, 2], null]"), "100 v: FloatVector(2)\n");
  for (const char* json : {"[]", "[null]", "[[]]", "[[1]]", "[[1], [2]]", "[[1, 2], [3]]",
                           "[[1, null]]", "[[1, 2], [3, null]]"}) {
    EXPECT_EQ(recognise(json), "100 v: Array<Float>\n") << json;
  }
  const auto named = arrow::schema(
      {arrow::field("v", type, true,
                    arrow::key_value_metadata({"varve.type", "varve.dim"}, {"FloatVector", "2"}))});
  EXPECT_EQ(CollectionSchema::FromArrow(*named).ValueOrDie()->fields()[0].arrow_type->ToString(),
            "fixed_size_list<item: float>[2]");
}

TEST(CollectionSchemaTest, MakesDeclaredVectorsOfDoubles) {
  const auto recognise = [](const std::shared_ptr<arrow::DataType>& type,
                            const arrow::RecordBatch* sample) {
    const auto schema = arrow::schema({arrow::field(
        "v", type, true, arrow::key_value_metadata({"varve.type"}, {"FloatVector"}))});
    const auto made = CollectionSchema::FromArrow(*schema, sample);
    return made.ok() ? (*made)->fields()[0].arrow_type->ToString() : made.status().message();
  };
  EXPECT_EQ(recognise(arrow::fixed_size_list(arrow::float64(), 3), nullptr),
            "fixed_size_list<item: float>[3]");
  const auto lists = arrow::list(arrow::float64());
  EXPECT_EQ(recognise(lists, nullptr),
            "vector without a dimension: field 'v', expected dim of at least 1");
  const auto column = arrow::json::ArrayFromJSONString(lists, "[[1, 2], [3, 4]]").ValueOrDie();
  const auto sample = arrow::RecordBatch::Make(arrow::schema({arrow::field("v", lists)}),
                                               column->length(), {column});
  EXPECT_EQ(recognise(lists, sample.get()), "fixed_size_list<item: float>[2]");
}

TEST(CollectionSchemaTest, TakesRulesFromMetadata) {
  const auto metadata = [](std::vector<std::string> keys, std::vector<std::string> values) {
    return arrow::key_value_metadata(std::move(keys), std::move(values));
  };
  const auto schema = arrow::schema(
      {arrow::field("title", arrow::utf8(), false,
                    metadata({"varve.max_length", "varve.default"}, {"200", "untitled"})),
       arrow::field("stock", arrow::int32(), true, metadata({"varve.default"}, {"-7"})),
       arrow::field("tags", arrow::list(arrow::utf8()), true,
                    metadata({"varve.max_capacity"}, {"5"})),
       arrow::field("v", arrow::fixed_size_list(arrow::float32(), 2), true,
                    metadata({"varve.allow_non_finite"}, {"false"}))});
  const auto made = CollectionSchema::FromArrow(*schema).ValueOrDie();
  EXPECT_EQ(made->fields()[0].max_length, 200);
  EXPECT_EQ(made->fields()[0].default_value->ToString(), "untitled");
  EXPECT_TRUE(made->fields()[1].default_value->Equals(arrow::Int32Scalar(-7)));
  EXPECT_EQ(made->fields()[2].max_capacity, 5);
  EXPECT_TRUE(made->fields()[2].allow_non_finite);
  EXPECT_FALSE(made->fields()[3].allow_non_finite);
  for (const FieldSchema& field : made->fields()) EXPECT_TRUE(field.params.empty()) << field.name;
}

TEST(CollectionSchemaTest, RefusesMetadataThatMakesNoSense) {
  const auto refuse = [](const std::string& key, const std::string& value) {
    const auto schema = arrow::schema({arrow::field("v", arrow::fixed_size_binary(8), true,
                                                    arrow::key_value_metadata({key}, {value}))});
    return CollectionSchema::FromArrow(*schema).status().message();
  };
  EXPECT_EQ(refuse("varve.type", "Vector"),
            "unknown data type in field metadata: field 'v', expected a name such as FloatVector, "
            "found varve.type=Vector");
  EXPECT_EQ(refuse("varve.dim", "1e3"),
            "dimension in field metadata is no positive number: field 'v', expected 1 to "
            "2147483647, found varve.dim=1e3");
  EXPECT_EQ(refuse("varve.max_length", "-1"),
            "max_length in field metadata is no positive number: field 'v', expected 1 to "
            "2147483647, found varve.max_length=-1");
  EXPECT_EQ(refuse("varve.max_length", "3"), "max_length of a field that is no text: field 'v'");
  EXPECT_EQ(refuse("varve.allow_non_finite", "no"),
            "no truth value in field metadata: field 'v', expected true or false, found "
            "varve.allow_non_finite=no");
  EXPECT_EQ(refuse("varve.max_lenght", "3"),
            "unknown key in field metadata 'varve.max_lenght'; did you mean 'varve.max_length'?: "
            "field 'v'");
  const auto number = arrow::schema({arrow::field(
      "n", arrow::int8(), true, arrow::key_value_metadata({"varve.default"}, {"300"}))});
  EXPECT_EQ(CollectionSchema::FromArrow(*number).status().message(),
            "default value does not fit: field 'n', expected int8, found 300");
}

}  // namespace
}  // namespace varve
