// SPDX-License-Identifier: Apache-2.0
#include "packed/direct_chunk.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "base/testing/status_assertions.h"
#include "storage/memory/memory_chunk_manager.h"

namespace varve::internal {
namespace {

// Three values of a mebibyte in one block, which the layout says is for 2^30 of them.
TEST(DirectChunkTest, ABlockTakesNoMoreThanItsValues) {
  constexpr int32_t kWidth = 1 << 20;
  std::string bytes(static_cast<size_t>(kBodyAlignment), '\0');
  for (const char value : {'a', 'b', 'c'}) bytes.append(kWidth, value);
  const int64_t end = static_cast<int64_t>(bytes.size());
  AppendFixed<uint32_t>(&bytes, Crc32(AsBytes(bytes).subspan(kBodyAlignment)));
  const auto source = std::make_shared<const FileSource>(
      OpenBuffer("x.parquet", arrow::Buffer::FromString(std::move(bytes))));
  const DirectChunk chunk(source,
                          {.base = kBodyAlignment,
                           .stride = int64_t{kWidth} << 30,
                           .values_per_page = 1 << 30,
                           .width = kWidth,
                           .values_per_block = 1 << 30,
                           .checksums = end,
                           .num_values = 3},
                          /*num_rows=*/3);
  for (const bool mapped : {true, false}) {
    std::string taken(kWidth, '\0');
    const std::vector<ValueRequest> requests = {{1, reinterpret_cast<uint8_t*>(taken.data())}};
    VARVE_ASSERT_OK(chunk.Take(requests, mapped, /*verify=*/true));
    EXPECT_EQ(taken, std::string(kWidth, 'b'));
  }
}

// A layout of 2^50 pages, over an object that holds one and its checksum.
TEST(DirectChunkTest, PagesOutsideTheObjectTakeNothing) {
  std::string bytes(static_cast<size_t>(kBodyAlignment) + 64, 'x');
  const auto end = static_cast<int64_t>(bytes.size());
  AppendFixed<uint32_t>(&bytes, Crc32(AsBytes(bytes).subspan(kBodyAlignment)));
  const auto source = std::make_shared<const FileSource>(
      OpenBuffer("x.parquet", arrow::Buffer::FromString(std::move(bytes))));
  constexpr int64_t kPages = int64_t{1} << 50;
  const DirectChunk chunk(source,
                          {.base = kBodyAlignment,
                           .stride = 64,
                           .values_per_page = 1,
                           .width = 64,
                           .values_per_block = 1,
                           .checksums = end,
                           .num_values = kPages},
                          kPages);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto page, chunk.Slice(0, 1, /*verify=*/false));
  EXPECT_EQ(page->ToString(), std::string(64, 'x'));
  EXPECT_TRUE(IsCorruption(chunk.Slice(kPages - 1, kPages, /*verify=*/true).status()));
  EXPECT_FALSE(chunk.IsVerified(kPages - 1, kPages));
  chunk.VerifyAhead(kPages - 1, kPages);
  EXPECT_FALSE(chunk.IsVerified(kPages - 1, kPages));
}

}  // namespace
}  // namespace varve::internal
