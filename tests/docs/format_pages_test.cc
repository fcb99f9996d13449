// SPDX-License-Identifier: Apache-2.0
// Every page of docs/format has a dump; those of commit.md and reading.md are what the code writes
// and reads (the others have tests beside their code).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "base/testing/hex_dump.h"
#include "manifest/manifest_store.h"
#include "manifest/version_chain.h"
#include "packed/packed_layout.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

constexpr char kCommitPage[] = "docs/format/commit.md";
constexpr char kReadingPage[] = "docs/format/reading.md";
constexpr char kPackedPage[] = "docs/format/packed-file.md";

TEST(FormatPagesTest, EveryPageOfAStructureHasADump) {
  int pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator("docs/format")) {
    const std::string name = entry.path().filename().string();
    if (name == "README.md" || name == "HISTORY.md") continue;
    std::ifstream page(entry.path());
    const std::string text{std::istreambuf_iterator<char>(page), {}};
    EXPECT_NE(text.find("\n```hexdump"), std::string::npos) << name;
    ++pages;
  }
  EXPECT_GE(pages, 6);
}

TEST(CommitPageTest, TheTokenIsWhatIsWritten) {
  CommitToken token{.commit_id = {}, .versions_tried = {5, 7}};
  for (size_t i = 0; i < token.commit_id.size(); ++i) {
    token.commit_id[i] = static_cast<uint8_t>(0xc0 + i);
  }
  const std::string shown = WholeDump(kCommitPage, "token");
  EXPECT_EQ(shown, token.Encode());
  const auto read = CommitToken::Decode(shown);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->commit_id, token.commit_id);
  EXPECT_EQ(read->versions_tried, token.versions_tried);
}

TEST(CommitPageTest, TheNameIsThatOfTheVersion) {
  const std::string shown = WholeDump(kCommitPage, "name");
  EXPECT_EQ(shown, VersionPath(5));
  EXPECT_EQ(VersionOfPath(shown), 5u);
}

// A store whose probes cost a request and whose listings are in no order: there hints are written.
TEST(CommitPageTest, TheHintNamesAVersion) {
  const std::string shown = WholeDump(kCommitPage, "hint");
  EXPECT_EQ(shown, std::to_string(128));
  EXPECT_EQ(std::string(kHintPath), "_versions/hint");
}

TEST(ReadingPageTest, TheTakeReadsTheBytesShown) {
  const std::string file = WholeDump(kPackedPage, "file");
  const auto layout = PackedLayout::Decode(WholeDump(kPackedPage, "record"), "the page");
  ASSERT_TRUE(layout.ok()) << layout.status();
  const ChunkLayout& emb = layout->row_groups.at(0).columns.at(1);
  const auto at = static_cast<size_t>(emb.OffsetOf(2));
  const auto checksum = static_cast<size_t>(emb.checksums);

  const Dump dump = ReadDump(kReadingPage, "take");
  for (const auto& [offset, bytes] : dump) EXPECT_EQ(bytes, file.substr(offset, bytes.size()));
  // The block, its checksum, and nothing else; the row asked for begins a line.
  const auto base = static_cast<size_t>(emb.base);
  const auto block_bytes = static_cast<size_t>(emb.num_values * emb.width);
  std::string block;
  for (const auto& [offset, bytes] : dump) {
    if (offset == checksum) continue;
    EXPECT_EQ(offset, base + block.size());
    block += bytes;
  }
  EXPECT_EQ(block, file.substr(base, block_bytes));
  EXPECT_EQ(dump.count(at), 1u);
  ASSERT_EQ(dump.count(checksum), 1u);
  const uint32_t crc = Crc32(AsBytes(block));
  std::string stored;
  for (int i = 0; i < 4; ++i) stored.push_back(static_cast<char>(crc >> (8 * i)));
  EXPECT_EQ(dump.at(checksum), stored);

  const auto store = OpenChunkManager("memory://reading-page").ValueOrDie();
  ASSERT_TRUE(store->Write("four-rows.parquet", AsBytes(file)).ok());
  auto reader = PackedReader::Open(store, {"four-rows.parquet"}).ValueOrDie();
  const auto taken = reader->Take({2}).ValueOrDie()->GetColumnByName("emb");
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*taken);
  const auto& floats = static_cast<const arrow::FloatArray&>(*list.values());
  const std::string value = file.substr(at, static_cast<size_t>(emb.width));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(floats.raw_values() + list.value_offset(0)),
                        value.size()),
            value);
}

}  // namespace
}  // namespace varve::internal
