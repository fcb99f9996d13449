// SPDX-License-Identifier: Apache-2.0
#include "packed/parquet_metadata.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "arrow/io/memory.h"
#include "arrow/util/base64.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "packed/page_walk.h"
#include "packed/parquet_errors.h"
#include "packed/tail_checksum.h"
#include "parquet/bloom_filter.h"
#include "parquet/schema.h"
#include "storage/map_guard.h"
#include "varve/schema.h"

namespace varve::internal {
namespace {

constexpr int64_t kFooterGuessBytes = 64 << 10;
// Of a tail that was fetched from afar, the end stays in memory: footer, indexes, filters.
constexpr int64_t kKeptTailBytesMax = 1 << 20;
// Below, a page is as soon read as looked into.
constexpr int64_t kWalkBytesMin = 64 << 10;
constexpr int64_t kTrailerBytes = 8;  // length of the footer, "PAR1"
constexpr int64_t kIndexBytesMax = 64 << 20;
// The largest bloom filter of the format, with its header: for footers that leave the length out.
constexpr int64_t kFilterBytesMax = (128 << 20) + 1024;

}  // namespace

parquet::ReaderProperties ParquetMetadata::BoundedProperties(int64_t file_bytes) {
  parquet::ReaderProperties properties;
  // Every string and every list element takes a byte of the file at least.
  const auto limit = [&](int64_t most) {
    return static_cast<int32_t>(std::clamp<int64_t>(file_bytes, 64, most));
  };
  properties.set_thrift_string_size_limit(limit(100'000'000));
  properties.set_thrift_container_size_limit(limit(1'000'000));
  return properties;
}

Result<std::shared_ptr<const ParquetMetadata>> ParquetMetadata::Read(
    std::shared_ptr<const FileSource> source, const PackedLayout* expected) {
  std::shared_ptr<ParquetMetadata> metadata(new ParquetMetadata(std::move(source)));
  ARROW_RETURN_NOT_OK(metadata->Load(expected));
  metadata->vouched_for_ = expected != nullptr && expected->file_bytes > 0;
  return metadata;
}

Status ParquetMetadata::VerifyTail(int64_t tail_offset, std::optional<uint32_t> expected) const {
  if (tail_offset < 0 || tail_offset > file_bytes_) {
    return Corruption("the tail starts outside the file",
                      {.object = source_->path(), .offset = tail_offset});
  }
  ARROW_ASSIGN_OR_RAISE(auto tail, source_->View(tail_offset, file_bytes_ - tail_offset));
  const std::span<const uint8_t> bytes(tail->data(), static_cast<size_t>(tail->size()));
  uint32_t found = 0;
  uint32_t digits = 0;
  bool has_digits = false;
  bool good_digits = false;
  ARROW_RETURN_NOT_OK(ReadMapped(bytes, source_->path(), [&] {
    const std::optional<size_t> at = FindTailDigits(bytes);
    found = TailChecksum(bytes, at);
    has_digits = at.has_value();
    if (!has_digits) return;
    const char* begin = reinterpret_cast<const char*>(bytes.data()) + *at;
    const auto parsed = std::from_chars(begin, begin + 8, digits, 16);
    // In lower case, as written: a flipped bit may make a letter a capital one.
    good_digits = parsed.ec == std::errc() && TailDigits(digits) == std::string_view(begin, 8);
  }));
  const auto mismatch = [&](uint32_t wanted) {
    return Corruption("checksum of the file's tail does not match", {.object = source_->path(),
                                                                     .offset = tail_offset,
                                                                     .expected = TailDigits(wanted),
                                                                     .found = TailDigits(found)});
  };
  if (expected && *expected != found) return mismatch(*expected);
  if (!expected && !has_digits) {
    return Corruption("the file's tail has no checksum",
                      {.object = source_->path(), .field = kTailFooterKey, .offset = tail_offset});
  }
  if (has_digits && (!good_digits || digits != found)) return mismatch(digits);
  if (!source_->is_remote()) return Status::OK();
  const int64_t dropped = std::max<int64_t>(0, tail->size() - kKeptTailBytesMax);
  if (dropped > 0) {
    ARROW_ASSIGN_OR_RAISE(tail, tail->CopySlice(dropped, tail->size() - dropped));
  }
  source_->Keep(tail_offset + dropped, std::move(tail));
  return Status::OK();
}

Status ParquetMetadata::Load(const PackedLayout* expected) {
  const std::string& path = source_->path();
  ARROW_ASSIGN_OR_RAISE(file_bytes_, source_->size());
  if (file_bytes_ < 4 + kTrailerBytes) {
    return Corruption(
        "too short for a Parquet file",
        {.object = path, .expected = "at least 12 bytes", .found = std::to_string(file_bytes_)});
  }
  if (expected != nullptr && expected->file_bytes != 0) {
    if (expected->file_bytes != file_bytes_) {
      return Corruption("the file has another length",
                        {.object = path,
                         .expected = std::to_string(expected->file_bytes),
                         .found = std::to_string(file_bytes_)});
    }
    ARROW_RETURN_NOT_OK(VerifyTail(expected->tail_offset, expected->tail_crc32c));
  }
  int64_t guess = std::min(kFooterGuessBytes, file_bytes_);
  // A verified tail has the whole footer, and is in memory.
  if (expected != nullptr && expected->file_bytes != 0) {
    guess = std::clamp<int64_t>(file_bytes_ - expected->tail_offset, kTrailerBytes, guess);
  }
  ARROW_ASSIGN_OR_RAISE(auto tail, source_->Copy(file_bytes_ - guess, guess));
  const uint8_t* end = tail->data() + tail->size();
  const std::string_view magic(reinterpret_cast<const char*>(end) - 4, 4);
  if (magic == "PARE") {
    return MakeError(ErrorKind::kUnsupported, "the footer is encrypted", {.object = path});
  }
  if (magic != "PAR1") {
    return Corruption("not a Parquet file", {.object = path,
                                             .offset = file_bytes_ - 4,
                                             .expected = "PAR1",
                                             .found = ToHex({end - 4, 4})});
  }
  uint32_t length = 0;
  std::memcpy(&length, end - kTrailerBytes, sizeof(length));
  if (length > file_bytes_ - kTrailerBytes - 4) {
    return Corruption("the footer is longer than the file",
                      {.object = path,
                       .offset = file_bytes_ - kTrailerBytes,
                       .expected = "at most " + std::to_string(file_bytes_ - kTrailerBytes - 4),
                       .found = std::to_string(length)});
  }
  if (length + kTrailerBytes > guess) {
    ARROW_ASSIGN_OR_RAISE(tail, source_->Copy(file_bytes_ - kTrailerBytes - length, length));
    end = tail->data() + length + kTrailerBytes;
  }
  ARROW_RETURN_NOT_OK(CatchParquet(path, "footer", [&]() -> Status {
    return Parse({end - kTrailerBytes - length, length});
  }));

  const std::string* key = FindKey(kLayoutFooterKey);
  const bool ours = footer_->created_by().starts_with("varve ") || key != nullptr ||
                    FindKey(kTailFooterKey) != nullptr;
  if (!ours) return Status::OK();
  // A file of ours has them all: one that lacks this key is damaged, not somebody else's.
  if (key == nullptr) {
    return Corruption("a footer key is missing", {.object = path, .field = kLayoutFooterKey});
  }
  auto encoded = arrow::util::base64_decode(*key);
  if (!encoded.ok()) {
    return Corruption("footer key is not base64", {.object = path, .field = kLayoutFooterKey});
  }
  ARROW_ASSIGN_OR_RAISE(layout_, PackedLayout::Decode(*encoded, path));
  // The key cannot know the length; with it, every offset is checked against the file's end.
  layout_->file_bytes = file_bytes_;
  ARROW_ASSIGN_OR_RAISE(layout_, PackedLayout::Decode(layout_->Encode(), path));
  ARROW_RETURN_NOT_OK(CheckLayout());
  if (expected == nullptr || expected->file_bytes == 0) {
    ARROW_RETURN_NOT_OK(VerifyTail(layout_->tail_offset, std::nullopt));
  }
  return Status::OK();
}

Status ParquetMetadata::CheckLayout() const {
  const auto& groups = layout_->row_groups;
  bool same = groups.size() + 1 == row_group_starts_.size();
  for (size_t i = 0; same && i < groups.size(); ++i) {
    same = groups[i].num_rows == row_group_starts_[i + 1] - row_group_starts_[i] &&
           groups[i].columns.size() == columns_.size();
  }
  if (same) return Status::OK();
  return Corruption("layout and footer disagree on rows or columns",
                    {.object = source_->path(), .field = kLayoutFooterKey});
}

Status ParquetMetadata::Parse(std::span<const uint8_t> footer) {
  const std::string& path = source_->path();
  footer_ = parquet::FileMetaData::Make(footer.data(), static_cast<int64_t>(footer.size()),
                                        BoundedProperties(file_bytes_));
  if (footer_->is_encryption_algorithm_set()) {
    return MakeError(ErrorKind::kUnsupported, "the file is encrypted", {.object = path});
  }
  const parquet::SchemaDescriptor& schema = *footer_->schema();
  const parquet::schema::GroupNode& root = *schema.group_node();
  columns_.resize(static_cast<size_t>(root.field_count()));
  for (int i = 0; i < root.field_count(); ++i) {
    columns_[static_cast<size_t>(i)].name = root.field(i)->name();
    columns_[static_cast<size_t>(i)].field_id = root.field(i)->field_id();
  }
  ForgetForeignFieldIds();
  // Leaves are numbered in the order of the root's fields.
  int leaf = 0;
  for (int i = 0; i < root.field_count(); ++i) {
    Column& column = columns_[static_cast<size_t>(i)];
    column.leaf_begin = leaf;
    while (leaf < schema.num_columns() && schema.GetColumnRoot(leaf) == root.field(i).get()) {
      ++leaf;
    }
    column.leaf_end = leaf;
  }
  if (leaf != schema.num_columns()) return Corruption("impossible schema", {.object = path});

  row_group_starts_.push_back(0);
  for (int i = 0; i < footer_->num_row_groups(); ++i) {
    const auto group = footer_->RowGroup(i);
    int64_t sum = 0;
    if (group->num_rows() < 0 ||
        __builtin_add_overflow(row_group_starts_.back(), group->num_rows(), &sum)) {
      return Corruption("impossible number of rows", {.object = path,
                                                      .field = "row group " + std::to_string(i),
                                                      .found = std::to_string(group->num_rows())});
    }
    if (group->num_columns() != schema.num_columns()) {
      return Corruption("a row group has another number of columns",
                        {.object = path,
                         .field = "row group " + std::to_string(i),
                         .expected = std::to_string(schema.num_columns()),
                         .found = std::to_string(group->num_columns())});
    }
    row_group_starts_.push_back(sum);
  }
  if (row_group_starts_.back() != footer_->num_rows()) {
    return Corruption("rows of the row groups do not add up",
                      {.object = path,
                       .field = "num_rows",
                       .expected = std::to_string(row_group_starts_.back()),
                       .found = std::to_string(footer_->num_rows())});
  }
  return Status::OK();
}

// Others number columns as they like, from 0 or 1 or all alike. Only numbers that a schema of ours
// could have given say which column is meant; the rest are found by name.
void ParquetMetadata::ForgetForeignFieldIds() {
  std::set<int64_t> ids;
  bool are_unique = true;
  for (Column& column : columns_) {
    if (column.field_id < kFirstUserFieldId) column.field_id = -1;
    if (column.field_id >= 0 && !ids.insert(column.field_id).second) are_unique = false;
  }
  if (are_unique) return;
  for (Column& column : columns_) column.field_id = -1;
}

const std::string* ParquetMetadata::FindKey(const std::string& key) const {
  const auto& pairs = footer_->key_value_metadata();
  if (pairs == nullptr) return nullptr;
  const int index = pairs->FindKey(key);
  return index < 0 ? nullptr : &pairs->value(index);
}

Result<std::shared_ptr<const ChunkExtent>> ParquetMetadata::Chunk(int row_group, int leaf) const {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (auto found = chunks_.find({row_group, leaf}); found != chunks_.end()) return found->second;
  }
  ARROW_ASSIGN_OR_RAISE(auto extent,
                        CatchParquet(source_->path(), footer_->schema()->Column(leaf)->name(),
                                     [&] { return ReadChunk(row_group, leaf); }));
  std::lock_guard<std::mutex> lock(mutex_);
  return chunks_.try_emplace({row_group, leaf}, std::make_shared<ChunkExtent>(std::move(extent)))
      .first->second;
}

