// SPDX-License-Identifier: Apache-2.0
#include "storage/object_path.h"

#include <gtest/gtest.h>

#include "storage/testing/refused_paths.h"

namespace varve::internal {
namespace {

TEST(ObjectPathTest, AcceptsWhatVarveAndMilvusWrite) {
  for (const std::string path :
       {"a", "_versions/18446744073709551614", "data/0000-1-9f.parquet", "..a", "a..b", ".hidden",
        "insert_log/44/45/46/100/47", "k=v,w/a b+c@d", "caf\xc3\xa9/\xe5\x90\x91\xe9\x87\x8f",
        "100%", "a%20b", "%41", "a:b"}) {
    EXPECT_TRUE(CheckObjectPath(path).ok()) << path;
  }
  EXPECT_TRUE(CheckObjectPath(std::string(255, 'a')).ok());
}

TEST(ObjectPathTest, RefusesWhatMightLeaveTheRoot) {
  for (const std::string& path : RefusedPaths()) {
    const Status status = CheckObjectPath(path);
    ASSERT_FALSE(status.ok()) << testing::PrintToString(path);
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
    EXPECT_LT(status.message().size(), 400u);
  }
}

TEST(ObjectPathTest, PrefixesMayBeEmptyOrEndInASlash) {
  EXPECT_TRUE(CheckObjectPrefix("").ok());
  EXPECT_TRUE(CheckObjectPrefix("a/").ok());
  EXPECT_TRUE(CheckObjectPrefix("a/b").ok());
  for (const std::string prefix : {"/", "//", "a//", "../", "a/..", "a/../", "./"}) {
    EXPECT_FALSE(CheckObjectPrefix(prefix).ok()) << prefix;
  }
}

TEST(ObjectPathTest, SplitsAtTheLastSlash) {
  EXPECT_EQ(SplitPath("a/b/c").directory, "a/b");
  EXPECT_EQ(SplitPath("a/b/c").name, "c");
  EXPECT_EQ(SplitPath("c").directory, "");
  EXPECT_EQ(SplitPath("c").name, "c");
  EXPECT_EQ(SplitPath("a/").directory, "a");
  EXPECT_EQ(SplitPath("a/").name, "");
}

}  // namespace
}  // namespace varve::internal
