// SPDX-License-Identifier: Apache-2.0
#include "varve/bm25_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr char kObject[] = "files/bm25_stats/1/2/3/102/4";

std::string SparseRow(const std::vector<std::pair<uint32_t, float>>& entries) {
  std::string row;
  for (const auto& [index, value] : entries) {
    AppendFixed(&row, index);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    AppendFixed(&row, bits);
  }
  return row;
}

Result<Bm25Statistics> Decode(const std::string& bytes) {
  return Bm25Statistics::Decode(AsBytes(bytes), kObject);
}

TEST(Bm25StatisticsTest, BytesAreThoseOfTheSpecification) {
  Bm25Statistics statistics;
  VARVE_ASSERT_OK(statistics.AddRow(AsBytes(SparseRow({{7, 2.0F}, {0xfffffffe, 1.9F}}))));
  VARVE_ASSERT_OK(statistics.AddRow(AsBytes(SparseRow({{7, 1.0F}}))));
  VARVE_ASSERT_OK(statistics.AddRow({}));  // a text without tokens
  EXPECT_EQ(ToHex(AsBytes(statistics.Encode())),
            "00000000"
            "0300000000000000"
            "0400000000000000"  // 2 + 1 (of 1.9) + 1
            "0700000002000000"
            "feffffff01000000");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(statistics.Encode()));
  EXPECT_EQ(read, statistics);
  EXPECT_EQ(read.num_rows, 3);
  EXPECT_EQ(read.num_tokens, 4);
  EXPECT_EQ(read.rows_with_token.at(7), 2);
}

TEST(Bm25StatisticsTest, EntriesAreReadInAnyOrder) {
  std::string bytes(4, '\0');
  AppendFixed<int64_t>(&bytes, 2);
  AppendFixed<int64_t>(&bytes, 5);
  for (const auto& [token, count] : {std::pair{9u, 2}, std::pair{1u, 0}}) {
    AppendFixed<uint32_t>(&bytes, token);
    AppendFixed<int32_t>(&bytes, count);
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(bytes));
  EXPECT_EQ(read, (Bm25Statistics{2, 5, {{1, 0}, {9, 2}}}));
}

// Rows in two halves, merged, are the rows.
TEST(Bm25StatisticsTest, MergingIsAddingAllRows) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    Bm25Statistics whole, halves[2];
    for (uint64_t i = random->Uniform(200); i > 0; --i) {
      std::vector<std::pair<uint32_t, float>> entries;
      for (uint32_t token = 0; token < 50; ++token) {
        if (random->Uniform(4) == 0) {
          entries.emplace_back(token, static_cast<float>(random->Uniform(100)) / 8);
        }
      }
      const std::string row = SparseRow(entries);
      VARVE_ASSERT_OK(whole.AddRow(AsBytes(row)));
      VARVE_ASSERT_OK(halves[random->Uniform(2)].AddRow(AsBytes(row)));
    }
    VARVE_ASSERT_OK(halves[0].Merge(halves[1]));
    EXPECT_EQ(halves[0], whole);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Decode(whole.Encode()));
    EXPECT_EQ(read, whole);
  }
}

TEST(Bm25StatisticsTest, RowsThatAreNoneAddNothing) {
  Bm25Statistics statistics;
  VARVE_ASSERT_OK(statistics.AddRow(AsBytes(SparseRow({{1, 1.0F}}))));
  const Bm25Statistics before = statistics;
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::string& row :
       {std::string("1234567"), SparseRow({{2, 1.0F}, {2, 1.0F}}),
        SparseRow({{2, 1.0F}, {1, 1.0F}}), SparseRow({{2, 1.0F}, {3, kNan}}),
        SparseRow({{3, kInfinity}}), SparseRow({{3, -1.0F}}), SparseRow({{3, 2e9F}})}) {
    const Status status = statistics.AddRow(AsBytes(row));
    ASSERT_FALSE(status.ok()) << ToHex(AsBytes(row));
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_EQ(statistics, before);
  }
}

TEST(Bm25StatisticsTest, SumsOutOfRangeAreRefused) {
  Bm25Statistics statistics{1, 1, {{1, INT32_MAX}, {2, 1}}};
  const Bm25Statistics before = statistics;
  EXPECT_THAT(statistics.Merge({0, 0, {{2, 1}, {1, 1}}}).message(), HasSubstr("rows_with_token"));
  EXPECT_THAT(statistics.Merge({INT64_MAX, 0, {}}).message(), HasSubstr("num_rows"));
  EXPECT_THAT(statistics.Merge({0, INT64_MAX, {}}).message(), HasSubstr("num_tokens"));
  EXPECT_EQ(statistics, before);
  statistics.num_rows = INT32_MAX;
  EXPECT_THAT(statistics.AddRow({}).message(), HasSubstr("num_rows"));
}

TEST(Bm25StatisticsTest, DamageIsNamed) {
  const auto bytes = [](int32_t version, int64_t rows, int64_t tokens,
                        const std::vector<std::pair<uint32_t, int32_t>>& entries) {
    std::string out;
    AppendFixed(&out, version);
    AppendFixed(&out, rows);
    AppendFixed(&out, tokens);
    for (const auto& [token, count] : entries) {
      AppendFixed(&out, token);
      AppendFixed(&out, count);
    }
    return out;
  };
  const auto message = [](const std::string& damaged) {
    const Status status = Decode(damaged).status();
    EXPECT_TRUE(IsCorruption(status)) << status;
    return status.message();
  };
  EXPECT_EQ(KindOf(Decode(bytes(1, 0, 0, {})).status()), ErrorKind::kUnsupported);
  EXPECT_THAT(message(bytes(0, -1, 0, {})), HasSubstr("field 'num_rows', offset 4"));
  EXPECT_THAT(message(bytes(0, 0, -1, {})), HasSubstr("field 'num_tokens', offset 12"));
  EXPECT_THAT(message(bytes(0, 3, 9, {{1, 3}, {2, 4}})),
              HasSubstr("offset 32, expected 0 to 3, found 4"));
  EXPECT_THAT(message(bytes(0, 3, 9, {{1, -1}})), HasSubstr("found -1"));
  EXPECT_THAT(message(bytes(0, 3, 9, {{1, 1}, {1, 2}})), HasSubstr("offset 28"));
  const std::string whole = bytes(0, 3, 9, {{1, 3}, {2, 2}});
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto read = Decode(whole.substr(0, length));
    if (length >= 20 && length % 8 == 4) {
      // The format cannot tell: whole entries are missing.
      ASSERT_TRUE(read.ok()) << length;
      EXPECT_EQ(read->rows_with_token.size(), (length - 20) / 8);
    } else {
      ASSERT_TRUE(IsCorruption(read.status())) << length;
      EXPECT_EQ(ContextOf(read.status())->object, kObject);
    }
  }
}

}  // namespace
}  // namespace varve::internal
