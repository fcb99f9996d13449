// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>
#include <thread>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/api_vector.h"
#include "arrow/io/memory.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "parquet/arrow/writer.h"
#include "parquet/metadata.h"
#include "parquet/properties.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr int kDim = 48;

std::shared_ptr<arrow::Schema> TestSchema() {
  return arrow::schema({
      arrow::field("id", arrow::int64(), false),
      arrow::field("small", arrow::int16()),
      arrow::field("flag", arrow::boolean()),
      arrow::field("score", arrow::float64()),
      arrow::field("time", arrow::timestamp(arrow::TimeUnit::MICRO), false),
      arrow::field("text", arrow::utf8()),
      arrow::field("tags", arrow::list(arrow::utf8())),
      arrow::field("sparse",
                   arrow::list(arrow::struct_({arrow::field("index", arrow::uint32()),
                                               arrow::field("value", arrow::float32())}))),
      arrow::field("price", arrow::decimal128(20, 3)),
      arrow::field("emb", arrow::fixed_size_list(arrow::float32(), kDim), false),
      arrow::field("maybe", arrow::fixed_size_list(arrow::float32(), kDim)),
      arrow::field("bits", arrow::fixed_size_binary(16), false),
  });
}

// Values that can be told from each other; about every seventh is null where nulls may be.
Status AppendValue(arrow::ArrayBuilder* builder, const arrow::DataType& type, int64_t row,
                   std::mt19937_64* random) {
  switch (type.id()) {
    case arrow::Type::INT64:
      return static_cast<arrow::Int64Builder*>(builder)->Append(row * 3);
    case arrow::Type::INT16:
      return static_cast<arrow::Int16Builder*>(builder)->Append(
          static_cast<int16_t>((*random)() % 60000));
    case arrow::Type::BOOL:
      return static_cast<arrow::BooleanBuilder*>(builder)->Append((*random)() % 3 == 0);
    case arrow::Type::DOUBLE:
      return static_cast<arrow::DoubleBuilder*>(builder)->Append(
          static_cast<double>((*random)() % 10000) / 100);
    case arrow::Type::TIMESTAMP:
      return static_cast<arrow::TimestampBuilder*>(builder)->Append(1'700'000'000'000'000 +
                                                                    row * 37);
    case arrow::Type::STRING:
      return static_cast<arrow::StringBuilder*>(builder)->Append(
          "word" + std::to_string((*random)() % 1000) + std::string((*random)() % 90, 'x'));
    case arrow::Type::DECIMAL128:
      return static_cast<arrow::Decimal128Builder*>(builder)->Append(
          arrow::Decimal128(row * 1001 - 5'000'000));
    case arrow::Type::UINT32:
      return static_cast<arrow::UInt32Builder*>(builder)->Append(
          static_cast<uint32_t>((*random)()));
    case arrow::Type::FLOAT:
      return static_cast<arrow::FloatBuilder*>(builder)->Append(
          static_cast<float>((*random)() % 1000) / 7);
    case arrow::Type::FIXED_SIZE_BINARY: {
      uint8_t bytes[16];
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((*random)());
      return static_cast<arrow::FixedSizeBinaryBuilder*>(builder)->Append(bytes);
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      auto* list = static_cast<arrow::FixedSizeListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(list->Append());
      for (int i = 0; i < kDim; ++i) {
        ARROW_RETURN_NOT_OK(AppendValue(list->value_builder(), *arrow::float32(), row, random));
      }
      return Status::OK();
    }
    case arrow::Type::LIST: {
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      ARROW_RETURN_NOT_OK(list->Append());
      for (uint64_t i = (*random)() % 4; i > 0; --i) {
        ARROW_RETURN_NOT_OK(
            AppendValue(list->value_builder(), *type.field(0)->type(), row, random));
      }
      return Status::OK();
    }
    case arrow::Type::STRUCT: {
      auto* members = static_cast<arrow::StructBuilder*>(builder);
      ARROW_RETURN_NOT_OK(members->Append());
      for (int i = 0; i < type.num_fields(); ++i) {
        ARROW_RETURN_NOT_OK(
            AppendValue(members->field_builder(i), *type.field(i)->type(), row, random));
      }
      return Status::OK();
    }
    default:
      return Status::NotImplemented(type.ToString());
  }
}

