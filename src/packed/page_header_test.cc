// SPDX-License-Identifier: Apache-2.0
#include "packed/page_header.h"

#include <gtest/gtest.h>

#include <string>

#include "arrow/buffer.h"
#include "arrow/io/memory.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "base/testing/status_assertions.h"
#include "packed/page_header_parser.h"
#include "parquet/column_page.h"
#include "parquet/column_reader.h"
#include "parquet/properties.h"

namespace varve::internal {
namespace {

// The overload that takes a ColumnDescriptor came with Arrow 25; 24 is supported too.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
// The first page of `bytes` as parquet-cpp parses it.
std::shared_ptr<parquet::Page> Parse(const std::string& bytes, int64_t num_values,
                                     bool checksums = true) {
  auto properties = parquet::default_reader_properties();
  properties.set_page_checksum_verification(checksums);
  const auto reader = parquet::PageReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)), num_values,
      parquet::Compression::UNCOMPRESSED, properties);
  return reader->NextPage();
}
#pragma GCC diagnostic pop

TEST(PageHeaderTest, PaddedHeaderIsExactlyAsLongAsAsked) {
  const std::string body = "sixteen bytes ok";
  for (int64_t length = kPageHeaderBytes; length < 700; ++length) {
    SCOPED_TRACE(length);
    const PageHeader header{.uncompressed_bytes = 16,
                            .compressed_bytes = 16,
                            .crc32 = Crc32(AsBytes(body)),
                            .num_values = 4};
    const std::string bytes = EncodePaddedPageHeader(header, length);
    ASSERT_EQ(bytes.size(), length);
    const auto page = Parse(bytes + body, 4);
    ASSERT_NE(page, nullptr);
    EXPECT_EQ(page->buffer()->ToString(), body);
    EXPECT_EQ(static_cast<const parquet::DataPage&>(*page).num_values(), 4);
  }
}

TEST(PageHeaderTest, LargestNumbersFitTheShortestHeader) {
  const PageHeader header{.uncompressed_bytes = INT32_MAX,
                          .compressed_bytes = INT32_MAX,
                          .crc32 = 0x80000000,
                          .num_values = INT32_MAX,
                          .encoding = parquet::Encoding::BYTE_STREAM_SPLIT};
  EXPECT_EQ(EncodePaddedPageHeader(header, kPageHeaderBytes).size(), kPageHeaderBytes);
}

TEST(PageHeaderTest, LongPaddingIsSkipped) {
  for (const int64_t length : {16'000, 16'384, 20'000, 70'000, 1 << 20}) {
    SCOPED_TRACE(length);
    const PageHeader header{.uncompressed_bytes = 4, .compressed_bytes = 4, .num_values = 1};
    const std::string bytes = EncodePaddedPageHeader(header, length);
    ASSERT_EQ(bytes.size(), length);
    EXPECT_EQ(Parse(bytes + "body", 1)->buffer()->ToString(), "body");
  }
}

TEST(PageHeaderTest, DictionaryPageComesBack) {
  const PageHeader header{.dictionary = true,
                          .uncompressed_bytes = 8,
                          .compressed_bytes = 8,
                          .crc32 = Crc32(AsBytes("dictdict")),
                          .num_values = 2};
  const auto page = Parse(EncodePageHeader(header) + "dictdict", 10);
  ASSERT_EQ(page->type(), parquet::PageType::DICTIONARY_PAGE);
  EXPECT_EQ(static_cast<const parquet::DictionaryPage&>(*page).num_values(), 2);
  EXPECT_EQ(page->buffer()->ToString(), "dictdict");
}

TEST(PageHeaderTest, BytesAreAsDocumented) {
  const PageHeader header{
      .uncompressed_bytes = 16, .compressed_bytes = 16, .crc32 = 1, .num_values = 4};
  const std::string bytes = EncodePaddedPageHeader(header, 64);
  EXPECT_EQ(ToHex(AsBytes(bytes)).substr(0, 46),
            "1500152015201502"  // type 0, sizes 16 and 16, crc 1
            "1c15081500150615"
            "0600"          // data page: 4 values, PLAIN, RLE, RLE
            "08feff0328");  // 40 bytes of padding
}

// A header of four values, then fields nobody knows: one of this id, and one of the id after.
Status ParseWithFields(int64_t id) {
  std::string bytes =
      EncodePageHeader({.uncompressed_bytes = 16, .compressed_bytes = 16, .num_values = 4});
  bytes.back() = '\x05';  // a number, its id in full
  AppendVarint(&bytes, ZigZag(id));
  bytes += std::string("\x00\x15\x00\x00", 4);
  ARROW_ASSIGN_OR_RAISE(const auto header, ParsePageHeader(AsBytes(bytes), 0, "x.parquet"));
  EXPECT_EQ(header.num_values, 4);
  return Status::OK();
}

TEST(PageHeaderTest, FieldIdsAreOfSixteenBits) {
  VARVE_ASSERT_OK(ParseWithFields(100));
  VARVE_ASSERT_OK(ParseWithFields(INT16_MAX - 1));
  VARVE_ASSERT_OK(ParseWithFields(INT16_MIN));
  for (const int64_t id :
       {int64_t{INT16_MAX}, int64_t{INT16_MAX} + 1, int64_t{INT16_MIN} - 1, INT64_MAX, INT64_MIN}) {
    EXPECT_TRUE(IsCorruption(ParseWithFields(id))) << id;
  }
}

}  // namespace
}  // namespace varve::internal
