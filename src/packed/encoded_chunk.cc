// SPDX-License-Identifier: Apache-2.0
#include "packed/encoded_chunk.h"

#include <cstring>
#include <exception>

#include "arrow/array/array_base.h"
#include "arrow/buffer_builder.h"
#include "arrow/chunked_array.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/compression.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "packed/page_header.h"
#include "packed/text_bounds.h"
#include "parquet/arrow/writer.h"
#include "parquet/column_page.h"
#include "parquet/column_writer.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/properties.h"

namespace varve::internal {
namespace {

constexpr int64_t kDictionaryBytesMax = 1 << 20;
// Leaves of nested columns keep no longer bounds: there they cannot be cut.
constexpr size_t kNestedBoundBytesMax = 64;

std::shared_ptr<parquet::WriterProperties> Properties(const ColumnEncoding& encoding,
                                                      bool page_checksums, bool nested) {
  parquet::WriterProperties::Builder builder;
  builder.version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->compression(encoding.codec)
      ->encoding(encoding.encoding)
      ->dictionary_pagesize_limit(kDictionaryBytesMax)
      ->data_pagesize(int64_t{1} << 30)
      ->write_batch_size(encoding.rows_per_page)
      ->max_rows_per_page(encoding.rows_per_page)
      ->max_row_group_length(int64_t{1} << 40)
      ->enable_write_page_index();
  if (encoding.level != 0) builder.compression_level(encoding.level);
  encoding.dictionary ? builder.enable_dictionary() : builder.disable_dictionary();
  encoding.statistics ? builder.enable_statistics() : builder.disable_statistics();
  if (page_checksums) builder.enable_page_checksum();
  if (nested) builder.max_statistics_size(kNestedBoundBytesMax);
  return builder.build();
}

std::unique_ptr<arrow::util::Codec> MakeCodec(const ColumnEncoding& encoding) {
  if (encoding.codec == arrow::Compression::UNCOMPRESSED) return nullptr;
  const int level =
      encoding.level == 0 ? arrow::util::Codec::UseDefaultCompressionLevel() : encoding.level;
  PARQUET_ASSIGN_OR_THROW(auto codec, arrow::util::Codec::Create(encoding.codec, level));
  return codec;
}

void CutBounds(const parquet::ColumnDescriptor& descr, parquet::EncodedStatistics* statistics) {
  if (descr.physical_type() != parquet::Type::BYTE_ARRAY) return;
  const bool utf8 = descr.logical_type() != nullptr && descr.logical_type()->is_string();
  if (statistics->has_min && statistics->min().size() > kTextBoundBytes) {
    statistics->set_min(CutLowerBound(statistics->min(), utf8));
    statistics->is_min_value_exact = false;
  }
  if (statistics->has_max && statistics->max().size() > kTextBoundBytes) {
    if (auto bound = CutUpperBound(statistics->max(), utf8)) {
      statistics->set_max(*std::move(bound));
      statistics->is_max_value_exact = false;
    }
  }
}

// Puts headers of ours before the bodies parquet-cpp makes, and notes what the indexes need.
class MemoryPageWriter : public parquet::PageWriter {
 public:
  MemoryPageWriter(const ColumnEncoding& encoding, const parquet::ColumnDescriptor& descr,
                   bool page_checksums, parquet::ColumnChunkMetaDataBuilder* metadata,
                   LeafChunk* leaf, arrow::BufferBuilder* out)
      : descr_(descr),
        page_checksums_(page_checksums),
        codec_(MakeCodec(encoding)),
        metadata_(metadata),
        leaf_(leaf),
        out_(out) {}

  void Close(bool has_dictionary, bool fallback) override {
    leaf_->fallback = fallback;
    // Offsets are not known yet; this only makes the statistics readable again.
    metadata_->Finish(leaf_->num_levels, 0, -1, 0, 0, 0, has_dictionary, fallback,
                      leaf_->dictionary_encodings, leaf_->data_encodings);
  }

  int64_t WriteDataPage(const parquet::DataPage& page) override {
    const PageHeader header{.uncompressed_bytes = static_cast<int32_t>(page.uncompressed_size()),
                            .num_values = page.num_values(),
                            .encoding = page.encoding()};
    PageRecord record{.offset = out_->length(),
                      .first_row = page.first_row_index().value_or(0),
                      .statistics = page.statistics(),
                      .size_statistics = page.size_statistics()};
    CutBounds(descr_, &record.statistics);
    if (leaf_->pages.empty()) leaf_->data_page_offset = out_->length();
    const int64_t unpacked = WritePage(header, *page.buffer());
    record.bytes = static_cast<int32_t>(out_->length() - record.offset);
    leaf_->num_levels += page.num_values();
    leaf_->data_encodings[page.encoding()] += 1;
    leaf_->pages.push_back(std::move(record));
    return unpacked;
  }

