// SPDX-License-Identifier: Apache-2.0
#include "packed/packed_footer.h"

#include <exception>
#include <string_view>

#include "arrow/io/interfaces.h"
#include "arrow/util/base64.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "base/crc32.h"
#include "packed/tail_checksum.h"
#include "parquet/arrow/writer.h"
#include "parquet/bloom_filter_writer.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/properties.h"

namespace varve::internal {
namespace {

// An output stream that knows where in the file its first byte will stand.
class TailStream : public arrow::io::OutputStream {
 public:
  explicit TailStream(int64_t begin) : begin_(begin) {}

  Status Write(const void* data, int64_t bytes) override {
    out_.append(static_cast<const char*>(data), static_cast<size_t>(bytes));
    return Status::OK();
  }
  Result<int64_t> Tell() const override { return position(); }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }

  int64_t position() const { return begin_ + static_cast<int64_t>(out_.size()); }
  std::string* bytes() { return &out_; }

 private:
  const int64_t begin_;
  std::string out_;
};

void WriteRegions(const std::vector<WrittenRowGroup>& row_groups, TailStream* tail,
                  PackedLayout* layout) {
  std::string* out = tail->bytes();
  for (const WrittenRowGroup& group : row_groups) {
    RowGroupLayout entry{.num_rows = group.num_rows, .columns = {}};
    for (const AddressedChunk& chunk : group.addressed) {
      entry.columns.push_back(chunk.layout);
      if (!chunk.layout.addressable()) continue;
      entry.columns.back().checksums = tail->position();
      for (const uint32_t crc : chunk.checksums) AppendFixed(out, crc);
    }
    layout->row_groups.push_back(std::move(entry));
  }
  for (size_t i = 0; i < row_groups.size(); ++i) {
    for (size_t column = 0; column < row_groups[i].addressed.size(); ++column) {
      const std::string& validity = row_groups[i].addressed[column].validity;
      if (validity.empty()) continue;
      layout->row_groups[i].columns[column].validity = tail->position();
      out->append(validity);
      AppendFixed(out, Crc32(AsBytes(validity)));
    }
  }
}

void DescribeChunk(const LeafChunk& leaf, parquet::ColumnChunkMetaDataBuilder* builder) {
  if (leaf.statistics.has_value()) {
    builder->SetStatistics(*leaf.statistics);
  }
  if (leaf.size_statistics.is_set()) builder->SetSizeStatistics(leaf.size_statistics);
  builder->Finish(leaf.num_levels, leaf.dictionary_page_offset, -1, leaf.data_page_offset,
                  leaf.compressed_bytes, leaf.uncompressed_bytes,
                  !leaf.dictionary_encodings.empty(), leaf.fallback, leaf.dictionary_encodings,
                  leaf.data_encodings);
}

void IndexPages(const LeafChunk& leaf, int32_t column, parquet::PageIndexBuilder* builder) {
  auto* offsets = builder->GetOffsetIndexBuilder(column);
  auto* bounds = builder->GetColumnIndexBuilder(column);
  for (const PageRecord& page : leaf.pages) {
    offsets->AddPage({page.offset, page.bytes, page.first_row}, page.size_statistics);
    bounds->AddPage(page.statistics, page.size_statistics);
  }
  offsets->Finish(0);
  bounds->Finish();
}

PackedTail Build(PackedLayout layout, std::vector<WrittenRowGroup> row_groups,
                 const parquet::SchemaDescriptor& schema,
                 const std::shared_ptr<parquet::WriterProperties>& properties,
                 parquet::BloomFilterBuilder* blooms,
                 std::vector<std::pair<std::string, std::string>> keys) {
  TailStream tail(layout.tail_offset);
  WriteRegions(row_groups, &tail, &layout);

  const auto file = parquet::FileMetaDataBuilder::Make(&schema, properties);
  const auto pages = parquet::PageIndexBuilder::Make(&schema);
  for (size_t i = 0; i < row_groups.size(); ++i) {
    auto* group = file->AppendRowGroup();
    group->set_num_rows(row_groups[i].num_rows);
    pages->AppendRowGroup();
    int64_t bytes = 0;
    for (size_t leaf = 0; leaf < row_groups[i].leaves.size(); ++leaf) {
      DescribeChunk(row_groups[i].leaves[leaf], group->NextColumnChunk());
      IndexPages(row_groups[i].leaves[leaf], static_cast<int32_t>(leaf), pages.get());
      bytes += row_groups[i].leaves[leaf].uncompressed_bytes;
    }
    // The ordinal is a 16-bit field of little use; left out where it would not fit.
    group->Finish(bytes, i <= INT16_MAX ? static_cast<int16_t>(i) : int16_t{-1});
  }
  if (blooms != nullptr) {
    file->SetIndexLocations(parquet::IndexKind::kBloomFilter, blooms->WriteTo(&tail));
  }
  pages->Finish();
  const auto locations = pages->WriteTo(&tail);
  file->SetIndexLocations(parquet::IndexKind::kColumnIndex, locations.column_index_locations);
  file->SetIndexLocations(parquet::IndexKind::kOffsetIndex, locations.offset_index_locations);

  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (auto& [key, value] : keys) metadata->Append(std::move(key), std::move(value));
  metadata->Append(kLayoutFooterKey, arrow::util::base64_encode(layout.Encode()));
  metadata->Append(kTailFooterKey, kBlankTailDigits);
  PARQUET_THROW_NOT_OK(parquet::arrow::WriteFileMetaData(*file->Finish(metadata), &tail));

  layout.file_bytes = tail.position();
  // Made with blank digits, which the checksum takes the place of.
  const size_t digits = FindTailDigits(AsBytes(*tail.bytes())).value();
  layout.tail_crc32c = TailChecksum(AsBytes(*tail.bytes()), digits);
  tail.bytes()->replace(digits, std::string_view(kBlankTailDigits).size(),
                        TailDigits(layout.tail_crc32c));
  return {.bytes = std::move(*tail.bytes()), .layout = std::move(layout)};
}

}  // namespace

Result<PackedTail> BuildTail(PackedLayout layout, std::vector<WrittenRowGroup> row_groups,
                             const parquet::SchemaDescriptor& schema,
                             const std::shared_ptr<parquet::WriterProperties>& properties,
                             parquet::BloomFilterBuilder* blooms,
                             std::vector<std::pair<std::string, std::string>> keys) {
  try {
    return Build(std::move(layout), std::move(row_groups), schema, properties, blooms,
                 std::move(keys));
  } catch (const std::exception& error) {
    return MakeError(ErrorKind::kInternal, error.what());
  }
}

}  // namespace varve::internal
