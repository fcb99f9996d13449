// SPDX-License-Identifier: Apache-2.0
// Files of PackedWriter as parquet-cpp reads them, and as the layout record describes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/util/base64.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/packed_layout.h"
#include "packed/page_header.h"
#include "packed/tail_checksum.h"
#include "parquet/arrow/reader.h"
#include "parquet/bloom_filter.h"
#include "parquet/bloom_filter_reader.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/properties.h"
#include "varve/packed.h"

namespace varve {
namespace {

using internal::ChunkLayout;
using internal::PackedLayout;

constexpr int32_t kDim = 16;

FieldSchema Scalar(const std::string& name, std::shared_ptr<arrow::DataType> type, bool nullable) {
  FieldSchema field;
  field.name = name;
  field.arrow_type = std::move(type);
  field.nullable = nullable;
  return field;
}

FieldSchema Vector(const std::string& name, bool nullable,
                   VectorLayout layout = VectorLayout::kFixedBinary) {
  FieldSchema field;
  field.name = name;
  field.data_type = DataType::kFloatVector;
  field.dim = kDim;
  field.nullable = nullable;
  field.layout = layout;
  return field;
}

// Makes rows [begin, begin + rows) of a schema, from a seed alone.
class RowMaker {
 public:
  explicit RowMaker(double null_share = 0.2) : null_share_(null_share) {}

  std::shared_ptr<arrow::RecordBatch> Make(const CollectionSchema& schema, int64_t begin,
                                           int64_t rows) {
    arrow::ArrayVector columns;
    for (const auto& field : schema.fields()) columns.push_back(Column(field, begin, rows));
    return arrow::RecordBatch::Make(schema.ToArrow(), rows, std::move(columns));
  }

 private:
  bool Null(const FieldSchema& field) {
    return field.nullable && random_->Uniform(1000) < null_share_ * 1000;
  }

  std::shared_ptr<arrow::Array> Column(const FieldSchema& field, int64_t begin, int64_t rows) {
    auto builder = arrow::MakeBuilder(field.arrow_type).ValueOrDie();
    for (int64_t i = 0; i < rows; ++i) {
      if (Null(field)) {
        EXPECT_TRUE(builder->AppendNull().ok());
      } else {
        Append(*field.arrow_type, begin + i, builder.get());
      }
    }
    return builder->Finish().ValueOrDie();
  }

  void Append(const arrow::DataType& type, int64_t row, arrow::ArrayBuilder* builder) {
    if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
      auto* list = static_cast<arrow::FixedSizeListBuilder*>(builder);
      EXPECT_TRUE(list->Append().ok());
      for (int32_t i = 0; i < kDim; ++i)
        Append(*list->type()->field(0)->type(), row, list->value_builder());
    } else if (type.id() == arrow::Type::LIST) {
      auto* list = static_cast<arrow::ListBuilder*>(builder);
      EXPECT_TRUE(list->Append().ok());
      for (uint64_t i = random_->Uniform(5); i > 0; --i) {
        Append(*type.field(0)->type(), row, list->value_builder());
      }
    } else if (type.id() == arrow::Type::STRUCT) {
      auto* record = static_cast<arrow::StructBuilder*>(builder);
      EXPECT_TRUE(record->Append().ok());
      for (int i = 0; i < type.num_fields(); ++i) {
        Append(*type.field(i)->type(), row, record->field_builder(i));
      }
    } else if (type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY) {
      const std::string text =
          "text of some length, row " + std::to_string(random_->Uniform(100000));
      EXPECT_TRUE(static_cast<arrow::BinaryBuilder*>(builder)->Append(text).ok());
    } else {
      const int64_t number = type.id() == arrow::Type::BOOL
                                 ? static_cast<int64_t>(random_->Uniform(2))
                                 : static_cast<int64_t>(random_->Uniform(100));
      auto scalar = arrow::MakeScalar(arrow::int64(), number).ValueOrDie();
      EXPECT_TRUE(builder->AppendScalar(*scalar->CastTo(builder->type()).ValueOrDie()).ok());
    }
  }

