// SPDX-License-Identifier: Apache-2.0
#include "cli/location.h"

#include <gtest/gtest.h>

namespace varve::cli {
namespace {

constexpr int64_t kNow = 1'800'000'000'000'000;

TEST(LocationTest, ParsesMoments) {
  EXPECT_EQ(ParseTime("1970-01-02", kNow).ValueOrDie(), 86'400'000'000);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:01Z", kNow).ValueOrDie(), 1'000'000);
  EXPECT_EQ(ParseTime("1970-01-01 00:01", kNow).ValueOrDie(), 60'000'000);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.25", kNow).ValueOrDie(), 250'000);
}

TEST(LocationTest, ParsesAges) {
  EXPECT_EQ(ParseTime("15m", kNow).ValueOrDie(), kNow - 900'000'000);
  EXPECT_EQ(ParseTime("2h", kNow).ValueOrDie(), kNow - 7'200'000'000);
  EXPECT_EQ(ParseTime("3d", kNow).ValueOrDie(), kNow - 259'200'000'000);
}

TEST(LocationTest, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "Z", "yesterday", "m", "-3d", "99999999999999999999d", "2026-13-01"}) {
    const auto parsed = ParseTime(text, kNow);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(KindOf(parsed.status()), ErrorKind::kInvalid) << text;
  }
}

TEST(LocationTest, KnowsLocalPaths) {
  EXPECT_EQ(LocalPath("a/b"), "a/b");
  EXPECT_EQ(LocalPath("file:///a/b"), "/a/b");
  EXPECT_EQ(LocalPath("s3://bucket/a"), std::nullopt);
  EXPECT_FALSE(IsLocalFile("/"));
  EXPECT_EQ(SplitFileLocation("/a/b.parquet").folder, "/a");
  EXPECT_EQ(SplitFileLocation("/a/b.parquet").name, "b.parquet");
  for (const char* empty : {"", "file://"}) {
    EXPECT_EQ(SplitFileLocation(empty).folder, "") << empty;  // no store opens it
  }
}

}  // namespace
}  // namespace varve::cli
