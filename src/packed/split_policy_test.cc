// SPDX-License-Identifier: Apache-2.0
#include "packed/split_policy.h"

#include <gtest/gtest.h>

#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using Groups = std::vector<std::vector<int>>;

std::vector<FieldSchema> Fields() {
  std::vector<FieldSchema> fields(5);
  const DataType types[] = {DataType::kInt64, DataType::kFloatVector, DataType::kVarChar,
                            DataType::kSparseFloatVector, DataType::kBinaryVector};
  const char* names[] = {"id", "a", "text", "sparse", "b"};
  for (size_t i = 0; i < 5; ++i) {
    fields[i].name = names[i];
    fields[i].data_type = types[i];
  }
  return fields;
}

Result<Groups> Split(SplitPolicy policy, bool small = false,
                     std::vector<std::vector<std::string>> groups = {}) {
  PackedWriteOptions options;
  options.split = policy;
  options.groups = std::move(groups);
  return SplitColumns(Fields(), options,
                      {.small = small, .average_bytes = {8, 3072, 2000, 100, 64}});
}

TEST(SplitPolicyTest, DefaultKeepsSmallWritesTogether) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kDefault, true));
  EXPECT_EQ(groups, (Groups{{0, 1, 2, 3, 4}}));
}

TEST(SplitPolicyTest, DefaultSeparatesDenseVectors) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kDefault));
  EXPECT_EQ(groups, (Groups{{0, 2, 3}, {1}, {4}}));
}

TEST(SplitPolicyTest, BySchemaSeparatesVectorsAndTexts) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kBySchema));
  EXPECT_EQ(groups, (Groups{{0}, {1}, {2}, {3}, {4}}));
}

TEST(SplitPolicyTest, ByAverageSizeSeparatesLargeValues) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kByAverageSize));
  EXPECT_EQ(groups, (Groups{{0, 3, 4}, {1}, {2}}));
}

TEST(SplitPolicyTest, OneGroupHoldsAll) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kOneGroup));
  EXPECT_EQ(groups, (Groups{{0, 1, 2, 3, 4}}));
}

TEST(SplitPolicyTest, ExplicitGroupsAreTakenAsTheyAre) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kExplicit, false,
                                                      {{"b", "a"}, {"text", "id", "sparse"}}));
  EXPECT_EQ(groups, (Groups{{1, 4}, {0, 2, 3}}));
}

TEST(SplitPolicyTest, ExplicitGroupsMustNameEachFieldOnce) {
  const std::vector<std::vector<std::vector<std::string>>> mistakes = {
      {{"id", "a", "text", "sparse"}},
      {{"id", "a", "text", "sparse", "b"}, {"id"}},
      {{"id", "a", "text", "sparse", "b", "c"}}};
  const std::string fields[] = {"b", "id", "c"};
  for (size_t i = 0; i < mistakes.size(); ++i) {
    const auto groups = Split(SplitPolicy::kExplicit, false, mistakes[i]);
    ASSERT_FALSE(groups.ok());
    EXPECT_EQ(KindOf(groups.status()), ErrorKind::kInvalid);
    EXPECT_EQ(ContextOf(groups.status())->field, fields[i]);
  }
}

}  // namespace
}  // namespace varve::internal
