// SPDX-License-Identifier: Apache-2.0
#include "varve/primary_key_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "binlog/bloom_filter_json.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kObject[] = "files/stats_log/1/2/3/100/4";

PrimaryKeyStatistics OfNumbers(const std::vector<int64_t>& keys,
                               BloomFilterType type = kDefaultBloomFilterType) {
  auto builder = PrimaryKeyStatisticsBuilder::Make(100, DataType::kInt64,
                                                   static_cast<int64_t>(keys.size()), type)
                     .ValueOrDie();
  for (const int64_t key : keys) builder.Add(key);
  return std::move(builder).Finish().ValueOrDie();
}

PrimaryKeyStatistics OfTexts(const std::vector<std::string>& keys) {
  auto builder =
      PrimaryKeyStatisticsBuilder::Make(101, DataType::kVarChar, static_cast<int64_t>(keys.size()))
          .ValueOrDie();
  for (const std::string& key : keys) builder.Add(std::string_view(key));
  return std::move(builder).Finish().ValueOrDie();
}

Result<PrimaryKeyStatistics> Decode(const std::string& text) {
  return DecodePrimaryKeyStatistics(AsBytes(text), kObject);
}

void ExpectSame(const PrimaryKeyStatistics& read, const PrimaryKeyStatistics& written) {
  EXPECT_EQ(read.field_id, written.field_id);
  EXPECT_EQ(read.type, written.type);
  EXPECT_EQ(read.min, written.min);
  EXPECT_EQ(read.max, written.max);
  EXPECT_EQ(read.filter->type(), written.filter->type());
  EXPECT_EQ(BloomFilterToJson(*read.filter), BloomFilterToJson(*written.filter));
  EXPECT_TRUE(read.filter_status.ok()) << read.filter_status;
}

// Filters of the specification's vectors, in the container as Go writes it.
TEST(PrimaryKeyStatisticsTest, TheContainerIsThatOfTheSpecification) {
  EXPECT_EQ(EncodePrimaryKeyStatistics(OfNumbers({1, 2, 3})).ValueOrDie(),
            R"({"fieldID":100,"max":3,"min":1,"bfType":4,"bf":{"k":119,"b":["mpqbipXHhIbwm1DQON6I)"
            R"(i8qKmMpa2xh6SA2NLp3KSIpNmoia2MKwhIFQ6QKU0geHHcTOpnn6KbIosgyLEvLCyg=="]},)"
            R"("pkType":5,"maxPk":3,"minPk":1})");
  EXPECT_EQ(EncodePrimaryKeyStatistics(OfNumbers({1, 2, 3}, BloomFilterType::kBasic)).ValueOrDie(),
            R"({"fieldID":100,"max":3,"min":1,"bfType":3,"bf":{"m":44,"k":11,)"
            R"("b":"AAAAAAAAACwAAAeSV1hVWA=="},"pkType":5,"maxPk":3,"minPk":1})");
  EXPECT_EQ(EncodePrimaryKeyStatistics(OfTexts({"a", "milvus"})).ValueOrDie(),
            R"({"fieldID":101,"max":0,"min":0,"bfType":4,"bf":{"k":178,"b":["78mivOiWoIHqiJpBvaCq)"
            R"(ybwgo8_sqLgqrZKhwLo84a6olvmooY6kWKhjuI6gWf6pqOu8mqDJqoiKHKid64isFA=="]},)"
            R"("pkType":21,"maxPk":"milvus","minPk":"a"})");
}

TEST(PrimaryKeyStatisticsTest, RandomKeysComeBackAndAreFound) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    const size_t count = 1 + random->Uniform(300);
    std::vector<PrimaryKeyStatistics> written;
    std::vector<std::vector<PrimaryKey>> keys(2);
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
    for (size_t i = 0; i < count; ++i) {
      numbers.push_back(static_cast<int64_t>(random->Next()));
      std::string text(random->Uniform(20), ' ');
      for (char& c : text) c = static_cast<char>(random->Uniform(128));  // control characters too
      texts.push_back(text + "é\"\\");
    }
    written.push_back(
        OfNumbers(numbers, seed % 2 ? BloomFilterType::kBasic : BloomFilterType::kBlocked));
    written.push_back(OfTexts(texts));
    keys[0].assign(numbers.begin(), numbers.end());
    keys[1].assign(texts.begin(), texts.end());

    VARVE_ASSERT_OK_AND_ASSIGN(const std::string bytes,
                               EncodeCompoundPrimaryKeyStatistics(written));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto compound,
                               DecodeCompoundPrimaryKeyStatistics(AsBytes(bytes), kObject));
    ASSERT_EQ(compound.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      ExpectSame(compound[i], written[i]);
      VARVE_ASSERT_OK_AND_ASSIGN(const std::string single, EncodePrimaryKeyStatistics(written[i]));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(single));
      ExpectSame(read, written[i]);
      EXPECT_EQ(read.min, *std::min_element(keys[i].begin(), keys[i].end()));
      EXPECT_EQ(read.max, *std::max_element(keys[i].begin(), keys[i].end()));
      for (const PrimaryKey& key : keys[i]) {
        ASSERT_TRUE(read.MayContain(key));
        ASSERT_FALSE(compound[1 - i].MayContain(key)) << "a key of the other type";
      }
    }
  }
}

