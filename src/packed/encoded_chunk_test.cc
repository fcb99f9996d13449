// SPDX-License-Identifier: Apache-2.0
// What is encoded while rows come in, against what went in.
#include "packed/encoded_chunk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/util/compression.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/page_compressor.h"
#include "parquet/arrow/reader.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "varve/packed.h"

namespace varve {
namespace {

using internal::ColumnEncoding;
using internal::PageCompressor;

constexpr uint64_t kSeed = 20261121;
constexpr int32_t kDim = 64;

// Byte planes of `count` floats whose signs and exponents vary little: two planes of noise, one of
// few values.
std::vector<uint8_t> Planes(size_t count) {
  const auto random = internal::Random::Seeded(kSeed);
  std::vector<uint8_t> bytes(3 * count);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint64_t drawn = random->Next();
    bytes[i] = static_cast<uint8_t>(i < 2 * count ? drawn : 60 + __builtin_ctzll(drawn | 64));
  }
  return bytes;
}

TEST(PageCompressorTest, EveryCodecGivesBackWhatWentInWhereverBlocksEnd) {
  const auto planes = Planes(40'000);
  const std::vector<std::vector<size_t>> wishes = {
      {}, {40'000, 80'000}, {1}, {planes.size()}, {0, 7, 7}};
  for (const auto codec : {arrow::Compression::ZSTD, arrow::Compression::LZ4,
                           arrow::Compression::SNAPPY, arrow::Compression::GZIP}) {
    for (const bool byte_planes : {false, true}) {
      for (const int level : {0, 5}) {
        if (level != 0 && codec != arrow::Compression::ZSTD) continue;
        ColumnEncoding encoding;
        encoding.codec = codec;
        encoding.level = level;
        encoding.byte_planes = byte_planes;
        VARVE_ASSERT_OK_AND_ASSIGN(const auto compressor, PageCompressor::Make(encoding));
        VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, arrow::util::Codec::Create(codec));
        VARVE_ASSERT_OK_AND_ASSIGN(std::shared_ptr<arrow::ResizableBuffer> packed,
                                   arrow::AllocateResizableBuffer(0));
        for (const size_t length : {planes.size(), size_t{1}, size_t{0}}) {
          for (const auto& ends : wishes) {
            if (!ends.empty() && ends.back() > length) continue;
            SCOPED_TRACE(testing::Message()
                         << codec << ' ' << byte_planes << ' ' << length << ' ' << ends.size());
            VARVE_ASSERT_OK(compressor->Compress({planes.data(), length}, ends, packed.get()));
            std::vector<uint8_t> back(length + 1);
            VARVE_ASSERT_OK_AND_ASSIGN(
                const int64_t size, reader->Decompress(packed->size(), packed->data(),
                                                       static_cast<int64_t>(length), back.data()));
            ASSERT_EQ(size, static_cast<int64_t>(length));
            ASSERT_EQ(std::memcmp(back.data(), planes.data(), length), 0);
          }
        }
      }
    }
  }
}

TEST(PageCompressorTest, PlanesApartTakeLittleMoreThanTheirEntropy) {
  constexpr size_t kCount = 200'000;
  const auto planes = Planes(kCount);
  ColumnEncoding encoding;
  encoding.codec = arrow::Compression::ZSTD;
  encoding.byte_planes = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto compressor, PageCompressor::Make(encoding));
  VARVE_ASSERT_OK_AND_ASSIGN(std::shared_ptr<arrow::ResizableBuffer> packed,
                             arrow::AllocateResizableBuffer(0));
  const std::vector<size_t> ends = {kCount, 2 * kCount};
  VARVE_ASSERT_OK(compressor->Compress(planes, ends, packed.get()));
  // A geometric distribution has an entropy of just under two bits, and Huffman codes reach it.
  EXPECT_LT(packed->size(), 2 * kCount + kCount * 2 / 8 + 5'000);
}

TEST(PageCompressorTest, RunsAreFoundEvenWhereMatchesAreNotSought) {
  const std::vector<uint8_t> zeros(1 << 20);
  ColumnEncoding encoding;
  encoding.codec = arrow::Compression::ZSTD;
  encoding.byte_planes = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto compressor, PageCompressor::Make(encoding));
  VARVE_ASSERT_OK_AND_ASSIGN(std::shared_ptr<arrow::ResizableBuffer> packed,
                             arrow::AllocateResizableBuffer(0));
  VARVE_ASSERT_OK(compressor->Compress(zeros, {}, packed.get()));
  EXPECT_LT(packed->size(), 1'000);
}

TEST(PageCompressorTest, NoCodecNoCompressor) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto compressor, PageCompressor::Make(ColumnEncoding{}));
  EXPECT_EQ(compressor, nullptr);
}

FieldSchema Field(const std::string& name, std::shared_ptr<arrow::DataType> type, bool nullable) {
  FieldSchema field;
  field.name = name;
  field.arrow_type = std::move(type);
  field.nullable = nullable;
  return field;
}

