// SPDX-License-Identifier: Apache-2.0
#include "packed/flat_read.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/compression.h"
#include "base/testing/status_assertions.h"
#include "packed/decoded_column.h"
#include "packed/file_source.h"
#include "packed/flat_take.h"
#include "parquet/arrow/writer.h"
#include "parquet/properties.h"
#include "storage/memory/memory_chunk_manager.h"

namespace varve::internal {
namespace {

constexpr int64_t kRows = 20'000;
constexpr int kWidth = 24;

// `few`: values repeat, so that a dictionary pays.
std::shared_ptr<arrow::Array> Values(const std::shared_ptr<arrow::DataType>& type, bool nulls,
                                     bool few, std::mt19937_64* random) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  EXPECT_TRUE(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder).ok());
  for (int64_t row = 0; row < kRows; ++row) {
    // Runs of nulls and of values, as well as single ones.
    if (nulls && ((*random)() % 5 == 0 || (row / 700) % 3 == 1)) {
      EXPECT_TRUE(builder->AppendNull().ok());
      continue;
    }
    const uint64_t value = few ? (*random)() % 90 : (*random)();
    Status status;
    switch (type->id()) {
      case arrow::Type::INT8:
        status =
            static_cast<arrow::Int8Builder*>(builder.get())->Append(static_cast<int8_t>(value));
        break;
      case arrow::Type::INT16:
        status =
            static_cast<arrow::Int16Builder*>(builder.get())->Append(static_cast<int16_t>(value));
        break;
      case arrow::Type::INT32:
        status =
            static_cast<arrow::Int32Builder*>(builder.get())->Append(static_cast<int32_t>(value));
        break;
      case arrow::Type::INT64:
        status =
            static_cast<arrow::Int64Builder*>(builder.get())->Append(static_cast<int64_t>(value));
        break;
      case arrow::Type::FLOAT:
        status =
            static_cast<arrow::FloatBuilder*>(builder.get())->Append(static_cast<float>(value));
        break;
      case arrow::Type::DOUBLE:
        status =
            static_cast<arrow::DoubleBuilder*>(builder.get())->Append(static_cast<double>(value));
        break;
      case arrow::Type::FIXED_SIZE_BINARY: {
        std::string bytes(kWidth, static_cast<char>(value));
        if (!few)
          for (char& byte : bytes) byte = static_cast<char>((*random)());
        status = static_cast<arrow::FixedSizeBinaryBuilder*>(builder.get())->Append(bytes);
        break;
      }
      default:
        status =
            static_cast<arrow::BinaryBuilder*>(builder.get())
                ->Append(std::to_string(value) + std::string(value % 7 == 0 ? 0 : value % 50, 'x'));
    }
    EXPECT_TRUE(status.ok());
  }
  return builder->Finish().ValueOrDie();
}

struct Choice {
  std::string name;
  bool few = false;
  std::shared_ptr<parquet::WriterProperties> properties;
};

std::vector<Choice> Choices(const arrow::DataType& type) {
  using parquet::Encoding;
  const auto builder = [] {
    parquet::WriterProperties::Builder properties;
    properties.data_pagesize(16 << 10)->max_row_group_length(kRows / 2 + 7);
    properties.write_batch_size(256);
    return properties;
  };
  std::vector<Choice> choices;
  const auto add = [&](const std::string& name, bool few, parquet::WriterProperties::Builder made) {
    choices.push_back({name, few, made.build()});
  };
  for (const auto codec : {parquet::Compression::UNCOMPRESSED, parquet::Compression::ZSTD,
                           parquet::Compression::SNAPPY, parquet::Compression::LZ4}) {
    const std::string name = arrow::util::Codec::GetCodecAsString(codec);
    auto plain = builder();
    plain.compression(codec)->disable_dictionary()->enable_page_checksum();
    add(name + " plain", false, plain);
    auto dictionary = builder();
    dictionary.compression(codec)->enable_dictionary();
    add(name + " dictionary", true, dictionary);
    auto fallback = builder();
    fallback.compression(codec)->enable_dictionary()->dictionary_pagesize_limit(4 << 10);
    add(name + " dictionary and then plain", false, fallback);
    auto second = builder();
    second.compression(codec)->data_page_version(parquet::ParquetDataPageVersion::V2);
    add(name + " pages of version 2", true, second);
  }
  std::vector<Encoding::type> encodings;
  if (type.id() == arrow::Type::BINARY) {
    encodings = {Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY};
  } else if (arrow::is_integer(type.id())) {
    encodings = {Encoding::DELTA_BINARY_PACKED, Encoding::BYTE_STREAM_SPLIT};
  } else {
    encodings = {Encoding::BYTE_STREAM_SPLIT};
  }
  for (const auto encoding : encodings) {
    auto other = builder();
    other.disable_dictionary()->encoding(encoding)->compression(parquet::Compression::ZSTD);
    add(parquet::EncodingToString(encoding), false, other);
  }
  return choices;
}

