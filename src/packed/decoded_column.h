// SPDX-License-Identifier: Apache-2.0
// The decoded road: parquet-cpp reads just the pages that a read needs.
//
// The pages named by the offset index are put behind each other, with their dictionary, into a
// small Parquet file in memory that has this one column; parquet-cpp's Arrow reader assembles any
// type, nested or not, from that. Takes from columns without children pick values out of the pages
// (flat_take.h), and whole chunks of such columns are read page by page (flat_read.h). Chunks
// without an offset index are decoded whole, and the last one is kept.
//
// Memory:   of a file that no manifest vouches for, a decode of n stored bytes may take 128 MiB +
// 64 n;
//           beyond is ResourceExhausted
// Errors:   Corruption naming file and column; Unsupported naming the column and its type
// Threads:  const methods may be called concurrently
// Source:   Parquet format, "Page index"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"
#include "base/executor.h"
#include "packed/flat_column.h"
#include "packed/page_header_parser.h"
#include "packed/parquet_metadata.h"
#include "packed/read_wave.h"
#include "parquet/schema.h"

namespace varve::internal {

/// What rows may take whose width is not their file's word alone: a million null vectors, which are
/// stored in next to nothing, are no mistake.
inline constexpr int64_t kSparseBytesMax = int64_t{4} << 30;

class DecodedColumn {
 public:
  /// Column `column` of the root, as `type` or, where that is null, as the file says.
  static Result<std::shared_ptr<const DecodedColumn>> Make(
      std::shared_ptr<const ParquetMetadata> metadata, int column,
      std::shared_ptr<arrow::DataType> type, std::atomic<int64_t>* pages_decoded);

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }

  /// Rows [begin, end) of one row group, counted from its start.
  Result<std::shared_ptr<arrow::Array>> Read(int row_group, int64_t begin, int64_t end,
                                             bool verify) const;
  /// All rows of one row group; nothing of it is kept.
  Result<std::shared_ptr<arrow::Array>> ReadAll(int row_group, Executor* executor,
                                                bool verify) const;
  /// Some rows of one row group, in the order given, value by value; nullptr where the column, its
  /// encoding or a missing offset index do not allow that.
  Result<std::shared_ptr<arrow::Array>> TakeValues(int row_group, std::span<const int64_t> rows,
                                                   Executor* executor, bool verify) const;
  /// The same for every column, by way of whole pages.
  Result<std::shared_ptr<arrow::Array>> Take(int row_group, std::span<const int64_t> rows,
                                             bool verify) const;
  /// Adds the pages that hold rows [begin, end), and what they need to be read.
  Status PlanRows(int row_group, int64_t begin, int64_t end, ReadWave* wave) const;
  /// Bytes of the column in a row group; 0 where the footer does not tell.
  double StoredBytes(int row_group) const;
  /// Up to where Read from `begin` is served in one go.
  int64_t NaturalEnd(int row_group, int64_t begin) const;

 private:
  // Pages [first, last) of every leaf that together hold rows [begin, end).
  struct Window {
    int64_t begin = 0;
    int64_t end = 0;
    std::vector<std::pair<size_t, size_t>> pages;  // one a leaf
  };
  using Extents = std::vector<std::shared_ptr<const ChunkExtent>>;

  DecodedColumn(std::shared_ptr<const ParquetMetadata> metadata, int column,
                std::shared_ptr<arrow::DataType> type, std::atomic<int64_t>* pages_decoded);

  FlatColumn Flat() const;
  int64_t RowsOf(int row_group) const;
  /// What decoding so many stored bytes of this file may take.
  int64_t MostBytes(int64_t stored) const;
  Result<Extents> LoadExtents(int row_group) const;
  Result<Window> WindowOf(const Extents& extents, int64_t num_rows, int64_t begin,
                          int64_t end) const;
  /// The rows of `windows`, one after another.
  Result<std::shared_ptr<arrow::Array>> DecodePages(const Extents& extents,
                                                    std::span<const Window> windows,
                                                    bool verify) const;
  /// nullptr: for parquet-cpp.  REQUIRES: is_flat_
  Result<std::shared_ptr<arrow::Array>> ReadFlatChunk(int row_group, const ChunkExtent& extent,
                                                      Executor* executor, bool verify) const;
  Result<std::shared_ptr<arrow::Array>> DecodeChunk(int row_group, const Extents& extents,
                                                    bool verify) const;

  struct Piece {  // of one leaf: what parquet-cpp is to see as its column chunk
    std::shared_ptr<arrow::Buffer> storage;  // kLead bytes, then `bytes`
    std::shared_ptr<arrow::Buffer> bytes;
    bool has_dictionary = false;
    int64_t data_offset = 0;  // in bytes
    int64_t num_values = 0;
    parquet::Compression::type codec = parquet::Compression::UNCOMPRESSED;
  };
  static Result<Piece> MakePiece(const ChunkExtent& extent, int64_t num_bytes);
  Result<Piece> LoadPages(const ChunkExtent& extent, std::span<const Window> windows,
                          size_t which) const;
  Result<Piece> LoadChunk(const ChunkExtent& extent) const;
  /// The values of the pages in `piece`, of which `values_max` are enough.
  Result<int64_t> CheckHeaders(const Piece& piece, int64_t file_offset, int64_t values_max) const;
  Result<std::shared_ptr<arrow::Array>> Assemble(const std::vector<Piece>& pieces, int64_t num_rows,
                                                 bool verify) const;

  const std::shared_ptr<const ParquetMetadata> metadata_;
  const ParquetMetadata::Column& column_;
  std::shared_ptr<arrow::DataType> type_;
  bool is_flat_ = false;
  std::atomic<int64_t>* const pages_decoded_;
  std::unique_ptr<parquet::SchemaDescriptor> schema_;  // of this column alone

  // The last chunk decoded whole.
  mutable std::mutex mutex_;
  mutable int kept_row_group_ = -1;
  mutable bool kept_verified_ = false;
  mutable std::shared_ptr<arrow::Array> kept_;
};

}  // namespace varve::internal
