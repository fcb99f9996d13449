// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "arrow/array/array_binary.h"
#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/array/builder_binary.h"
#include "arrow/array/util.h"
#include "arrow/buffer_builder.h"
#include "arrow/compute/cast.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/type.h"
#include "base/random.h"
#include "varve/schema.h"

namespace varve {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

ArrayPtr Json(const TypePtr& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Batch(const std::string& name, const ArrayPtr& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(name, column->type())}),
                                  column->length(), {column});
}

Result<ArrayPtr> Conform(FieldSchema field, const ArrayPtr& column) {
  field.name = "x";
  ARROW_ASSIGN_OR_RAISE(const auto schema, CollectionSchema::Make({field}));
  ARROW_ASSIGN_OR_RAISE(const auto batch, ConformBatch(*schema, Batch("x", column)));
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  EXPECT_TRUE(batch->schema()->Equals(*schema->ToArrow(), true));
  EXPECT_TRUE(batch->column(0)->type()->Equals(*schema->fields()[0].arrow_type, true));
  return batch->column(0);
}

std::string Message(const FieldSchema& field, const ArrayPtr& column) {
  const auto array = Conform(field, column);
  if (array.ok()) return "OK";
  EXPECT_EQ(KindOf(array.status()), ErrorKind::kInvalid);
  return array.status().message();
}

FieldSchema Plain(DataType type) { return {.data_type = type, .nullable = true}; }
FieldSchema Vector(DataType type, int32_t dim) {
  return {.data_type = type, .nullable = true, .dim = dim};
}

TEST(ConformBatchTest, LeavesWhatFitsUntouched) {
  const auto vectors = Json(arrow::fixed_size_list(arrow::float32(), 2), "[[1, 2], null, [3, 4]]");
  EXPECT_EQ(Conform(Vector(DataType::kFloatVector, 2), vectors).ValueOrDie().get(), vectors.get());
  const auto texts = Json(arrow::utf8(), R"(["a", null])");
  EXPECT_EQ(Conform(Plain(DataType::kVarChar), texts).ValueOrDie().get(), texts.get());
}

TEST(ConformBatchTest, OrdersFillsAndRefusesColumns) {
  FieldSchema count{.name = "n", .data_type = DataType::kInt32};
  count.default_value = std::make_shared<arrow::Int32Scalar>(7);
  const auto schema =
      CollectionSchema::Make({{.name = "id", .data_type = DataType::kInt64},
                              count,
                              {.name = "t", .data_type = DataType::kVarChar, .nullable = true}})
          .ValueOrDie();
  const auto ids = Json(arrow::int64(), "[1, 2]");
  const auto texts = Json(arrow::utf8(), R"(["a", null])");
  const auto id = arrow::field("id", arrow::int64());
  const auto t = arrow::field("t", arrow::utf8());
  const auto make = [&](std::vector<std::shared_ptr<arrow::Field>> fields,
                        std::vector<ArrayPtr> columns) {
    return ConformBatch(
        *schema, arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 2, std::move(columns)));
  };
  const auto batch = make({t, id}, {texts, ids}).ValueOrDie();
  EXPECT_TRUE(batch->column(0)->Equals(*ids));
  EXPECT_TRUE(batch->column(1)->Equals(*Json(arrow::int32(), "[7, 7]")));
  EXPECT_TRUE(batch->column(2)->Equals(*texts));
  EXPECT_TRUE(
      make({id}, {ids}).ValueOrDie()->column(2)->Equals(*Json(arrow::utf8(), "[null, null]")));
  EXPECT_EQ(make({t}, {texts}).status().message(),
            "missing column: field 'id', expected int64 not null");
  EXPECT_EQ(make({id, id}, {ids, ids}).status().message(), "duplicate column: field 'id'");
  EXPECT_EQ(make({id, arrow::field("y", arrow::utf8())}, {ids, texts}).status().message(),
            "unknown column: field 'y', expected one of id, n, t");
}

