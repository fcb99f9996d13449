// SPDX-License-Identifier: Apache-2.0
// The tail of a packed file: block checksums, validity bitmaps, bloom filters, page indexes and
// Parquet's footer, put together in memory.
//
// Threads: one caller at a time.  Spec: docs/format/packed-file.md, "Tail"
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "packed/addressed_chunk_writer.h"
#include "packed/leaf_chunk.h"
#include "packed/packed_layout.h"
#include "varve/status.h"

namespace parquet {
class BloomFilterBuilder;
class SchemaDescriptor;
class WriterProperties;
}  // namespace parquet

namespace varve::internal {

/// One row group as written.
struct WrittenRowGroup {
  int64_t num_rows = 0;
  std::vector<LeafChunk> leaves;          ///< in schema order
  std::vector<AddressedChunk> addressed;  ///< one a top-level column; width 0: encoded
};

struct PackedTail {
  std::string bytes;
  PackedLayout layout;  ///< complete: file length and tail checksum included
};

/// `layout` has the file id, tail_offset and data_crc32. `blooms` may be null. `keys` are further
/// footer keys.
/// Errors: what parquet-cpp refuses
Result<PackedTail> BuildTail(PackedLayout layout, std::vector<WrittenRowGroup> row_groups,
                             const parquet::SchemaDescriptor& schema,
                             const std::shared_ptr<parquet::WriterProperties>& properties,
                             parquet::BloomFilterBuilder* blooms,
                             std::vector<std::pair<std::string, std::string>> keys);

}  // namespace varve::internal
