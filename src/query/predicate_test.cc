// SPDX-License-Identifier: Apache-2.0
#include "query/predicate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/type.h"
#include "arrow/util/float16.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const CollectionSchema> MakeSchema() {
  const auto field = [](int64_t id, std::string name, std::shared_ptr<arrow::DataType> type) {
    FieldSchema result;
    result.field_id = id;
    result.name = std::move(name);
    result.nullable = true;
    result.arrow_type = std::move(type);
    return result;
  };
  return std::make_shared<CollectionSchema>(
      std::vector<FieldSchema>{
          field(100, "id", arrow::int64()), field(101, "label", arrow::int32()),
          field(102, "title", arrow::utf8()), field(103, "score", arrow::float32()),
          field(104, "ts", arrow::timestamp(arrow::TimeUnit::MILLI)),
          field(105, "active", arrow::boolean()), field(106, "day", arrow::date32()),
          field(107, "emb", arrow::fixed_size_list(arrow::float32(), 4)),
          field(108, "select me", arrow::uint8()), field(109, "raw", arrow::binary()),
          field(110, "clock", arrow::time32(arrow::TimeUnit::SECOND)),
          field(111, "nothing", arrow::null()), field(112, "wide", arrow::decimal256(60, 2)),
          field(113, "real", arrow::float64()), field(114, "half", arrow::float16())},
      200);
}

std::shared_ptr<const Predicate> Parsed(std::string_view text) {
  return Predicate::Parse(text, MakeSchema()).ValueOrDie();
}

std::string ErrorOf(std::string_view text) {
  const auto predicate = Predicate::Parse(text, MakeSchema());
  EXPECT_FALSE(predicate.ok()) << text;
  if (predicate.ok()) return "";
  EXPECT_EQ(KindOf(predicate.status()), ErrorKind::kInvalid);
  return predicate.status().message();
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<Value>& values) {
  Builder builder;
  for (const Value& value : values) EXPECT_TRUE(builder.Append(value).ok());
  return builder.Finish().ValueOrDie();
}

std::vector<int64_t> RowsOf(std::string_view text, const std::shared_ptr<arrow::Array>& column) {
  return Parsed(text)->Evaluate({column}, column->length()).ValueOrDie();
}

TEST(PredicateTest, ComparesIntegersWithLiteralsOfAnySizeExactly) {
  const auto tiny = ArrayOf<arrow::UInt8Builder, uint8_t>({0, 7, 255});
  EXPECT_THAT(RowsOf("\"select me\" < 1000", tiny), ElementsAre(0, 1, 2));
  EXPECT_THAT(RowsOf("\"select me\" = 263", tiny), IsEmpty());
  EXPECT_THAT(RowsOf("\"select me\" > -1", tiny), ElementsAre(0, 1, 2));
  EXPECT_THAT(RowsOf("\"select me\" < 7.5", tiny), ElementsAre(0, 1));
  EXPECT_THAT(RowsOf("\"select me\" = 7.5", tiny), IsEmpty());
  EXPECT_THAT(RowsOf("\"select me\" != 7.5", tiny), ElementsAre(0, 1, 2));
  EXPECT_THAT(RowsOf("\"select me\" = 0.7e1", tiny), ElementsAre(1));
  EXPECT_THAT(RowsOf("\"select me\" <= 1e1000000000000", tiny), ElementsAre(0, 1, 2));
  const auto ids = ArrayOf<arrow::Int64Builder, int64_t>({INT64_MIN, 9007199254740993, INT64_MAX});
  EXPECT_THAT(RowsOf("id = 9007199254740993", ids), ElementsAre(1));
  EXPECT_THAT(RowsOf("id = 9007199254740992", ids), IsEmpty());
  EXPECT_THAT(RowsOf("id >= 9223372036854775807", ids), ElementsAre(2));
  EXPECT_THAT(RowsOf("id >= 9223372036854775808", ids), IsEmpty());
  EXPECT_THAT(RowsOf("7 < id", ids), ElementsAre(1, 2));
}

