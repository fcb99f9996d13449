// SPDX-License-Identifier: Apache-2.0
// The dumps of the pages on statistics and index files in docs/format are what is written, and read
// as their text says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "arrow/buffer.h"
#include "arrow/util/base64.h"
#include "base/coding.h"
#include "base/testing/hex_dump.h"
#include "base/testing/status_assertions.h"
#include "binlog/bloom_filter_json.h"
#include "storage/memory/memory_chunk_manager.h"
#include "varve/bm25_statistics.h"
#include "varve/index_file_packed.h"
#include "varve/index_slices.h"
#include "varve/partition_statistics.h"
#include "varve/primary_key_statistics.h"

namespace varve::internal {
namespace {

constexpr char kPrimaryKeyPage[] = "docs/format/primary-key-statistics.md";

std::string FromBase64Url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return arrow::util::base64_decode(text).ValueOrDie();
}

PrimaryKeyStatistics ThreeKeys(BloomFilterType type) {
  auto builder = PrimaryKeyStatisticsBuilder::Make(100, DataType::kInt64, 3, type).ValueOrDie();
  for (const int64_t key : {1, 2, 3}) builder.Add(key);
  return std::move(builder).Finish().ValueOrDie();
}

TEST(StatisticsFormatPagesTest, PrimaryKeyStatistics) {
  const std::string shown = WholeDump(kPrimaryKeyPage, "statistics");
  const PrimaryKeyStatistics statistics = ThreeKeys(BloomFilterType::kBlocked);
  EXPECT_EQ(shown, EncodePrimaryKeyStatistics(statistics).ValueOrDie());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, DecodePrimaryKeyStatistics(AsBytes(shown), "page"));
  EXPECT_EQ(read.field_id, 100);
  EXPECT_EQ(read.min, PrimaryKey(int64_t{1}));
  EXPECT_EQ(read.max, PrimaryKey(int64_t{3}));
  EXPECT_EQ(read.filter->num_hashes(), 119);

  EXPECT_EQ(ToHex(AsBytes(WholeDump(kPrimaryKeyPage, "block"))),
            ToHex(AsBytes(FromBase64Url(BloomFilterToJson(*statistics.filter)["b"][0]))));
  const PrimaryKeyStatistics basic = ThreeKeys(BloomFilterType::kBasic);
  EXPECT_EQ(ToHex(AsBytes(WholeDump(kPrimaryKeyPage, "basic"))),
            ToHex(AsBytes(FromBase64Url(BloomFilterToJson(*basic.filter)["b"]))));
}

TEST(StatisticsFormatPagesTest, Bm25Statistics) {
  const std::string shown = WholeDump("docs/format/bm25-statistics.md", "statistics");
  // Pairs of index and value, as the page tells.
  std::string first, second;
  for (const auto& [token, bits] : {std::pair{7u, 0x40000000u}, {0xfffffffeu, 0x3ff33333u}}) {
    AppendFixed(&first, token);
    AppendFixed(&first, bits);
  }
  AppendFixed(&second, 7u);
  AppendFixed(&second, 0x3f800000u);
  Bm25Statistics statistics;
  for (const std::string& row : {first, second, std::string()}) {
    VARVE_ASSERT_OK(statistics.AddRow(AsBytes(row)));
  }
  EXPECT_EQ(ToHex(AsBytes(shown)), ToHex(AsBytes(statistics.Encode())));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Bm25Statistics::Decode(AsBytes(shown), "page"));
  EXPECT_EQ(read, (Bm25Statistics{3, 4, {{7, 2}, {0xfffffffe, 1}}}));
}

TEST(StatisticsFormatPagesTest, PartitionStatistics) {
  const std::string shown = WholeDump("docs/format/partition-statistics.md", "statistics");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, DecodePartitionStatistics(AsBytes(shown), "page"));
  EXPECT_EQ(EncodePartitionStatistics(read).ValueOrDie(), shown);
  EXPECT_EQ(read.version, 7);
  const SegmentStatistics& segment = read.segments.at(33);
  EXPECT_EQ(segment.num_rows, 12);
  EXPECT_EQ(segment.fields.at(0).max, FieldBound(int64_t{3}));
  EXPECT_EQ(segment.fields.at(1).centroids,
            (std::vector<std::vector<float>>{{0.5F, -2.0F}, {1.0F, 0.0F}}));
}

TEST(StatisticsFormatPagesTest, SliceMeta) {
  const std::string shown = WholeDump("docs/format/index-files.md", "slice-meta");
  VARVE_ASSERT_OK_AND_ASSIGN(BinarySet slices,
                             SliceBinarySet({{"IVF", arrow::Buffer::FromString("0123456789")}}, 4));
  EXPECT_EQ(slices.at(std::string(kSliceMetaName))->ToString(), shown);
  slices[std::string(kSliceMetaName)] = arrow::Buffer::FromString(shown);
  VARVE_ASSERT_OK_AND_ASSIGN(const BinarySet whole, AssembleBinarySet(slices, "page"));
  EXPECT_EQ(whole.at("IVF")->ToString(), "0123456789");
}

TEST(StatisticsFormatPagesTest, PackedIndexFile) {
  const std::string shown = WholeDump("docs/format/index-files.md", "packed");
  const auto store = MemoryChunkManager::Make();
  PackedIndexWriter writer(store->OpenWriter("written").ValueOrDie());
  VARVE_ASSERT_OK(writer.WriteEntry("keys", AsBytes("123456789")));
  VARVE_ASSERT_OK(writer.WriteEntry("none", {}));
  VARVE_ASSERT_OK(writer.Finish("{}"));
  EXPECT_EQ(store->Read("written").ValueOrDie()->ToString(), shown);

  VARVE_ASSERT_OK(store->Write("shown", AsBytes(shown)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedIndexReader::Open(store->OpenReader("shown").ValueOrDie()));
  EXPECT_EQ(reader->meta(), "{}");
  EXPECT_EQ(reader->ReadEntry("keys").ValueOrDie()->ToString(), "123456789");
  EXPECT_EQ(reader->ReadEntry("none").ValueOrDie()->size(), 0);
}

}  // namespace
}  // namespace varve::internal
