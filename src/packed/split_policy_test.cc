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

// One field a type; `average` bytes each.
Result<Groups> SplitTypes(const std::vector<DataType>& types, const std::vector<double>& average,
                          int key = -1) {
  std::vector<FieldSchema> fields(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    fields[i].field_id = kFirstUserFieldId + static_cast<int64_t>(i);
    fields[i].name = std::string(DataTypeName(types[i]));
    fields[i].data_type = types[i];
    fields[i].primary_key = static_cast<int>(i) == key;
  }
  PackedWriteOptions options;
  options.split = SplitPolicy::kBySchema;
  return SplitColumns(fields, options, {.average_bytes = average});
}

TEST(SplitPolicyTest, BySchemaTakesSystemFieldsAndThePrimaryKeyFirst) {
  std::vector<FieldSchema> fields(5);
  const int64_t ids[] = {100, 101, kRowIdFieldId, kTimestampFieldId, 102};
  for (size_t i = 0; i < 5; ++i) {
    fields[i].field_id = ids[i];
    fields[i].data_type = DataType::kInt64;
  }
  fields[4].data_type = DataType::kVarChar;
  std::swap(fields[0].field_id, fields[1].field_id);
  fields[4].primary_key = true;
  PackedWriteOptions options;
  options.split = SplitPolicy::kBySchema;
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto groups,
      SplitColumns(fields, options, {.average_bytes = {1024, 2000, 8, 8, 5000}}));
  EXPECT_EQ(groups, (Groups{{2, 3, 4}, {1}, {0}}));
}

TEST(SplitPolicyTest, BySchemaSeparatesValuesOfTheLimitAndMore) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups,
                             SplitTypes({DataType::kInt64, DataType::kVarChar, DataType::kString,
                                         DataType::kJson, DataType::kArray, DataType::kInt8},
                                        {8, 1024, 1023.9, 1025, 100, 1}, /*key=*/0));
  EXPECT_EQ(groups, (Groups{{0}, {2, 4, 5}, {1}, {3}}));
}

TEST(SplitPolicyTest, BySchemaSeparatesVectorsAndTextAlone) {
  const std::vector<DataType> types = {
      DataType::kString,        DataType::kBinaryVector,      DataType::kFloatVector,
      DataType::kFloat16Vector, DataType::kBFloat16Vector,    DataType::kVarChar,
      DataType::kInt8Vector,    DataType::kSparseFloatVector, DataType::kArrayOfVector,
      DataType::kText,          DataType::kGeometry};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups,
                             SplitTypes(types, std::vector<double>(types.size(), 64)));
  EXPECT_EQ(groups, (Groups{{0, 5, 10}, {1}, {2}, {3}, {4}, {6}, {7}, {8}, {9}}));
}

TEST(SplitPolicyTest, ByAverageSizeSeparatesValuesOfTheLimitAndMore) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, Split(SplitPolicy::kByAverageSize));
  EXPECT_EQ(groups, (Groups{{0, 3, 4}, {1}, {2}}));
  PackedWriteOptions options;
  options.split = SplitPolicy::kByAverageSize;
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto at_the_limit,
      SplitColumns(Fields(), options, {.average_bytes = {8, 1023.9, 1024, 1025, 64}}));
  EXPECT_EQ(at_the_limit, (Groups{{0, 1, 4}, {2}, {3}}));
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