TEST(ConformBatchTest, DecodesAndWidensScalars) {
  const auto same = [](const FieldSchema& field, const ArrayPtr& from, const ArrayPtr& to) {
    const auto array = Conform(field, from).ValueOrDie();
    EXPECT_TRUE(array->Equals(*to)) << array->ToString();
  };
  const auto texts = Json(arrow::utf8(), R"(["aa", null, "a text that no view holds inline"])");
  for (const auto& type : {arrow::large_utf8(), arrow::utf8_view()}) {
    const auto other = Json(type, R"(["aa", null, "a text that no view holds inline"])");
    same(Plain(DataType::kVarChar), other, texts);
    same(Plain(DataType::kVarChar), other->Slice(1), texts->Slice(1));
    const auto encoded =
        arrow::DictionaryArray::FromArrays(Json(arrow::uint8(), "[2, 1, 0, null]"), other)
            .ValueOrDie();
    same(Plain(DataType::kVarChar), encoded,
         Json(arrow::utf8(), R"(["a text that no view holds inline", null, "aa", null])"));
  }
  same(Plain(DataType::kJson), Json(arrow::utf8(), R"(["{}"])"),
       Json(arrow::binary(), R"(["{}"])"));
  same(Plain(DataType::kInt64), Json(arrow::uint32(), "[4294967295, null]"),
       Json(arrow::int64(), "[4294967295, null]"));
  same(Plain(DataType::kInt8), Json(arrow::int64(), "[-128, 127]"),
       Json(arrow::int8(), "[-128, 127]"));
  same(Plain(DataType::kDouble), Json(arrow::float32(), "[0.5]"), Json(arrow::float64(), "[0.5]"));
  same(Plain(DataType::kFloat), Json(arrow::float16(), "[0.5]"), Json(arrow::float32(), "[0.5]"));
  same(Plain(DataType::kTimestamptz), Json(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[5]"),
       Json(arrow::int64(), "[5]"));
  same(Plain(DataType::kVarChar), Json(arrow::null(), "[null]"), Json(arrow::utf8(), "[null]"));
}

TEST(ConformBatchTest, ConvertsNestedColumnsOfSlices) {
  FieldSchema tags{
      .data_type = DataType::kArray, .nullable = true, .element_type = DataType::kVarChar};
  const auto expected = Json(arrow::list(arrow::utf8()), R"([["b", null], null, [], ["c"]])");
  const auto from = Json(arrow::large_list(arrow::field("element", arrow::utf8_view())),
                         R"([["a"], ["b", null], null, [], ["c"], ["d"]])");
  EXPECT_TRUE(Conform(tags, from->Slice(1, 4)).ValueOrDie()->Equals(*expected));
  const auto views =
      Json(arrow::list_view(arrow::utf8()), R"([["a"], ["b", null], null, [], ["c"], ["d"]])");
  EXPECT_TRUE(Conform(tags, views->Slice(1, 4)).ValueOrDie()->Equals(*expected));
  EXPECT_EQ(Conform(tags, from->Slice(0, 0)).ValueOrDie()->length(), 0);

  FieldSchema sparse{
      .nullable = true,
      .arrow_type = arrow::list(arrow::struct_({arrow::field("index", arrow::uint32(), false),
                                                arrow::field("value", arrow::float32())}))};
  const auto loose = arrow::list(arrow::struct_(
      {arrow::field("index", arrow::int64()), arrow::field("value", arrow::float32())}));
  const auto pairs =
      Conform(sparse, Json(loose, "[[[1, 0.5]], null, [[2, null], [3, 1]]]")->Slice(1));
  EXPECT_TRUE(pairs.ValueOrDie()->Equals(*Json(sparse.arrow_type, "[null, [[2, null], [3, 1]]]")));
  EXPECT_EQ(Message(sparse, Json(loose, "[[[1, 0.5]], [[null, 1]]]")),
            "row 1: null inside a value: field 'x', expected list<item: struct<index: uint32 not "
            "null, value: float>>");
  EXPECT_EQ(Message(sparse, Json(loose, "[[[-1, 0.5]]]")),
            "value does not fit: field 'x', expected uint32, found -1");

  FieldSchema map{.nullable = true, .arrow_type = arrow::map(arrow::utf8(), arrow::int32())};
  EXPECT_TRUE(Conform(map, Json(arrow::map(arrow::large_utf8(), arrow::int8()),
                                R"([[["a", 1]], null, [["b", null], ["c", 2]]])")
                               ->Slice(1))
                  .ValueOrDie()
                  ->Equals(*Json(map.arrow_type, R"([null, [["b", null], ["c", 2]]])")));
}

TEST(ConformBatchTest, RefusesScalarMistakesWithTheRow) {
  EXPECT_EQ(Message(Plain(DataType::kInt64), Json(arrow::utf8(), R"(["1"])")),
            "wrong type: field 'x', expected int64, found string");
  EXPECT_EQ(Message(Plain(DataType::kFloat), Json(arrow::float64(), "[0.5]")),
            "wrong type: field 'x', expected float, found double");
  EXPECT_EQ(Message(Plain(DataType::kInt8), Json(arrow::int64(), "[1, null, 3, 300, 5, 400]")),
            "row 3: value does not fit: field 'x', expected int8, found 300");
  EXPECT_EQ(Message({.data_type = DataType::kInt64}, Json(arrow::int64(), "[1, null]")),
            "row 1: null in a required field: field 'x'");
  EXPECT_EQ(Message({.data_type = DataType::kVarChar, .max_length = 2},
                    Json(arrow::utf8(), R"(["ab", "", "abc"])")),
            "row 2: text too long: field 'x', expected at most 2 bytes, found 3");
  EXPECT_EQ(
      Message({.data_type = DataType::kArray, .max_capacity = 1, .element_type = DataType::kInt8},
              Json(arrow::list(arrow::int8()), "[[1], [1, 2]]")),
      "row 1: array too long: field 'x', expected at most 1 elements, found 2");
  EXPECT_EQ(
      Message({.data_type = DataType::kArray, .max_length = 1, .element_type = DataType::kVarChar},
              Json(arrow::list(arrow::utf8()), R"([["a"], ["b", "cc"]])")),
      "row 1: text too long: field 'x', expected at most 1 bytes, found 2");
}

TEST(ConformBatchTest, RecognisesEveryFormOfAVectorColumn) {
  const std::string json = "[[9, 9], [1, 2], null, [3, 4]]";
  const auto expected = Json(arrow::fixed_size_list(arrow::float32(), 2), json)->Slice(1);
  const std::vector<TypePtr> types = {
      arrow::list(arrow::float32()), arrow::large_list(arrow::float32()),
      arrow::list_view(arrow::float32()),
      arrow::fixed_size_list(arrow::field("element", arrow::float32(), false), 2)};
  for (const auto& type : types) {
    SCOPED_TRACE(type->ToString());
    const auto array = Json(type, json);
    EXPECT_TRUE(Conform(Vector(DataType::kFloatVector, 2), array->Slice(1))
                    .ValueOrDie()
                    ->Equals(*expected));
    EXPECT_EQ(Conform(Vector(DataType::kFloatVector, 2), array->Slice(4)).ValueOrDie()->length(),
              0);
    // As fixed_size_binary, and from there back.
    FieldSchema bytes = Vector(DataType::kFloatVector, 2);
    bytes.arrow_type = arrow::fixed_size_binary(8);
    const auto binary = Conform(bytes, array->Slice(1)).ValueOrDie();
    const float second[] = {3, 4};
    EXPECT_EQ(
        std::memcmp(std::static_pointer_cast<arrow::FixedSizeBinaryArray>(binary)->GetValue(2),
                    second, sizeof(second)),
        0);
    EXPECT_TRUE(binary->IsNull(1));
    EXPECT_TRUE(Conform(Vector(DataType::kFloatVector, 2), binary->Slice(1))
                    .ValueOrDie()
                    ->Equals(*expected->Slice(1)));
    const auto variable = arrow::compute::Cast(*binary, arrow::binary()).ValueOrDie();
    EXPECT_TRUE(Conform(Vector(DataType::kFloatVector, 2), variable->Slice(1))
                    .ValueOrDie()
                    ->Equals(*expected->Slice(1)));
  }
}

TEST(ConformBatchTest, RoundsDoublesOfVectorsToFloats) {
  const std::string json = "[[9, 9], [0.1, -2.5e-40], null, [3.4028235677973366e38, 4]]";
  const float expected[] = {0.1f, -2.5e-40f, 0, 0, std::numeric_limits<float>::max(), 4};
  for (const auto& type :
       {arrow::list(arrow::float64()), arrow::large_list(arrow::float64()),
        arrow::fixed_size_list(arrow::float64(), 2), arrow::list_view(arrow::float64())}) {
    SCOPED_TRACE(type->ToString());
    const auto conformed = Conform(Vector(DataType::kFloatVector, 2), Json(type, json)->Slice(1));
    // 3.4028235677973366e38 lies above every float.
    EXPECT_EQ(conformed.status().message(),
              "row 2: value does not fit: field 'x', expected numbers that fit a float, found "
              "dimension 0");
    const auto fits =
        Conform(Vector(DataType::kFloatVector, 2), Json(type,
                                                        "[[9, 9], [0.1, -2.5e-40], null, "
                                                        "[3.4028234663852886e38, 4]]")
                                                       ->Slice(1))
            .ValueOrDie();
    const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*fits);
    const auto& floats = static_cast<const arrow::FloatArray&>(*lists.values());
    EXPECT_TRUE(lists.IsNull(1));
    for (const int64_t i : {0, 1, 4, 5}) EXPECT_EQ(floats.Value(i), expected[i]) << i;
  }
}