  const double null_share_;
  std::unique_ptr<internal::Random> random_ = internal::Random::Seeded(20261121);
};

struct Written {
  std::shared_ptr<ChunkManager> store;
  PackedFiles files;
  std::shared_ptr<arrow::Table> rows;
};

Result<Written> WriteRows(std::vector<FieldSchema> fields, int64_t rows, int64_t batch_rows,
                          PackedWriteOptions options, double null_share = 0.2) {
  static int stores = 0;
  Written written;
  ARROW_ASSIGN_OR_RAISE(
      written.store, OpenChunkManager("memory://packed-writer-test-" + std::to_string(++stores)));
  ARROW_ASSIGN_OR_RAISE(const auto schema, CollectionSchema::Make(std::move(fields)));
  ARROW_ASSIGN_OR_RAISE(
      const auto writer,
      PackedWriter::Make(written.store, schema, std::move(options),
                         [](int group) { return "group-" + std::to_string(group) + ".parquet"; }));
  RowMaker maker(null_share);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t begin = 0; begin < rows; begin += batch_rows) {
    batches.push_back(maker.Make(*schema, begin, std::min(batch_rows, rows - begin)));
    RETURN_NOT_OK(writer->Write(batches.back()));
  }
  ARROW_ASSIGN_OR_RAISE(written.files, writer->Close());
  ARROW_ASSIGN_OR_RAISE(written.rows, arrow::Table::FromRecordBatches(schema->ToArrow(), batches));
  return written;
}

// All rows of one file by parquet-cpp, page checksums verified.
Result<std::shared_ptr<arrow::Table>> ReadAll(const std::shared_ptr<arrow::Buffer>& file) {
  auto properties = parquet::default_reader_properties();
  properties.set_page_checksum_verification(true);
  parquet::arrow::FileReaderBuilder builder;
  RETURN_NOT_OK(builder.Open(std::make_shared<arrow::io::BufferReader>(file), properties));
  ARROW_ASSIGN_OR_RAISE(const auto reader, builder.Build());
  ARROW_ASSIGN_OR_RAISE(auto table, reader->ReadTable());
  return table;
}

// `stored` as parquet-cpp gives a column, `expected` as it was written; value by value.
void ExpectSameColumn(const arrow::ChunkedArray& stored, const arrow::ChunkedArray& expected) {
  ASSERT_EQ(stored.length(), expected.length());
  for (int64_t row = 0; row < stored.length(); ++row) {
    const auto found = stored.GetScalar(row).ValueOrDie();
    const auto wanted = expected.GetScalar(row).ValueOrDie();
    ASSERT_EQ(found->is_valid, wanted->is_valid) << row;
    if (!wanted->is_valid) continue;
    if (wanted->type->id() != arrow::Type::FIXED_SIZE_LIST) {
      ASSERT_TRUE(found->Equals(*wanted))
          << row << ' ' << found->ToString() << ' ' << wanted->ToString();
      continue;
    }
    const auto& vector = static_cast<const arrow::FloatArray&>(
        *static_cast<const arrow::BaseListScalar&>(*wanted).value);
    if (found->type->id() == arrow::Type::FIXED_SIZE_BINARY) {
      const auto& bytes = *static_cast<const arrow::BaseBinaryScalar&>(*found).value;
      ASSERT_EQ(bytes.size(), kDim * 4);
      ASSERT_EQ(std::memcmp(bytes.data(), vector.raw_values(), kDim * 4), 0) << row;
    } else {
      ASSERT_TRUE(static_cast<const arrow::BaseListScalar&>(*found).value->Equals(vector)) << row;
    }
  }
}

