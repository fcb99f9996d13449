// SPDX-License-Identifier: Apache-2.0
#include "query/pruning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/type.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PruningTest : public ::testing::Test {
 protected:
  PruningTest() {
    std::vector<FieldSchema> fields(2);
    fields[0].field_id = 100;
    fields[0].name = "a";
    fields[0].arrow_type = arrow::int64();
    fields[1] = fields[0];
    fields[1].field_id = 101;
    fields[1].name = "b";
    schema_ = std::make_shared<CollectionSchema>(std::move(fields), 101);
  }

  ZonePruning Prune(std::string_view text, const std::vector<ColumnZones>& columns) {
    return PruneZones(*Predicate::Parse(text, schema_).ValueOrDie(), columns, 100);
  }

  static PageZone Zone(int64_t begin, int64_t end, StatisticValue min, StatisticValue max,
                       int64_t null_count = 0) {
    return {begin, end, {.null_count = null_count, .min = std::move(min), .max = std::move(max)}};
  }

  std::shared_ptr<const CollectionSchema> schema_;
  // a grows with the row; b's pages are cut elsewhere.
  const ColumnZones a_ = {
      100,
      {Zone(0, 40, int64_t{0}, int64_t{39}), Zone(40, 80, int64_t{40}, int64_t{79}),
       Zone(80, 100, int64_t{80}, int64_t{99})}};
  const ColumnZones b_ = {
      101, {Zone(0, 50, int64_t{1}, int64_t{1}), Zone(50, 100, int64_t{2}, int64_t{2})}};
};

TEST_F(PruningTest, IntersectsColumnsWithDifferentPages) {
  const ZonePruning pruned = Prune("a >= 40 AND b = 1", {a_, b_});
  EXPECT_THAT(pruned.may_match, ElementsAre(RowRange{40, 50}));
  EXPECT_THAT(pruned.all_match, ElementsAre(RowRange{40, 50}));
  EXPECT_THAT(Prune("a = 45 OR b = 2", {a_, b_}).may_match, ElementsAre(RowRange{40, 100}));
  EXPECT_THAT(Prune("a = 45 OR b = 2", {a_, b_}).all_match, ElementsAre(RowRange{50, 100}));
  EXPECT_THAT(Prune("a = 45 AND b = 3", {a_, b_}).may_match, IsEmpty());
  EXPECT_THAT(Prune("a < 40 OR a >= 80", {a_, b_}).may_match,
              ElementsAre(RowRange{0, 40}, RowRange{80, 100}));
}

TEST_F(PruningTest, ColumnsWithoutZonesPruneNothing) {
  EXPECT_THAT(Prune("b = 5", {a_}).may_match, ElementsAre(RowRange{0, 100}));
  EXPECT_THAT(Prune("b = 5", {}).may_match, ElementsAre(RowRange{0, 100}));
  EXPECT_THAT(Prune("b = 5", {}).all_match, IsEmpty());
}

TEST_F(PruningTest, ZonesThatDoNotCoverTheRowsAreLeftUnused) {
  for (const auto& zones : std::vector<std::vector<PageZone>>{
           {},
           {Zone(0, 99, int64_t{0}, int64_t{0})},
           {Zone(1, 100, int64_t{0}, int64_t{0})},
           {Zone(0, 200, int64_t{0}, int64_t{0})},
           {Zone(0, 60, int64_t{0}, int64_t{0}), Zone(50, 100, int64_t{0}, int64_t{0})},
           {Zone(0, 100, int64_t{0}, int64_t{0}), Zone(100, 100, int64_t{0}, int64_t{0})}}) {
    EXPECT_THAT(Prune("a = 5", {{100, zones}}).may_match, ElementsAre(RowRange{0, 100}));
  }
}

TEST_F(PruningTest, NullsOfAPageAreNotThoseOfAPart) {
  // 50 nulls among 100 rows: rows 0 to 49 need not be null, though there are as many of them.
  const ColumnZones half_null = {100, {Zone(0, 100, int64_t{7}, int64_t{7}, 50)}};
  EXPECT_THAT(Prune("a = 7 AND b = 1", {half_null, b_}).may_match, ElementsAre(RowRange{0, 50}));
  EXPECT_THAT(Prune("a IS NULL AND b = 1", {half_null, b_}).all_match, IsEmpty());
  const ColumnZones all_null = {100, {Zone(0, 100, {}, {}, 100)}};
  EXPECT_THAT(Prune("a IS NULL AND b = 1", {all_null, b_}).all_match, ElementsAre(RowRange{0, 50}));
  EXPECT_THAT(Prune("a = 7", {all_null, b_}).may_match, IsEmpty());
}

TEST_F(PruningTest, NoRowsHaveNoRanges) {
  const auto predicate = Predicate::Parse("TRUE", schema_).ValueOrDie();
  EXPECT_THAT(PruneZones(*predicate, {}, 0).may_match, IsEmpty());
}

}  // namespace
}  // namespace varve::internal