  int64_t WriteDictionaryPage(const parquet::DictionaryPage& page) override {
    const PageHeader header{.dictionary = true,
                            .uncompressed_bytes = page.size(),
                            .num_values = page.num_values(),
                            .encoding = page.encoding()};
    leaf_->dictionary_encodings[page.encoding()] += 1;
    std::shared_ptr<arrow::Buffer> body = page.buffer();
    if (codec_ != nullptr) {
      PARQUET_ASSIGN_OR_THROW(std::shared_ptr<arrow::ResizableBuffer> packed,
                              arrow::AllocateResizableBuffer(0));
      Compress(*body, packed.get());
      body = std::move(packed);
    }
    return WritePage(header, *body);
  }

  int64_t total_compressed_bytes_written() const override { return out_->length(); }
  bool has_compressor() override { return codec_ != nullptr; }

  void Compress(const arrow::Buffer& source, arrow::ResizableBuffer* target) override {
    const int64_t most = codec_->MaxCompressedLen(source.size(), source.data());
    PARQUET_THROW_NOT_OK(target->Resize(most, false));
    PARQUET_ASSIGN_OR_THROW(const int64_t size, codec_->Compress(source.size(), source.data(), most,
                                                                 target->mutable_data()));
    PARQUET_THROW_NOT_OK(target->Resize(size, false));
  }

 private:
  int64_t WritePage(PageHeader header, const arrow::Buffer& body) {
    header.compressed_bytes = static_cast<int32_t>(body.size());
    if (page_checksums_) {
      header.crc32 = Crc32({body.data(), static_cast<size_t>(body.size())});
    }
    const std::string head = EncodePageHeader(header);
    PARQUET_THROW_NOT_OK(out_->Append(head.data(), static_cast<int64_t>(head.size())));
    PARQUET_THROW_NOT_OK(out_->Append(body.data(), body.size()));
    const int64_t head_bytes = static_cast<int64_t>(head.size());
    leaf_->compressed_bytes += head_bytes + body.size();
    leaf_->uncompressed_bytes += head_bytes + header.uncompressed_bytes;
    return head_bytes + header.uncompressed_bytes;
  }