// Every addressable value stands where the layout says, aligned, and its blocks match their
// checksums.
void ExpectAddressable(const arrow::Buffer& file, const PackedLayout& layout, size_t column,
                       const arrow::ChunkedArray& expected) {
  int64_t first_row = 0;
  for (const auto& group : layout.row_groups) {
    const ChunkLayout& chunk = group.columns[column];
    ASSERT_TRUE(chunk.addressable());
    EXPECT_EQ(chunk.base % internal::kBodyAlignment, 0);
    EXPECT_EQ(chunk.stride % internal::kBodyAlignment, 0);
    int64_t value = 0;
    for (int64_t row = 0; row < group.num_rows; ++row) {
      const auto wanted = expected.GetScalar(first_row + row).ValueOrDie();
      if (chunk.validity != 0) {
        const bool valid = (file.data()[chunk.validity + row / 8] >> (row % 8) & 1) != 0;
        ASSERT_EQ(valid, wanted->is_valid) << row;
      }
      if (!wanted->is_valid) continue;
      const uint8_t* bytes = file.data() + chunk.OffsetOf(value++);
      if (wanted->type->id() == arrow::Type::FIXED_SIZE_LIST) {
        const auto& vector = static_cast<const arrow::FloatArray&>(
            *static_cast<const arrow::BaseListScalar&>(*wanted).value);
        ASSERT_EQ(std::memcmp(bytes, vector.raw_values(), static_cast<size_t>(chunk.width)), 0)
            << row;
      } else {
        const auto view = static_cast<const arrow::internal::PrimitiveScalarBase&>(*wanted).view();
        ASSERT_EQ(std::string_view(reinterpret_cast<const char*>(bytes),
                                   static_cast<size_t>(chunk.width)),
                  view);
      }
    }
    ASSERT_EQ(value, chunk.num_values);
    for (int64_t block = 0; block < chunk.num_blocks(); ++block) {
      const int64_t first = block * chunk.values_per_block;
      const int64_t count = std::min<int64_t>(chunk.values_per_block, chunk.num_values - first);
      uint32_t crc = 0;
      std::memcpy(&crc, file.data() + chunk.checksums + 4 * block, 4);
      ASSERT_EQ(crc, internal::Crc32({file.data() + chunk.OffsetOf(first),
                                      static_cast<size_t>(count * chunk.width)}));
    }
    first_row += group.num_rows;
  }
}

class PackedWriterTest : public testing::Test {
 protected:
  // Reads every file back by parquet-cpp and compares; checks the layout's sums on the way.
  void ExpectRoundTrip(const Written& written) {
    int columns = 0;
    for (const auto& file : written.files) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, written.store->Read(file.path));
      ASSERT_EQ(bytes->size(), file.file_bytes);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(file.layout, file.path));
      EXPECT_EQ(layout.file_bytes, file.file_bytes);
      EXPECT_EQ(layout.data_crc32,
                internal::Crc32({bytes->data(), static_cast<size_t>(layout.tail_offset)}));
      const std::span<const uint8_t> tail(bytes->data() + layout.tail_offset,
                                          static_cast<size_t>(bytes->size() - layout.tail_offset));
      const auto digits = internal::FindTailDigits(tail);
      ASSERT_TRUE(digits.has_value());
      EXPECT_EQ(internal::TailChecksum(tail, digits), layout.tail_crc32c);
      EXPECT_EQ(internal::AsString(tail.subspan(*digits, 8)),
                internal::TailDigits(layout.tail_crc32c));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto table, ReadAll(bytes));
      ASSERT_EQ(table->num_columns(), static_cast<int>(file.field_ids.size()));
      for (int i = 0; i < table->num_columns(); ++i) {
        SCOPED_TRACE(table->field(i)->name());
        EXPECT_EQ(table->field(i)->metadata()->Get("PARQUET:field_id").ValueOrDie(),
                  std::to_string(file.field_ids[static_cast<size_t>(i)]));
        const auto expected = written.rows->GetColumnByName(table->field(i)->name());
        ExpectSameColumn(*table->column(i), *expected);
        bool addressable = !layout.row_groups.empty();
        for (const auto& group : layout.row_groups) {
          addressable &= group.columns[static_cast<size_t>(i)].addressable();
        }
        if (addressable) ExpectAddressable(*bytes, layout, static_cast<size_t>(i), *expected);
        ++columns;
      }
    }
    EXPECT_EQ(columns, written.rows->num_columns());
  }
};

TEST_F(PackedWriterTest, SmallWritesAreOneFile) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                             WriteRows({Scalar("id", arrow::int64(), false),
                                        Scalar("text", arrow::utf8(), true), Vector("emb", true)},
                                       100, 30, {}));
  EXPECT_EQ(written.files.size(), 1);
  ExpectRoundTrip(written);
}

