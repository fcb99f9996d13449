// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <memory>

#include "arrow/array/array_base.h"
#include "arrow/array/array_dict.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_run_end.h"
#include "arrow/array/builder_primitive.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"
#include "cli/output/amounts.h"
#include "cli/output/display_text.h"
#include "cli/output/value_text.h"

namespace varve::cli {
namespace {

std::string Json(const arrow::Array& array, int64_t row = 0) {
  std::string text;
  AppendJson(array, row, &text);
  return text;
}

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

TEST(AmountsTest, FormatsForPeople) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1048575), "1.0 MiB");
  EXPECT_EQ(FormatBytes(113187306), "107.9 MiB");
  EXPECT_EQ(FormatBytes(INT64_MAX), "8.0 EiB");
  EXPECT_EQ(FormatCount(63436), "63,436");
  EXPECT_EQ(FormatCount(-1000), "-1,000");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatRate(812000000, 1), "812 MB/s");
  EXPECT_EQ(FormatRate(1240000000, 1), "1.24 GB/s");
  EXPECT_EQ(FormatRate(1, 0), "-");
  EXPECT_EQ(FormatSeconds(1.236), "1.24 s");
  EXPECT_EQ(FormatSeconds(0.00312), "3.12 ms");
  EXPECT_EQ(FormatSeconds(0.0000125), "12.5 us");
  EXPECT_EQ(FormatTime(1'000'000), "1970-01-01 00:00:01 UTC");
  EXPECT_EQ(FormatTimeIso(1'000'345), "1970-01-01T00:00:01.000345Z");
  EXPECT_EQ(FormatTimeIso(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Plural(1, "row"), "1 row");
  EXPECT_EQ(Plural(1200, "row"), "1,200 rows");
}

TEST(DisplayTextTest, LeavesNothingATerminalActsOn) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("caf\xc3\xa9 \xe2\x80\xae x"), "caf\xc3\xa9  x");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "A"),
            "A");
}

TEST(DisplayTextTest, CutsAndPadsByColumns) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  EXPECT_EQ(DisplayWidth("caf\xc3\xa9"), 4);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(CutToWidth("abc", 0), "");
  EXPECT_EQ(PadToWidth("é", 3, false), "é  ");
  EXPECT_EQ(PadToWidth("é", 3, true), "  é");
}

TEST(ValueTextTest, WritesNumbersThatReadBack) {
  EXPECT_EQ(Json(*FromJson(arrow::float32(), "[0.1]")), "0.1");
  EXPECT_EQ(Json(*FromJson(arrow::float64(), "[0.1]")), "0.1");
  EXPECT_EQ(Json(*FromJson(arrow::int64(), "[-9223372036854775808]")), "-9223372036854775808");
  EXPECT_EQ(Json(*FromJson(arrow::uint64(), "[18446744073709551615]")), "18446744073709551615");
  EXPECT_EQ(Json(*FromJson(arrow::boolean(), "[true]")), "true");
  EXPECT_EQ(Json(*FromJson(arrow::float16(), "[0.5]")), "0.5");
  arrow::DoubleBuilder builder;
  ASSERT_TRUE(builder.AppendValues({NAN, INFINITY, -INFINITY}).ok());
  const auto special = builder.Finish().ValueOrDie();
  EXPECT_EQ(Json(*special, 0), "\"NaN\"");
  EXPECT_EQ(Json(*special, 1), "\"Infinity\"");
  EXPECT_EQ(Json(*special, 2), "\"-Infinity\"");
}