Result<ChunkExtent> ParquetMetadata::ReadChunk(int row_group, int leaf) const {
  const std::string& path = source_->path();
  const auto group = footer_->RowGroup(row_group);
  const auto chunk = group->ColumnChunk(leaf);
  const std::string field = footer_->schema()->Column(leaf)->path()->ToDotString();
  if (chunk->crypto_metadata() != nullptr) {
    return MakeError(ErrorKind::kUnsupported, "the column is encrypted",
                     {.object = path, .field = field});
  }
  if (!chunk->file_path().empty()) {
    return MakeError(ErrorKind::kUnsupported, "the column is in another file",
                     {.object = path, .field = field, .found = chunk->file_path()});
  }
  if (!chunk->can_decompress()) {
    return MakeError(ErrorKind::kUnsupported, "unknown compression",
                     {.object = path, .field = field});
  }
  ChunkExtent extent;
  extent.codec = chunk->compression();
  // Without rows there are no pages, whatever the offsets say.
  if (group->num_rows() == 0 && chunk->num_values() == 0) return extent;
  extent.begin = chunk->data_page_offset();
  if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
    extent.begin = std::min(extent.begin, chunk->dictionary_page_offset());
  }
  const int64_t bytes = chunk->total_compressed_size();
  if (extent.begin < 4 || bytes < 0 || extent.begin > file_bytes_ ||
      bytes > file_bytes_ - extent.begin) {
    return Corruption("the column chunk lies outside the file",
                      {.object = path,
                       .field = field,
                       .offset = extent.begin,
                       .expected = "at most " + std::to_string(file_bytes_) + " bytes",
                       .found = std::to_string(bytes)});
  }
  extent.end = extent.begin + bytes;
  extent.num_values = chunk->num_values();
  if (extent.num_values < 0) {
    return Corruption("impossible number of values", {.object = path, .field = field});
  }
  ARROW_RETURN_NOT_OK(ReadPages(*chunk, group->num_rows(), field, &extent));
  // Pages of others: without an index, or without a way to single values in it.
  const parquet::ColumnDescriptor& descriptor = *footer_->schema()->Column(leaf);
  const bool addressable = extent.codec == parquet::Compression::UNCOMPRESSED &&
                           descriptor.max_definition_level() == 0 && bytes >= kWalkBytesMin;
  if (!layout_ && descriptor.max_repetition_level() == 0 && (extent.pages.empty() || addressable)) {
    ARROW_ASSIGN_OR_RAISE(const auto mapping, source_->Map());
    if (mapping != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto pages, WalkPages(*source_, descriptor, extent, group->num_rows()));
      if (!pages.empty()) extent.pages = std::move(pages);
    }
  }
  return extent;
}