TEST_F(PackedWriterTest, NoRowsGiveAFileWithoutRowGroups) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                             WriteRows({Scalar("id", arrow::int64(), false)}, 0, 1, {}));
  ASSERT_EQ(written.files.size(), 1);
  EXPECT_EQ(written.files[0].num_rows, 0);
  ExpectRoundTrip(written);
}

TEST_F(PackedWriterTest, LargeWritesGiveEachVectorItsOwnFile) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                             WriteRows({Scalar("id", arrow::int64(), false), Vector("a", false),
                                        Vector("b", true), Scalar("text", arrow::utf8(), true)},
                                       20'000, 3'000, {}));
  ASSERT_EQ(written.files.size(), 3);
  EXPECT_THAT(written.files[0].field_ids, testing::ElementsAre(100, 103));
  EXPECT_THAT(written.files[1].field_ids, testing::ElementsAre(101));
  EXPECT_THAT(written.files[2].field_ids, testing::ElementsAre(102));
  ExpectRoundTrip(written);
}

TEST_F(PackedWriterTest, BySchemaWeighsTheRowsOfManyBatches) {
  auto id = Scalar("id", nullptr, false);
  id.data_type = DataType::kInt64;
  id.primary_key = true;
  PackedWriteOptions options;
  options.split = SplitPolicy::kBySchema;
  options.average_size_limit = 64;
  // Lists of kDim floats are 64 bytes a row, to the byte.
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto written,
      WriteRows({Scalar("n", arrow::int64(), false),
                 Scalar("floats", arrow::fixed_size_list(arrow::float32(), kDim), false), id},
                70, 7, options));
  ASSERT_EQ(written.files.size(), 3);
  EXPECT_THAT(written.files[0].field_ids, testing::ElementsAre(102));
  EXPECT_THAT(written.files[1].field_ids, testing::ElementsAre(100));
  EXPECT_THAT(written.files[2].field_ids, testing::ElementsAre(101));
}

TEST_F(PackedWriterTest, AllTypesInOneFile) {
  std::vector<FieldSchema> fields;
  for (const auto& type :
       {arrow::boolean(),
        arrow::int8(),
        arrow::int16(),
        arrow::int32(),
        arrow::int64(),
        arrow::uint8(),
        arrow::uint16(),
        arrow::uint32(),
        arrow::uint64(),
        arrow::float32(),
        arrow::float64(),
        arrow::timestamp(arrow::TimeUnit::MICRO),
        arrow::timestamp(arrow::TimeUnit::SECOND),
        arrow::date32(),
        arrow::time32(arrow::TimeUnit::MILLI),
        arrow::time64(arrow::TimeUnit::NANO),
        arrow::utf8(),
        arrow::binary(),
        arrow::list(arrow::int64()),
        arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())})}) {
    const bool seconds = type->Equals(arrow::timestamp(arrow::TimeUnit::SECOND));
    if (seconds) continue;  // Parquet stores milliseconds; covered by the readers of our own
    fields.push_back(Scalar("required " + type->ToString(), type, false));
    fields.push_back(Scalar("nullable " + type->ToString(), type, true));
  }
  PackedWriteOptions options;
  options.buffer_bytes = 1 << 20;
  options.split = SplitPolicy::kOneGroup;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows(fields, 10'000, 1'000, options));
  ExpectRoundTrip(written);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(written.files[0].layout, "a"));
  EXPECT_GT(layout.row_groups.size(), 1);
}

TEST_F(PackedWriterTest, EveryCodec) {
  for (const auto codec : {Compression::kZstd, Compression::kLz4, Compression::kSnappy,
                           Compression::kGzip, Compression::kNone}) {
    SCOPED_TRACE(static_cast<int>(codec));
    PackedWriteOptions options;
    options.defaults.compression = codec;
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto written,
        WriteRows({Scalar("text", arrow::utf8(), true), Scalar("score", arrow::float64(), false),
                   Scalar("list", arrow::list(arrow::int32()), true)},
                  5'000, 5'000, options));
    ExpectRoundTrip(written);
  }
}

