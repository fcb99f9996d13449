// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/random.h"
#include "query/exact_number.h"
#include "query/like_pattern.h"
#include "query/range_kernels.h"
#include "query/row_ranges.h"
#include "query/time_literal.h"
#include "query/value_set.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ExactNumber Number(std::string_view text) { return ExactNumber::Parse(text).value(); }

TEST(ExactNumberTest, ReadsNumbersAndNothingElse) {
  for (const std::string_view text : {"0", "-1", "+1.5", ".5", "5.", "1e3", "1E-3", "00012.500"}) {
    EXPECT_TRUE(ExactNumber::Parse(text).has_value()) << text;
  }
  for (const std::string_view text :
       {"", "-", ".", "e5", "1e", "1e+", "1.2.3", "1x", "0x10", "1 ", "--1", "nan", "inf"}) {
    EXPECT_FALSE(ExactNumber::Parse(text).has_value()) << text;
  }
  EXPECT_EQ(Number("1e3"), Number("1000.00"));
  EXPECT_EQ(Number("-0"), ExactNumber());
}

TEST(ExactNumberTest, RoundsDownAndUpAtAnyScale) {
  EXPECT_EQ(static_cast<int64_t>(Number("7.5").Floor(0)), 7);
  EXPECT_EQ(static_cast<int64_t>(Number("7.5").Ceil(0)), 8);
  EXPECT_EQ(static_cast<int64_t>(Number("-7.5").Floor(0)), -8);
  EXPECT_EQ(static_cast<int64_t>(Number("-7.5").Ceil(0)), -7);
  EXPECT_EQ(static_cast<int64_t>(Number("1.234").Floor(2)), 123);
  EXPECT_EQ(static_cast<int64_t>(Number("1.23").Ceil(2)), 123);
  EXPECT_EQ(static_cast<int64_t>(Number("0.001").Ceil(0)), 1);
  EXPECT_EQ(static_cast<int64_t>(Number("-1e-9999").Floor(0)), -1);
  EXPECT_EQ(static_cast<int64_t>(Number("1200").Floor(-2)), 12);
  EXPECT_TRUE(Number("1e38").Floor(0) == BeyondAllIntegers());
  EXPECT_TRUE(Number("-1e99").Ceil(0) == -BeyondAllIntegers());
  const Int128 most = BeyondAllIntegers() - 1;
  EXPECT_TRUE(ExactNumber::Of(most).Floor(0) == most);
  EXPECT_TRUE(ExactNumber::Of(-most).Ceil(0) == -most);
}

TEST(ExactNumberTest, FindsTheNearestFloat) {
  EXPECT_EQ(Number("0.1").NearestFloat(), 0.1f);
  EXPECT_EQ(Number("0.1").NearestDouble(), 0.1);
  EXPECT_EQ(Number("1e-400").NearestDouble(), 0.0);
  EXPECT_EQ(Number("5e-324").NearestDouble(), 5e-324);
  EXPECT_EQ(Number("1e39").NearestFloat(), std::nullopt);
  EXPECT_EQ(Number("-1e400").NearestDouble(), std::nullopt);
}

TEST(ExactNumberTest, TextAndBinaryValuesComeBack) {
  auto random = Random::Seeded(7);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t bits = random->Next();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    SCOPED_TRACE(bits);
    EXPECT_EQ(ExactNumber::ShortestOf(value).NearestDouble(), value);
    const ExactNumber exact = ExactNumber::OfDouble(value);
    EXPECT_EQ(exact.NearestDouble(), value);
    EXPECT_EQ(Number(exact.ToString()), exact);
  }
  EXPECT_EQ(Number("-12e-2").ToString(), "-0.12");
  EXPECT_EQ(Number("1e30").ToString(), "1e30");
  EXPECT_EQ(Number("1e-30").ToString(), "1e-30");
  EXPECT_EQ(ExactNumber::Of(-1205, -2).ToString(), "-12.05");
  // The greatest exponent is that of the digits without the zeros at their ends.
  for (const std::string_view text : {"420e3333333333", "0.42e-3333333333", "4200e999999999"}) {
    EXPECT_EQ(Number(Number(text).ToString()), Number(text)) << text;
  }
}

