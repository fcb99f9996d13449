// SPDX-License-Identifier: Apache-2.0
#include "storage/memory/memory_chunk_manager.h"

#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, ChunkManagerConformanceTest,
                         testing::Values(ConformanceTarget{
                             .name = "Private",
                             .make = [] { return MemoryChunkManager::Make(); },
                             .features = {.put_if_absent = true,
                                          .ordered_listing = true,
                                          .write_at = true,
                                          .mapping = true,
                                          .durable = false}}),
                         NameOfTarget);

TEST(MemoryChunkManagerTest, OneStorePerNameAndProcess) {
  ASSERT_TRUE(MemoryChunkManager::Named("x")->Write("a", AsBytes("kept")).ok());
  EXPECT_EQ((*MemoryChunkManager::Named("x")->Read("a"))->ToString(), "kept");
  EXPECT_FALSE(*MemoryChunkManager::Named("y")->Exist("a"));
  EXPECT_FALSE(*MemoryChunkManager::Make("x")->Exist("a"));
  EXPECT_EQ(MemoryChunkManager::Named("x")->uri(), "memory://x");
}

TEST(MemoryChunkManagerTest, ReadsWithoutACopy) {
  const auto store = MemoryChunkManager::Make();
  ASSERT_TRUE(store->Write("a", AsBytes("bytes")).ok());
  EXPECT_EQ((*store->Read("a"))->data(), (*store->Read("a"))->data());
}

}  // namespace
}  // namespace varve::internal