// What the footer of the first file says of each leaf.
std::vector<parquet::Compression::type> Codecs(const Written& written) {
  const auto bytes = written.store->Read(written.files[0].path).ValueOrDie();
  const auto reader =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  std::vector<parquet::Compression::type> codecs;
  for (int i = 0; i < reader->metadata()->num_columns(); ++i) {
    codecs.push_back(reader->metadata()->RowGroup(0)->ColumnChunk(i)->compression());
  }
  return codecs;
}

TEST_F(PackedWriterTest, AFieldHasTheCodecThatIsChosenForIt) {
  const std::vector<std::pair<FieldWriteOptions, parquet::Compression::type>> choices = {
      {{Compression::kZstd, 9}, parquet::Compression::ZSTD},
      {{Compression::kLz4, 0}, parquet::Compression::LZ4},
      {{Compression::kSnappy, 0}, parquet::Compression::SNAPPY},
      {{Compression::kGzip, 4}, parquet::Compression::GZIP},
      {{Compression::kNone, 0}, parquet::Compression::UNCOMPRESSED}};
  auto id = Scalar("id", nullptr, false);
  id.data_type = DataType::kInt64;
  id.primary_key = true;
  const std::vector<FieldSchema> fields = {id,
                                           Scalar("few", arrow::int32(), true),
                                           Scalar("small", arrow::int8(), false),
                                           Scalar("flag", arrow::boolean(), false),
                                           Scalar("score", arrow::float64(), true),
                                           Scalar("text", arrow::utf8(), true),
                                           Scalar("list", arrow::list(arrow::int32()), true),
                                           Vector("emb", false, VectorLayout::kCompact)};
  for (const auto& [choice, codec] : choices) {
    SCOPED_TRACE(static_cast<int>(choice.compression));
    PackedWriteOptions options;
    options.split = SplitPolicy::kOneGroup;
    // Batches large enough that pages are kept instead of rows, and several row groups.
    options.buffer_bytes = 1 << 19;
    for (const auto& field : fields) options.fields[field.name] = choice;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows(fields, 10'000, 2'500, options));
    EXPECT_THAT(Codecs(written), testing::Each(codec));
    ExpectRoundTrip(written);
  }
}

TEST_F(PackedWriterTest, ACodecIsOfTheFieldItIsChosenForAlone) {
  PackedWriteOptions options;
  options.defaults.compression = Compression::kSnappy;
  options.fields["b"] = {.compression = Compression::kGzip};
  options.fields["n"] = {.compression = Compression::kLz4};
  const std::vector<FieldSchema> fields = {
      Scalar("a", arrow::utf8(), false), Scalar("b", arrow::utf8(), false),
      Scalar("n", arrow::int64(), false), Scalar("m", arrow::int64(), false)};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows(fields, 5'000, 5'000, options));
  EXPECT_THAT(Codecs(written),
              testing::ElementsAre(parquet::Compression::SNAPPY, parquet::Compression::GZIP,
                                   parquet::Compression::LZ4, parquet::Compression::UNCOMPRESSED));
  ExpectRoundTrip(written);
}

TEST_F(PackedWriterTest, AHigherLevelTakesFewerBytes) {
  for (const auto& [codec, highest] :
       {std::pair(Compression::kZstd, 19), std::pair(Compression::kLz4, 12),
        std::pair(Compression::kGzip, 9)}) {
    SCOPED_TRACE(static_cast<int>(codec));
    std::vector<int64_t> bytes;
    for (const int level : {1, highest}) {
      PackedWriteOptions options;
      options.fields["text"] = {.compression = codec, .level = level};
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto written,
          WriteRows({Scalar("text", arrow::utf8(), true)}, 5'000, 5'000, options));
      ExpectRoundTrip(written);
      bytes.push_back(written.files[0].file_bytes);
    }
    EXPECT_LT(bytes[1], bytes[0]);
  }
}

