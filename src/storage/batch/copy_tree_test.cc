// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/remote/testing/simulated_client.h"
#include "storage/testing/counting_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/scratch_directory.h"
#include "varve/batch.h"

namespace varve {
namespace {

using internal::AsBytes;
using internal::CountingChunkManager;
using internal::FaultyChunkManager;
using internal::MemoryChunkManager;
using internal::StorageOperation;
using testing::HasSubstr;

using Contents = std::map<std::string, std::string>;

Contents ContentsOf(ChunkManager* store) {
  Contents contents;
  for (const ObjectInfo& object : *store->List("")) {
    contents[object.path] = (*store->Read(object.path))->ToString();
  }
  return contents;
}

void Fill(ChunkManager* store, const Contents& contents) {
  for (const auto& [path, text] : contents) {
    ASSERT_TRUE(store->Write(path, AsBytes(text)).ok()) << path;
  }
}

// Five versions and a hint, as a table has them.
Contents Table() {
  Contents table = {{"_versions/hint", "64"}};
  for (int i = 0; i < 5; ++i) {
    table["_versions/1844674407370955161" + std::to_string(i)] = "version " + std::to_string(i);
    table["data/" + std::to_string(i) + ".parquet"] = std::string(1000 + i, static_cast<char>(i));
  }
  table["data/long.parquet"] = std::string(19 << 20, 'x');
  return table;
}

bool HasVersion(const Contents& contents) {
  for (const auto& [path, text] : contents) {
    if (path.starts_with("_versions/1")) return true;
  }
  return false;
}

TEST(CopyTreeTest, EveryObjectArrivesOnAnyStore) {
  const internal::ScratchDirectory directory;
  const auto source = MemoryChunkManager::Make("a");
  const auto local = *OpenChunkManager(directory.path() + "/a");
  const auto back = MemoryChunkManager::Make("b");
  Fill(source.get(), Table());
  CopyProgress last;
  const auto copied =
      CopyTree(source.get(), local.get(), {.progress = [&](const CopyProgress& now) {
                 EXPECT_GE(now.bytes_done, last.bytes_done);
                 EXPECT_GE(now.objects_done, last.objects_done);
                 last = now;
               }});
  ASSERT_TRUE(copied.ok()) << copied.status().ToString();
  EXPECT_EQ(ContentsOf(local.get()), Table());
  EXPECT_EQ(last.objects, 12);
  EXPECT_EQ(last.objects_done, 12);
  EXPECT_EQ(last.objects_present, 0);
  EXPECT_EQ(last.bytes_done, last.bytes);
  EXPECT_EQ(copied->bytes_done, last.bytes);
  EXPECT_GT(copied->bytes_per_second(), 0);
  EXPECT_EQ(copied->seconds_left(), 0);
  ASSERT_TRUE(CopyTree(local.get(), back.get()).ok());
  EXPECT_EQ(ContentsOf(back.get()), Table());
}

TEST(CopyTreeTest, WhatIsThereIsNotCopiedAgain) {
  const auto source = MemoryChunkManager::Make("a"), target = MemoryChunkManager::Make("b");
  Fill(source.get(), Table());
  ASSERT_TRUE(CopyTree(source.get(), target.get()).ok());
  ASSERT_TRUE(source->Write("data/late.parquet", AsBytes("late")).ok());
  const auto counting = CountingChunkManager::Make(source);
  const auto again = CopyTree(counting.get(), target.get());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->objects_present, 12);
  EXPECT_EQ(again->objects_done, 13);
  EXPECT_EQ((*target->Read("data/late.parquet"))->ToString(), "late");
  // The versions and the hint, which are compared, and the new object.
  EXPECT_EQ(counting->reads().bytes, 5 * 9 + 2 + 4);
}

// At every call that a target can fail.
TEST(CopyTreeTest, AfterEveryFailureTheCopyIsNoTableAndIsFinishedByAskingAgain) {
  const auto source = MemoryChunkManager::Make("a");
  Fill(source.get(), Table());
  for (const auto operation : {StorageOperation::kOpenWriter, StorageOperation::kWriterWrite,
                               StorageOperation::kWriterClose}) {
    for (int nth = 1; nth <= 14; ++nth) {
      SCOPED_TRACE(std::string(StorageOperationName(operation)) + " " + std::to_string(nth));
      const auto target = MemoryChunkManager::Make("b");
      const auto faulty = FaultyChunkManager::Make(target);
      faulty->FailCall(operation, nth, Status::IOError("reset"));
      const auto copied = CopyTree(source.get(), faulty.get(), {.batch = {.objects_in_flight = 1}});
      ASSERT_EQ(copied.ok(), faulty->num_failures() == 0);
      const Contents half = ContentsOf(target.get());
      // With a version, all data is there, and the newest version.
      if (HasVersion(half)) {
        EXPECT_TRUE(half.contains("_versions/18446744073709551610"));
        for (const auto& [path, text] : Table()) {
          EXPECT_TRUE(half.contains(path) || !path.starts_with("data/")) << path;
        }
        if (half.contains("_versions/18446744073709551614")) {
          EXPECT_EQ(half.size() + (half.contains("_versions/hint") ? 0 : 1), Table().size());
        }
      }
      ASSERT_TRUE(CopyTree(source.get(), target.get()).ok());
      EXPECT_EQ(ContentsOf(target.get()), Table());
    }
  }
}

// What is replaced is there until what replaces it is.
TEST(CopyTreeTest, AReplacementThatFailsLeavesWhatWasThere) {
  const auto source = MemoryChunkManager::Make("a");
  Fill(source.get(), {{"long", std::string(9 << 20, 'n')}});
  for (const auto operation : {StorageOperation::kOpenWriter, StorageOperation::kWriterWrite,
                               StorageOperation::kWriterClose}) {
    const auto target = MemoryChunkManager::Make("b");
    Fill(target.get(), {{"long", std::string(10 << 20, 'o')}});
    const auto faulty = FaultyChunkManager::Make(target);
    faulty->FailCall(operation, 1, Status::IOError("reset"));
    EXPECT_FALSE(CopyTree(source.get(), faulty.get(), {.overwrite = true}).ok());
    EXPECT_TRUE(ContentsOf(target.get()).at("long") == std::string(10 << 20, 'o'));
    ASSERT_TRUE(CopyTree(source.get(), faulty.get(), {.overwrite = true}).ok());
    EXPECT_TRUE(ContentsOf(target.get()).at("long") == std::string(9 << 20, 'n'));
  }
}

TEST(CopyTreeTest, AnotherTableIsNotTouched) {
  const auto source = MemoryChunkManager::Make("a");
  Fill(source.get(), Table());
  // One version more; one version that differs, of the same length.
  for (const auto& [path, text] : Contents{{"_versions/18446744073709551609", "version 9"},
                                           {"_versions/18446744073709551614", "version 5"}}) {
    const auto target = MemoryChunkManager::Make("b");
    Fill(target.get(), {{path, text}});
    const auto copied = CopyTree(source.get(), target.get(), {.overwrite = true});
    EXPECT_TRUE(IsAlreadyExists(copied.status())) << copied.status().ToString();
    EXPECT_THAT(copied.status().message(), HasSubstr("memory://b/" + path));
    EXPECT_EQ(ContentsOf(target.get()), (Contents{{path, text}}));
  }
}

TEST(CopyTreeTest, SizeOrContentDecidesWhatIsEqual) {
  const auto source = MemoryChunkManager::Make("a"), target = MemoryChunkManager::Make("b");
  Fill(source.get(), {{"a", "one"}, {"b", std::string(9 << 20, 'x')}, {"c", "new"}});
  Contents there = {{"a", "two"}, {"b", std::string(9 << 20, 'x')}};
  Fill(target.get(), there);
  there["b"].back() = 'y';
  ASSERT_TRUE(target->Write("b", AsBytes(there["b"])).ok());

  const auto refused =
      CopyTree(source.get(), target.get(),
               {.batch = {.objects_in_flight = 1}, .equality = CopyEquality::kContent});
  EXPECT_TRUE(IsAlreadyExists(refused.status())) << refused.status().ToString();
  EXPECT_EQ(ContentsOf(target.get()), there);

  ASSERT_TRUE(CopyTree(source.get(), target.get()).ok());
  there["c"] = "new";
  EXPECT_EQ(ContentsOf(target.get()), there);

  const auto replaced =
      CopyTree(source.get(), target.get(), {.equality = CopyEquality::kContent, .overwrite = true});
  ASSERT_TRUE(replaced.ok()) << replaced.status().ToString();
  EXPECT_EQ(replaced->objects_present, 1);
  EXPECT_EQ(ContentsOf(target.get()), ContentsOf(source.get()));
}

TEST(CopyTreeTest, AHintIsReplacedWithoutQuestion) {
  const auto source = MemoryChunkManager::Make("a"), target = MemoryChunkManager::Make("b");
  Fill(source.get(), Table());
  Fill(target.get(), {{"_versions/hint", "32"}});
  ASSERT_TRUE(CopyTree(source.get(), target.get()).ok());
  EXPECT_EQ(ContentsOf(target.get()), Table());
}

TEST(CopyTreeTest, BucketsOfOneNameMayBeOfTwoServices) {
  const auto bucket = [] {
    return internal::RemoteChunkManager(
        std::make_shared<internal::SimulatedClient>(),
        internal::RemoteOptions{.uri = "s3://bucket", .features = {.put_if_absent = true}});
  };
  auto source = bucket(), target = bucket();
  Fill(&source, Table());
  const auto copied = CopyTree(&source, &target);
  ASSERT_TRUE(copied.ok()) << copied.status().ToString();
  EXPECT_EQ(ContentsOf(&target), Table());
}

TEST(CopyTreeTest, AStoreIsNotCopiedOntoItself) {
  const auto store = MemoryChunkManager::Make("a");
  EXPECT_EQ(KindOf(CopyTree(store.get(), store.get()).status()), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace varve