std::shared_ptr<arrow::RecordBatch> TestRows(int64_t num_rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto schema = TestSchema();
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    auto builder = arrow::MakeBuilder(field->type()).ValueOrDie();
    for (int64_t row = 0; row < num_rows; ++row) {
      const Status status = field->nullable() && random() % 7 == 0
                                ? builder->AppendNull()
                                : AppendValue(builder.get(), *field->type(), row, &random);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    columns.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(schema, num_rows, columns);
}

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://packed-file-reader-test-" + std::to_string(next++))
      .ValueOrDie();
}

// A file of ours, with the schema that was written.
struct Written {
  std::shared_ptr<ChunkManager> store;
  std::shared_ptr<const CollectionSchema> schema;
  std::shared_ptr<arrow::RecordBatch> rows;
  PackedFile file;

  PackedFileHints Hints() const {
    return {.file_bytes = file.file_bytes, .layout = file.layout, .field_ids = file.field_ids};
  }
};

Written WriteOurs(int64_t num_rows, uint64_t seed, int64_t buffer_bytes = 64 << 20) {
  Written written;
  written.store = NewStore();
  const auto rows = TestRows(num_rows, seed);
  written.schema = CollectionSchema::FromArrow(*rows->schema()).ValueOrDie();
  written.rows = ConformBatch(*written.schema, rows).ValueOrDie();
  PackedWriteOptions options;
  options.split = SplitPolicy::kOneGroup;
  options.buffer_bytes = buffer_bytes;
  auto writer = PackedWriter::Make(written.store, written.schema, options, [](int) {
                  return std::string("a.parquet");
                }).ValueOrDie();
  for (int64_t begin = 0; begin < num_rows; begin += 1000) {
    EXPECT_TRUE(writer->Write(written.rows->Slice(begin, 1000)).ok());
  }
  written.file = writer->Close().ValueOrDie().front();
  return written;
}

void ExpectColumns(const PackedFileReader& reader, const CollectionSchema& schema,
                   const arrow::RecordBatch& rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  ASSERT_EQ(reader.num_rows(), rows.num_rows());
  const int64_t num_rows = rows.num_rows();
  for (const FieldSchema& field : schema.fields()) {
    SCOPED_TRACE(field.name);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader.Column(field));
    ASSERT_NE(column, nullptr);
    const auto expected = rows.GetColumnByName(field.name);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto all, column->Read(0, num_rows, true));
    VARVE_ASSERT_OK(all->ValidateFull());
    ASSERT_TRUE(all->Equals(*expected));
    ASSERT_TRUE(all->type()->Equals(*field.arrow_type));
    for (int i = 0; i < 20; ++i) {
      const auto begin = static_cast<int64_t>(random() % static_cast<uint64_t>(num_rows));
      const int64_t end =
          begin + static_cast<int64_t>(random() % static_cast<uint64_t>(num_rows - begin + 1));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto part, column->Read(begin, end, i % 2 == 0));
      ASSERT_TRUE(part->Equals(*expected->Slice(begin, end - begin))) << begin << " " << end;
    }
    int64_t begin = 0;
    while (begin < num_rows) {
      const int64_t end = column->NaturalEnd(begin);
      ASSERT_GT(end, begin);
      ASSERT_LE(end, num_rows);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto part, column->Read(begin, end, true));
      ASSERT_TRUE(part->Equals(*expected->Slice(begin, end - begin)));
      begin = end;
    }
    for (const size_t count : {1, 7, 300, 1200}) {
      std::vector<int64_t> wanted(count);
      for (int64_t& row : wanted) {
        row = static_cast<int64_t>(random() % static_cast<uint64_t>(num_rows));
      }
      if (count == 300) std::sort(wanted.begin(), wanted.end());
      const arrow::Int64Array indices(static_cast<int64_t>(count), arrow::Buffer::Wrap(wanted));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto right, arrow::compute::Take(*expected, indices));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, column->Take(wanted, count != 7));
      VARVE_ASSERT_OK(taken->ValidateFull());
      ASSERT_TRUE(taken->Equals(*right));
    }
  }
}