class FlatReadTest : public testing::Test {
 protected:
  // All row groups, by the road under test, and by parquet-cpp.
  static void ExpectSame(const std::shared_ptr<arrow::Array>& values,
                         const std::shared_ptr<parquet::WriterProperties>& properties,
                         Executor* executor) {
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("x", values->type(), values->null_count() > 0)}), {values});
    VARVE_ASSERT_OK_AND_ASSIGN(const auto sink, arrow::io::BufferOutputStream::Create());
    VARVE_ASSERT_OK(
        parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows, properties));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, sink->Finish());
    const auto source = std::make_shared<const FileSource>(OpenBuffer("x.parquet", bytes));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto metadata, ParquetMetadata::Read(source, nullptr));
    std::atomic<int64_t> pages{0};
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column,
                               DecodedColumn::Make(metadata, 0, values->type(), &pages));
    const auto& starts = metadata->row_group_starts();
    ASSERT_EQ(starts.back(), kRows);
    for (size_t group = 0; group + 1 < starts.size(); ++group) {
      const int64_t rows = starts[group + 1] - starts[group];
      VARVE_ASSERT_OK_AND_ASSIGN(const auto extent, metadata->Chunk(static_cast<int>(group), 0));
      const std::string name = "x";
      VARVE_ASSERT_OK_AND_ASSIGN(const auto read,
                                 ReadFlat({.metadata = metadata.get(),
                                           .descriptor = metadata->footer()->schema()->Column(0),
                                           .name = &name,
                                           .type = values->type(),
                                           .pages_decoded = &pages},
                                          *extent, rows, INT64_MAX, executor, /*verify=*/true));
      const bool is_for_parquet =
          extent->num_values == rows &&
          properties->encoding(parquet::schema::ColumnPath::FromDotString("x")) ==
              parquet::Encoding::DELTA_BYTE_ARRAY;
      EXPECT_EQ(read == nullptr, is_for_parquet);
      if (read == nullptr) continue;
      VARVE_ASSERT_OK(read->ValidateFull());
      EXPECT_TRUE(read->Equals(values->Slice(starts[group], rows)));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto decoded,
                                 column->Read(static_cast<int>(group), 0, rows, true));
      EXPECT_TRUE(read->Equals(decoded));
      // More than it may take: parquet-cpp says so.
      VARVE_ASSERT_OK_AND_ASSIGN(const auto refused,
                                 ReadFlat({.metadata = metadata.get(),
                                           .descriptor = metadata->footer()->schema()->Column(0),
                                           .name = &name,
                                           .type = values->type(),
                                           .pages_decoded = &pages},
                                          *extent, rows, /*most_bytes=*/rows - 1, executor, true));
      EXPECT_EQ(refused, nullptr);
    }
  }
};

TEST_F(FlatReadTest, EveryEncodingGivesWhatWasWritten) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const auto& type :
       {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(), arrow::float32(),
        arrow::float64(), arrow::fixed_size_binary(kWidth), arrow::binary()}) {
    for (const Choice& choice : Choices(*type)) {
      for (const bool nulls : {false, true}) {
        SCOPED_TRACE(type->ToString() + ", " + choice.name + (nulls ? ", with nulls" : ""));
        const auto values = Values(type, nulls, choice.few, &random);
        ExpectSame(values, choice.properties, Executor::Inline());
        ExpectSame(values, choice.properties, Executor::Default());
      }
    }
  }
}

TEST_F(FlatReadTest, ADamagedPageIsFound) {
  std::mt19937_64 random(1);
  const auto values = Values(arrow::int64(), /*nulls=*/false, /*few=*/false, &random);
  parquet::WriterProperties::Builder properties;
  properties.disable_dictionary()->enable_page_checksum()->compression(parquet::Compression::ZSTD);
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64(), false)}), {values});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sink, arrow::io::BufferOutputStream::Create());
  VARVE_ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows,
                                             properties.build()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, sink->Finish());
  bytes->mutable_data()[bytes->size() / 2] ^= 4;
  const auto source = std::make_shared<const FileSource>(OpenBuffer("x.parquet", bytes));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto metadata, ParquetMetadata::Read(source, nullptr));
  std::atomic<int64_t> pages{0};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, DecodedColumn::Make(metadata, 0, nullptr, &pages));
  const auto read = column->ReadAll(0, Executor::Inline(), /*verify=*/true);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(KindOf(read.status()), ErrorKind::kCorruption);
  EXPECT_EQ(ContextOf(read.status())->object, "x.parquet");
  EXPECT_EQ(ContextOf(read.status())->field, "x");
}

