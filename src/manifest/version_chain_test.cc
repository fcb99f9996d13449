// SPDX-License-Identifier: Apache-2.0
#include "manifest/version_chain.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest_store.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;

TEST(VersionChainTest, NamesCountDownInTwentyDigits) {
  EXPECT_EQ(VersionPath(1), "_versions/18446744073709551614");
  EXPECT_EQ(VersionPath(1000), "_versions/18446744073709550615");
  EXPECT_EQ(ManifestStore::PathOf(2), "_versions/18446744073709551613");
  EXPECT_EQ(VersionPath(UINT64_MAX - 7), "_versions/00000000000000000007");
}

TEST(VersionChainTest, ReadsOnlyItsOwnNames) {
  for (const uint64_t version : {uint64_t{1}, uint64_t{77}, kVersionLimit - 1}) {
    EXPECT_EQ(VersionOfPath(VersionPath(version)), version);
  }
  for (const char* other : {"_versions/hint", "_versions/", "_versions/1844674407370955161",
                            "data/18446744073709551614", "_versions/18446744073709551615",
                            "_versions/00000000000000000007", "_versions/1844674407370955161x",
                            "_versions/99999999999999999999", "_versions/18446744073709551614/x"}) {
    EXPECT_EQ(VersionOfPath(other), std::nullopt) << other;
  }
}

TEST(VersionChainTest, BaseClearsTheLowestDigitInBaseFour) {
  EXPECT_EQ(ManifestStore::BaseOf(1), 0u);
  EXPECT_EQ(ManifestStore::BaseOf(2), 1u);
  EXPECT_EQ(ManifestStore::BaseOf(3), 1u);
  EXPECT_EQ(ManifestStore::BaseOf(4), 1u);
  EXPECT_EQ(ManifestStore::BaseOf(5), 4u);
  EXPECT_EQ(ManifestStore::BaseOf(16), 1u);
  EXPECT_EQ(ManifestStore::BaseOf(20), 16u);
  EXPECT_EQ(ManifestStore::BaseOf(255), 252u);
  EXPECT_EQ(ManifestStore::BaseOf(256), 0u);
  EXPECT_EQ(ManifestStore::BaseOf(257), 256u);
  EXPECT_EQ(ManifestStore::BaseOf(1000), 992u);
  EXPECT_THAT(VersionChainOf(1000), ElementsAre(1000, 992, 960, 768));
  EXPECT_THAT(VersionChainOf(255), ElementsAre(255, 252, 240, 192, 1));
}

TEST(VersionChainTest, AnyVersionNeedsAtMostFiveObjects) {
  for (uint64_t version = 1; version < 100'000; ++version) {
    const auto chain = VersionChainOf(version);
    ASSERT_LE(chain.size(), 5u) << version;
    ASSERT_TRUE(chain.back() == 1 || chain.back() % 256 == 0) << version;
  }
}

// What lets a writer name the base of the next version without reading anything.
TEST(VersionChainTest, TheNextBaseIsInTheChain) {
  for (uint64_t version = 1; version < 100'000; ++version) {
    const uint64_t base = BaseVersionOf(version + 1);
    if (base == 0) continue;
    ASSERT_THAT(VersionChainOf(version), ::testing::Contains(base)) << version;
  }
}

}  // namespace
}  // namespace varve::internal