TEST(PredicateTest, ComparesFloatsWithTheNearestFloat) {
  const auto scores = ArrayOf<arrow::FloatBuilder, float>({0.1f, NAN, INFINITY, -0.0f});
  EXPECT_THAT(RowsOf("score = 0.1", scores), ElementsAre(0));
  EXPECT_THAT(RowsOf("score = 0", scores), ElementsAre(3));
  EXPECT_THAT(RowsOf("score > 1e39", scores), ElementsAre(2));
  EXPECT_THAT(RowsOf("score < 1e39", scores), ElementsAre(0, 3));
  EXPECT_THAT(RowsOf("score != 0.1", scores), ElementsAre(1, 2, 3));
  EXPECT_THAT(RowsOf("NOT score < 1", scores), ElementsAre(1, 2));
}

TEST(PredicateTest, ComparesHalfFloatsWithTheNearestHalfFloat) {
  using arrow::util::Float16;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<uint16_t> bits;
  for (const double value : {0.1, -0.0, 65504.0, kInfinity, std::nan(""), -2.5}) {
    bits.push_back(Float16::FromDouble(value).bits());
  }
  const auto half = ArrayOf<arrow::HalfFloatBuilder, uint16_t>(bits);
  EXPECT_THAT(RowsOf("half = 0.1", half), ElementsAre(0));
  EXPECT_THAT(RowsOf("half = 0", half), ElementsAre(1));
  EXPECT_THAT(RowsOf("half < 0.1", half), ElementsAre(1, 5));
  EXPECT_THAT(RowsOf("half > 65504", half), ElementsAre(3));
  EXPECT_THAT(RowsOf("half < 1e30", half), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(RowsOf("half IN (-2.5, 65504, 1e30)", half), ElementsAre(2, 5));
  EXPECT_THAT(RowsOf("half BETWEEN -3 AND 1", half), ElementsAre(0, 1, 5));
  EXPECT_THAT(RowsOf("NOT half >= 0", half), ElementsAre(4, 5));
}

TEST(PredicateTest, ReadsDatesAndTimes) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MILLI),
                                  arrow::default_memory_pool());
  for (const int64_t value : std::vector<int64_t>{0, 1, 1709294400000, 1709294400001}) {
    ASSERT_TRUE(builder.Append(value).ok());
  }
  const auto ts = builder.Finish().ValueOrDie();
  EXPECT_THAT(RowsOf("ts >= '2024-03-01T12:00:00Z'", ts), ElementsAre(2, 3));
  EXPECT_THAT(RowsOf("ts = '2024-03-01 14:00+02:00'", ts), ElementsAre(2));
  EXPECT_THAT(RowsOf("ts = '2024-03-01T12:00:00.001'", ts), ElementsAre(3));
  EXPECT_THAT(RowsOf("ts > '2024-03-01T12:00:00.0005'", ts), ElementsAre(3));
  EXPECT_THAT(RowsOf("ts = '2024-03-01T12:00:00.0005'", ts), IsEmpty());
  EXPECT_THAT(RowsOf("ts < '1970-01-02'", ts), ElementsAre(0, 1));
  EXPECT_THAT(RowsOf("ts = 1709294400000", ts), ElementsAre(2));
  const auto days = ArrayOf<arrow::Date32Builder, int32_t>({-1, 0, 19783});
  EXPECT_THAT(RowsOf("day = '2024-03-01'", days), ElementsAre(2));
  EXPECT_THAT(RowsOf("day <= '1969-12-31'", days), ElementsAre(0));
  arrow::Time32Builder clock(arrow::time32(arrow::TimeUnit::SECOND), arrow::default_memory_pool());
  ASSERT_TRUE(clock.AppendValues(std::vector<int32_t>{0, 45000}).ok());
  EXPECT_THAT(RowsOf("clock = '12:30'", clock.Finish().ValueOrDie()), ElementsAre(1));
}

