// SPDX-License-Identifier: Apache-2.0
#include "packed/encoded_chunk.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "arrow/array/array_base.h"
#include "arrow/array/array_nested.h"
#include "arrow/array/array_primitive.h"
#include "arrow/buffer_builder.h"
#include "arrow/chunked_array.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/checked_cast.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "packed/page_compressor.h"
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

using arrow::internal::checked_cast;

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

// Where the byte planes of a page of floats begin, all but the first byte of the body.
std::vector<size_t> PlaneBegins(const parquet::ColumnDescriptor& descr,
                                std::span<const uint8_t> body) {
  size_t begin = 0;
  for (const int most : {descr.max_repetition_level(), descr.max_definition_level()}) {
    uint32_t length = 0;
    if (most == 0) continue;
    if (body.size() - begin < sizeof(length)) return {};
    std::memcpy(&length, body.data() + begin, sizeof(length));
    if (body.size() - begin - sizeof(length) < length) return {};
    begin += sizeof(length) + length;
  }
  std::vector<size_t> begins;
  const size_t plane = (body.size() - begin) / sizeof(float);
  for (size_t i = 0; i < sizeof(float); ++i) {
    if (const size_t at = begin + i * plane; at > 0) begins.push_back(at);
  }
  return begins;
}

// Bytes that pages gather in before they become a buffer of their own.
constexpr int64_t kSegmentBytes = 1 << 20;

// Puts headers of ours before the bodies parquet-cpp makes, and notes what the indexes need.
class MemoryPageWriter : public parquet::PageWriter {
 public:
  MemoryPageWriter(std::unique_ptr<PageCompressor> compressor,
                   const parquet::ColumnDescriptor& descr, const ColumnEncoding& encoding,
                   bool page_checksums, parquet::ColumnChunkMetaDataBuilder* metadata,
                   EncodedChunk* chunk)
      : descr_(descr),
        byte_planes_(encoding.byte_planes && descr.physical_type() == parquet::Type::FLOAT),
        page_checksums_(page_checksums),
        compressor_(std::move(compressor)),
        metadata_(metadata),
        chunk_(chunk),
        leaf_(&chunk->leaf) {}

  void Close(bool has_dictionary, bool fallback) override {
    leaf_->fallback = fallback;
    if (segment_.length() > 0) CloseSegment();
    // Offsets are not known yet; this only makes the statistics readable again.
    metadata_->Finish(leaf_->num_levels, 0, -1, 0, 0, 0, has_dictionary, fallback,
                      leaf_->dictionary_encodings, leaf_->data_encodings);
  }

  int64_t WriteDataPage(const parquet::DataPage& page) override {
    const PageHeader header{.uncompressed_bytes = PageBytes(page.uncompressed_size()),
                            .num_values = page.num_values(),
                            .encoding = page.encoding()};
    PageRecord record{.offset = leaf_->compressed_bytes,
                      .first_row = page.first_row_index().value_or(0),
                      .statistics = page.statistics(),
                      .size_statistics = page.size_statistics()};
    CutBounds(descr_, &record.statistics);
    if (leaf_->pages.empty()) leaf_->data_page_offset = leaf_->compressed_bytes;
    const int64_t unpacked = WritePage(header, *page.buffer());
    record.bytes = PageBytes(leaf_->compressed_bytes - record.offset);
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
    if (compressor_ != nullptr) {
      PARQUET_ASSIGN_OR_THROW(std::shared_ptr<arrow::ResizableBuffer> packed,
                              arrow::AllocateResizableBuffer(0));
      Compress(*body, packed.get());
      body = std::move(packed);
    }
    return WritePage(header, *body);
  }

  int64_t total_compressed_bytes_written() const override { return leaf_->compressed_bytes; }
  bool has_compressor() override { return compressor_ != nullptr; }