TEST_F(PackedWriterTest, ACodecThatAFieldCannotHaveIsRefused) {
  const std::vector<std::pair<std::string, FieldWriteOptions>> mistakes = {
      {"txt", {Compression::kZstd, 0}},    {"text", {Compression::kZstd, 23}},
      {"text", {Compression::kGzip, 10}},  {"text", {Compression::kLz4, 13}},
      {"text", {Compression::kGzip, -1}},  {"emb", {Compression::kSnappy, 0}},
      {"text", {Compression::kSnappy, 1}}, {"text", {Compression::kNone, 1}}};
  for (const auto& [name, codec] : mistakes) {
    PackedWriteOptions options;
    options.fields[name] = codec;
    const auto written =
        WriteRows({Scalar("text", arrow::utf8(), true), Vector("emb", false)}, 10, 10, options);
    ASSERT_FALSE(written.ok()) << name;
    EXPECT_EQ(KindOf(written.status()), ErrorKind::kInvalid);
    EXPECT_EQ(ContextOf(written.status())->field, name);
    EXPECT_EQ(ContextOf(written.status())->found,
              name == "text" ? std::to_string(codec.level) : "");
  }
}

TEST_F(PackedWriterTest, EveryVectorLayoutWithAndWithoutNulls) {
  for (const auto layout :
       {VectorLayout::kFixedBinary, VectorLayout::kList, VectorLayout::kCompact}) {
    for (const double null_share : {0.0, 0.05, 0.45, 0.9, 1.0}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(layout) << ' ' << null_share);
      PackedWriteOptions options;
      options.small_write_bytes = 0;
      VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows({Scalar("id", arrow::int64(), false),
                                                                Vector("emb", true, layout)},
                                                               20'000, 1'500, options, null_share));
      ExpectRoundTrip(written);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto decoded,
                                 PackedLayout::Decode(written.files[1].layout, "a"));
      const bool addressable = decoded.row_groups[0].columns[0].addressable();
      EXPECT_EQ(addressable, layout == VectorLayout::kFixedBinary
                                 ? null_share < 0.5
                                 : layout == VectorLayout::kList && null_share == 0);
    }
  }
}

TEST_F(PackedWriterTest, PrimaryKeysHaveABloomFilter) {
  auto id = Scalar("id", nullptr, false);
  id.data_type = DataType::kInt64;
  id.primary_key = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                             WriteRows({id, Vector("emb", false)}, 500, 500, {}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, written.store->Read(written.files[0].path));
  const auto reader =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  const auto filter = reader->GetBloomFilterReader().RowGroup(0)->GetColumnBloomFilter(0);
  ASSERT_NE(filter, nullptr);
  const auto values = written.rows->column(0);
  for (int64_t row = 0; row < 500; ++row) {
    const auto scalar = values->GetScalar(row).ValueOrDie();
    EXPECT_TRUE(
        filter->FindHash(filter->Hash(static_cast<const arrow::Int64Scalar&>(*scalar).value)));
  }
  int found = 0;
  for (int64_t absent = 1'000'000; absent < 1'001'000; ++absent) {
    found += filter->FindHash(filter->Hash(absent));
  }
  EXPECT_LT(found, 100);
}

TEST_F(PackedWriterTest, StatisticsBoundTheValues) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows({Scalar("n", arrow::int32(), true),
                                                            Scalar("u", arrow::uint64(), false),
                                                            Scalar("text", arrow::utf8(), true)},
                                                           3'000, 1'000, {}));
  const auto& statistics = written.files[0].statistics;
  ASSERT_EQ(statistics.size(), 3);
  EXPECT_EQ(statistics[0].null_count, written.rows->column(0)->null_count());
  EXPECT_EQ(statistics[0].min, StatisticValue(int64_t{0}));
  EXPECT_EQ(statistics[0].max, StatisticValue(int64_t{99}));
  EXPECT_TRUE(statistics[0].exact);
  EXPECT_EQ(statistics[1].max, StatisticValue(uint64_t{99}));
  EXPECT_EQ(statistics[2].min, StatisticValue(std::string("text of some len")));
  EXPECT_EQ(statistics[2].max, StatisticValue(std::string("text of some leo")));
  EXPECT_FALSE(statistics[2].exact);
}

