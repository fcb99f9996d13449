// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/copy_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varve::internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<ObjectInfo> Objects(const std::vector<std::string>& paths) {
  std::vector<ObjectInfo> objects;
  for (const std::string& path : paths) objects.push_back({.path = path, .size = 1});
  return objects;
}

std::vector<std::string> PathsOf(const std::vector<PlannedCopy>& copies) {
  std::vector<std::string> paths;
  for (const PlannedCopy& copy : copies) {
    paths.push_back(copy.object.path + (copy.in_target ? " (there)" : ""));
  }
  return paths;
}

TEST(CopyPlanTest, VersionsComeLastTheNewestOfThemFirst) {
  const CopyPlan plan = PlanCopy(
      Objects({"_versions/96", "_versions/97", "_versions/98", "_versions/99", "_versions/hint",
               "a/_versions/98", "a/_versions/99", "a/data/x", "b/_versions/99", "data/y"}),
      {});
  ASSERT_EQ(plan.stages.size(), 5u);
  EXPECT_THAT(PathsOf(plan.stages[0]), ElementsAre("a/data/x", "data/y"));
  EXPECT_THAT(PathsOf(plan.stages[1]),
              ElementsAre("_versions/96", "a/_versions/98", "b/_versions/99"));
  EXPECT_THAT(PathsOf(plan.stages[2]), ElementsAre("_versions/97", "_versions/98"));
  EXPECT_THAT(PathsOf(plan.stages[3]), ElementsAre("_versions/99", "a/_versions/99"));
  EXPECT_THAT(PathsOf(plan.stages[4]), ElementsAre("_versions/hint"));
}

TEST(CopyPlanTest, WhatIsThereIsFound) {
  const CopyPlan plan = PlanCopy(Objects({"_versions/98", "_versions/99", "b", "d"}),
                                 Objects({"_versions/99", "a", "b", "c", "e"}));
  EXPECT_THAT(PathsOf(plan.stages[0]), ElementsAre("b (there)", "d"));
  EXPECT_THAT(PathsOf(plan.common_versions), ElementsAre("_versions/99 (there)"));
  EXPECT_THAT(plan.foreign_versions, IsEmpty());
}

TEST(CopyPlanTest, VersionsThatTheSourceLacksAreFoundWhereverTheyStand) {
  const auto foreign = Objects({"_versions/1", "_versions/3", "z/_versions/9"});
  EXPECT_EQ(PlanCopy(Objects({"_versions/2", "data/x"}),
                     Objects({"_versions/1", "_versions/2", "_versions/3", "_versions/hint",
                              "data/y", "z/_versions/9"}))
                .foreign_versions,
            foreign);
  EXPECT_EQ(PlanCopy({}, foreign).foreign_versions, foreign);
}

TEST(CopyPlanTest, AVersionIsANumberInItsFolder) {
  EXPECT_TRUE(IsVersion("_versions/18446744073709551614"));
  EXPECT_TRUE(IsVersion("a/b/_versions/1"));
  for (const char* path : {"_versions", "_versions/", "_versions/hint", "x_versions/1", "1",
                           "_versions/a/1", "_versions/1x", ""}) {
    EXPECT_FALSE(IsVersion(path)) << path;
  }
}

}  // namespace
}  // namespace varve::internal