TEST(PredicateTest, NullsAreChosenByIsNullOnly) {
  arrow::Int32Builder builder;
  ASSERT_TRUE(builder.AppendValues({7, 7, 8}, {true, false, true}).ok());
  const auto labels = builder.Finish().ValueOrDie();
  EXPECT_THAT(RowsOf("label = 7", labels), ElementsAre(0));
  EXPECT_THAT(RowsOf("NOT label = 7", labels), ElementsAre(2));
  EXPECT_THAT(RowsOf("label IS NULL", labels), ElementsAre(1));
  EXPECT_THAT(RowsOf("NOT label IS NULL", labels), ElementsAre(0, 2));
  EXPECT_THAT(RowsOf("label IN (7, 9) OR label IS NULL", labels), ElementsAre(0, 1));
  EXPECT_THAT(RowsOf("label NOT IN (7, 9)", labels), ElementsAre(2));
  EXPECT_THAT(RowsOf("label = 7 OR TRUE", labels), ElementsAre(0, 1, 2));
  EXPECT_THAT(RowsOf("nothing IS NULL", std::make_shared<arrow::NullArray>(2)), ElementsAre(0, 1));
}

TEST(PredicateTest, SystemColumnsAndBareTruthValues) {
  const auto predicate = Parsed("RowID = 5 AND Timestamp > 3 AND NOT active");
  EXPECT_THAT(predicate->field_ids(), ElementsAre(0, 1, 105));
  EXPECT_EQ(predicate->ToString(), "RowID = 5 AND Timestamp > 3 AND active != true");
  EXPECT_THAT(RowsOf("RowID >= 1", ArrayOf<arrow::UInt64Builder, uint64_t>({0, 1, UINT64_MAX})),
              ElementsAre(1, 2));
}

TEST(PredicateTest, LongListsAreSearched) {
  std::string text = "label NOT IN (0";
  for (int i = 1; i < 1000; ++i) text += ", " + std::to_string(3 * i);
  std::vector<int32_t> values = {-1, 0, 1, 3, 2997, 2998, 3000};
  EXPECT_THAT(RowsOf(text + ")", ArrayOf<arrow::Int32Builder, int32_t>(values)),
              ElementsAre(0, 2, 5, 6));
}

TEST(PredicateTest, PrintsWhatItReads) {
  for (const std::string_view text :
       {"label = 7", "label != -7.5", "NOT label < 7", "label NOT IN (1, 2)",
        "label BETWEEN 1 AND 2 AND (id = 1 OR id = 2)", "title NOT LIKE 'a''%\\_'", "raw = x'00ff'",
        "\"select me\" IS NOT NULL", "TRUE", "real = 1e-300"}) {
    EXPECT_EQ(Parsed(text)->ToString(), text);
  }
  EXPECT_EQ(Parsed("not (id = 1 aNd 2 < id)  Or ((label <> +01.0))")->ToString(),
            "id != 1 OR NOT id > 2 OR label != 1");
}