TEST(ValueTextTest, WritesTextsAndBytes) {
  EXPECT_EQ(Json(*FromJson(arrow::utf8(), R"(["a\"b\\\n"])")), R"("a\"b\\\n")");
  EXPECT_EQ(Json(*FromJson(arrow::utf8(), R"(["é"])")), "\"é\"");
  EXPECT_EQ(Json(*FromJson(arrow::binary(), R"(["abc"])")), "\"YWJj\"");
  EXPECT_EQ(Json(*FromJson(arrow::fixed_size_binary(3), R"(["abc"])")), "\"YWJj\"");
  EXPECT_EQ(Json(*FromJson(arrow::utf8_view(), R"(["long enough to be out of line"])")),
            "\"long enough to be out of line\"");
  EXPECT_EQ(Json(*FromJson(arrow::utf8(), "[null]")), "null");
  EXPECT_EQ(Json(*FromJson(arrow::null(), "[null]")), "null");
}

TEST(ValueTextTest, WritesNestedValues) {
  EXPECT_EQ(Json(*FromJson(arrow::list(arrow::int32()), "[[1],[2,null,3]]"), 1), "[2,null,3]");
  EXPECT_EQ(Json(*FromJson(arrow::fixed_size_list(arrow::float32(), 2), "[[1,2],[3,4.5]]"), 1),
            "[3,4.5]");
  EXPECT_EQ(
      Json(*FromJson(arrow::fixed_size_list(arrow::float32(), 2), "[[1,2],[3,4.5]]")->Slice(1)),
      "[3,4.5]");
  EXPECT_EQ(Json(*FromJson(arrow::struct_({arrow::field("a", arrow::int8()),
                                           arrow::field("b", arrow::utf8())}),
                           R"([{"a":1,"b":"x"},{"a":null,"b":"y"}])"),
                 1),
            R"({"a":null,"b":"y"})");
  EXPECT_EQ(Json(*FromJson(arrow::map(arrow::utf8(), arrow::int32()), R"([[["k",1],["l",2]]])")),
            R"([["k",1],["l",2]])");
}

TEST(ValueTextTest, WritesDatesTimesAndDecimals) {
  EXPECT_EQ(Json(*FromJson(arrow::date32(), "[1]")), "\"1970-01-02\"");
  EXPECT_EQ(Json(*FromJson(arrow::timestamp(arrow::TimeUnit::SECOND), "[1]")),
            "\"1970-01-01T00:00:01\"");
  EXPECT_EQ(Json(*FromJson(arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"), "[1]")),
            "\"1970-01-01T00:00:01Z\"");
  EXPECT_EQ(Json(*FromJson(arrow::decimal128(5, 2), R"(["123.45"])")), "\"123.45\"");
  EXPECT_EQ(Json(*FromJson(arrow::duration(arrow::TimeUnit::SECOND), "[90]")), "90");
}

TEST(ValueTextTest, LooksThroughDictionariesRunsAndUnions) {
  const auto dictionary =
      arrow::DictionaryArray::FromArrays(FromJson(arrow::int8(), "[1,0]"),
                                         FromJson(arrow::utf8(), R"(["a","b"])"))
          .ValueOrDie();
  EXPECT_EQ(Json(*dictionary, 0), "\"b\"");
  const auto runs = arrow::RunEndEncodedArray::Make(3, FromJson(arrow::int32(), "[2,3]"),
                                                    FromJson(arrow::int64(), "[7,8]"))
                        .ValueOrDie();
  EXPECT_EQ(Json(*runs, 1), "7");
  EXPECT_EQ(Json(*runs, 2), "8");
  const auto sparse = arrow::SparseUnionArray::Make(*FromJson(arrow::int8(), "[0,1]"),
                                                    {FromJson(arrow::int32(), "[5,6]"),
                                                     FromJson(arrow::utf8(), R"(["x","y"])")})
                          .ValueOrDie();
  EXPECT_EQ(Json(*sparse, 0), "5");
  EXPECT_EQ(Json(*sparse, 1), "\"y\"");
}

TEST(ValueTextTest, AbbreviatesCells) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  EXPECT_EQ(
      CellText(*FromJson(arrow::fixed_size_list(arrow::float32(), 6), "[[0.1234567,-0.3,1,2,3,4]]"),
               0),
      "[0.123, -0.3, … 6]");
  EXPECT_EQ(CellText(*FromJson(arrow::list(arrow::utf8()), R"([["a","b"]])"), 0), "[a, b]");
  EXPECT_EQ(CellText(*FromJson(arrow::binary(), R"(["0123456789"])"), 0),
            "0x3031323334353637… (10 bytes)");
  EXPECT_EQ(CellText(*FromJson(arrow::utf8(), R"(["a long text"])"), 0, 6), "a lon…");
  EXPECT_EQ(CellText(*FromJson(arrow::utf8(), "[null]"), 0), "null");
  EXPECT_TRUE(IsRightAligned(*arrow::int32()));
  EXPECT_FALSE(IsRightAligned(*arrow::utf8()));
}

}  // namespace
}  // namespace varve::cli
