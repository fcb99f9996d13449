// SPDX-License-Identifier: Apache-2.0
// Pages of a column without children, opened one at a time: checked, verified, decompressed, and
// cut into levels and values.
//
// Units:   bytes
// Errors:  Corruption naming file, column and offset; no exception leaves
// Threads: an opener is for one thread
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "arrow/util/type_fwd.h"
#include "packed/page_header_parser.h"
#include "packed/parquet_metadata.h"

namespace varve::internal {

struct FlatPage {
  ParsedPageHeader header;
  /// Runs of definition levels; empty where the column has none, and where they are encoded
  /// otherwise and stand before the values.
  std::span<const uint8_t> levels;
  std::span<const uint8_t> values;
};

class FlatPageOpener {
 public:
  /// `has_levels`: the column may hold nulls. `name` is the column's, for errors.
  FlatPageOpener(const ParquetMetadata& metadata, const std::string& name,
                 parquet::Compression::type codec, bool has_levels, bool verify);
  ~FlatPageOpener();

  /// `page` is header and body, at `offset` of the file. What is returned lives as long as `page`
  /// and until the next call. A body that is decompressed to the very size of `target` lies there.
  Result<FlatPage> Open(std::span<const uint8_t> page, int64_t offset,
                        std::span<uint8_t> target = {});

 private:
  Status Damaged(const char* what, int64_t offset) const;
  Status Decompress(std::span<const uint8_t> in, std::span<uint8_t> out);
  Status CutLevels(std::span<const uint8_t> body, int64_t offset, FlatPage* page) const;

  const ParquetMetadata& metadata_;
  const std::string& name_;
  const parquet::Compression::type codec_type_;
  const bool has_levels_;
  const bool verify_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
  std::vector<uint8_t> body_;
};

}  // namespace varve::internal