// More rows than are kept as a sample, and more than one row group: required columns are encoded as
// they come, nullable ones at the end of a row group, and all have the same pages.
TEST(EncodedChunkTest, RowsOfManyBatchesAndRowGroupsComeBack) {
  constexpr int64_t kRows = 45'000;
  constexpr int64_t kBatchRows = 7'001;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager("memory://encoded-chunk-test"));
  FieldSchema vector = Field("emb", nullptr, false);
  vector.data_type = DataType::kFloatVector;
  vector.dim = kDim;
  vector.layout = VectorLayout::kCompact;
  FieldSchema nullable_vector = vector;
  nullable_vector.name = "maybe_emb";
  nullable_vector.nullable = true;
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto schema,
      CollectionSchema::Make(
          {Field("id", arrow::int64(), false), Field("step", arrow::int64(), false),
           Field("score", arrow::float64(), false), Field("text", arrow::utf8(), false),
           Field("maybe", arrow::utf8(), true), vector, nullable_vector}));
  PackedWriteOptions options;
  options.split = SplitPolicy::kOneGroup;
  options.buffer_bytes = 12 << 20;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer, PackedWriter::Make(store, schema, options, [](int) {
                               return std::string("a.parquet");
                             }));

  const auto random = internal::Random::Seeded(kSeed);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (int64_t begin = 0; begin < kRows; begin += kBatchRows) {
    const int64_t rows = std::min(kBatchRows, kRows - begin);
    arrow::Int64Builder id, step;
    arrow::DoubleBuilder score;
    arrow::StringBuilder text, maybe;
    const auto floats = [&] { return std::make_shared<arrow::FloatBuilder>(); };
    arrow::FixedSizeListBuilder emb(arrow::default_memory_pool(), floats(),
                                    schema->ToArrow()->GetFieldByName("emb")->type());
    arrow::FixedSizeListBuilder maybe_emb(arrow::default_memory_pool(), floats(),
                                          schema->ToArrow()->GetFieldByName("maybe_emb")->type());
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t row = begin + i;
      VARVE_ASSERT_OK(id.Append(row));
      VARVE_ASSERT_OK(step.Append(row * 37));
      VARVE_ASSERT_OK(score.Append(static_cast<double>(random->Uniform(300)) / 100));
      VARVE_ASSERT_OK(text.Append("row " + std::to_string(random->Uniform(1 << 20))));
      VARVE_ASSERT_OK(random->Uniform(5) == 0 ? maybe.AppendNull()
                                              : maybe.Append(std::to_string(random->Next())));
      VARVE_ASSERT_OK(emb.Append());
      const bool null = random->Uniform(4) == 0;
      VARVE_ASSERT_OK(null ? maybe_emb.AppendNull() : maybe_emb.Append());
      for (int32_t j = 0; j < kDim; ++j) {
        const auto value = static_cast<float>(random->Uniform(1 << 24)) / 3.0f - 1e6f;
        VARVE_ASSERT_OK(static_cast<arrow::FloatBuilder*>(emb.value_builder())->Append(value));
        if (null) continue;
        VARVE_ASSERT_OK(
            static_cast<arrow::FloatBuilder*>(maybe_emb.value_builder())->Append(-value));
      }
    }
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{
             &id, &step, &score, &text, &maybe, &emb, &maybe_emb}) {
      VARVE_ASSERT_OK_AND_ASSIGN(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    batches.push_back(arrow::RecordBatch::Make(schema->ToArrow(), rows, columns));
    VARVE_ASSERT_OK(writer->Write(batches.back()));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                             arrow::Table::FromRecordBatches(schema->ToArrow(), batches));

  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store->Read("a.parquet"));
  auto properties = parquet::default_reader_properties();
  properties.set_page_checksum_verification(true);
  parquet::arrow::FileReaderBuilder builder;
  VARVE_ASSERT_OK(builder.Open(std::make_shared<arrow::io::BufferReader>(bytes), properties));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, builder.Build());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, reader->ReadTable());
  ASSERT_EQ(table->num_rows(), kRows);
  for (const auto& name : schema->ToArrow()->field_names()) {
    SCOPED_TRACE(name);
    auto expected = written->GetColumnByName(name);
    const auto found = table->GetColumnByName(name);
    if (!name.ends_with("emb")) {
      EXPECT_TRUE(found->Equals(*expected));
      continue;
    }
    for (int64_t row = 0; row < kRows; ++row) {
      const auto a = found->GetScalar(row).ValueOrDie();
      const auto b = expected->GetScalar(row).ValueOrDie();
      ASSERT_EQ(a->is_valid, b->is_valid) << row;
      if (!a->is_valid) continue;
      ASSERT_TRUE(static_cast<const arrow::BaseListScalar&>(*a).value->Equals(
          static_cast<const arrow::BaseListScalar&>(*b).value))
          << row;
    }
  }

  const auto metadata = reader->parquet_reader()->metadata();
  ASSERT_GT(metadata->num_row_groups(), 1);
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    const auto index = reader->parquet_reader()->GetPageIndexReader()->RowGroup(group);
    const int64_t rows = metadata->RowGroup(group)->num_rows();
    for (int column = 0; column < metadata->num_columns(); ++column) {
      SCOPED_TRACE(metadata->schema()->Column(column)->path()->ToDotString());
      const auto offsets = index->GetOffsetIndex(column);
      const auto& pages = offsets->page_locations();
      ASSERT_FALSE(pages.empty());
      const int64_t step = pages.size() > 1 ? pages[1].first_row_index : rows;
      for (size_t i = 0; i < pages.size(); ++i) {
        ASSERT_EQ(pages[i].first_row_index, static_cast<int64_t>(i) * step);
      }
      ASSERT_LT(pages.back().first_row_index, rows);
    }
  }
}

}  // namespace
}  // namespace varve