TEST(PrimaryKeyStatisticsTest, KeysOutsideTheBoundsAreNotThere) {
  PrimaryKeyStatistics statistics = OfNumbers({-5, 7});
  statistics.filter = BloomFilter::Make(BloomFilterType::kAlwaysTrue, 0, 0.5).ValueOrDie();
  EXPECT_FALSE(statistics.MayContain(int64_t{-6}));
  EXPECT_TRUE(statistics.MayContain(int64_t{-5}));
  EXPECT_TRUE(statistics.MayContain(int64_t{0}));
  EXPECT_TRUE(statistics.MayContain(int64_t{7}));
  EXPECT_FALSE(statistics.MayContain(int64_t{8}));
  // Bytes, not characters of a signed type.
  const PrimaryKeyStatistics texts = OfTexts({"z", "é"});
  EXPECT_EQ(texts.max, PrimaryKey("é"));
  EXPECT_TRUE(texts.MayContain("é"));
}

TEST(PrimaryKeyStatisticsTest, KeysOutsideTheFilterAreNotThere) {
  std::vector<int64_t> keys;
  for (int64_t key = 0; key < 1000; ++key) keys.push_back(2 * key);
  const PrimaryKeyStatistics statistics = OfNumbers(keys);
  int found = 0;
  for (int64_t key = 0; key < 999; ++key) found += statistics.MayContain(2 * key + 1);
  EXPECT_LE(found, 10);
}

TEST(PrimaryKeyStatisticsTest, OldFilesAreRead) {
  // From before VarChar keys and filter types.
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto old,
      Decode(
          R"({"fieldID":100,"max":3,"min":1,"bf":{"m":44,"k":11,"b":"AAAAAAAAACwAAAeSV1hVWA=="}})"));
  EXPECT_EQ(old.type, DataType::kInt64);
  EXPECT_EQ(old.min, PrimaryKey(int64_t{1}));
  EXPECT_EQ(old.max, PrimaryKey(int64_t{3}));
  EXPECT_EQ(old.filter->type(), BloomFilterType::kBasic);
  EXPECT_TRUE(old.filter_status.ok()) << old.filter_status;
  for (const int64_t key : {1, 2, 3}) EXPECT_TRUE(old.MayContain(key));

  // The newer bounds go before; null is absent; members that are not known are left alone.
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto both, Decode(R"({"fieldID":100,"max":0,"min":0,"bfType":2,"bf":{},"pkType":-1,)"
                              R"("maxPk":9223372036854775807,"minPk":null,"more":[1]})"));
  EXPECT_EQ(both.min, PrimaryKey(int64_t{0}));
  EXPECT_EQ(both.max, PrimaryKey(INT64_MAX));

  VARVE_ASSERT_OK_AND_ASSIGN(const auto open,
                             Decode(R"({"fieldID":1,"pkType":21,"bfType":2,"maxPk":"m"})"));
  EXPECT_EQ(open.min, std::nullopt);
  EXPECT_TRUE(open.MayContain(""));
  EXPECT_FALSE(open.MayContain("n"));
}

TEST(PrimaryKeyStatisticsTest, AFilterThatCannotBeReadMayContainEverything) {
  for (const std::string filter :
       {R"("bfType":4,"bf":{"k":2,"b":["short"]})", R"("bfType":4)", R"("bfType":4,"bf":"text")",
        R"("bfType":1,"bf":{})", R"("bfType":9,"bf":{})", R"("bfType":99999999999,"bf":{})",
        R"("bf":{"k":2,"b":[]})"}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read,
                               Decode(R"({"fieldID":100,"max":9,"min":1,)" + filter + "}"));
    EXPECT_EQ(read.filter->type(), BloomFilterType::kAlwaysTrue) << filter;
    EXPECT_FALSE(read.filter_status.ok()) << filter;
    EXPECT_EQ(ContextOf(read.filter_status)->object, kObject);
    EXPECT_TRUE(read.MayContain(int64_t{5}));
    EXPECT_FALSE(read.MayContain(int64_t{10})) << "bounds hold all the same";
  }
}