Result<std::shared_ptr<arrow::Buffer>> ParquetMetadata::ReadIndex(
    const parquet::IndexLocation& location, const std::string& field) const {
  const int64_t length = location.length;
  if (length <= 0 || length > kIndexBytesMax || location.offset < 0 ||
      location.offset > file_bytes_ - length) {
    return Corruption("impossible place of a page index",
                      {.object = source_->path(),
                       .field = field,
                       .offset = location.offset,
                       .expected = "within " + std::to_string(file_bytes_) + " bytes",
                       .found = std::to_string(length) + " bytes"});
  }
  return source_->Copy(location.offset, length);
}

Status ParquetMetadata::ReadPages(const parquet::ColumnChunkMetaData& chunk, int64_t num_rows,
                                  const std::string& field, ChunkExtent* extent) const {
  const auto location = chunk.GetOffsetIndexLocation();
  if (!location || num_rows == 0) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto bytes, ReadIndex(*location, field));
  const auto index =
      parquet::OffsetIndex::Make(bytes->data(), bytes->size(), BoundedProperties(location->length));
  int64_t end_offset = extent->begin;
  int64_t last_row = -1;
  for (const parquet::PageLocation& page : index->page_locations()) {
    const bool first = last_row < 0;
    if (page.offset < end_offset || page.compressed_page_size <= 0 ||
        page.compressed_page_size > extent->end - page.offset || page.offset > extent->end ||
        page.first_row_index <= last_row || page.first_row_index >= num_rows ||
        (first && page.first_row_index != 0)) {
      return Corruption("impossible page in the offset index",
                        {.object = source_->path(), .field = field, .offset = page.offset});
    }
    end_offset = page.offset + page.compressed_page_size;
    last_row = page.first_row_index;
    extent->pages.push_back({page.offset, page.compressed_page_size, page.first_row_index});
  }
  return Status::OK();
}

