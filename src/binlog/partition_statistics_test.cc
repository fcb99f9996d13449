// SPDX-License-Identifier: Apache-2.0
#include "varve/partition_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "binlog/bloom_filter_json.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kObject[] = "files/part_stats/1/2/channel/3";

Result<PartitionStatistics> Decode(const std::string& text) {
  return DecodePartitionStatistics(AsBytes(text), kObject);
}

std::shared_ptr<const BloomFilter> FilterOf(const std::vector<std::string>& keys) {
  auto filter = BloomFilter::Make(BloomFilterType::kBasic, 3, 0.001).ValueOrDie();
  for (const std::string& key : keys) filter->Add(key);
  return filter;
}

void ExpectSame(const PartitionStatistics& read, const PartitionStatistics& written) {
  EXPECT_EQ(read.version, written.version);
  ASSERT_EQ(read.segments.size(), written.segments.size());
  for (const auto& [id, segment] : written.segments) {
    SCOPED_TRACE(id);
    ASSERT_EQ(read.segments.count(id), 1u);
    const SegmentStatistics& other = read.segments.at(id);
    EXPECT_EQ(other.num_rows, segment.num_rows);
    ASSERT_EQ(other.fields.size(), segment.fields.size());
    for (size_t i = 0; i < segment.fields.size(); ++i) {
      const FieldStatistics& field = segment.fields[i];
      const FieldStatistics& found = other.fields[i];
      SCOPED_TRACE(field.field_id);
      EXPECT_EQ(found.field_id, field.field_id);
      EXPECT_EQ(found.type, field.type);
      EXPECT_EQ(found.min, field.min);
      EXPECT_EQ(found.max, field.max);
      EXPECT_EQ(found.centroids, field.centroids);
      EXPECT_TRUE(found.filter_status.ok()) << found.filter_status;
      ASSERT_EQ(found.filter == nullptr, field.filter == nullptr);
      if (field.filter != nullptr) {
        EXPECT_EQ(found.filter->type(), field.filter->type());
        EXPECT_EQ(BloomFilterToJson(*found.filter), BloomFilterToJson(*field.filter));
      }
    }
  }
}

TEST(PartitionStatisticsTest, TheDocumentIsThatOfTheSpecification) {
  PartitionStatistics statistics;
  statistics.version = 7;
  FieldStatistics number;
  number.field_id = 100;
  number.min = int64_t{-1};
  number.max = int64_t{3};
  number.filter = FilterOf({});
  FieldStatistics vector;
  vector.field_id = 101;
  vector.type = DataType::kFloatVector;
  vector.centroids = {{0.5F, -2.0F}, {1.0F, 0.0F}};
  statistics.segments[33] = {{number, vector}, 12};
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string text, EncodePartitionStatistics(statistics));
  EXPECT_EQ(text,
            R"({"segmentStats":{"33":{"fieldStats":[{"fieldID":100,"type":5,"max":3,"min":-1,)"
            R"("bfType":3,"bf":{"m":44,"k":11,"b":"AAAAAAAAACwAAAAAAAAAAA=="},"centroids":null},)"
            R"({"fieldID":101,"type":101,"max":null,"min":null,"bfType":0,"bf":null,)"
            R"("centroids":[[0.5,-2.0],[1.0,0.0]]}],"NumRows":12}},"Version":7})");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(text));
  ExpectSame(read, statistics);
}

TEST(PartitionStatisticsTest, RandomStatisticsComeBack) {
  constexpr DataType kTypes[] = {DataType::kInt8,       DataType::kInt16,       DataType::kInt32,
                                 DataType::kInt64,      DataType::kTimestamptz, DataType::kFloat,
                                 DataType::kDouble,     DataType::kString,      DataType::kVarChar,
                                 DataType::kFloatVector};
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    const auto number = [&] { return static_cast<int64_t>(random->Next()); };
    const auto real = [&] { return static_cast<double>(number()) / 3; };
    PartitionStatistics statistics;
    statistics.version = number();
    for (uint64_t i = random->Uniform(4); i > 0; --i) {
      SegmentStatistics& segment = statistics.segments[number()];
      segment.num_rows = static_cast<int64_t>(random->Uniform(1 << 30));
      for (uint64_t j = random->Uniform(4); j > 0; --j) {
        FieldStatistics& field = segment.fields.emplace_back();
        field.field_id = number();
        field.type = kTypes[random->Uniform(std::size(kTypes))];
        switch (field.type) {
          case DataType::kFloatVector:
            for (uint64_t k = random->Uniform(3); k > 0; --k) {
              field.centroids.push_back({static_cast<float>(real()), static_cast<float>(real())});
            }
            continue;
          case DataType::kInt8:
            field.min = int64_t{static_cast<int8_t>(number())};
            break;
          case DataType::kInt16:
            field.min = int64_t{static_cast<int16_t>(number())};
            break;
          case DataType::kInt32:
            field.min = int64_t{static_cast<int32_t>(number())};
            break;
          case DataType::kFloat:
          case DataType::kDouble:
            field.min = real();
            break;
          case DataType::kString:
          case DataType::kVarChar:
            field.min = std::string("é\n\"") + std::to_string(number());
            break;
          default:
            field.min = number();
        }
        if (random->Uniform(2) == 0) field.max = field.min;
        if (random->Uniform(2) == 0) field.filter = FilterOf({std::to_string(number())});
      }
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const std::string text, EncodePartitionStatistics(statistics));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(text));
    ExpectSame(read, statistics);
  }
}

