// SPDX-License-Identifier: Apache-2.0
// Where the values of a packed file lie: enough to read a row with one pread, without the Parquet
// footer.
//
// value v of a column chunk = base + (v / values_per_page) * stride + (v % values_per_page) * width
//
// The encoded form stands, base64, in the footer key "varve.layout" of the file, and as bytes in
// the manifest. Spec: docs/format/packed-file.md, "Layout record"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "varve/status.h"

namespace varve::internal {

/// Footer keys of packed files.
inline constexpr char kLayoutFooterKey[] = "varve.layout";  // base64 of PackedLayout::Encode
inline constexpr char kSchemaFooterKey[] =
    "varve.schema";  // base64 of SerializeSchema (src/schema)
inline constexpr char kTailFooterKey[] = "varve.tail_crc32c";  // 8 hex digits; see TailChecksum

/// Page bodies and column chunks of ours start on multiples of this.
inline constexpr int64_t kBodyAlignment = 64;
/// A block is one value, or as many as fill this many bytes.
inline constexpr int64_t kChecksumBlockBytes = 4096;

/// One column chunk (a leaf column in a row group) whose values stand at a constant stride.
/// `width` 0: not addressable; every other member is 0 then, but for where the chunk is stored.
struct ChunkLayout {
  int64_t base = 0;             ///< file offset of the first value; a multiple of kBodyAlignment
  int64_t stride = 0;           ///< from page to page
  int64_t values_per_page = 0;  ///< a power of two
  int32_t width = 0;            ///< bytes a value (a whole vector for the list layout)
  int32_t values_per_block =
      0;  ///< a power of two that divides values_per_page (the last block of a page may be short)
  int64_t checksums =
      0;  ///< file offset of one little-endian CRC-32 a block; blocks never cross a page
  int64_t num_values = 0;  ///< non-null values
  /// File offset of the validity bitmap (bit i: row i is not null, Arrow's order), ceil(rows / 8)
  /// bytes and their little-endian CRC-32; 0: no row is null, and value number = row number.
  int64_t validity = 0;
  /// Not addressable: where the pages of all its leaves stand, dictionaries included. 0: not told
  /// (records of form 1, and chunks without pages).
  int64_t stored_begin = 0;
  int64_t stored_bytes = 0;

  bool addressable() const { return width > 0; }
  int64_t num_pages() const {
    return num_values / values_per_page + (num_values % values_per_page != 0);
  }
  int64_t blocks_per_page() const { return values_per_page / values_per_block; }
  /// Checksums of all pages; every page but the last has blocks_per_page() of them.
  int64_t num_blocks() const {
    return num_values / values_per_block + (num_values % values_per_block != 0);
  }
  int64_t OffsetOf(int64_t value) const {
    return base + (value / values_per_page) * stride + (value % values_per_page) * width;
  }
  bool operator==(const ChunkLayout&) const = default;
};

struct RowGroupLayout {
  int64_t num_rows = 0;
  std::vector<ChunkLayout> columns;  ///< one a top-level column, in file order

  bool operator==(const RowGroupLayout&) const = default;
};

struct PackedLayout {
  Uuid file_id{};
  int64_t file_bytes = 0;  ///< whole file; 0 in the footer key, which cannot know it
  int64_t tail_offset =
      0;  ///< first byte after the last column chunk: checksums, filters, indexes, footer
  uint32_t tail_crc32c = 0;  ///< of [tail_offset, file_bytes) with the eight digits of
                             ///< kTailFooterKey as '0'; 0 in the key
  uint32_t data_crc32 = 0;   ///< CRC-32 of [0, tail_offset)
  std::vector<RowGroupLayout> row_groups;

  std::string Encode() const;
  /// Checks every sum and product against file_bytes (where known) before anything is believed;
  /// `object` names the file in errors.  Errors: Corruption
  static Result<PackedLayout> Decode(std::string_view bytes, const std::string& object);

  bool operator==(const PackedLayout&) const = default;
};

}  // namespace varve::internal
