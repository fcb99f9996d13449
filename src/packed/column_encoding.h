// SPDX-License-Identifier: Apache-2.0
// How the values of one top-level column are encoded in a file.
#pragma once

#include <cstdint>

#include "arrow/util/type_fwd.h"
#include "parquet/types.h"

namespace varve::internal {

struct ColumnEncoding {
  bool addressed =
      false;  ///< PLAIN, uncompressed, at a constant stride; the rest says nothing then
  parquet::Encoding::type encoding = parquet::Encoding::PLAIN;
  bool dictionary = false;  ///< first a dictionary, `encoding` once that has grown too large
  arrow::Compression::type codec = arrow::Compression::UNCOMPRESSED;
  int level = 0;             ///< 0: the codec's default
  bool byte_planes = false;  ///< zstd: a block ends where a byte plane ends
  int64_t rows_per_page = 8192;
  bool statistics = true;  ///< bounds of pages and chunk
};

}  // namespace varve::internal
