// SPDX-License-Identifier: Apache-2.0
// The dump of docs/format/packed-file.md is a file that reads as its text says, and what is
// written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/util/config.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/hex_dump.h"
#include "base/testing/status_assertions.h"
#include "packed/packed_file_reader.h"
#include "packed/packed_file_writer.h"

namespace varve::internal {
namespace {

using ::testing::IsEmpty;

constexpr char kPage[] = "docs/format/packed-file.md";
constexpr char kFileFence[] = "```hexdump file";
constexpr char kRecordFence[] = "```hexdump record";
constexpr char kPath[] = "four-rows.parquet";
constexpr int32_t kDim = 4;
constexpr int64_t kRows = 4;
// What parquet-cpp puts into bloom filters, page indexes and footer may change with its version.
constexpr int kArrowOfTheDump = 26;

struct DumpLine {
  size_t offset = 0;
  std::string bytes;
  std::string text;
};

// The lines of the page between `fence` and the next fence.
std::vector<DumpLine> ReadDump(const std::string& fence) {
  std::ifstream page(kPage);
  EXPECT_TRUE(page.good()) << kPage;
  std::vector<DumpLine> lines;
  bool inside = false;
  for (std::string text; std::getline(page, text);) {
    if (text.starts_with("```")) {
      inside = text == fence;
    } else if (inside) {
      lines.push_back({std::stoul(text.substr(0, 4), nullptr, 16), BytesOf(text), text});
    }
  }
  EXPECT_FALSE(lines.empty()) << fence;
  return lines;
}

// Line by line, up to the first one whose text has `stop`.
void ExpectSameBytes(const std::vector<DumpLine>& lines, const std::string& written,
                     const std::string& stop = "") {
  size_t end = 0;
  for (const DumpLine& line : lines) {
    if (!stop.empty() && line.text.find(stop) != std::string::npos) return;
    ASSERT_EQ(line.offset, end) << line.text;
    end += line.bytes.size();
    ASSERT_LE(end, written.size()) << line.text;
    EXPECT_EQ(ToHex(AsBytes(written).subspan(line.offset, line.bytes.size())),
              ToHex(AsBytes(line.bytes)))
        << line.text;
  }
  EXPECT_EQ(end, written.size());
}

std::vector<FieldSchema> Fields() {
  FieldSchema id;
  id.field_id = 100;
  id.name = "id";
  id.data_type = DataType::kInt64;
  id.primary_key = true;
  FieldSchema emb;
  emb.field_id = 101;
  emb.name = "emb";
  emb.data_type = DataType::kFloatVector;
  emb.dim = kDim;
  auto schema = CollectionSchema::Make({id, emb});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return (*schema)->fields();
}

int64_t IdOf(int64_t row) { return 10 * (row + 1); }
float ElementOf(int64_t row, int32_t element) {
  return static_cast<float>(row) + static_cast<float>(element) / 4;
}

arrow::ArrayVector Rows(const std::vector<FieldSchema>& fields) {
  arrow::Int64Builder ids;
  auto items = std::make_shared<arrow::FloatBuilder>();
  arrow::FixedSizeListBuilder vectors(arrow::default_memory_pool(), items, fields[1].arrow_type);
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_TRUE(ids.Append(IdOf(row)).ok());
    EXPECT_TRUE(vectors.Append().ok());
    for (int32_t i = 0; i < kDim; ++i) EXPECT_TRUE(items->Append(ElementOf(row, i)).ok());
  }
  return {ids.Finish().ValueOrDie(), vectors.Finish().ValueOrDie()};
}

// Stores differ, so that the tests of this file do not share one.
Result<std::shared_ptr<ChunkManager>> FreshStore() {
  static int stores = 0;
  return OpenChunkManager("memory://packed-format-page-test-" + std::to_string(++stores));
}

Result<std::string> WriteDocumentedFile() {
  ARROW_ASSIGN_OR_RAISE(const auto store, FreshStore());
  ARROW_ASSIGN_OR_RAISE(auto sink, store->OpenWriter(kPath));
  PackedFileSpec spec;
  spec.fields = Fields();
  spec.file_id = Random::Seeded(1)->NextUuid();
  spec.executor = Executor::Inline();
  PackedFileWriter writer(std::move(sink), std::move(spec));
  ARROW_RETURN_NOT_OK(writer.Write(Rows(Fields())));
  ARROW_RETURN_NOT_OK(writer.Finish().status());
  ARROW_RETURN_NOT_OK(writer.Publish());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, store->Read(kPath));
  return bytes->ToString();
}

TEST(PackedFormatPageTest, TheDumpIsWhatIsWritten) {
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string written, WriteDocumentedFile());
  const bool same_arrow = ARROW_VERSION_MAJOR == kArrowOfTheDump;
  ExpectSameBytes(ReadDump(kFileFence), written, same_arrow ? "" : "bloom filter");
}

TEST(PackedFormatPageTest, TheDumpReadsAsItsTextSays) {
  std::string shown;
  for (const DumpLine& line : ReadDump(kFileFence)) shown += line.bytes;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, FreshStore());
  VARVE_ASSERT_OK(store->Write(kPath, AsBytes(shown)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, kPath));
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(reader->Verify(&problems));
  EXPECT_THAT(problems, IsEmpty());
  const auto fields = Fields();
  const auto rows = Rows(fields);
  for (size_t i = 0; i < fields.size(); ++i) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader->Column(fields[i]));
    ASSERT_NE(column, nullptr) << fields[i].name;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto values, column->Read(0, kRows, /*verify=*/true));
    EXPECT_TRUE(values->Equals(*rows[i])) << values->ToString();
  }
}

TEST(PackedFormatPageTest, TheRecordIsThatOfTheFile) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, FreshStore());
  VARVE_ASSERT_OK_AND_ASSIGN(const std::string written, WriteDocumentedFile());
  VARVE_ASSERT_OK(store->Write(kPath, AsBytes(written)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, kPath));
  VARVE_ASSERT_OK_AND_ASSIGN(PackedLayout layout, reader->Layout());
  // Known once the file is open.
  EXPECT_EQ(layout.file_bytes, static_cast<int64_t>(written.size()));
  layout.file_bytes = 0;
  ExpectSameBytes(ReadDump(kRecordFence), layout.Encode());

  EXPECT_EQ(layout.file_id, Random::Seeded(1)->NextUuid());
  EXPECT_EQ(layout.tail_offset, 0x140);
  ASSERT_EQ(layout.row_groups.size(), 1u);
  const RowGroupLayout expected{.num_rows = kRows,
                                .columns = {{.base = 0x80,
                                             .stride = 65600,
                                             .values_per_page = 8192,
                                             .width = 8,
                                             .values_per_block = 512,
                                             .checksums = 0x140,
                                             .num_values = kRows},
                                            {.base = 0x100,
                                             .stride = 131136,
                                             .values_per_page = 8192,
                                             .width = 16,
                                             .values_per_block = 256,
                                             .checksums = 0x144,
                                             .num_values = kRows}}};
  EXPECT_EQ(layout.row_groups[0], expected);
}

}  // namespace
}  // namespace varve::internal
