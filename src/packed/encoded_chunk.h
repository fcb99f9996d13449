// SPDX-License-Identifier: Apache-2.0
// Column chunks that parquet-cpp encodes, in memory: everything that is not addressable.
//
// Errors:  what parquet-cpp refuses, as Invalid naming the column; no exception leaves
// Threads: one caller at a time for each writer; the functions may be called concurrently
#pragma once

#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/column_encoding.h"
#include "packed/leaf_chunk.h"
#include "varve/status.h"

namespace parquet {
class BloomFilter;
class ColumnDescriptor;
}  // namespace parquet

namespace varve::internal {

/// Offsets in `leaf` count from the start of the first of `bytes`.
struct EncodedChunk {
  LeafChunk leaf;
  arrow::BufferVector bytes;
};

/// Encodes rows as they come, and keeps the pages rather than the rows: a column without children,
/// or lists of floats. Bounds of texts are cut to 16 bytes in the page index, and left out of page
/// headers.
class EncodedChunkWriter {
 public:
  /// `descr` and `bloom` (may be null; learns the values) must outlive the writer.
  static Result<std::unique_ptr<EncodedChunkWriter>> Make(const parquet::ColumnDescriptor* descr,
                                                          const ColumnEncoding& encoding,
                                                          bool page_checksums,
                                                          parquet::BloomFilter* bloom);
  ~EncodedChunkWriter();

  Status Append(const arrow::Array& rows);
  /// The chunk; nothing may be appended after.
  Result<EncodedChunk> Finish();

 private:
  class Impl;
  explicit EncodedChunkWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A list, struct or map: one chunk a leaf, all cut into pages at the same rows.
Result<std::vector<EncodedChunk>> EncodeNestedChunk(const arrow::ArrayVector& rows,
                                                    const std::shared_ptr<arrow::Field>& field,
                                                    const ColumnEncoding& encoding,
                                                    bool page_checksums);

}  // namespace varve::internal
