// SPDX-License-Identifier: Apache-2.0
#include "packed/milvus_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/testing/status_assertions.h"

namespace varve {

void PrintTo(const ColumnGroup& group, std::ostream* out) {
  *out << group.group_id << ": " << ::testing::PrintToString(group.columns);
}

namespace internal {
namespace {

using ::testing::HasSubstr;
using Groups = std::vector<ColumnGroup>;

FieldSchema Field(int64_t id, DataType type, bool primary_key = false) {
  FieldSchema field;
  field.field_id = id;
  field.name = "f" + std::to_string(id);
  field.data_type = type;
  field.primary_key = primary_key;
  return field;
}

// Columns 0 to 8: of every kind that a policy looks for, RowID and Timestamp last.
std::vector<FieldSchema> SampleFields() {
  return {Field(100, DataType::kInt64, true),
          Field(101, DataType::kVarChar),
          Field(102, DataType::kFloatVector),
          Field(103, DataType::kSparseFloatVector),
          Field(104, DataType::kJson),
          Field(105, DataType::kText),
          Field(106, DataType::kArrayOfVector),
          Field(0, DataType::kInt64),
          Field(1, DataType::kInt64)};
}

const std::vector<double> kSmall(9, 8.0);

TEST(MilvusSplitTest, SystemFieldsLargeOnesVectorsAndTheRest) {
  auto averages = kSmall;
  averages[4] = 1024;
  averages[2] = 3072;
  EXPECT_EQ(
      SplitMilvusColumns(SampleFields(), averages),
      (Groups{
          {0, {0, 7, 8}}, {1, {1}}, {102, {2}}, {103, {3}}, {104, {4}}, {105, {5}}, {106, {6}}}));
  averages[4] = 1023.9;
  EXPECT_EQ(SplitMilvusColumns(SampleFields(), averages),
            (Groups{{0, {0, 7, 8}}, {1, {1, 4}}, {102, {2}}, {103, {3}}, {105, {5}}, {106, {6}}}));
}

TEST(MilvusSplitTest, KeysThatTheSchemaMarksStandWithThePrimaryKey) {
  auto fields = SampleFields();
  fields[1].params = {{"milvus.is_partition_key", "true"}};
  fields[4].params = {{"mmap.enabled", "true"}, {"milvus.is_clustering_key", "true"}};
  const Groups vectors = {{102, {2}}, {103, {3}}, {105, {5}}, {106, {6}}};
  const auto with = [&](Groups groups) {
    groups.insert(groups.end(), vectors.begin(), vectors.end());
    return groups;
  };
  EXPECT_EQ(SplitMilvusColumns(fields, kSmall), with({{0, {0, 1, 4, 7, 8}}}));
  EXPECT_EQ(SplitMilvusColumns(fields, kSmall, {.include_partition_key = false}),
            with({{0, {0, 4, 7, 8}}, {1, {1}}}));
  // What the caller names goes before what the schema says.
  EXPECT_EQ(SplitMilvusColumns(fields, kSmall, {.clustering_key_id = 101}),
            with({{0, {0, 1, 7, 8}}, {1, {4}}}));
  fields[1].params = {{"milvus.is_partition_key", "false"}};
  EXPECT_EQ(SplitMilvusColumns(fields, kSmall), with({{0, {0, 4, 7, 8}}, {1, {1}}}));
}

// A key of many bytes stays where keys are: the first policy that wants a column has it.
TEST(MilvusSplitTest, ThePolicyThatComesFirstTakesTheColumn) {
  const std::vector<double> large(9, 5000.0);
  EXPECT_EQ(
      SplitMilvusColumns(SampleFields(), large),
      (Groups{
          {0, {0, 7, 8}}, {101, {1}}, {102, {2}}, {103, {3}}, {104, {4}}, {105, {5}}, {106, {6}}}));
}

TEST(MilvusSplitTest, PartitionAndClusteringKeysGoWithTheSystemFields) {
  MilvusSplitOptions options;
  options.partition_key_id = 101;
  options.clustering_key_id = 102;
  EXPECT_EQ(SplitMilvusColumns(SampleFields(), kSmall, options),
            (Groups{{0, {0, 1, 2, 7, 8}}, {1, {4}}, {103, {3}}, {105, {5}}, {106, {6}}}));
  options.include_primary_key = false;
  options.include_partition_key = false;
  options.include_clustering_key = false;
  EXPECT_EQ(SplitMilvusColumns(SampleFields(), kSmall, options),
            (Groups{{0, {7, 8}}, {1, {0, 1, 4}}, {102, {2}}, {103, {3}}, {105, {5}}, {106, {6}}}));
}

TEST(MilvusSplitTest, WithoutTheFirstPolicyTheRestIsGroupZero) {
  MilvusSplitOptions options;
  options.split_system_columns = false;
  options.split_by_average_size = false;
  const std::vector<double> large(9, 5000.0);
  const Groups expected = {{0, {0, 1, 4, 7, 8}}, {102, {2}}, {103, {3}}, {105, {5}}, {106, {6}}};
  EXPECT_EQ(SplitMilvusColumns(SampleFields(), large, options), expected);
  EXPECT_EQ(LegacyMilvusColumns(SampleFields()), expected);
}

TEST(MilvusSplitTest, TheFirstGroupMayBeEmptyTheLastIsNotThere) {
  const std::vector<FieldSchema> fields = {Field(102, DataType::kFloatVector)};
  EXPECT_EQ(SplitMilvusColumns(fields, {8}), (Groups{{0, {}}, {102, {0}}}));
  EXPECT_EQ(LegacyMilvusColumns(fields), (Groups{{102, {0}}}));
}

TEST(MilvusSplitTest, ASegmentKeepsTheSplitThatItHas) {
  const auto fields = SampleFields();
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto groups,
      RestoreMilvusColumns(
          fields, {{0, {1, 100, 0}}, {1, {104, 101, 105, 999}}, {102, {102}}, {103, {103, 106}}}));
  EXPECT_EQ(groups, (Groups{{0, {0, 7, 8}}, {1, {1, 4, 5}}, {102, {2}}, {103, {3, 6}}}));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto legacy,
      RestoreMilvusColumns(fields, {{0, {}}, {102, {}}, {103, {}}, {105, {}}, {106, {}}}));
  EXPECT_EQ(legacy, LegacyMilvusColumns(fields));
}

TEST(MilvusSplitTest, WhatIsNoSplitIsRefused) {
  const std::vector<FieldSchema> fields = {Field(100, DataType::kInt64),
                                           Field(0, DataType::kInt64)};
  const auto twice = RestoreMilvusColumns(fields, {{0, {0, 100}}, {1, {100}}}).status();
  EXPECT_EQ(KindOf(twice), ErrorKind::kInvalid);
  EXPECT_THAT(twice.message(), HasSubstr("field id 100 in groups 0 and 1"));
}

// Fields that came after the segment: vectors each for themselves, the rest together, in groups
// that no field had before.
TEST(MilvusSplitTest, NewFieldsGetNewGroups) {
  auto fields = SampleFields();
  for (const size_t added : {1, 2, 3, 6}) fields[added].nullable = true;
  const std::map<int64_t, std::vector<int64_t>> stored = {
      {0, {0, 1, 100}}, {1, {104, 999}}, {3, {105}}};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto groups, RestoreMilvusColumns(fields, stored));
  EXPECT_EQ(
      groups,
      (Groups{{0, {0, 7, 8}}, {1, {4}}, {2, {1}}, {3, {5}}, {102, {2}}, {103, {3}}, {106, {6}}}));
  fields[1].nullable = false;  // rows before it have no value to show
  const auto required = RestoreMilvusColumns(fields, stored).status();
  EXPECT_EQ(KindOf(required), ErrorKind::kInvalid);
  EXPECT_THAT(required.message(), HasSubstr("required, id 101"));
}

// The sets of a segment are counted group by group.
TEST(MilvusSplitTest, NoGroupOfTheSegmentIsLeftOut) {
  const auto fields = SampleFields();
  const std::vector<std::map<int64_t, std::vector<int64_t>>> stored = {
      {{0, {0, 1, 100, 101, 102, 103, 104, 105, 106}}, {3, {999}}},    // dropped, the whole group
      {{0, {}}, {3, {}}, {102, {}}, {103, {}}, {105, {}}, {106, {}}},  // not the legacy split
  };
  for (const auto& split : stored) {
    const auto left_out = RestoreMilvusColumns(fields, split).status();
    EXPECT_EQ(KindOf(left_out), ErrorKind::kInvalid);
    EXPECT_THAT(left_out.message(), HasSubstr("a file for group 3"));
  }
  // Nor does a field move into a group of its own that the earlier sets have elsewhere.
  const auto moved = RestoreMilvusColumns(fields, {{0, {}}}).status();
  EXPECT_EQ(KindOf(moved), ErrorKind::kInvalid);
  EXPECT_THAT(moved.message(), HasSubstr("required, id 102"));
}

}  // namespace
}  // namespace internal
}  // namespace varve