TEST(PredicateTest, ErrorsNameThePlaceAndTheMistake) {
  EXPECT_EQ(ErrorOf("labl = 7"),
            "filter, line 1, column 1: there is no column labl; did you mean 'label'?");
  EXPECT_EQ(ErrorOf("id = 1 AND\n    zzz = 2"), "filter, line 2, column 5: there is no column zzz");
  EXPECT_EQ(ErrorOf("label = 'red'"),
            "filter, line 1, column 9: column 'label' of type int32 cannot be compared with the "
            "text 'red': expected a number");
  EXPECT_EQ(ErrorOf("title IN ('a', 7)"),
            "filter, line 1, column 16: column 'title' of type string cannot be compared with the "
            "number 7: expected a text");
  EXPECT_EQ(ErrorOf("label AND"),
            "filter, line 1, column 7: expected a comparison, IN, BETWEEN, LIKE or IS, found AND");
  EXPECT_EQ(ErrorOf("label = 1 label"),
            "filter, line 1, column 11: expected AND, OR or the end of the filter, found label");
  EXPECT_EQ(ErrorOf("title = 'gr\xC3\xBC\xC3\x9F' AND x = 1"),
            "filter, line 1, column 20: there is no column x");
  EXPECT_EQ(ErrorOf("(label = 1"),
            "filter, line 1, column 11: expected ')', found the end of the filter");
  EXPECT_THAT(ErrorOf(""), HasSubstr("the filter is empty"));
  EXPECT_THAT(ErrorOf("title = 'abc"), HasSubstr("column 9: the text has no closing quote"));
  EXPECT_THAT(ErrorOf("title = \"abc\""), HasSubstr("texts stand in 'single quotes'"));
  EXPECT_THAT(ErrorOf("label = NULL"), HasSubstr("nulls are found with IS NULL"));
  EXPECT_THAT(ErrorOf("label = id"), HasSubstr("columns are compared with literals only"));
  EXPECT_THAT(ErrorOf("label = 1 && id = 2"), HasSubstr("column 11: expected AND, found &"));
  EXPECT_THAT(ErrorOf("label = 7abc"), HasSubstr("expected a number, found 7abc"));
  EXPECT_THAT(ErrorOf("label LIKE 'a%'"), HasSubstr("cannot be searched with LIKE"));
  EXPECT_THAT(ErrorOf("title LIKE 'a\\'"), HasSubstr("a character after the last \\"));
  EXPECT_THAT(ErrorOf("emb = 1"), HasSubstr("cannot be compared; IS NULL and IS NOT NULL"));
  EXPECT_THAT(ErrorOf("active = 1"), HasSubstr("expected true or false"));
  EXPECT_THAT(ErrorOf("day = '2024-02-30'"), HasSubstr("a date 'YYYY-MM-DD'"));
  EXPECT_THAT(ErrorOf("wide = 1e40"), HasSubstr("at most 38 digits"));
  EXPECT_THAT(ErrorOf("label = 1\x01"), HasSubstr("found byte 1"));
  EXPECT_THAT(ErrorOf("raw = x'0g'"), HasSubstr("pairs of hexadecimal digits"));
}