TEST(LikePatternTest, MatchesAsSqlSays) {
  const auto matches = [](std::string_view pattern, std::string_view text, bool utf8 = true) {
    return LikePattern::Parse(pattern, utf8)->Matches(text);
  };
  EXPECT_TRUE(matches("abc", "abc"));
  EXPECT_FALSE(matches("abc", "abcd"));
  EXPECT_TRUE(matches("%", ""));
  EXPECT_TRUE(matches("a%", "a"));
  EXPECT_TRUE(matches("%b%", "abc"));
  EXPECT_TRUE(matches("%ab%ab", "abab"));
  EXPECT_FALSE(matches("%ab%ab", "ab"));
  EXPECT_FALSE(matches("ab%b", "ab"));
  EXPECT_TRUE(matches("_", "\xC3\xA9"));
  EXPECT_FALSE(matches("_", "\xC3\xA9", /*utf8=*/false));
  EXPECT_TRUE(matches("__", "\xC3\xA9", /*utf8=*/false));
  EXPECT_TRUE(matches("%_z", "\xC3\xA9z"));
  EXPECT_TRUE(matches("100\\%", "100%"));
  EXPECT_FALSE(matches("100\\%", "100x"));
  EXPECT_TRUE(matches("a\\\\b", "a\\b"));
  EXPECT_FALSE(LikePattern::Parse("a\\", true).has_value());
}

TEST(LikePatternTest, KnowsPrefixes) {
  EXPECT_TRUE(LikePattern::Parse("a\\_", true)->is_literal());
  EXPECT_TRUE(LikePattern::Parse("ab%%", true)->is_prefix());
  EXPECT_EQ(LikePattern::Parse("ab_d%", true)->prefix(), "ab");
  EXPECT_FALSE(LikePattern::Parse("a_%", true)->is_prefix());
  EXPECT_FALSE(LikePattern::Parse("a%b", true)->is_prefix());
}

