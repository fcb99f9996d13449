// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/local/file_uri.h"
#include "storage/testing/scratch_directory.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

TEST(OpenChunkManagerTest, PathsAndFileUrisNameTheSameStore) {
  const ScratchDirectory scratch;
  const std::string root = scratch.path() + "/a b#c%?é";
  const auto by_path = *OpenChunkManager(root);
  ASSERT_TRUE(by_path->Write("x", AsBytes("kept")).ok());
  EXPECT_EQ((*(*OpenChunkManager(by_path->uri()))->Read("x"))->ToString(), "kept");
  EXPECT_EQ((*(*OpenChunkManager(root + "/"))->Read("x"))->ToString(), "kept");
  EXPECT_EQ((*(*OpenChunkManager(scratch.path() + "/./a b#c%?é"))->Read("x"))->ToString(), "kept");
  EXPECT_EQ((*(*OpenChunkManager(root + "/../a b#c%?é"))->Read("x"))->ToString(), "kept");
  EXPECT_EQ(by_path->uri(), "file://" + scratch.path() + "/a%20b%23c%25%3Fé");
}

TEST(OpenChunkManagerTest, RelativePathsAreBelowTheWorkingDirectory) {
  EXPECT_EQ((*OpenChunkManager("some/table"))->uri(),
            FileUri(std::filesystem::current_path().string() + "/some/table"));
  EXPECT_FALSE(std::filesystem::exists("some/table"));
}

TEST(OpenChunkManagerTest, OptionsReachTheStore) {
  EXPECT_TRUE((*OpenChunkManager("/nowhere"))->features().durable);
  EXPECT_FALSE((*OpenChunkManager("/nowhere", {.sync = false}))->features().durable);
}

TEST(OpenChunkManagerTest, MemoryStoresAreFoundByName) {
  ASSERT_TRUE((*OpenChunkManager("memory://m"))->Write("x", AsBytes("kept")).ok());
  EXPECT_EQ((*(*OpenChunkManager("memory://m"))->Read("x"))->ToString(), "kept");
  EXPECT_FALSE(*(*OpenChunkManager("memory://n"))->Exist("x"));
}

TEST(OpenChunkManagerTest, NamesTheSchemeItDoesNotKnowAndNoMore) {
  const Status status = OpenChunkManager("hdfs://key:secret@bucket/x").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported);
  EXPECT_THAT(status.message(), testing::HasSubstr("found hdfs"));
  EXPECT_THAT(status.message(), testing::Not(testing::HasSubstr("secret")));
}

TEST(OpenChunkManagerTest, ReplicasAreOpenedWithTheStore) {
  const auto store =
      OpenChunkManager("s3://b/x", {.storage_options = {{"endpoint", "http://127.0.0.1:1"},
                                                        {"region", "r"},
                                                        {"READ_replicas", "s3://c/y memory://r"}}});
  if (!store.ok()) GTEST_SKIP() << "a build without object stores";
  EXPECT_EQ((*store)->uri(), "s3://b/x");
  const Status mistake =
      OpenChunkManager("s3://b/x",
                       {.storage_options = {{"region", "r"}, {"read_replicas", "hdfs://b"}}})
          .status();
  EXPECT_EQ(KindOf(mistake), ErrorKind::kUnsupported);
}

TEST(OpenChunkManagerTest, RefusesUrisThatNameNothing) {
  for (const std::string& uri :
       {std::string(), std::string("memory://"), std::string("file://host/x"),
        std::string("file://"), std::string("file://x"), std::string("file:///a%2"),
        std::string("file:///a%zz"), std::string("file:///a%-1"), std::string("file:///a%00b"),
        std::string("file:///a?b"), std::string("file:///a#b"), std::string("a\0b", 3)}) {
    EXPECT_EQ(KindOf(OpenChunkManager(uri).status()), ErrorKind::kInvalid) << uri;
  }
  EXPECT_EQ(*PathOfFileUri("file://localhost/a%2Fb"), "/a/b");
  EXPECT_EQ(*PathOfFileUri("file:/a%2Fb"), "/a/b");
  EXPECT_EQ((*OpenChunkManager("file:/a/b"))->uri(), "file:///a/b");
}

}  // namespace
}  // namespace varve::internal