TEST(PartitionStatisticsTest, AFilterThatCannotBeReadMayContainEverything) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read,
                             Decode(R"({"segmentStats":{"1":{"fieldStats":[{"fieldID":1,"max":3,)"
                                    R"("bfType":4,"bf":{"k":1}}],"NumRows":1}},"Version":1})"));
  const FieldStatistics& field = read.segments.at(1).fields.at(0);
  EXPECT_EQ(field.filter->type(), BloomFilterType::kAlwaysTrue);
  EXPECT_THAT(field.filter_status.message(), HasSubstr("field 'bf.k'"));
  EXPECT_EQ(field.max, FieldBound(int64_t{3}));
  EXPECT_EQ(field.min, std::nullopt);
}

TEST(PartitionStatisticsTest, DamageIsNamed) {
  const auto status = [](const std::string& field) {
    return Decode(R"({"segmentStats":{"1":{"fieldStats":[)" + field +
                  R"(],"NumRows":1}},"Version":1})")
        .status();
  };
  const auto message = [](const Status& damaged) {
    EXPECT_TRUE(IsCorruption(damaged)) << damaged;
    return damaged.message();
  };
  EXPECT_THAT(message(Decode("{").status()), HasSubstr("not a JSON document"));
  EXPECT_THAT(message(Decode("[]").status()), HasSubstr("expected an object"));
  EXPECT_THAT(message(Decode("{}").status()), HasSubstr("field 'Version'"));
  EXPECT_THAT(message(Decode(R"({"Version":1})").status()), HasSubstr("field 'segmentStats'"));
  EXPECT_THAT(message(Decode(R"({"Version":1,"segmentStats":[]})").status()),
              HasSubstr("expected an object"));
  for (const std::string id : {"x", "01", "", "1 ", "9223372036854775808"}) {
    EXPECT_THAT(message(Decode(R"({"Version":1,"segmentStats":{")" + id + R"(":{}}})").status()),
                HasSubstr("a segment id is no number"));
  }
  EXPECT_THAT(message(Decode(R"({"Version":1,"segmentStats":{"1":{"NumRows":-1}}})").status()),
              HasSubstr("field 'NumRows', expected at least 0, found -1"));
  EXPECT_THAT(message(status("1")), HasSubstr("expected an object, found 1"));
  EXPECT_THAT(message(status("{}")), HasSubstr("field 'fieldID'"));
  EXPECT_THAT(message(status(R"({"fieldID":1,"type":2,"max":128})")),
              HasSubstr("field 'max', expected Int8, found 128"));
  EXPECT_THAT(message(status(R"({"fieldID":1,"type":11,"max":"x"})")), HasSubstr("Double"));
  EXPECT_THAT(message(status(R"({"fieldID":1,"type":21,"max":1})")), HasSubstr("a text"));
  EXPECT_THAT(message(status(R"({"fieldID":1,"type":101})")), HasSubstr("field 'centroids'"));
  EXPECT_THAT(message(status(R"({"fieldID":1,"type":101,"centroids":[[1e39]]})")),
              HasSubstr("numbers that a float holds"));
  EXPECT_EQ(KindOf(status(R"({"fieldID":1,"type":23})")), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(status(R"({"fieldID":1,"type":4294967301})")), ErrorKind::kUnsupported);
}

TEST(PartitionStatisticsTest, WhatCannotBeWrittenIsRefused) {
  const auto encode = [](DataType type, const FieldBound& bound) {
    FieldStatistics field;
    field.type = type;
    field.max = bound;
    PartitionStatistics statistics;
    statistics.segments[1].fields = {field};
    return EncodePartitionStatistics(statistics).status();
  };
  EXPECT_TRUE(encode(DataType::kInt8, int64_t{127}).ok());
  EXPECT_FALSE(encode(DataType::kInt8, int64_t{128}).ok());
  EXPECT_FALSE(encode(DataType::kInt64, "text").ok());
  EXPECT_FALSE(encode(DataType::kDouble, std::numeric_limits<double>::infinity()).ok());
  EXPECT_FALSE(encode(DataType::kVarChar, "\xff").ok());
  EXPECT_FALSE(encode(DataType::kFloatVector, int64_t{1}).ok());
  EXPECT_FALSE(encode(DataType::kJson, "{}").ok());
}

}  // namespace
}  // namespace varve::internal
