// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_layout.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

ChunkLayout Vectors(int64_t base, int64_t checksums, int64_t num_values) {
  return {.base = base,
          .stride = 1024 * 3072 + 64,
          .values_per_page = 1024,
          .width = 3072,
          .values_per_block = 1,
          .checksums = checksums,
          .num_values = num_values};
}

PackedLayout Sample() {
  PackedLayout layout;
  for (size_t i = 0; i < layout.file_id.size(); ++i) {
    layout.file_id[i] = static_cast<uint8_t>(i * 7 + 1);
  }
  layout.file_bytes = 40'000'000;
  layout.tail_offset = 32'000'000;
  layout.tail_crc32c = 0xDEADBEEF;
  layout.data_crc32 = 0x12345678;
  RowGroupLayout first{.num_rows = 4096, .columns = {Vectors(128, 32'000'000, 4096), {}}};
  RowGroupLayout second{.num_rows = 1500, .columns = {Vectors(12'700'032, 32'100'000, 1400), {}}};
  second.columns[0].validity = 39'000'000;
  layout.row_groups = {first, second};
  return layout;
}

TEST(PackedLayoutTest, ComesBackAsItWas) {
  const PackedLayout layout = Sample();
  VARVE_ASSERT_OK_AND_ASSIGN(const PackedLayout decoded,
                             PackedLayout::Decode(layout.Encode(), "a"));
  EXPECT_EQ(decoded, layout);
}

TEST(PackedLayoutTest, TellsWhereEncodedChunksStand) {
  PackedLayout layout = Sample();
  layout.row_groups[0].columns[1] = {.stored_begin = 13'000'000, .stored_bytes = 4711};
  layout.row_groups[1].columns[1] = {.stored_begin = 13'004'736, .stored_bytes = 99};
  VARVE_ASSERT_OK_AND_ASSIGN(const PackedLayout decoded,
                             PackedLayout::Decode(layout.Encode(), "a"));
  EXPECT_EQ(decoded, layout);
  for (const auto& [begin, bytes] :
       {std::pair<int64_t, int64_t>{31'999'999, 2}, {32'000'001, 1}, {0, 1}}) {
    layout.row_groups[1].columns[1] = {.stored_begin = begin, .stored_bytes = bytes};
    const auto refused = PackedLayout::Decode(layout.Encode(), "a.parquet");
    ASSERT_FALSE(refused.ok()) << begin;
    EXPECT_TRUE(IsCorruption(refused.status())) << refused.status();
    EXPECT_EQ(ContextOf(refused.status())->field, "stored_begin");
  }
}

TEST(PackedLayoutTest, EmptyFileComesBack) {
  PackedLayout layout;
  layout.tail_offset = 4;
  VARVE_ASSERT_OK_AND_ASSIGN(const PackedLayout decoded,
                             PackedLayout::Decode(layout.Encode(), "a"));
  EXPECT_EQ(decoded, layout);
}

TEST(PackedLayoutTest, RowGroupsAlikeTakeFewBytes) {
  PackedLayout layout;
  constexpr int64_t kRows = 131'072;
  constexpr int64_t kChunk = (kRows / 1024) * (1024 * 3072 + 64);
  layout.tail_offset = 128 + 100 * (kChunk + 64);
  layout.file_bytes = layout.tail_offset + 100 * kRows * 4;
  for (int64_t i = 0; i < 100; ++i) {
    layout.row_groups.push_back(
        {.num_rows = kRows,
         .columns = {Vectors(128 + i * (kChunk + 64), layout.tail_offset + i * kRows * 4, kRows)}});
  }
  const std::string bytes = layout.Encode();
  EXPECT_LT(bytes.size(), 100 * 8 + 64);
  VARVE_ASSERT_OK_AND_ASSIGN(const PackedLayout decoded, PackedLayout::Decode(bytes, "a"));
  EXPECT_EQ(decoded, layout);
}

TEST(PackedLayoutTest, OffsetOfFollowsTheStride) {
  const ChunkLayout chunk = Vectors(128, 0, 4096);
  EXPECT_EQ(chunk.OffsetOf(0), 128);
  EXPECT_EQ(chunk.OffsetOf(1), 128 + 3072);
  EXPECT_EQ(chunk.OffsetOf(1024), 128 + 1024 * 3072 + 64);
  EXPECT_EQ(chunk.num_pages(), 4);
  EXPECT_EQ(chunk.num_blocks(), 4096);
}

TEST(PackedLayoutTest, EveryPrefixIsRefused) {
  const std::string bytes = Sample().Encode();
  for (size_t i = 0; i < bytes.size(); ++i) {
    SCOPED_TRACE(i);
    const auto decoded = PackedLayout::Decode(std::string_view(bytes).substr(0, i), "a.parquet");
    ASSERT_FALSE(decoded.ok());
    EXPECT_TRUE(IsCorruption(decoded.status())) << decoded.status().ToString();
  }
}

TEST(PackedLayoutTest, OffsetsOutsideTheFileAreRefused) {
  for (const auto& spoil : std::vector<std::function<void(PackedLayout*)>>{
           [](PackedLayout* l) { l->tail_offset = l->file_bytes + 1; },
           [](PackedLayout* l) { l->row_groups[0].columns[0].base = 31'999'936; },
           [](PackedLayout* l) { l->row_groups[0].columns[0].base = 0; },
           [](PackedLayout* l) { l->row_groups[0].columns[0].checksums = 31'999'999; },
           [](PackedLayout* l) { l->row_groups[0].columns[0].checksums = 39'990'000; },
           [](PackedLayout* l) { l->row_groups[1].columns[0].validity = 39'999'900; },
           [](PackedLayout* l) { l->row_groups[1].columns[0].validity = 0; },
           [](PackedLayout* l) { l->row_groups[0].columns[0].stride += 1; },
           [](PackedLayout* l) { l->row_groups[0].num_rows = int64_t{1} << 55; }}) {
    PackedLayout layout = Sample();
    spoil(&layout);
    const auto decoded = PackedLayout::Decode(layout.Encode(), "a.parquet");
    ASSERT_FALSE(decoded.ok());
    EXPECT_TRUE(IsCorruption(decoded.status())) << decoded.status().ToString();
    EXPECT_EQ(ContextOf(decoded.status())->object, "a.parquet");
  }
}

TEST(PackedLayoutTest, UnknownFormIsUnsupported) {
  std::string bytes = Sample().Encode();
  bytes[0] = 3;
  const auto decoded = PackedLayout::Decode(bytes, "a");
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(KindOf(decoded.status()), ErrorKind::kUnsupported);
}

TEST(PackedLayoutTest, FlippedBytesNeverGiveImpossibleChunks) {
  constexpr uint64_t kSeed = 20261121;
  SCOPED_TRACE(kSeed);
  const auto random = Random::Seeded(kSeed);
  const std::string good = Sample().Encode();
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (uint64_t flips = 1 + random->Uniform(3); flips > 0; --flips) {
      bytes[random->Uniform(bytes.size())] = static_cast<char>(random->Next());
    }
    const auto decoded = PackedLayout::Decode(bytes, "a");
    if (!decoded.ok()) continue;
    for (const auto& group : decoded->row_groups) {
      for (const auto& chunk : group.columns) {
        if (!chunk.addressable() || chunk.num_values == 0) continue;
        ASSERT_LE(chunk.OffsetOf(chunk.num_values - 1) + chunk.width, decoded->tail_offset);
        ASSERT_LE(chunk.num_values, group.num_rows);
      }
    }
  }
}

}  // namespace
}  // namespace varve::internal