// A footer whose bytes are those of `good` with one bit flipped, every bit in turn: each read gives
// the values or Corruption that names the file.
TEST_F(FlatReadTest, AFlippedBitInTheFooterIsNamed) {
  std::mt19937_64 random(2);
  const auto values = Values(arrow::int64(), /*nulls=*/false, /*few=*/true, &random)->Slice(0, 50);
  parquet::WriterProperties::Builder properties;
  properties.enable_page_checksum()->enable_write_page_index();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64(), false)}), {values});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sink, arrow::io::BufferOutputStream::Create());
  VARVE_ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows,
                                             properties.build()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, sink->Finish());
  uint32_t footer_bytes = 0;
  std::memcpy(&footer_bytes, good->data() + good->size() - 8, sizeof(footer_bytes));
  int64_t refused = 0;
  for (int64_t bit = (good->size() - 8 - footer_bytes) * 8; bit < good->size() * 8; ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit));
    std::string bad = good->ToString();
    bad[static_cast<size_t>(bit / 8)] ^= static_cast<char>(1 << bit % 8);
    const auto source = std::make_shared<const FileSource>(
        OpenBuffer("x.parquet", arrow::Buffer::FromString(std::move(bad))));
    const auto read = [&]() -> Result<std::shared_ptr<arrow::Array>> {
      ARROW_ASSIGN_OR_RAISE(const auto metadata, ParquetMetadata::Read(source, nullptr));
      std::atomic<int64_t> pages{0};
      ARROW_ASSIGN_OR_RAISE(const auto column,
                            DecodedColumn::Make(metadata, 0, arrow::int64(), &pages));
      if (metadata->row_group_starts().size() != 2) return Corruption("row groups", {"x.parquet"});
      return column->ReadAll(0, Executor::Inline(), /*verify=*/true);
    }();
    if (read.ok()) {
      // What the footer says of the rows, or of the writer, may be wrong; values may not.
      const int64_t rows = std::min((*read)->length(), values->length());
      EXPECT_TRUE((*read)->Slice(0, rows)->Equals(values->Slice(0, rows)));
      continue;
    }
    ++refused;
    ASSERT_NE(ContextOf(read.status()), nullptr) << read.status().ToString();
    EXPECT_EQ(ContextOf(read.status())->object, "x.parquet");
    EXPECT_TRUE(KindOf(read.status()) == ErrorKind::kCorruption ||
                KindOf(read.status()) == ErrorKind::kUnsupported ||
                KindOf(read.status()) == ErrorKind::kResourceExhausted)
        << read.status().ToString();
  }
  EXPECT_GT(refused, 0);
}

// A page header that names each encoding there is, and those there are not: a read and a take give
// an error or what other decoders make of the page, whatever number stands there.
TEST_F(FlatReadTest, AnyNumberMayStandForAnEncoding) {
  std::mt19937_64 random(3);
  const auto values = Values(arrow::binary(), /*nulls=*/false, /*few=*/false, &random)->Slice(0, 9);
  parquet::WriterProperties::Builder properties;
  properties.disable_dictionary()->enable_write_page_index();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("x", arrow::binary(), false)}), {values});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sink, arrow::io::BufferOutputStream::Create());
  VARVE_ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows,
                                             properties.build()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, sink->Finish());
  // In the header: a struct (field 5) with 9 values (18 as a zigzag), then the encoding.
  const std::string start("\x2c\x15\x12\x15\x00", 5);
  const size_t at = good->ToString().find(start);
  ASSERT_NE(at, std::string::npos);
  const std::vector<int64_t> rows = {1, 7};
  for (int number = -64; number < 64; ++number) {
    SCOPED_TRACE("encoding " + std::to_string(number));
    std::string bad = good->ToString();
    bad[at + 4] = static_cast<char>(number < 0 ? -2 * number - 1 : 2 * number);
    const auto source = std::make_shared<const FileSource>(
        OpenBuffer("x.parquet", arrow::Buffer::FromString(std::move(bad))));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto metadata, ParquetMetadata::Read(source, nullptr));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto extent, metadata->Chunk(0, 0));
    std::atomic<int64_t> pages{0};
    const std::string name = "x";
    const FlatColumn column = {.metadata = metadata.get(),
                               .descriptor = metadata->footer()->schema()->Column(0),
                               .name = &name,
                               .type = values->type(),
                               .pages_decoded = &pages};
    const auto taken = TakeFlat(column, *extent, values->length(), rows, INT64_MAX,
                                Executor::Inline(), /*verify=*/true);
    const auto read = ReadFlat(column, *extent, values->length(), INT64_MAX, Executor::Inline(),
                               /*verify=*/true);
    if (number == parquet::Encoding::PLAIN) {
      VARVE_ASSERT_OK(taken.status());
      VARVE_ASSERT_OK(read.status());
      EXPECT_TRUE((*taken)->Slice(0, 1)->Equals(values->Slice(1, 1)));
      EXPECT_TRUE((*taken)->Slice(1, 1)->Equals(values->Slice(7, 1)));
      EXPECT_TRUE((*read)->Equals(values));
      continue;
    }
    for (const auto& result : {taken, read}) {
      if (result.ok() && *result == nullptr) continue;  // not for this road
      ASSERT_FALSE(result.ok()) << (*result)->ToString();
      EXPECT_EQ(KindOf(result.status()), ErrorKind::kCorruption) << result.status().ToString();
      EXPECT_EQ(ContextOf(result.status())->object, "x.parquet");
      EXPECT_EQ(ContextOf(result.status())->field, "x");
    }
  }
}

}  // namespace
}  // namespace varve::internal
