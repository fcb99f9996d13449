// SPDX-License-Identifier: Apache-2.0
// Files whose pages, or whose footer, say what is not so: reads and takes of columns without
// children refuse them by name, within the memory that such files may take.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "packed/bounded_pool.h"
#include "packed/decoded_column.h"
#include "packed/file_source.h"
#include "packed/flat_column.h"
#include "packed/page_header.h"
#include "packed/parquet_errors.h"
#include "parquet/arrow/writer.h"
#include "parquet/column_writer.h"
#include "parquet/file_writer.h"
#include "parquet/properties.h"
#include "storage/memory/memory_chunk_manager.h"

namespace varve::internal {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

// Plain values in pages of version 1, found by an offset index.
parquet::WriterProperties::Builder Plain() {
  parquet::WriterProperties::Builder properties;
  properties.disable_dictionary()->disable_statistics()->enable_write_page_index();
  return properties;
}

std::string Write(const ArrayPtr& values, parquet::WriterProperties::Builder properties,
                  bool nullable) {
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("x", values->type(), nullable)}), {values});
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const Status status = parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink,
                                                   values->length(), properties.build());
  EXPECT_TRUE(status.ok()) << status;
  return sink->Finish().ValueOrDie()->ToString();
}

// `to`, as long as `from`, wherever that stands.
std::string Replaced(std::string bytes, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  EXPECT_NE(bytes.find(from), std::string::npos);
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1)) {
    bytes.replace(at, to.size(), to);
  }
  return bytes;
}