  const parquet::ColumnDescriptor& descr_;
  const bool page_checksums_;
  const std::unique_ptr<arrow::util::Codec> codec_;
  parquet::ColumnChunkMetaDataBuilder* metadata_;
  LeafChunk* leaf_;
  arrow::BufferBuilder* out_;
};

Status Refused(const parquet::ColumnDescriptor* descr, const std::exception& error) {
  return MakeError(ErrorKind::kInvalid, error.what(), {.field = descr->path()->ToDotString()});
}

EncodedChunk EncodeFlat(const arrow::ArrayVector& rows, const parquet::ColumnDescriptor* descr,
                        const ColumnEncoding& encoding, bool page_checksums,
                        parquet::BloomFilter* bloom) {
  EncodedChunk chunk;
  arrow::BufferBuilder out;
  const auto properties = Properties(encoding, page_checksums, /*nested=*/false);
  const auto arrow_properties = parquet::default_arrow_writer_properties();
  auto metadata = parquet::ColumnChunkMetaDataBuilder::Make(properties, descr);
  const auto writer = parquet::ColumnWriter::Make(
      metadata.get(),
      std::make_unique<MemoryPageWriter>(encoding, *descr, page_checksums, metadata.get(),
                                         &chunk.leaf, &out),
      properties.get(), bloom);
  parquet::ArrowWriteContext context(arrow::default_memory_pool(), arrow_properties.get());
  const bool optional = descr->max_definition_level() > 0;
  std::vector<int16_t> levels;
  for (const auto& array : rows) {
    levels.assign(optional ? static_cast<size_t>(array->length()) : 0, 1);
    if (array->null_count() > 0) {
      for (int64_t i = 0; i < array->length(); ++i)
        levels[static_cast<size_t>(i)] = array->IsValid(i);
    }
    PARQUET_THROW_NOT_OK(writer->WriteArrow(optional ? levels.data() : nullptr, nullptr,
                                            array->length(), *array, &context, optional));
  }
  writer->Close();
  const parquet::ApplicationVersion version(parquet::DEFAULT_CREATED_BY);
  const auto written = parquet::ColumnChunkMetaData::Make(
      metadata->contents(), descr, parquet::default_reader_properties(), &version);
  if (const auto statistics = written->encoded_statistics()) {
    chunk.leaf.statistics = *statistics;
  }
  if (const auto sizes = written->size_statistics()) chunk.leaf.size_statistics = *sizes;
  PARQUET_ASSIGN_OR_THROW(chunk.bytes, out.Finish());
  return chunk;
}

EncodedChunk ReadBack(const std::shared_ptr<arrow::Buffer>& file,
                      parquet::ParquetFileReader* reader, int leaf) {
  EncodedChunk chunk;
  const auto metadata = reader->metadata()->RowGroup(0)->ColumnChunk(leaf);
  const int64_t begin = metadata->has_dictionary_page() ? metadata->dictionary_page_offset()
                                                        : metadata->data_page_offset();
  chunk.bytes = arrow::SliceBuffer(file, begin, metadata->total_compressed_size());
  chunk.leaf.num_levels = metadata->num_values();
  chunk.leaf.data_page_offset = metadata->data_page_offset() - begin;
  chunk.leaf.compressed_bytes = metadata->total_compressed_size();
  chunk.leaf.uncompressed_bytes = metadata->total_uncompressed_size();
  for (const auto& stats : metadata->encoding_stats()) {
    auto& encodings = stats.page_type == parquet::PageType::DICTIONARY_PAGE
                          ? chunk.leaf.dictionary_encodings
                          : chunk.leaf.data_encodings;
    encodings[stats.encoding] += stats.count;
  }
  if (const auto statistics = metadata->encoded_statistics()) {
    chunk.leaf.statistics = *statistics;
  }
  if (const auto sizes = metadata->size_statistics()) chunk.leaf.size_statistics = *sizes;

  const auto index = reader->GetPageIndexReader()->RowGroup(0);
  const auto offsets = index->GetOffsetIndex(leaf);
  const auto bounds = index->GetColumnIndex(leaf);
  for (size_t i = 0; i < offsets->page_locations().size(); ++i) {
    const auto& location = offsets->page_locations()[i];
    PageRecord page{.offset = location.offset - begin,
                    .bytes = location.compressed_page_size,
                    .first_row = location.first_row_index};
    if (bounds != nullptr) {
      page.statistics.all_null_value = bounds->null_pages()[i];
      if (!bounds->null_pages()[i]) {
        page.statistics.set_min(bounds->encoded_min_values()[i]);
        page.statistics.set_max(bounds->encoded_max_values()[i]);
      }
      if (bounds->has_null_counts()) page.statistics.set_null_count(bounds->null_counts()[i]);
    }
    chunk.leaf.pages.push_back(std::move(page));
  }
  return chunk;
}

}  // namespace

Result<EncodedChunk> EncodeFlatChunk(const arrow::ArrayVector& rows,
                                     const parquet::ColumnDescriptor* descr,
                                     const ColumnEncoding& encoding, bool page_checksums,
                                     parquet::BloomFilter* bloom) {
  try {
    return EncodeFlat(rows, descr, encoding, page_checksums, bloom);
  } catch (const std::exception& error) {
    return Refused(descr, error);
  }
}

Result<std::vector<EncodedChunk>> EncodeNestedChunk(const arrow::ArrayVector& rows,
                                                    const std::shared_ptr<arrow::Field>& field,
                                                    const ColumnEncoding& encoding,
                                                    bool page_checksums) {
  ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
  const auto table = arrow::Table::Make(
      arrow::schema({field}), {std::make_shared<arrow::ChunkedArray>(rows, field->type())});
  try {
    RETURN_NOT_OK(parquet::arrow::WriteTable(
        *table, arrow::default_memory_pool(), sink, std::max<int64_t>(1, table->num_rows()),
        Properties(encoding, page_checksums, /*nested=*/true)));
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Buffer> file, sink->Finish());
    const auto reader =
        parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file));
    std::vector<EncodedChunk> chunks;
    for (int leaf = 0; leaf < reader->metadata()->num_columns(); ++leaf) {
      chunks.push_back(ReadBack(file, reader.get(), leaf));
    }
    return chunks;
  } catch (const std::exception& error) {
    return MakeError(ErrorKind::kInvalid, error.what(), {.field = field->name()});
  }
}

}  // namespace varve::internal