TEST(PrimaryKeyStatisticsTest, DamageIsNamed) {
  const auto message = [](const std::string& text) {
    const Status status = Decode(text).status();
    EXPECT_TRUE(IsCorruption(status)) << text << ": " << status;
    EXPECT_EQ(ContextOf(status)->object, kObject);
    return status.message();
  };
  EXPECT_THAT(message(""), HasSubstr("not a JSON document"));
  EXPECT_THAT(message("[]"), HasSubstr("expected an object, found an array of 0"));
  EXPECT_THAT(message("{}"), HasSubstr("field 'fieldID', expected a value"));
  EXPECT_THAT(message(R"({"fieldID":"1"})"), HasSubstr(R"(a 64-bit integer, found "1")"));
  EXPECT_THAT(message(R"({"fieldID":1,"max":2})"), HasSubstr("field 'min', expected a value"));
  EXPECT_THAT(message(R"({"fieldID":1,"max":1.5,"min":0})"), HasSubstr("found 1.5"));
  EXPECT_THAT(message(R"({"fieldID":1,"max":9223372036854775808,"min":0})"),
              HasSubstr("field 'max', expected a 64-bit integer"));
  EXPECT_THAT(message(R"({"fieldID":1,"max":1,"min":0,"maxPk":"1"})"), HasSubstr("field 'maxPk'"));
  EXPECT_THAT(message(R"({"fieldID":1,"pkType":21,"maxPk":1})"), HasSubstr("expected a text"));
  EXPECT_THAT(message(R"({"fieldID":1e999})"), HasSubstr("not a JSON document"));
  EXPECT_EQ(KindOf(Decode(R"({"fieldID":1,"pkType":10})").status()), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Decode(R"({"fieldID":1,"pkType":4294967301})").status()),
            ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Decode("mpkstats\1").status()), ErrorKind::kUnsupported);
  EXPECT_THAT(DecodeCompoundPrimaryKeyStatistics(AsBytes("{}"), kObject).status().message(),
              HasSubstr("expected an array, found an object of 0 members"));
  EXPECT_TRUE(
      IsCorruption(DecodeCompoundPrimaryKeyStatistics(AsBytes("[null]"), kObject).status()));
}

TEST(PrimaryKeyStatisticsTest, WhatCannotBeWrittenIsRefused) {
  PrimaryKeyStatistics statistics = OfNumbers({1});
  statistics.min = "text";
  EXPECT_FALSE(EncodePrimaryKeyStatistics(statistics).ok());
  statistics.min.reset();
  EXPECT_FALSE(EncodePrimaryKeyStatistics(statistics).ok());
  EXPECT_THAT(EncodePrimaryKeyStatistics(OfTexts({"\xff"})).status().message(),
              HasSubstr("expected UTF-8, found ff"));
  EXPECT_FALSE(PrimaryKeyStatisticsBuilder::Make(1, DataType::kFloat, 1).ok());
  auto empty = PrimaryKeyStatisticsBuilder::Make(1, DataType::kInt64, 1).ValueOrDie();
  EXPECT_FALSE(std::move(empty).Finish().ok());
}

TEST(PrimaryKeyStatisticsTest, ArraysAddTheirKeys) {
  arrow::Int64Builder numbers;
  VARVE_ASSERT_OK(numbers.AppendValues({3, 1, 2}));
  const auto array = numbers.Finish().ValueOrDie();
  auto builder = PrimaryKeyStatisticsBuilder::Make(100, DataType::kInt64, 3).ValueOrDie();
  VARVE_ASSERT_OK(builder.AddKeys(*array->Slice(0, 1)));
  VARVE_ASSERT_OK(builder.AddKeys(*array->Slice(1)));
  ExpectSame(std::move(builder).Finish().ValueOrDie(), OfNumbers({1, 2, 3}));

  arrow::StringBuilder texts;
  VARVE_ASSERT_OK(texts.AppendValues({"milvus", "a"}));
  const auto text_array = texts.Finish().ValueOrDie();
  auto text_builder = PrimaryKeyStatisticsBuilder::Make(101, DataType::kVarChar, 2).ValueOrDie();
  EXPECT_FALSE(text_builder.AddKeys(*array).ok());
  VARVE_ASSERT_OK(text_builder.AddKeys(*text_array));
  ExpectSame(std::move(text_builder).Finish().ValueOrDie(), OfTexts({"a", "milvus"}));

  VARVE_ASSERT_OK(numbers.AppendNull());
  auto nulls = PrimaryKeyStatisticsBuilder::Make(100, DataType::kInt64, 3).ValueOrDie();
  EXPECT_THAT(nulls.AddKeys(*numbers.Finish().ValueOrDie()).message(), HasSubstr("1 nulls"));
}

TEST(PrimaryKeyStatisticsTest, TheCompoundFileIsReadAlone) {
  EXPECT_THAT(StatisticsToRead({"a/7", "a/1", "a/9"}), ElementsAre("a/1"));
  EXPECT_THAT(StatisticsToRead({"a/7", "a/11", "1/9"}), ElementsAre("a/7", "a/11", "1/9"));
  EXPECT_THAT(StatisticsToRead({"1"}), ElementsAre("1"));
  EXPECT_THAT(StatisticsToRead({}), ElementsAre());
}

}  // namespace
}  // namespace varve::internal