TEST(PackedFileReaderTest, ReturnsWhatWasWritten) {
  constexpr uint64_t kSeed = 42;
  SCOPED_TRACE(kSeed);
  const Written written = WriteOurs(20'011, kSeed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto hinted,
                             PackedFileReader::Open(written.store, "a.parquet", written.Hints()));
  ExpectColumns(*hinted, *written.schema, *written.rows, kSeed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto plain, PackedFileReader::Open(written.store, "a.parquet"));
  ExpectColumns(*plain, *written.schema, *written.rows, kSeed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, plain->Schema());
  EXPECT_TRUE(schema->Equals(*written.schema)) << schema->ToString();
}

TEST(PackedFileReaderTest, ReadsManyRowGroups) {
  constexpr uint64_t kSeed = 43;
  SCOPED_TRACE(kSeed);
  const Written written = WriteOurs(9'000, kSeed, 1 << 20);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedFileReader::Open(written.store, "a.parquet", written.Hints()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto starts, reader->RowGroupStarts());
  EXPECT_GT(starts.size(), 3u);
  ExpectColumns(*reader, *written.schema, *written.rows, kSeed);
}

TEST(PackedFileReaderTest, VerifyFindsNothingInAGoodFile) {
  const Written written = WriteOurs(5'000, 7);
  for (const PackedFileHints& hints : {written.Hints(), PackedFileHints{}}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                               PackedFileReader::Open(written.store, "a.parquet", hints));
    std::vector<std::string> problems;
    VARVE_ASSERT_OK(reader->Verify(&problems));
    EXPECT_THAT(problems, ::testing::IsEmpty());
  }
}

TEST(PackedFileReaderTest, VerifyFindsAFlipOfAnyByte) {
  const Written written = WriteOurs(300, 8);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, written.store->Read("a.parquet"));
  std::string bytes(reinterpret_cast<const char*>(good->data()), static_cast<size_t>(good->size()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(written.file.layout, "a"));
  std::mt19937_64 random(9);
  std::vector<size_t> places;
  for (size_t i = static_cast<size_t>(layout.tail_offset); i < bytes.size(); i += 7) {
    places.push_back(i);
  }
  for (size_t i = bytes.size() - 60; i < bytes.size(); ++i) places.push_back(i);
  for (int i = 0; i < 300; ++i) places.push_back(random() % bytes.size());
  const auto found_wrong = [&](const PackedFileHints& hints) {
    auto reader = PackedFileReader::Open(written.store, "a.parquet", hints);
    if (!reader.ok()) return true;
    std::vector<std::string> problems;
    return !(*reader)->Verify(&problems).ok() || !problems.empty();
  };
  for (const size_t place : places) {
    const char old = bytes[place];
    bytes[place] = static_cast<char>(old ^ (1 << (place % 8)));
    VARVE_ASSERT_OK(written.store->Write("a.parquet", AsBytes(bytes)));
    EXPECT_TRUE(found_wrong(written.Hints())) << "byte " << place << " of " << bytes.size();
    EXPECT_TRUE(found_wrong({})) << "byte " << place << " of " << bytes.size() << ", no hints";
    bytes[place] = old;
  }
}

TEST(PackedFileReaderTest, TakeRefusesADamagedRowAndOnlyThat) {
  const Written written = WriteOurs(2'000, 10);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(written.file.layout, "a"));
  const auto* field = written.schema->FindByName("emb");
  const size_t column = 9;
  const ChunkLayout& chunk = layout.row_groups[0].columns[column];
  ASSERT_EQ(chunk.width, kDim * 4);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, written.store->Read("a.parquet"));
  std::string bytes(reinterpret_cast<const char*>(good->data()), static_cast<size_t>(good->size()));
  bytes[static_cast<size_t>(chunk.OffsetOf(1000))] ^= 1;
  VARVE_ASSERT_OK(written.store->Write("a.parquet", AsBytes(bytes)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedFileReader::Open(written.store, "a.parquet", written.Hints()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto emb, reader->Column(*field));
  const std::vector<int64_t> bad = {1000}, fine = {1, 1999};
  const Status status = emb->Take(bad, true).status();
  EXPECT_TRUE(IsCorruption(status)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("a.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, emb->Take(fine, true));
  const auto expected = written.rows->GetColumnByName("emb");
  EXPECT_TRUE(rows->Slice(0, 1)->Equals(*expected->Slice(1, 1)));
  EXPECT_TRUE(rows->Slice(1, 1)->Equals(*expected->Slice(1999, 1)));
  VARVE_ASSERT_OK(emb->Take(bad, false).status());
  EXPECT_TRUE(IsCorruption(emb->Read(999, 1001, true).status()));
  VARVE_ASSERT_OK(emb->Read(999, 1001, false).status());
}

TEST(PackedFileReaderTest, RefusesALayoutOfAnotherLengthThanTheFiles) {
  const Written written = WriteOurs(2'000, 10);
  VARVE_ASSERT_OK_AND_ASSIGN(PackedLayout layout, PackedLayout::Decode(written.file.layout, "a"));
  for (const int64_t file_bytes : {int64_t{0}, layout.file_bytes + 1}) {
    SCOPED_TRACE(file_bytes);
    layout.file_bytes = file_bytes;
    PackedFileHints hints = written.Hints();
    hints.layout = layout.Encode();
    EXPECT_TRUE(IsCorruption(PackedFileReader::Open(written.store, "a.parquet", hints).status()));
  }
}

// A layout of a million million blocks, as long as the file is said to be.
TEST(PackedFileReaderTest, RefusesALayoutOfMoreBlocksThanThereMayBe) {
  constexpr int64_t kRows = int64_t{1} << 40;
  PackedLayout layout;
  layout.tail_offset = 64 + 64 * kRows;
  layout.file_bytes = layout.tail_offset + 4 * kRows + 100;
  layout.row_groups.push_back({.num_rows = kRows,
                               .columns = {{.base = 64,
                                            .stride = 64,
                                            .values_per_page = 8,
                                            .width = 8,
                                            .values_per_block = 1,
                                            .checksums = layout.tail_offset,
                                            .num_values = kRows}}});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager("memory://too-many-blocks"));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto reader,
      PackedFileReader::Open(
          store, "a.parquet",
          {.file_bytes = layout.file_bytes, .layout = layout.Encode(), .field_ids = {100}}));
  const FieldSchema field{.field_id = 100, .name = "id", .data_type = DataType::kInt64};
  const Status status = reader->Column(field).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kResourceExhausted) << status;
}

// Whoever meets a page that another thread verifies goes on with a later one.
TEST(PackedFileReaderTest, ThreadsThatShareADamagedPageAllSeeIt) {
  const Written written = WriteOurs(40'000, 13);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(written.file.layout, "a"));
  const ChunkLayout& chunk = layout.row_groups[0].columns[9];
  ASSERT_GE(chunk.num_pages(), 4);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, written.store->Read("a.parquet"));
  std::string bytes(reinterpret_cast<const char*>(good->data()), static_cast<size_t>(good->size()));
  const int64_t bad_row = 2 * chunk.values_per_page + 5;
  bytes[static_cast<size_t>(chunk.OffsetOf(bad_row))] ^= 1;
  VARVE_ASSERT_OK(written.store->Write("a.parquet", AsBytes(bytes)));
  const auto expected = written.rows->GetColumnByName("emb");
  for (int round = 0; round < 8; ++round) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                               PackedFileReader::Open(written.store, "a.parquet", written.Hints()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto emb, reader->Column(*written.schema->FindByName("emb")));
    std::vector<std::thread> threads;
    for (int64_t first = 0; first < 4; ++first) {
      threads.emplace_back([&, first] {
        if (first == 3) emb->MakeReady(0, reader->num_rows());
        for (int64_t i = 0; i < chunk.num_pages(); ++i) {
          const int64_t page = (first + i) % chunk.num_pages();
          const int64_t begin = page * chunk.values_per_page;
          const int64_t end = std::min(begin + chunk.values_per_page, reader->num_rows());
          const auto values = emb->Read(begin, end, true);
          if (begin <= bad_row && bad_row < end) {
            EXPECT_TRUE(IsCorruption(values.status())) << values.status().ToString();
          } else if (values.ok()) {
            EXPECT_TRUE((*values)->Equals(*expected->Slice(begin, end - begin))) << page;
          } else {
            ADD_FAILURE() << "page " << page << ": " << values.status().ToString();
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(PackedFileReaderTest, NamesARowOutOfRange) {
  const Written written = WriteOurs(10, 11);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(written.store, "a.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto id, reader->Column(*written.schema->FindByName("id")));
  const std::vector<int64_t> rows = {3, 10};
  const Status status = id->Take(rows, true).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("found 10"));
  EXPECT_EQ(KindOf(id->Read(5, 11, true).status()), ErrorKind::kInvalid);
}

TEST(PackedFileReaderTest, ZonesBoundTheirRows) {
  const Written written = WriteOurs(20'000, 12);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(written.store, "a.parquet"));
  for (const std::string name : {"id", "small", "score", "time", "flag", "text"}) {
    SCOPED_TRACE(name);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column,
                               reader->Column(*written.schema->FindByName(name)));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto zones, column->Zones());
    const auto values = written.rows->GetColumnByName(name);
    int64_t next = 0;
    for (const PageZone& zone : zones) {
      EXPECT_EQ(zone.begin_row, next);
      next = zone.end_row;
      const auto part = values->Slice(zone.begin_row, zone.end_row - zone.begin_row);
      EXPECT_EQ(zone.statistics.null_count, part->null_count());
      if (name == "id") {
        EXPECT_EQ(zone.statistics.min, StatisticValue(zone.begin_row * 3));
        EXPECT_EQ(zone.statistics.max, StatisticValue((zone.end_row - 1) * 3));
      }
      if (name == "text") {
        const auto& texts = static_cast<const arrow::StringArray&>(*part);
        for (int64_t i = 0; i < texts.length(); ++i) {
          if (texts.IsNull(i)) continue;
          EXPECT_LE(std::get<std::string>(zone.statistics.min), texts.GetView(i));
          EXPECT_GE(std::get<std::string>(zone.statistics.max), texts.GetView(i));
        }
      }
    }
    EXPECT_EQ(next, 20'000);
  }
}

// A file as parquet-cpp writes it.
std::shared_ptr<ChunkManager> WriteForeign(
    const arrow::RecordBatch& rows, int64_t row_group_rows,
    const std::shared_ptr<parquet::WriterProperties>& props) {
  auto store = NewStore();
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto table = arrow::Table::FromRecordBatches(
                         {arrow::RecordBatch::Make(rows.schema(), rows.num_rows(), rows.columns())})
                         .ValueOrDie();
  const auto arrow_props = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, row_group_rows,
                                         props, arrow_props)
                  .ok());
  const auto bytes = sink->Finish().ValueOrDie();
  EXPECT_TRUE(store->Write("f.parquet", {bytes->data(), static_cast<size_t>(bytes->size())}).ok());
  return store;
}

struct ForeignCase {
  const char* name;
  bool page_index;
  bool dictionary;
  bool version_2;
  arrow::Compression::type codec;
  int64_t row_group_rows;
};

class ForeignFileTest : public ::testing::TestWithParam<ForeignCase> {};

TEST_P(ForeignFileTest, ReturnsWhatParquetCppWrote) {
  constexpr uint64_t kSeed = 44;
  SCOPED_TRACE(kSeed);
  const ForeignCase& p = GetParam();
  parquet::WriterProperties::Builder builder;
  builder.compression(p.codec)
      ->data_pagesize(8 << 10)
      ->write_batch_size(64)
      ->enable_page_checksum();
  builder.data_page_version(p.version_2 ? parquet::ParquetDataPageVersion::V2
                                        : parquet::ParquetDataPageVersion::V1);
  if (!p.dictionary) builder.disable_dictionary();
  if (p.page_index) {
    builder.enable_write_page_index();
  } else {
    builder.disable_write_page_index();
  }
  const auto rows = TestRows(3'000, kSeed);
  const auto store = WriteForeign(*rows, p.row_group_rows, builder.build());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, "f.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, reader->Schema());
  ASSERT_EQ(schema->fields().size(), static_cast<size_t>(rows->num_columns()));
  ExpectColumns(*reader, *schema, *rows, kSeed);
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(reader->Verify(&problems));
  EXPECT_THAT(problems, ::testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, ForeignFileTest,
    ::testing::Values(
        ForeignCase{"plain", true, false, false, arrow::Compression::UNCOMPRESSED, 1 << 20},
        ForeignCase{"dictionary", true, true, false, arrow::Compression::ZSTD, 1 << 20},
        ForeignCase{"version2", true, true, true, arrow::Compression::SNAPPY, 700},
        ForeignCase{"plain_version2", true, false, true, arrow::Compression::UNCOMPRESSED, 700},
        ForeignCase{"no_index", false, true, false, arrow::Compression::GZIP, 700},
        ForeignCase{"no_index_version2", false, false, true, arrow::Compression::LZ4, 1 << 20}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(PackedFileReaderTest, DecodesOnlyThePagesThatRowsNeed) {
  parquet::WriterProperties::Builder builder;
  builder.compression(arrow::Compression::ZSTD)->data_pagesize(4 << 10)->write_batch_size(64);
  builder.disable_dictionary()->enable_write_page_index();
  const auto rows = TestRows(3'000, 45);
  const auto store = WriteForeign(*rows, 1 << 20, builder.build());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, "f.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, reader->Schema());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto text, reader->Column(*schema->FindByName("text")));
  const std::vector<int64_t> two = {0, 2'999};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, text->Take(two, true));
  EXPECT_EQ(reader->counters().pages_decoded, 2);
  const auto expected = rows->GetColumnByName("text");
  EXPECT_TRUE(taken->Slice(0, 1)->Equals(*expected->Slice(0, 1)));
  EXPECT_TRUE(taken->Slice(1, 1)->Equals(*expected->Slice(2'999, 1)));
}

TEST(PackedFileReaderTest, TakesFromFilesWithoutAnIndexTouchOnlyWhatIsAskedFor) {
  const auto rows = TestRows(6'000, 45);
  const std::vector<int64_t> three = {5'999, 0, 3'000};
  for (const auto codec : {arrow::Compression::UNCOMPRESSED, arrow::Compression::SNAPPY}) {
    parquet::WriterProperties::Builder builder;
    builder.compression(codec)->data_pagesize(64 << 10)->write_batch_size(64);
    builder.disable_dictionary()->disable_write_page_index();
    const auto store = WriteForeign(*rows, 1 << 20, builder.build());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, "f.parquet"));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, reader->Schema());
    for (const char* name : {"id", "text"}) {
      SCOPED_TRACE(name);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader->Column(*schema->FindByName(name)));
      const int64_t before = reader->counters().pages_decoded;
      VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, column->Take(three, true));
      const auto expected = rows->GetColumnByName(name);
      for (int64_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(taken->Slice(i, 1)->Equals(*expected->Slice(three[static_cast<size_t>(i)], 1)));
      }
      EXPECT_LE(reader->counters().pages_decoded - before, 3);
    }
  }
  // Required values in plain pages: no page at all.
  const auto id = arrow::field("id", arrow::int64(), /*nullable=*/false);
  const auto ids = arrow::RecordBatch::Make(arrow::schema({id}), rows->num_rows(),
                                            {rows->GetColumnByName("id")});
  parquet::WriterProperties::Builder builder;
  builder.disable_dictionary()->disable_write_page_index();
  builder.compression(arrow::Compression::UNCOMPRESSED);
  const auto store = WriteForeign(*ids, 1 << 20, builder.build());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, "f.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, reader->Schema());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader->Column(*schema->FindByName("id")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, column->Take(three, true));
  EXPECT_EQ(reader->counters().pages_decoded, 0);
  const auto& got = static_cast<const arrow::Int64Array&>(*taken);
  const auto& all = static_cast<const arrow::Int64Array&>(*ids->column(0));
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(got.Value(i), all.Value(three[static_cast<size_t>(i)]));
  }
}

TEST(PackedFileReaderTest, BloomFiltersRuleOutRowGroups) {
  parquet::WriterProperties::Builder builder;
  builder.enable_bloom_filter("id", {})->enable_bloom_filter("text", {});
  const auto rows = TestRows(2'000, 46);
  const auto store = WriteForeign(*rows, 1'000, builder.build());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedFileReader::Open(store, "f.parquet"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, reader->Schema());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto id, reader->Column(*schema->FindByName("id")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto first, id->MayContain(int64_t{300}));
  EXPECT_EQ(first, (std::vector<bool>{true, false}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto none, id->MayContain(int64_t{301}));
  EXPECT_EQ(none, (std::vector<bool>{false, false}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto text, reader->Column(*schema->FindByName("text")));
  int maybe = 0;
  for (int i = 0; i < 100; ++i) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto absent, text->MayContain("nowhere" + std::to_string(i)));
    maybe += absent[0] + absent[1];
  }
  EXPECT_LT(maybe, 40);  // at one false answer in twenty
  VARVE_ASSERT_OK_AND_ASSIGN(const auto small, reader->Column(*schema->FindByName("small")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto unknown, small->MayContain(int64_t{1}));
  EXPECT_EQ(unknown, (std::vector<bool>{true, true}));
}

}  // namespace
}  // namespace varve::internal