ArrayPtr Ascending(int32_t length) {
  arrow::Int32Builder builder;
  for (int32_t i = 0; i < length; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return builder.Finish().ValueOrDie();
}

ArrayPtr Repeated(const std::string& text, int64_t length) {
  return arrow::MakeArrayFromScalar(arrow::BinaryScalar(text), length).ValueOrDie();
}

// The one column of a file that no manifest vouches for, as `type` or as the file says it is.
class Column {
 public:
  explicit Column(std::string bytes, std::shared_ptr<arrow::DataType> type = nullptr) {
    const auto source = std::make_shared<const FileSource>(
        OpenBuffer("x.parquet", arrow::Buffer::FromString(std::move(bytes))));
    const auto metadata = ParquetMetadata::Read(source, nullptr).ValueOrDie();
    column_ = DecodedColumn::Make(metadata, 0, std::move(type), &pages_).ValueOrDie();
  }

  Result<ArrayPtr> Read() const { return column_->ReadAll(0, Executor::Inline(), true); }
  Result<ArrayPtr> Take(const std::vector<int64_t>& rows) const {
    return column_->TakeValues(0, rows, Executor::Inline(), true);
  }

 private:
  std::atomic<int64_t> pages_{0};
  std::shared_ptr<const DecodedColumn> column_;
};

void ExpectRefused(const Status& status, ErrorKind kind) {
  EXPECT_EQ(KindOf(status), kind) << status;
  ASSERT_NE(ContextOf(status), nullptr) << status;
  EXPECT_EQ(ContextOf(status)->object, "x.parquet");
  EXPECT_EQ(ContextOf(status)->field, "x");
}

// The definition levels of a thousand rows that all have a value: one run of ones.
const std::string kLevels("\x03\x00\x00\x00\xd0\x0f\x01", 7);

TEST(FlatDamageTest, LevelsAreOfOneBit) {
  const std::string good = Write(Ascending(1000), Plain(), /*nullable=*/true);
  EXPECT_TRUE((*Column(good).Take({5}))->Equals(Ascending(6)->Slice(5)));
  const Column bad(Replaced(good, kLevels, std::string("\x03\x00\x00\x00\xd0\x0f\x03", 7)));
  ExpectRefused(bad.Take({5}).status(), ErrorKind::kCorruption);
  ExpectRefused(bad.Read().status(), ErrorKind::kCorruption);
}

// Eight rows whose levels add up to the thousand values of the page: the array has room for eight.
TEST(FlatDamageTest, LevelsDoNotAddUpToMoreThanTheRows) {
  for (const ArrayPtr& values : {Ascending(1000), Repeated("ab", 1000)}) {
    SCOPED_TRACE(values->type()->ToString());
    std::string bad = Write(values, Plain(), /*nullable=*/true);
    bad = Replaced(bad, kLevels, std::string("\x03\x00\x00\x00\x90\x00\x7d", 7));
    bad = Replaced(bad, std::string("\xd0\x0f", 2), std::string("\x90\x00", 2));
    ExpectRefused(Column(bad).Read().status(), ErrorKind::kCorruption);
    ExpectRefused(Column(bad).Take({5}).status(), ErrorKind::kCorruption);
  }
}

// A page of texts whose lengths are said to be two thousand million: 8 GiB for a decoder to hold.
TEST(FlatDamageTest, DecodersHoldNoMoreThanAFileMayTake) {
  auto properties = Plain();
  properties.encoding(parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
  const std::string good = Write(Repeated("ab", 100), properties, /*nullable=*/false);
  EXPECT_TRUE((*Column(good).Read())->Equals(Repeated("ab", 100)));
  // Blocks of 128 in four parts, a hundred lengths, the first is 2; four texts make room.
  const std::string start("\x80\x01\x04\x64\x04", 5);
  const size_t at = good.find(start);
  ASSERT_NE(at, std::string::npos);
  const size_t texts = good.find("abab", at);
  ASSERT_NE(texts, std::string::npos);
  std::string bad = good;
  bad.erase(texts, 4);
  bad.replace(at, start.size(), std::string("\x80\x01\x04\xff\xff\xff\xff\x07\x04", 9));
  ASSERT_EQ(bad.size(), good.size());
  ExpectRefused(Column(bad).Read().status(), ErrorKind::kResourceExhausted);
  ExpectRefused(Column(bad).Take({5}).status(), ErrorKind::kResourceExhausted);
}

// A dictionary of so many empty texts takes four times its page.
TEST(FlatDamageTest, DictionariesHoldNoMoreThanAFileMayTake) {
  const auto source = std::make_shared<const FileSource>(
      OpenBuffer("x.parquet", arrow::Buffer::FromString(Write(Repeated("ab", 1), Plain(), false))));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto metadata, ParquetMetadata::Read(source, nullptr));
  const std::string name = "x";
  std::atomic<int64_t> pages{0};
  const FlatColumn column = {.metadata = metadata.get(),
                             .descriptor = metadata->footer()->schema()->Column(0),
                             .name = &name,
                             .type = arrow::binary(),
                             .pages_decoded = &pages};
  constexpr int32_t kTexts = 1 << 18;
  const std::string page = EncodePageHeader({.dictionary = true,
                                             .uncompressed_bytes = 4 * kTexts,
                                             .compressed_bytes = 4 * kTexts,
                                             .num_values = kTexts}) +
                           std::string(4 * kTexts, '\0');
  const auto load = [&](int64_t most_bytes) {
    BoundedPool pool(most_bytes);
    FlatDictionary<parquet::ByteArrayType> dictionary(&pool);
    return CatchParquet("x.parquet", name, [&]() -> Result<size_t> {
      ARROW_RETURN_NOT_OK(dictionary.Load(column, parquet::Compression::UNCOMPRESSED,
                                          /*verify=*/true, AsBytes(page), /*offset=*/4));
      return dictionary.values().size();
    });
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const size_t loaded, load(16 * kTexts));
  EXPECT_EQ(loaded, kTexts);
  ExpectRefused(load(16 * kTexts - 1).status(), ErrorKind::kResourceExhausted);
}

// Nulls of a gibibyte each, in a file of some hundred bytes.
TEST(FlatDamageTest, WidthsAreNotBelieved) {
  using parquet::schema::GroupNode;
  using parquet::schema::PrimitiveNode;
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto schema = GroupNode::Make(
      "schema", parquet::Repetition::REQUIRED,
      {PrimitiveNode::Make("x", parquet::Repetition::OPTIONAL, parquet::Type::FIXED_LEN_BYTE_ARRAY,
                           parquet::ConvertedType::NONE, 1 << 30)});
  auto writer = parquet::ParquetFileWriter::Open(sink, std::static_pointer_cast<GroupNode>(schema),
                                                 Plain().build());
  const int16_t levels[] = {0, 0, 0, 0};
  static_cast<parquet::FixedLenByteArrayWriter*>(writer->AppendRowGroup()->NextColumn())
      ->WriteBatch(4, levels, nullptr, nullptr);
  writer->Close();
  const Column column(sink->Finish().ValueOrDie()->ToString());
  ExpectRefused(column.Take({3, 0}).status(), ErrorKind::kResourceExhausted);
  ExpectRefused(column.Read().status(), ErrorKind::kResourceExhausted);
}

// Texts as vectors of 128 KiB, all of them null: 40,000 would take 5 GiB, and are a few bytes.
TEST(FlatDamageTest, NullsOfAWideTypeAreCounted) {
  const auto vectors = arrow::fixed_size_list(arrow::float32(), 32768);
  const auto nulls = [](int64_t length) {
    return Write(arrow::MakeArrayOfNull(arrow::binary(), length).ValueOrDie(), Plain(),
                 /*nullable=*/true);
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const ArrayPtr few, Column(nulls(20), vectors).Read());
  EXPECT_EQ(few->null_count(), 20);
  EXPECT_TRUE(few->type()->Equals(vectors));
  ExpectRefused(Column(nulls(40'000), vectors).Read().status(), ErrorKind::kResourceExhausted);
}

// Twenty rows of 8 MiB each, stored in a kilobyte, are more than such a file may take.
TEST(FlatDamageTest, TextsAreGatheredUpToALimit) {
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::ZSTD)->disable_statistics();
  properties.enable_write_page_index()->dictionary_pagesize_limit(16 << 20);
  const ArrayPtr values = Repeated(std::string(8 << 20, 'a'), 20);
  const Column column(Write(values, properties, /*nullable=*/false));
  std::vector<int64_t> rows(20);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
  ExpectRefused(column.Take(rows).status(), ErrorKind::kResourceExhausted);
  ExpectRefused(column.Read().status(), ErrorKind::kResourceExhausted);
  // A row that is named again is the caller's wish.
  VARVE_ASSERT_OK_AND_ASSIGN(const ArrayPtr taken, column.Take(std::vector<int64_t>(20, 7)));
  EXPECT_TRUE(taken->Equals(values));
}

TEST(FlatDamageTest, ATakeMayNameARowManyTimes) {
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::ZSTD)->disable_statistics();
  properties.enable_write_page_index();
  const auto vector = [](char value) {
    return arrow::MakeArrayFromScalar(
               arrow::FixedSizeBinaryScalar(arrow::Buffer::FromString(std::string(1 << 20, value)),
                                            arrow::fixed_size_binary(1 << 20)),
               1)
        .ValueOrDie();
  };
  const Column column(Write(vector('v'), properties, /*nullable=*/false));
  VARVE_ASSERT_OK_AND_ASSIGN(const ArrayPtr taken, column.Take(std::vector<int64_t>(140, 0)));
  ASSERT_EQ(taken->length(), 140);
  EXPECT_TRUE(taken->Slice(139)->Equals(vector('v')));
}

}  // namespace
}  // namespace varve::internal