  void Compress(const arrow::Buffer& source, arrow::ResizableBuffer* target) override {
    const std::span body(source.data(), static_cast<size_t>(source.size()));
    PARQUET_THROW_NOT_OK(compressor_->Compress(
        body, byte_planes_ ? PlaneBegins(descr_, body) : std::vector<size_t>{}, target));
  }

 private:
  static int32_t PageBytes(int64_t bytes) {
    if (bytes > INT32_MAX) throw parquet::ParquetException("a page of 2 GiB or more");
    return static_cast<int32_t>(bytes);
  }

  int64_t WritePage(PageHeader header, const arrow::Buffer& body) {
    header.compressed_bytes = PageBytes(body.size());
    if (page_checksums_) {
      header.crc32 = Crc32({body.data(), static_cast<size_t>(body.size())});
    }
    const std::string head = EncodePageHeader(header);
    const auto head_bytes = static_cast<int64_t>(head.size());
    PARQUET_THROW_NOT_OK(segment_.Append(head.data(), head_bytes));
    PARQUET_THROW_NOT_OK(segment_.Append(body.data(), body.size()));
    if (segment_.length() >= kSegmentBytes) CloseSegment();
    leaf_->compressed_bytes += head_bytes + body.size();
    leaf_->uncompressed_bytes += head_bytes + header.uncompressed_bytes;
    return head_bytes + header.uncompressed_bytes;
  }

  void CloseSegment() {
    PARQUET_ASSIGN_OR_THROW(auto buffer, segment_.Finish());
    chunk_->bytes.push_back(std::move(buffer));
  }

  const parquet::ColumnDescriptor& descr_;
  const bool byte_planes_;
  const bool page_checksums_;
  const std::unique_ptr<PageCompressor> compressor_;
  parquet::ColumnChunkMetaDataBuilder* metadata_;
  EncodedChunk* chunk_;
  LeafChunk* leaf_;
  arrow::BufferBuilder segment_;
};

Status Refused(const parquet::ColumnDescriptor* descr, const std::exception& error) {
  return MakeError(ErrorKind::kInvalid, error.what(), {.field = descr->path()->ToDotString()});
}