TEST_F(PackedWriterTest, StatisticsAreOfTheKeyAndTheFirst32Others) {
  std::vector<FieldSchema> fields;
  std::vector<int64_t> expected;
  fields.push_back(Vector("emb", false));
  fields.push_back(Scalar("list", arrow::list(arrow::int32()), true));
  for (int i = 0; i < 40; ++i) fields.push_back(Scalar(std::to_string(i), arrow::int32(), false));
  fields.push_back(Scalar("id", nullptr, false));
  fields.back().data_type = DataType::kInt64;
  fields.back().primary_key = true;
  for (int64_t id = 102; id < 102 + 32; ++id) expected.push_back(id);
  expected.push_back(142);
  // In one file, and shared out over three.
  using Names = std::vector<std::vector<std::string>>;
  for (const Names& groups : {Names{}, Names{{"emb"}, {"39", "38", "1", "0"}, {}}}) {
    PackedWriteOptions options;
    if (!groups.empty()) {
      options.split = SplitPolicy::kExplicit;
      options.groups = groups;
      for (const auto& field : fields) {
        const auto named = [&](const auto& group) {
          return std::find(group.begin(), group.end(), field.name) != group.end();
        };
        if (std::none_of(groups.begin(), groups.end(), named)) {
          options.groups[2].push_back(field.name);
        }
      }
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows(fields, 2'000, 2'000, options));
    ASSERT_EQ(written.files.size(), groups.empty() ? 1 : 3);
    std::vector<int64_t> found;
    for (const auto& file : written.files) {
      for (const auto& column : file.statistics) {
        found.push_back(column.field_id);
        EXPECT_EQ(column.null_count, 0);
        EXPECT_EQ(column.max, StatisticValue(int64_t{99}));
      }
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
  }
}

TEST_F(PackedWriterTest, PagesOfAllColumnsAreIndexed) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, WriteRows({Scalar("id", arrow::int64(), false),
                                                            Scalar("text", arrow::utf8(), true)},
                                                           20'000, 7'000, {}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, written.store->Read(written.files[0].path));
  const auto reader =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes));
  const auto group = reader->GetPageIndexReader()->RowGroup(0);
  const auto ids = group->GetOffsetIndex(0);
  ASSERT_EQ(ids->page_locations().size(), 3);
  EXPECT_EQ(ids->page_locations()[1].first_row_index, 8192);
  const auto texts = group->GetOffsetIndex(1);
  ASSERT_GT(texts->page_locations().size(), 60);
  for (size_t i = 1; i < texts->page_locations().size(); ++i) {
    EXPECT_EQ(texts->page_locations()[i].first_row_index % 256, 0);
  }
  const auto bounds = group->GetColumnIndex(1);
  ASSERT_NE(bounds, nullptr);
  EXPECT_EQ(bounds->encoded_max_values().size(), texts->page_locations().size());
  for (const auto& bound : bounds->encoded_max_values()) EXPECT_LE(bound.size(), 16);
}

TEST_F(PackedWriterTest, RefusedBatchesLeaveTheWriterUnchanged) {
  VARVE_ASSERT_OK_AND_ASSIGN(auto store, OpenChunkManager("memory://packed-writer-refused"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema,
                             CollectionSchema::Make({Scalar("id", arrow::int64(), false)}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto other,
                             CollectionSchema::Make({Scalar("id", arrow::int32(), false)}));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto writer, PackedWriter::Make(store, schema, {}, [](int) { return "a.parquet"; }));
  RowMaker maker;
  const Status status = writer->Write(maker.Make(*other, 0, 10));
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  VARVE_ASSERT_OK(writer->Write(maker.Make(*schema, 0, 10)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  EXPECT_EQ(files[0].num_rows, 10);
}

TEST_F(PackedWriterTest, AbortLeavesNothing) {
  VARVE_ASSERT_OK_AND_ASSIGN(auto store, OpenChunkManager("memory://packed-writer-abort"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make({Vector("emb", false)}));
  PackedWriteOptions options;
  options.small_write_bytes = 0;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer, PackedWriter::Make(store, schema, options, [](int) {
                               return "a.parquet";
                             }));
  RowMaker maker;
  VARVE_ASSERT_OK(writer->Write(maker.Make(*schema, 0, 20'000)));
  VARVE_ASSERT_OK(writer->Abort());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto left, store->List(""));
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace varve
