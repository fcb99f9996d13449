// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "arrow/array.h"
#include "query/predicate.h"
#include "query/pruning.h"
#include "query/testing/random_filter.h"

namespace varve::internal {
namespace {

using testing::RandomFilter;
using testing::RandomTable;

constexpr uint64_t kSeeds = 60;
constexpr int kFiltersPerSeed = 40;

std::vector<int64_t> NaiveRows(const RandomTable& table, const RandomFilter& filter, int64_t begin,
                               int64_t end) {
  std::vector<int64_t> rows;
  for (int64_t row = begin; row < end; ++row) {
    if (table.Judge(filter, static_cast<size_t>(row)) == true) rows.push_back(row - begin);
  }
  return rows;
}

TEST(PredicatePropertyTest, EvaluatesAsTheNaiveEvaluatorDoesAndItsTextReadsBack) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = Random::Seeded(seed);
    const auto num_rows = static_cast<int64_t>(1 + random->Uniform(400));
    RandomTable table(random.get(), num_rows);
    for (int i = 0; i < kFiltersPerSeed; ++i) {
      const RandomFilter filter = table.MakeFilter(3);
      const std::string text = table.ToText(filter);
      SCOPED_TRACE(text);
      const auto predicate = Predicate::Parse(text, table.schema());
      ASSERT_TRUE(predicate.ok()) << predicate.status();
      const auto& ids = (*predicate)->field_ids();
      const auto begin = static_cast<int64_t>(random->Uniform(static_cast<uint64_t>(num_rows)));
      const auto arrays = table.Arrays(ids, begin, num_rows);
      const auto expected = NaiveRows(table, filter, begin, num_rows);
      ASSERT_EQ((*predicate)->Evaluate(arrays, num_rows - begin).ValueOrDie(), expected);

      const std::string printed = (*predicate)->ToString();
      const auto again = Predicate::Parse(printed, table.schema());
      ASSERT_TRUE(again.ok()) << printed << ": " << again.status();
      EXPECT_EQ((*again)->ToString(), printed);
      EXPECT_EQ((*again)->field_ids(), ids);
      EXPECT_EQ((*again)->Evaluate(arrays, num_rows - begin).ValueOrDie(), expected) << printed;
    }
  }
}

TEST(PredicatePropertyTest, PruningNeverContradictsTheRows) {
  int none = 0, all = 0;
  for (uint64_t seed = 1; seed <= 2 * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = Random::Seeded(seed);
    RandomTable table(random.get(), 60);
    for (int i = 0; i < 4 * kFiltersPerSeed; ++i) {
      const RandomFilter filter = table.MakeFilter(2);
      SCOPED_TRACE(table.ToText(filter));
      const auto predicate = Predicate::Parse(table.ToText(filter), table.schema()).ValueOrDie();
      const auto begin = static_cast<int64_t>(random->Uniform(59));
      const auto end = begin + 1 +
                       static_cast<int64_t>(random->Uniform(
                           std::min<uint64_t>(4, static_cast<uint64_t>(60 - begin))));
      std::map<int64_t, ColumnStatistics> statistics;
      for (size_t c = 0; c < table.columns().size(); ++c) {
        if (random->Uniform(6) == 0) continue;
        auto column = table.MakeStatistics(c, begin, end);
        statistics[column.field_id] = std::move(column);
      }
      const Match match = predicate->Prune(
          [&](int64_t id) {
            const auto found = statistics.find(id);
            return found == statistics.end() ? nullptr : &found->second;
          },
          end - begin);
      const auto matching = static_cast<int64_t>(NaiveRows(table, filter, begin, end).size());
      if (match == Match::kNone) {
        EXPECT_EQ(matching, 0);
      } else if (match == Match::kAll) {
        EXPECT_EQ(matching, end - begin);
      }
      none += match == Match::kNone;
      all += match == Match::kAll;
    }
  }
  // The judgement is worth something too.
  EXPECT_GT(none, 2000);
  EXPECT_GT(all, 2000);
}

TEST(PredicatePropertyTest, ZonesKeepEveryRowThatMatches) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = Random::Seeded(seed);
    constexpr int64_t kRows = 100;
    RandomTable table(random.get(), kRows);
    std::vector<ColumnZones> zones;
    for (size_t c = 0; c < table.columns().size(); ++c) {
      zones.push_back({table.columns()[c].field.field_id, {}});
      for (int64_t row = 0; row < kRows;) {
        const int64_t end = std::min(kRows, row + 1 + static_cast<int64_t>(random->Uniform(12)));
        zones.back().zones.push_back({row, end, table.MakeStatistics(c, row, end)});
        row = end;
      }
    }
    for (int i = 0; i < kFiltersPerSeed; ++i) {
      const RandomFilter filter = table.MakeFilter(2);
      SCOPED_TRACE(table.ToText(filter));
      const auto predicate = Predicate::Parse(table.ToText(filter), table.schema()).ValueOrDie();
      const ZonePruning pruned = PruneZones(*predicate, zones, kRows);
      EXPECT_EQ(pruned.may_match, Normalize(pruned.may_match));
      EXPECT_EQ(pruned.all_match, Intersect(pruned.all_match, pruned.may_match));
      RowRanges matching;
      for (const int64_t row : NaiveRows(table, filter, 0, kRows)) {
        AppendRange(&matching, {row, row + 1});
      }
      EXPECT_EQ(Intersect(matching, pruned.may_match), matching);
      EXPECT_EQ(Intersect(matching, pruned.all_match), pruned.all_match);
    }
  }
}

}  // namespace
}  // namespace varve::internal