TEST(ConformBatchTest, RefusesTextsThatAreNotUtf8) {
  const auto texts = [](const std::vector<std::string>& values, std::vector<bool> valid = {}) {
    arrow::StringBuilder builder;
    for (size_t i = 0; i < values.size(); ++i) EXPECT_TRUE(builder.Append(values[i]).ok());
    auto array = builder.Finish().ValueOrDie();
    if (valid.empty()) return array;
    // Nulls that keep their bytes.
    arrow::TypedBufferBuilder<bool> bits;
    for (const bool bit : valid) EXPECT_TRUE(bits.Append(bit).ok());
    auto data = array->data()->Copy();
    data->buffers[0] = bits.Finish().ValueOrDie();
    data->SetNullCount(arrow::kUnknownNullCount);
    return arrow::MakeArray(data);
  };
  // Arrow's own validation looks at what no row holds, too.
  const auto accepted = [](FieldSchema field, const ArrayPtr& column) {
    field.name = "x";
    const auto schema = CollectionSchema::Make({field}).ValueOrDie();
    const auto batch = ConformBatch(*schema, Batch("x", column));
    return batch.ok() ? "OK" : batch.status().message();
  };
  const auto text = Plain(DataType::kVarChar);
  EXPECT_EQ(Message(text, texts({"ä", "日本語", "\xF0\x9F\x8C\x8B", ""})), "OK");
  EXPECT_EQ(Message(text, texts({"fine", "a\xFF"})),
            "row 1: text that is not UTF-8: field 'x', found byte 0xff at offset 1");
  EXPECT_EQ(Message(text, texts({"fine", "a\xFF", "b"})->Slice(2)), "OK");
  // A character that is cut in two is whole in the buffer, and in neither text.
  EXPECT_EQ(Message(text, texts({"a\xC3", "\xA4"})),
            "row 0: text that is not UTF-8: field 'x', found byte 0xc3 at offset 1");
  EXPECT_EQ(Message(text, texts({"ok", "日\xED\xA0\x80", "日"})),  // a surrogate
            "row 1: text that is not UTF-8: field 'x', found byte 0xed at offset 3");
  EXPECT_EQ(Message(text, texts({"\xFF", "a", "\xC0\x80"}, {false, true, false})), "OK");
  EXPECT_EQ(Message(text, texts({"\xFF", "a", "\xC0\x80"}, {false, true, true})),
            "row 2: text that is not UTF-8: field 'x', found byte 0xc0 at offset 0");
  // Where a dictionary is used.
  const auto coded = std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int8(), arrow::utf8()), Json(arrow::int8(), "[0, 1, 0]"),
      texts({"a", "\xFE"}));
  EXPECT_EQ(Message(text, coded),
            "row 1: text that is not UTF-8: field 'x', found byte 0xfe at offset 0");
  // Inside lists, structs and maps, and under their nulls.
  const auto items = texts({"a", "b", "c", "\xFF"});
  const auto offsets = Json(arrow::int32(), "[0, 1, 1, 3, 4]");
  const auto lists = arrow::ListArray::FromArrays(*offsets, *items).ValueOrDie();
  FieldSchema field = Plain(DataType::kNone);
  field.arrow_type = lists->type();
  EXPECT_EQ(accepted(field, lists->Slice(0, 3)), "OK");
  EXPECT_EQ(Message(field, lists->Slice(1)),
            "row 2: text that is not UTF-8: field 'x', found byte 0xff at offset 0");
  const auto record =
      arrow::StructArray::Make({items, items}, std::vector<std::string>{"p", "q"}).ValueOrDie();
  field.arrow_type = record->type();
  EXPECT_EQ(Message(field, record->Slice(2)),
            "row 1: text that is not UTF-8: field 'x', found byte 0xff at offset 0");
  auto hidden = record->data()->Copy();
  const uint8_t bits = 0b0111;
  hidden->buffers[0] = arrow::Buffer::FromString(std::string(1, static_cast<char>(bits)));
  hidden->SetNullCount(1);
  EXPECT_EQ(accepted(field, arrow::MakeArray(hidden)), "OK");
  const auto keys = texts({"k", "l", "m", "n"});
  const auto map = arrow::MapArray::FromArrays(offsets, keys, items).ValueOrDie();
  field.arrow_type = map->type();
  EXPECT_EQ(Message(field, map),
            "row 3: text that is not UTF-8: field 'x', found byte 0xff at offset 0");
}

