// SPDX-License-Identifier: Apache-2.0
// What the footer and the page indexes have to say about one leaf column chunk, gathered while its
// pages are written. Offsets are from the start of the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "parquet/size_statistics.h"
#include "parquet/statistics.h"
#include "parquet/types.h"

namespace varve::internal {

struct PageRecord {
  int64_t offset = 0;  ///< of the header
  int32_t bytes = 0;   ///< header and body
  int64_t first_row = 0;
  parquet::EncodedStatistics statistics;
  parquet::SizeStatistics size_statistics;
};

struct LeafChunk {
  int64_t num_levels = 0;
  int64_t dictionary_page_offset = 0;  ///< 0: none
  int64_t data_page_offset = 0;
  int64_t compressed_bytes = 0;
  int64_t uncompressed_bytes = 0;
  bool fallback = false;  ///< left the dictionary half way
  std::map<parquet::Encoding::type, int32_t> dictionary_encodings;  ///< pages by encoding
  std::map<parquet::Encoding::type, int32_t> data_encodings;
  std::optional<parquet::EncodedStatistics> statistics;
  parquet::SizeStatistics size_statistics;
  std::vector<PageRecord> pages;

  /// Pages were written as if the chunk began at 0.
  void MoveTo(int64_t offset);
};

}  // namespace varve::internal
