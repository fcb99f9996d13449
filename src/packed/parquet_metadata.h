// SPDX-License-Identifier: Apache-2.0
// The footer of one Parquet file, its page indexes and bloom filters: verified where a checksum is
// known, checked for sense everywhere, each part read once.
//
// Units:    file offsets and bytes; rows count from the start of the file unless said otherwise
// Errors:   Corruption naming the file; Unsupported for encrypted files
// Threads:  const methods may be called concurrently
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "packed/file_source.h"
#include "packed/packed_layout.h"
#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/properties.h"

namespace parquet {
class BlockSplitBloomFilter;
}

namespace varve::internal {

/// A page by the offset index.
struct PageExtent {
  int64_t offset = 0;
  int64_t bytes = 0;      ///< header and body
  int64_t begin_row = 0;  ///< in the row group
  /// Where its values start, if they are PLAIN and nothing stands before them but the header, and
  /// no checksum covers them; 0: not known.
  int64_t values = 0;
};

/// Where a column chunk (one leaf in one row group) lies. Everything is inside the file.
struct ChunkExtent {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t num_values = 0;  ///< levels, by the footer
  parquet::Compression::type codec = parquet::Compression::UNCOMPRESSED;
  /// Data pages, ascending and apart from each other, the first at row 0; empty: not known, for
  /// want of an offset index.
  std::vector<PageExtent> pages;
};

class ParquetMetadata {
 public:
  /// A field of the root: its leaves are columns [leaf_begin, leaf_end).
  struct Column {
    std::string name;
    int64_t field_id = -1;
    int leaf_begin = 0;
    int leaf_end = 0;
  };

  /// `expected`: what is known of the file from elsewhere, or nullptr.
  static Result<std::shared_ptr<const ParquetMetadata>> Read(
      std::shared_ptr<const FileSource> source, const PackedLayout* expected);

  const std::shared_ptr<parquet::FileMetaData>& footer() const { return footer_; }
  const std::vector<Column>& columns() const { return columns_; }
  /// First row of each row group, and the number of rows.
  const std::vector<int64_t>& row_group_starts() const { return row_group_starts_; }
  /// As the footer key says; nullopt for files of others.
  const std::optional<PackedLayout>& layout() const { return layout_; }
  /// The tail was compared with a checksum from elsewhere (a manifest): what it says is what was
  /// written, and limits that guard against made-up sizes need not apply.
  bool vouched_for() const { return vouched_for_; }
  const std::string* FindKey(const std::string& key) const;
  const FileSource& source() const { return *source_; }

  Result<std::shared_ptr<const ChunkExtent>> Chunk(int row_group, int leaf) const;
  /// nullptr: none.
  Result<std::shared_ptr<const parquet::ColumnIndex>> ColumnIndexOf(int row_group, int leaf) const;
  /// nullptr: none.
  Result<std::shared_ptr<const parquet::BlockSplitBloomFilter>> BloomFilterOf(int row_group,
                                                                              int leaf) const;

  /// Limits for parquet-cpp that follow from the file's size.
  static parquet::ReaderProperties BoundedProperties(int64_t file_bytes);

 private:
  using Place = std::pair<int, int>;  // row group, leaf

  explicit ParquetMetadata(std::shared_ptr<const FileSource> source) : source_(std::move(source)) {}
  Status Load(const PackedLayout* expected);
  Status Parse(std::span<const uint8_t> footer);
  void ForgetForeignFieldIds();
  Status CheckLayout() const;
  Status VerifyTail(int64_t tail_offset, std::optional<uint32_t> expected) const;
  Result<ChunkExtent> ReadChunk(int row_group, int leaf) const;
  /// The bytes of an offset or column index.
  Result<std::shared_ptr<arrow::Buffer>> ReadIndex(const parquet::IndexLocation& location,
                                                   const std::string& field) const;
  Status ReadPages(const parquet::ColumnChunkMetaData& chunk, int64_t num_rows,
                   const std::string& field, ChunkExtent* extent) const;

  const std::shared_ptr<const FileSource> source_;
  int64_t file_bytes_ = 0;
  bool vouched_for_ = false;
  std::shared_ptr<parquet::FileMetaData> footer_;
  std::vector<Column> columns_;
  std::vector<int64_t> row_group_starts_;
  std::optional<PackedLayout> layout_;

  mutable std::mutex mutex_;  // guards what follows; entries are never replaced
  mutable std::map<Place, std::shared_ptr<const ChunkExtent>> chunks_;
  mutable std::map<Place, std::shared_ptr<const parquet::ColumnIndex>> column_indexes_;
  mutable std::map<Place, std::shared_ptr<const parquet::BlockSplitBloomFilter>> filters_;
};

}  // namespace varve::internal