TEST(ConformBatchTest, SharesTheBytesOfVectorsWithoutNulls) {
  const auto lists = Json(arrow::list(arrow::float32()), "[[1, 2], [3, 4], [5, 6]]");
  const auto& from = static_cast<const arrow::ListArray&>(*lists);
  const auto conformed = Conform(Vector(DataType::kFloatVector, 2), lists->Slice(1)).ValueOrDie();
  const auto& to = static_cast<const arrow::FixedSizeListArray&>(*conformed);
  EXPECT_EQ(to.values()->data()->buffers[1]->data(),
            from.values()->data()->buffers[1]->data() + 2 * sizeof(float));
}

TEST(ConformBatchTest, RefusesVectorMistakesWithTheRow) {
  const auto vector = Vector(DataType::kFloatVector, 2);
  EXPECT_EQ(Message(vector, Json(arrow::list(arrow::float32()), "[[1, 2], [1], [1, 2]]")),
            "row 1: vector of another length: field 'x', expected 2 dimensions, found 1");
  EXPECT_EQ(Message(vector, Json(arrow::fixed_size_list(arrow::float32(), 3), "[[1, 2, 3]]")),
            "wrong vector width: field 'x', expected 2 dimensions, found 3");
  EXPECT_EQ(Message(vector, Json(arrow::fixed_size_binary(4), R"(["abcd"])")),
            "wrong vector width: field 'x', expected 2 dimensions, found 1");
  EXPECT_EQ(Message(vector, Json(arrow::fixed_size_list(arrow::int64(), 2), "[[1, 2]]")),
            "wrong type: field 'x', expected fixed_size_list<item: float>[2], found "
            "fixed_size_list<item: int64>[2]");
  EXPECT_EQ(Message(vector, Json(arrow::list(arrow::float64()), "[[1, 2], [1]]")),
            "row 1: vector of another length: field 'x', expected 2 dimensions, found 1");
  EXPECT_EQ(Message(vector, Json(arrow::list(arrow::float64()), "[[1, 2], [1, -4e38]]")),
            "row 1: value does not fit: field 'x', expected numbers that fit a float, found "
            "dimension 1");
  for (const auto& type :
       {arrow::fixed_size_list(arrow::float32(), 2), arrow::list(arrow::float32()),
        arrow::fixed_size_list(arrow::field("e", arrow::float32()), 2)}) {
    EXPECT_EQ(Message(vector, Json(type, "[null, [1, 2], [1, null]]")),
              "row 2: null inside a vector: field 'x', found null at dimension 1")
        << type->ToString();
    EXPECT_EQ(Message(vector, Json(type, "[[null, 1], null, [1, 2]]")->Slice(1)), "OK");
  }
  FieldSchema required = vector;
  required.nullable = false;
  EXPECT_EQ(Message(required, Json(arrow::list(arrow::float32()), "[[1, 2], null]")),
            "row 1: null in a required field: field 'x'");
}

