// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/chunk_manager_conformance.h"
#include "storage/testing/counting_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"

namespace varve::internal {
namespace {

constexpr ChunkManagerFeatures kMemoryFeatures = {
    .put_if_absent = true, .ordered_listing = true, .write_at = true, .mapping = true};

INSTANTIATE_TEST_SUITE_P(
    Decorated, ChunkManagerConformanceTest,
    testing::Values(
        ConformanceTarget{
            .name = "Counting",
            .make = [] { return CountingChunkManager::Make(MemoryChunkManager::Make()); },
            .features = kMemoryFeatures},
        ConformanceTarget{
            .name = "Faulty",
            .make = [] { return FaultyChunkManager::Make(MemoryChunkManager::Make()); },
            .features = kMemoryFeatures}),
    NameOfTarget);

TEST(CountingChunkManagerTest, CountsCallsRangesAndBytes) {
  const auto store = CountingChunkManager::Make(MemoryChunkManager::Make());
  ASSERT_TRUE(store->Write("a", AsBytes("0123456789")).ok());
  const auto reader = *store->OpenReader("a");
  char out[8];
  ASSERT_TRUE(reader->ReadAt(1, 3, out).ok());
  const std::vector<ReadRange> ranges = {{.offset = 0, .length = 4, .out = out},
                                         {.offset = 6, .length = 2, .out = out + 4}};
  ASSERT_TRUE(reader->ReadRanges(ranges).ok());
  EXPECT_FALSE(reader->ReadAt(9, 2, out).ok());
  EXPECT_EQ(store->count(StorageOperation::kWrite),
            (OperationCount{.calls = 1, .ranges = 1, .bytes = 10}));
  EXPECT_EQ(store->count(StorageOperation::kReadAt),
            (OperationCount{.calls = 1, .ranges = 1, .bytes = 3}));
  EXPECT_EQ(store->count(StorageOperation::kReadRanges),
            (OperationCount{.calls = 1, .ranges = 2, .bytes = 6}));
  EXPECT_EQ(store->reads(), (OperationCount{.calls = 2, .ranges = 3, .bytes = 9}));
  EXPECT_EQ(store->total().calls, 4);
  store->Reset();
  EXPECT_EQ(store->total(), OperationCount{});
}

TEST(FaultyChunkManagerTest, FailsTheNthCallBeforeOrAfterItTookEffect) {
  const auto store = FaultyChunkManager::Make(MemoryChunkManager::Make());
  store->FailCall(StorageOperation::kPutIfAbsent, 2, Status::IOError("refused"));
  store->FailCall(StorageOperation::kPutIfAbsent, 2, Status::IOError("lost"),
                  FaultyChunkManager::kAfter);
  EXPECT_TRUE(*store->PutIfAbsent("1", AsBytes("x")));
  EXPECT_EQ(store->PutIfAbsent("2", AsBytes("x")).status().message(), "refused");
  EXPECT_FALSE(*store->Exist("2"));
  EXPECT_EQ(store->PutIfAbsent("3", AsBytes("x")).status().message(), "lost");
  EXPECT_TRUE(*store->Exist("3"));
  EXPECT_TRUE(*store->PutIfAbsent("4", AsBytes("x")));
  EXPECT_EQ(store->num_failures(), 2);
  store->FailCall(StorageOperation::kStat, 1, Status::IOError("x"), FaultyChunkManager::kBefore, 2);
  EXPECT_FALSE(store->Exist("1").ok());
  EXPECT_FALSE(store->Size("1").ok());
  EXPECT_TRUE(store->Stat("1").ok());
}

TEST(FaultyChunkManagerTest, DamagesReadsUntilHealed) {
  const auto store = FaultyChunkManager::Make(MemoryChunkManager::Make());
  ASSERT_TRUE(store->Write("a", AsBytes("aaaa")).ok());
  ASSERT_TRUE(store->Write("b", AsBytes("aaaa")).ok());
  store->FlipBit("a", 2, 1);
  EXPECT_EQ((*store->Read("a"))->ToString(), "aaca");
  EXPECT_EQ((*store->Read("b"))->ToString(), "aaaa");
  const auto reader = *store->OpenReader("a");
  EXPECT_EQ((*reader->Read(0, 2))->ToString(), "aa");
  EXPECT_EQ((*reader->Read(2, 2))->ToString(), "ca");
  EXPECT_EQ((*reader->Map())->ToString(), "aaca");
  store->Truncate("a", 3);
  EXPECT_EQ(*store->Size("a"), 3);
  EXPECT_TRUE(IsCorruption(reader->Read(0, 4).status()));
  EXPECT_TRUE(IsCorruption(reader->Map().status()));
  store->Heal();
  EXPECT_EQ((*store->Read("a"))->ToString(), "aaaa");
}

}  // namespace
}  // namespace varve::internal
