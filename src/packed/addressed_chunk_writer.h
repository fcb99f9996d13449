// SPDX-License-Identifier: Apache-2.0
// One column chunk whose values are found by arithmetic: PLAIN pages of a constant number of
// values, each body behind a prefix (page header and levels) of constant length, straight from the
// caller's Arrow buffers.
//
// Threads: one caller at a time.  Spec: docs/format/packed-file.md, "Addressable chunks"
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/crc32.h"
#include "packed/file_sink.h"
#include "packed/leaf_chunk.h"
#include "packed/packed_layout.h"

namespace parquet {
class BloomFilter;
class ColumnDescriptor;
}  // namespace parquet

namespace varve::internal {

/// What the pages of an addressable column have in common.
struct AddressedShape {
  int32_t width = 0;
  int64_t values_per_page = 0;
  int32_t values_per_block = 0;
  bool optional = false;    ///< definition levels stand before the values
  int32_t list_length = 0;  ///< elements a row where the column is a Parquet LIST; else 0

  /// Pages of at most 2 MiB and 8,192 values, blocks of 4 KiB or one value.  REQUIRES: width > 0
  static AddressedShape Of(int32_t width);

  /// Most rows a page may hold: beyond, nulls are the majority and the levels outgrow the prefix.
  int64_t max_rows_per_page() const { return optional ? 2 * values_per_page : values_per_page; }
  int64_t prefix_bytes() const;
  int64_t stride() const { return prefix_bytes() + values_per_page * width; }
};

/// A finished chunk. `layout.checksums` and `layout.validity` are still 0: those regions follow in
/// the tail.
struct AddressedChunk {
  LeafChunk leaf;
  ChunkLayout layout;
  std::vector<uint32_t> checksums;
  std::string validity;  ///< the bitmap, empty if no row is null
  int64_t num_rows = 0;
};

class AddressedChunkWriter {
 public:
  /// `sink`, `descr` and `bloom` (may be null) must outlive the writer. `statistics`: keep bounds
  /// of pages and chunk (numbers only).
  AddressedChunkWriter(AddressedShape shape, const parquet::ColumnDescriptor* descr, FileSink* sink,
                       bool page_checksums, bool statistics, parquet::BloomFilter* bloom);

  /// Writes one page. Every page but the last has exactly values_per_page non-null values and at
  /// most max_rows_per_page() rows.
  Status WritePage(const arrow::ArrayVector& rows);

  int64_t num_rows() const { return chunk_.num_rows; }
  /// The chunk written so far, and a fresh start for the next row group.
  AddressedChunk Finish();
  /// Where the next row group's values go into; see the constructor.
  void set_bloom(parquet::BloomFilter* bloom) { bloom_ = bloom; }

 private:
  struct PageBody;

  void GatherValues(const arrow::ArrayVector& rows, PageBody* body) const;
  std::string Levels(const PageBody& body) const;
  uint32_t ChecksumBlocks(const PageBody& body);
  void AppendValidity(const PageBody& body);
  parquet::EncodedStatistics PageStatistics(const PageBody& body);

  const AddressedShape shape_;
  const parquet::ColumnDescriptor* descr_;
  FileSink* sink_;
  const bool page_checksums_;
  const bool statistics_;
  parquet::BloomFilter* bloom_;
  const Crc32Combiner block_combiner_;
  const Crc32Combiner page_combiner_;
  std::shared_ptr<parquet::Statistics> chunk_statistics_;
  AddressedChunk chunk_;
};

}  // namespace varve::internal