EncodedChunk ReadBack(const std::shared_ptr<arrow::Buffer>& file,
                      parquet::ParquetFileReader* reader, int leaf) {
  EncodedChunk chunk;
  const auto metadata = reader->metadata()->RowGroup(0)->ColumnChunk(leaf);
  const int64_t begin = metadata->has_dictionary_page() ? metadata->dictionary_page_offset()
                                                        : metadata->data_page_offset();
  chunk.bytes = {arrow::SliceBuffer(file, begin, metadata->total_compressed_size())};
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

class EncodedChunkWriter::Impl {
 public:
  Impl(std::unique_ptr<PageCompressor> compressor, const parquet::ColumnDescriptor* descr,
       const ColumnEncoding& encoding, bool page_checksums, parquet::BloomFilter* bloom)
      : descr_(descr),
        rows_per_page_(encoding.rows_per_page),
        properties_(Properties(encoding, page_checksums, /*nested=*/false)),
        arrow_properties_(parquet::default_arrow_writer_properties()),
        context_(arrow::default_memory_pool(), arrow_properties_.get()),
        metadata_(parquet::ColumnChunkMetaDataBuilder::Make(properties_, descr)),
        writer_(parquet::ColumnWriter::Make(
            metadata_.get(),
            std::make_unique<MemoryPageWriter>(std::move(compressor), *descr, encoding,
                                               page_checksums, metadata_.get(), &chunk_),
            properties_.get(), bloom)) {}

  const parquet::ColumnDescriptor* descr() const { return descr_; }

  void Append(const arrow::Array& rows) {
    if (rows.type_id() == arrow::Type::LIST) {
      AppendLists(checked_cast<const arrow::ListArray&>(rows));
      return;
    }
    const bool optional = descr_->max_definition_level() > 0;
    definition_.assign(optional ? static_cast<size_t>(rows.length()) : 0, 1);
    if (rows.null_count() > 0) {
      for (int64_t i = 0; i < rows.length(); ++i)
        definition_[static_cast<size_t>(i)] = rows.IsValid(i);
    }
    PARQUET_THROW_NOT_OK(writer_->WriteArrow(optional ? definition_.data() : nullptr, nullptr,
                                             rows.length(), rows, &context_, optional));
  }

  EncodedChunk Finish() {
    writer_->Close();
    const parquet::ApplicationVersion version(parquet::DEFAULT_CREATED_BY);
    const auto written = parquet::ColumnChunkMetaData::Make(
        metadata_->contents(), descr_, parquet::default_reader_properties(), &version);
    if (const auto statistics = written->encoded_statistics()) {
      chunk_.leaf.statistics = *statistics;
    }
    if (const auto sizes = written->size_statistics()) chunk_.leaf.size_statistics = *sizes;
    return std::move(chunk_);
  }

 private:
  // A page's rows at a time: levels take as much memory as the values.
  void AppendLists(const arrow::ListArray& lists) {
    const auto& values = checked_cast<const arrow::FloatArray&>(*lists.values());
    auto* writer = static_cast<parquet::FloatWriter*>(writer_.get());
    const auto most = static_cast<int16_t>(descr_->max_definition_level());
    for (int64_t begin = 0; begin < lists.length(); begin += rows_per_page_) {
      const int64_t end = std::min(lists.length(), begin + rows_per_page_);
      definition_.clear();
      repetition_.clear();
      for (int64_t row = begin; row < end; ++row) {
        const auto length = static_cast<size_t>(lists.value_length(row));
        repetition_.push_back(0);
        if (lists.IsNull(row) || length == 0) {
          definition_.push_back(lists.IsNull(row) ? 0 : static_cast<int16_t>(most - 1));
          continue;
        }
        repetition_.insert(repetition_.end(), length - 1, 1);
        definition_.insert(definition_.end(), length, most);
      }
      writer->WriteBatch(static_cast<int64_t>(definition_.size()), definition_.data(),
                         repetition_.data(), values.raw_values() + lists.value_offset(begin));
    }
  }

  EncodedChunk chunk_;
  const parquet::ColumnDescriptor* const descr_;
  const int64_t rows_per_page_;
  const std::shared_ptr<parquet::WriterProperties> properties_;
  const std::shared_ptr<parquet::ArrowWriterProperties> arrow_properties_;
  parquet::ArrowWriteContext context_;
  const std::unique_ptr<parquet::ColumnChunkMetaDataBuilder> metadata_;
  const std::shared_ptr<parquet::ColumnWriter> writer_;
  std::vector<int16_t> definition_;
  std::vector<int16_t> repetition_;
};

EncodedChunkWriter::EncodedChunkWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
EncodedChunkWriter::~EncodedChunkWriter() = default;

Result<std::unique_ptr<EncodedChunkWriter>> EncodedChunkWriter::Make(
    const parquet::ColumnDescriptor* descr, const ColumnEncoding& encoding, bool page_checksums,
    parquet::BloomFilter* bloom) {
  ARROW_ASSIGN_OR_RAISE(auto compressor, PageCompressor::Make(encoding));
  try {
    return std::unique_ptr<EncodedChunkWriter>(new EncodedChunkWriter(
        std::make_unique<Impl>(std::move(compressor), descr, encoding, page_checksums, bloom)));
  } catch (const std::exception& error) {
    return Refused(descr, error);
  }
}

Status EncodedChunkWriter::Append(const arrow::Array& rows) {
  try {
    impl_->Append(rows);
    return Status::OK();
  } catch (const std::exception& error) {
    return Refused(impl_->descr(), error);
  }
}

Result<EncodedChunk> EncodedChunkWriter::Finish() {
  try {
    return impl_->Finish();
  } catch (const std::exception& error) {
    return Refused(impl_->descr(), error);
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
