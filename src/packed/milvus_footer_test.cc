// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_footer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using Groups = std::vector<std::vector<int64_t>>;

TEST(MilvusFooterTest, FieldIdsAreListedByFile) {
  const Groups groups = {{100, 102}, {101}, {103}};
  EXPECT_EQ(EncodeGroupFieldIds(groups), "100,102;101;103");
  VARVE_ASSERT_OK_AND_ASSIGN(const Groups parsed, ParseGroupFieldIds("100,102;101;103", "a"));
  EXPECT_EQ(parsed, groups);
  EXPECT_EQ(EncodeGroupFieldIds({{0, 1}, {}, {100}}), "0,1;100");
}

TEST(MilvusFooterTest, EmptyGroupsAndIdsArePassedOver) {
  VARVE_ASSERT_OK_AND_ASSIGN(const Groups parsed, ParseGroupFieldIds(";0,,1;;100,;", "a"));
  EXPECT_EQ(parsed, (Groups{{0, 1}, {100}}));
  VARVE_ASSERT_OK_AND_ASSIGN(const Groups none, ParseGroupFieldIds("", "a"));
  EXPECT_EQ(none, Groups{});
}

TEST(MilvusFooterTest, WhatIsNoListOfIdsIsRefused) {
  for (const char* text :
       {"100;x", "100, 102", "-1", "1e3", "9223372036854775808", "100;100", "1|2"}) {
    const auto parsed = ParseGroupFieldIds(text, "set/0");
    ASSERT_TRUE(IsCorruption(parsed.status())) << text << ": " << parsed.status().ToString();
    EXPECT_THAT(parsed.status().message(), HasSubstr("set/0"));
    EXPECT_THAT(parsed.status().message(), HasSubstr("group_field_id_list"));
  }
}

TEST(MilvusFooterTest, RowGroupsAreThreeNumbersEach) {
  const std::vector<MilvusRowGroup> groups = {{1600, 100, 0}, {800, 50, 100}};
  EXPECT_EQ(EncodeRowGroups(groups), "1600|100|0;800|50|100");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto parsed, ParseRowGroups("1600|100|0;800|50|100", "a"));
  EXPECT_EQ(parsed, groups);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto largest, ParseRowGroups("18446744073709551615|1|0", "a"));
  EXPECT_EQ(largest.front().memory_bytes, UINT64_MAX);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto none, ParseRowGroups("", "a"));
  EXPECT_TRUE(none.empty());
}

TEST(MilvusFooterTest, WhatAreNoRowGroupsIsRefused) {
  for (const char* text :
       {"1600|100", "1600|100|0|7", "1600|100|0;;800|50|100", "1600||0", "a|100|0", "1600|-1|0",
        "1600|100|1", "1600|100|0;800|50|99", "18446744073709551616|1|0",
        "1|9223372036854775807|0;1|1|9223372036854775807"}) {
    const auto parsed = ParseRowGroups(text, "set/0");
    ASSERT_TRUE(IsCorruption(parsed.status())) << text << ": " << parsed.status().ToString();
    EXPECT_THAT(parsed.status().message(), HasSubstr("set/0"));
    EXPECT_THAT(parsed.status().message(), HasSubstr("row_group_metadata"));
  }
}

}  // namespace
}  // namespace varve::internal