TEST(TimeLiteralTest, ReadsDaysAndTimesThatExist) {
  EXPECT_EQ(ParseDate("1970-01-01"), 0);
  EXPECT_EQ(ParseDate("2024-02-29"), 19782);
  EXPECT_EQ(ParseDate("0000-01-01"), -719528);
  for (const std::string_view text : {"2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01x", ""}) {
    EXPECT_EQ(ParseDate(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseTimeOfDay("00:00:01.5"), 1'500'000'000);
  EXPECT_EQ(ParseTimeOfDay("23:59"), 86'340'000'000'000);
  for (const std::string_view text :
       {"24:00", "12:60", "12", "12:00:60", "12:00:00.", "12:00:00.1234567890", "12:00Z"}) {
    EXPECT_EQ(ParseTimeOfDay(text), std::nullopt) << text;
  }
  EXPECT_TRUE(ParseTimestamp("1970-01-01T01:00:00.000000001+01:00") == Int128{1});
  EXPECT_TRUE(ParseTimestamp("1969-12-31 23:59:59-00:01") == Int128{59'000'000'000});
  EXPECT_TRUE(ParseTimestamp("9999-12-31") > Int128{INT64_MAX});
  for (const std::string_view text :
       {"2024-01-01T", "2024-01-01T12", "2024-01-01T12:00+1", "now"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

TEST(ValueSetTest, MergesAndFinds) {
  const IntegerSet set = MakeIntegerSet({{5, 7}, {1, 2}, {9, 8}, {3, 3}, {6, 10}});
  ASSERT_EQ(set.size(), 2u);
  EXPECT_TRUE(set[0].first == 1 && set[0].last == 3 && set[1].first == 5 && set[1].last == 10);
  EXPECT_TRUE(Contains(set, Int128{3}));
  EXPECT_FALSE(Contains(set, Int128{4}));
  EXPECT_FALSE(Contains(FloatSet{{0, 1}}, std::nan("")));
  const BytesSet texts = MakeBytesSet({{"b", "d"}, {"a", "a"}, {"c", std::nullopt}});
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_FALSE(Contains(texts, "azz"));
  EXPECT_TRUE(Contains(texts, "\xFF"));
  EXPECT_EQ(PrefixEnd("a\xFF"), "b");
  EXPECT_EQ(PrefixEnd("\xFF\xFF"), std::nullopt);
  EXPECT_EQ(CoverageOf(set, Int128{4}, Int128{4}), Coverage::kDisjoint);
  EXPECT_EQ(CoverageOf(set, Int128{5}, Int128{10}), Coverage::kContained);
  EXPECT_EQ(CoverageOf(set, Int128{3}, Int128{5}), Coverage::kPartial);
  EXPECT_EQ(CoverageOf(set, Int128{11}, std::nullopt), Coverage::kDisjoint);
}

TEST(RowRangesTest, NormalizesIntersectsAndUnites) {
  const RowRanges a = Normalize({{8, 9}, {0, 3}, {3, 5}, {7, 7}, {6, 4}});
  EXPECT_THAT(a, ElementsAre(RowRange{0, 5}, RowRange{8, 9}));
  const RowRanges b = {{2, 4}, {4, 8}, {8, 20}};
  EXPECT_THAT(Intersect(a, b), ElementsAre(RowRange{2, 5}, RowRange{8, 9}));
  EXPECT_THAT(Union(a, b), ElementsAre(RowRange{0, 20}));
  EXPECT_THAT(Intersect(a, {}), IsEmpty());
  EXPECT_EQ(Union(a, {}), a);
  EXPECT_EQ(TotalRows(a), 6);
}

TEST(RowRangesTest, AgreesWithSetsOfRows) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    auto random = Random::Seeded(seed);
    uint64_t bits[2] = {};
    RowRanges sets[2];
    for (int s = 0; s < 2; ++s) {
      for (uint64_t n = random->Uniform(6); n > 0; --n) {
        const auto begin = static_cast<int64_t>(random->Uniform(60));
        const auto end = begin + static_cast<int64_t>(random->Uniform(8)) - 2;
        sets[s].push_back({begin, end});
        for (int64_t row = begin; row < end && row < 64; ++row) bits[s] |= uint64_t{1} << row;
      }
      for (RowRange& range : sets[s]) range.end = std::min<int64_t>(range.end, 64);
      sets[s] = Normalize(std::move(sets[s]));
    }
    const auto bits_of = [](const RowRanges& ranges) {
      uint64_t result = 0;
      for (const RowRange& range : ranges) {
        for (int64_t row = range.begin; row < range.end; ++row) result |= uint64_t{1} << row;
      }
      return result;
    };
    EXPECT_EQ(bits_of(Intersect(sets[0], sets[1])), bits[0] & bits[1]);
    EXPECT_EQ(bits_of(Union(sets[0], sets[1])), bits[0] | bits[1]);
    EXPECT_EQ(Union(sets[0], sets[1]), Normalize(Union(sets[0], sets[1])));
  }
}

template <typename Value>
using Kernel = void (*)(const Value*, int64_t, Value, Value, bool, uint64_t*);

// Every kernel against the definition, on random bits, NaN and infinities among them.
template <typename Value>
void CheckKernel(Kernel<Value> kernel) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    auto random = Random::Seeded(seed);
    const auto any = [&] {
      Value value;
      const uint64_t bits = random->Next();
      std::memcpy(&value, &bits, sizeof(value));
      return random->Uniform(2) == 0 ? static_cast<Value>(random->Uniform(5)) : value;
    };
    const auto num_rows = static_cast<int64_t>(random->Uniform(200));
    std::vector<Value> values(static_cast<size_t>(num_rows));
    for (Value& value : values) value = any();
    if (!values.empty()) values[0] = std::numeric_limits<Value>::max();
    const Value first = any(), second = any();
    const bool negated = random->Uniform(2) == 0;
    std::vector<uint64_t> words(static_cast<size_t>(num_rows / 64 + 1));
    for (uint64_t& word : words) word = random->Uniform(4) == 0 ? 0 : random->Next();
    std::vector<uint64_t> expected = words;
    for (int64_t row = 0; row < static_cast<int64_t>(words.size()) * 64; ++row) {
      bool keep = row >= num_rows && num_rows % 64 == 0;  // a word of no rows is not touched
      if (row < num_rows) {
        const Value value = values[static_cast<size_t>(row)];
        if constexpr (std::is_floating_point_v<Value>) {
          keep = (value >= first && value <= second) != negated;
        } else {
          keep = (static_cast<Value>(value - first) <= second) != negated;
        }
      }
      if (!keep) expected[static_cast<size_t>(row / 64)] &= ~(uint64_t{1} << (row % 64));
    }
    kernel(values.data(), num_rows, first, second, negated, words.data());
    EXPECT_EQ(words, expected);
  }
}

void CheckKernels(const RangeKernels& kernels) {
  CheckKernel<uint8_t>(kernels.bytes);
  CheckKernel<uint16_t>(kernels.shorts);
  CheckKernel<uint32_t>(kernels.words);
  CheckKernel<uint64_t>(kernels.longs);
  CheckKernel<float>(kernels.floats);
  CheckKernel<double>(kernels.doubles);
}

TEST(RangeKernelsTest, PortableKernelsKeepWhatLiesInTheRange) {
  CheckKernels(PortableRangeKernels());
}

TEST(RangeKernelsTest, Avx2KernelsKeepWhatLiesInTheRange) {
  if (Avx2RangeKernels() == nullptr) GTEST_SKIP() << "no AVX2 here";
  CheckKernels(*Avx2RangeKernels());
}

}  // namespace
}  // namespace varve::internal