TEST(ConformBatchTest, FindsNonFiniteValuesOfEveryWidth) {
  const auto check = [](FieldSchema field, const ArrayPtr& good, const ArrayPtr& bad) {
    EXPECT_EQ(Message(field, bad), "OK");
    field.allow_non_finite = false;
    EXPECT_EQ(Message(field, good), "OK");
    EXPECT_EQ(Message(field, bad),
              "row 1: NaN or infinity in a vector: field 'x', expected finite values, found other "
              "at dimension 1");
  };
  const auto f32 = arrow::fixed_size_list(arrow::float32(), 2);
  check(Vector(DataType::kFloatVector, 2), Json(f32, "[[1, 3.4e38], null, [0, -3.4e38]]"),
        Json(f32, "[[1, 2], [1, NaN]]"));
  check(Vector(DataType::kFloatVector, 2), Json(f32, "[[NaN, 1], null, [3, 4]]")->Slice(1),
        Json(f32, "[[NaN, 1], [1, 2], [1, -Inf]]")->Slice(1));
  check(Vector(DataType::kFloatVector, 2), Json(f32, "[null, [1, 2]]"),
        Json(f32, "[null, [1, Inf]]"));
  const auto pair = [](uint16_t a, uint16_t b) {
    const uint16_t rows[] = {0, 0, a, b};
    auto buffer =
        arrow::Buffer::FromString(std::string(reinterpret_cast<const char*>(rows), sizeof(rows)));
    return arrow::MakeArray(
        arrow::ArrayData::Make(arrow::fixed_size_binary(4), 2, {nullptr, std::move(buffer)}));
  };
  check(Vector(DataType::kFloat16Vector, 2), pair(0x7BFF, 0xFBFF), pair(0, 0x7C01));
  check(Vector(DataType::kBFloat16Vector, 2), pair(0x7C00, 0xFF7F), pair(0, 0xFF80));
}