Result<std::shared_ptr<const parquet::ColumnIndex>> ParquetMetadata::ColumnIndexOf(int row_group,
                                                                                   int leaf) const {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = column_indexes_.find({row_group, leaf});
    if (found != column_indexes_.end()) return found->second;
  }
  const parquet::ColumnDescriptor* descriptor = footer_->schema()->Column(leaf);
  using Index = std::shared_ptr<const parquet::ColumnIndex>;
  ARROW_ASSIGN_OR_RAISE(
      Index index, CatchParquet(source_->path(), descriptor->name(), [&]() -> Result<Index> {
        const auto location =
            footer_->RowGroup(row_group)->ColumnChunk(leaf)->GetColumnIndexLocation();
        if (!location) return nullptr;
        ARROW_ASSIGN_OR_RAISE(auto bytes, ReadIndex(*location, descriptor->name()));
        return Index(parquet::ColumnIndex::Make(*descriptor, bytes->data(), bytes->size(),
                                                BoundedProperties(location->length)));
      }));
  std::lock_guard<std::mutex> lock(mutex_);
  return column_indexes_.try_emplace({row_group, leaf}, std::move(index)).first->second;
}

Result<std::shared_ptr<const parquet::BlockSplitBloomFilter>> ParquetMetadata::BloomFilterOf(
    int row_group, int leaf) const {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = filters_.find({row_group, leaf});
    if (found != filters_.end()) return found->second;
  }
  using Filter = std::shared_ptr<const parquet::BlockSplitBloomFilter>;
  ARROW_ASSIGN_OR_RAISE(
      Filter filter,
      CatchParquet(
          source_->path(), footer_->schema()->Column(leaf)->name(), [&]() -> Result<Filter> {
            const auto chunk = footer_->RowGroup(row_group)->ColumnChunk(leaf);
            const auto offset = chunk->bloom_filter_offset();
            if (!offset) return nullptr;
            if (*offset < 4 || *offset >= file_bytes_) {
              return Status::Invalid("the bloom filter lies outside the file");
            }
            const auto length = chunk->bloom_filter_length();
            const int64_t most = length ? *length : kFilterBytesMax;
            if (most <= 0 || most > kFilterBytesMax) {
              return Status::Invalid("impossible length of a bloom filter");
            }
            const int64_t size = std::min(most, file_bytes_ - *offset);
            // Of unknown length, it is read in place: only the filter itself is touched.
            ARROW_ASSIGN_OR_RAISE(
                auto bytes, length ? source_->Copy(*offset, size) : source_->View(*offset, size));
            arrow::io::BufferReader stream(bytes);
            return std::make_shared<const parquet::BlockSplitBloomFilter>(
                parquet::BlockSplitBloomFilter::Deserialize(BoundedProperties(bytes->size()),
                                                            &stream, length));
          }));
  std::lock_guard<std::mutex> lock(mutex_);
  return filters_.try_emplace({row_group, leaf}, std::move(filter)).first->second;
}

}  // namespace varve::internal