TEST(PredicateTest, HostileTextsAreRefused) {
  EXPECT_THAT(ErrorOf(std::string(100'000, '(')), HasSubstr("nested too deeply"));
  std::string nots;
  for (int i = 0; i < 100'001; ++i) nots += "NOT ";
  EXPECT_EQ(Parsed(nots + "label = 1")->ToString(), "label != 1");
  const auto too_long = Predicate::Parse(std::string((16 << 20) + 1, ' '), MakeSchema());
  EXPECT_EQ(KindOf(too_long.status()), ErrorKind::kResourceExhausted);
  std::string chain = "label = 1";
  for (int i = 0; i < 50'000; ++i) chain += " OR label = 1 AND id = 2";
  EXPECT_TRUE(Predicate::Parse(chain, MakeSchema()).ok());
}

TEST(PredicateTest, EvaluateRefusesColumnsThatDoNotFit) {
  const auto predicate = Parsed("title = 'a' AND label = 7");
  const auto labels = ArrayOf<arrow::Int32Builder, int32_t>({7});
  const auto titles = ArrayOf<arrow::StringBuilder, std::string>({"a"});
  EXPECT_THAT(predicate->Evaluate({labels, titles}, 1).ValueOrDie(), ElementsAre(0));
  EXPECT_TRUE(predicate->Evaluate({labels}, 1).status().IsInvalid());
  EXPECT_TRUE(predicate->Evaluate({labels, labels}, 1).status().IsInvalid());
  EXPECT_TRUE(predicate->Evaluate({labels, titles}, 2).status().IsInvalid());
  EXPECT_TRUE(predicate->Evaluate({labels, nullptr}, 1).status().IsInvalid());
  EXPECT_THAT(predicate->Evaluate({labels->Slice(1), titles->Slice(1)}, 0).ValueOrDie(), IsEmpty());
}

Match PruneBy(std::string_view text, ColumnStatistics statistics, int64_t num_rows) {
  return Parsed(text)->Prune([&](int64_t) { return &statistics; }, num_rows);
}

TEST(PredicateTest, PrunesByBoundsAndNulls) {
  ColumnStatistics statistics;
  statistics.null_count = 0;
  statistics.min = int64_t{10};
  statistics.max = int64_t{20};
  EXPECT_EQ(PruneBy("label = 9", statistics, 5), Match::kNone);
  EXPECT_EQ(PruneBy("label = 15", statistics, 5), Match::kSome);
  EXPECT_EQ(PruneBy("label BETWEEN 10 AND 20", statistics, 5), Match::kAll);
  EXPECT_EQ(PruneBy("NOT label BETWEEN 10 AND 20", statistics, 5), Match::kNone);
  EXPECT_EQ(PruneBy("label != 9", statistics, 5), Match::kAll);
  EXPECT_EQ(PruneBy("label IN (1, 21)", statistics, 5), Match::kNone);
  EXPECT_EQ(PruneBy("label = 1 OR label >= 10", statistics, 5), Match::kAll);
  EXPECT_EQ(PruneBy("label IS NULL", statistics, 5), Match::kNone);
  statistics.null_count = 5;
  EXPECT_EQ(PruneBy("label IS NULL", statistics, 5), Match::kAll);
  EXPECT_EQ(PruneBy("label != 9", statistics, 5), Match::kNone);
  statistics.null_count = -1;
  EXPECT_EQ(PruneBy("label != 9", statistics, 5), Match::kSome);
  statistics.min = std::monostate();
  EXPECT_EQ(PruneBy("label > 20", statistics, 5), Match::kNone);
  EXPECT_EQ(PruneBy("label < 10", statistics, 5), Match::kSome);
  statistics.min = int64_t{30};  // damaged: above the maximum
  EXPECT_EQ(PruneBy("label = 1", statistics, 5), Match::kSome);
}

TEST(PredicateTest, PrunesTextsByCutBoundsAndFloatsThatMayHoldNaN) {
  ColumnStatistics texts;
  texts.null_count = 0;
  texts.min = std::string("cc");
  texts.max = std::string("ce");
  texts.exact = false;
  EXPECT_EQ(PruneBy("title LIKE 'a%'", texts, 5), Match::kNone);
  EXPECT_EQ(PruneBy("title LIKE 'c%'", texts, 5), Match::kAll);
  EXPECT_EQ(PruneBy("title LIKE 'cz%q'", texts, 5), Match::kNone);
  EXPECT_EQ(PruneBy("title LIKE '%q'", texts, 5), Match::kSome);
  EXPECT_EQ(PruneBy("title = 'ce'", texts, 5), Match::kSome);
  ColumnStatistics floats;
  floats.null_count = 0;
  floats.min = 1.0;
  floats.max = 2.0;
  EXPECT_EQ(PruneBy("score > 0", floats, 5), Match::kSome);
  EXPECT_EQ(PruneBy("score > 3", floats, 5), Match::kNone);
  EXPECT_EQ(PruneBy("NOT score > 3", floats, 5), Match::kAll);
  EXPECT_EQ(PruneBy("NOT score > 0", floats, 5), Match::kSome);
}

TEST(PredicateTest, EqualitiesAreThoseThatEveryMatchSatisfies) {
  const auto equalities =
      Parsed("label IN (7, 8.5, 9) AND title = 'a' AND (id = 1 OR id = 2) AND day != 3")
          ->equalities();
  std::map<int64_t, std::vector<StatisticValue>> by_field;
  for (const auto& equality : equalities) by_field[equality.field_id] = equality.values;
  EXPECT_EQ(by_field, (std::map<int64_t, std::vector<StatisticValue>>{
                          {101, {int64_t{7}, int64_t{9}}}, {102, {std::string("a")}}}));
  EXPECT_THAT(Parsed("label = 7 OR label = 8")->equalities(), IsEmpty());
  EXPECT_THAT(Parsed("wide = 7")->equalities(), IsEmpty());
  EXPECT_EQ(Parsed("\"select me\" = 7")->equalities().at(0).values,
            (std::vector<StatisticValue>{uint64_t{7}}));
  EXPECT_EQ(Parsed("score = 0")->equalities().at(0).values.size(), 2u);  // zeros of both signs
  EXPECT_THAT(Parsed("label = 7.5")->equalities().at(0).values, IsEmpty());
}

}  // namespace
}  // namespace varve::internal