TEST(ConformBatchTest, ChecksVectorsInsideArrays) {
  FieldSchema field{.data_type = DataType::kArrayOfVector,
                    .dim = 2,
                    .element_type = DataType::kFloatVector,
                    .allow_non_finite = false,
                    .arrow_type = arrow::list(arrow::fixed_size_list(arrow::float32(), 2))};
  EXPECT_EQ(Message(field, Json(field.arrow_type, "[[], [[1, 2], [3, 4]]]")), "OK");
  EXPECT_EQ(Message(field, Json(field.arrow_type, "[[], [[1, 2], [NaN, 4]]]")),
            "row 1: NaN or infinity in a vector: field 'x', expected finite values, found other at "
            "dimension 0");
  EXPECT_EQ(Message(field, Json(field.arrow_type, "[[], [[1, 2], null]]")),
            "row 1: null vector in an array of vectors: field 'x'");
}

TEST(ConformBatchTest, ChecksSparseRows) {
  const auto row = [](std::vector<std::pair<uint32_t, float>> pairs, size_t extra = 0) {
    std::string bytes;
    for (const auto& [index, value] : pairs) {
      bytes.append(reinterpret_cast<const char*>(&index), 4);
      bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    bytes.append(extra, 'x');
    return arrow::MakeArrayFromScalar(arrow::BinaryScalar(bytes), 1).ValueOrDie();
  };
  FieldSchema field = Plain(DataType::kSparseFloatVector);
  field.allow_non_finite = false;
  EXPECT_EQ(Message(field, row({})), "OK");
  EXPECT_EQ(Message(field, row({{0, 1}, {7, -2}})), "OK");
  EXPECT_EQ(Message(field, row({{7, 1}}, 3)),
            "row 0: sparse vector of a wrong length: field 'x', expected a multiple of 8 bytes, "
            "found 11");
  EXPECT_EQ(Message(field, row({{7, 1}, {7, 2}})),
            "row 0: sparse vector with indices out of order: field 'x', expected ascending indices "
            "below 4294967295, found 7");
  EXPECT_EQ(Message(field, row({{1, 1}, {2, std::numeric_limits<float>::infinity()}})),
            "row 0: NaN or infinity in a vector: field 'x', expected finite values, found other at "
            "dimension 1");
}

// Any slice of any list column conforms to the same values as reading it row by row.
TEST(ConformBatchTest, AgreesWithRowByRowReadingOnRandomSlices) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = internal::Random::Seeded(seed);
    const auto dim = static_cast<int32_t>(1 + random->Uniform(5));
    std::string json = "[";
    const uint64_t num_rows = random->Uniform(40);
    for (uint64_t i = 0; i < num_rows; ++i) {
      json += i == 0 ? "" : ",";
      if (random->Uniform(4) == 0) {
        json += "null";
        continue;
      }
      for (int32_t j = 0; j < dim; ++j) {
        json += (j == 0 ? "[" : ",") + std::to_string(random->Uniform(1000));
      }
      json += "]";
    }
    json += "]";
    const auto lists = Json(arrow::list(arrow::float32()), json);
    const auto begin = static_cast<int64_t>(random->Uniform(num_rows + 1));
    const auto length = static_cast<int64_t>(random->Uniform(num_rows - begin + 1));
    const auto array = Conform(Vector(DataType::kFloatVector, dim), lists->Slice(begin, length));
    ASSERT_TRUE(array.ok()) << array.status().message();
    const auto expected = Json(arrow::fixed_size_list(arrow::float32(), dim), json);
    EXPECT_TRUE((*array)->Equals(*expected->Slice(begin, length)));
  }
}

}  // namespace
}  // namespace varve
