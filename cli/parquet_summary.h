// SPDX-License-Identifier: Apache-2.0
// What a Parquet footer says, for `tree`, `stats` and `bench`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"

namespace varve::cli {

struct ColumnChunkSummary {
  std::string column;  ///< path of the leaf, "tags.list.element"
  std::string top_level;
  std::string physical_type;  ///< "FIXED_LEN_BYTE_ARRAY(1536)"
  std::string compression;
  std::vector<std::string> encodings;  ///< of the values; levels left out
  int64_t offset = 0;
  int64_t compressed_bytes = 0;
  int64_t uncompressed_bytes = 0;
  int64_t num_values = 0;  ///< nulls included
  int64_t null_count = -1;
  std::shared_ptr<arrow::Scalar> min, max;  ///< nullptr: not known
};

struct RowGroupSummary {
  int64_t num_rows = 0;
  int64_t compressed_bytes = 0;
  std::vector<ColumnChunkSummary> columns;
};

struct ParquetSummary {
  std::string created_by;
  int64_t num_rows = 0;
  int64_t file_bytes = 0;
  int64_t footer_bytes = 0;
  std::vector<RowGroupSummary> row_groups;
};

/// Errors: NotFound; Corruption naming the file, for a footer that does not parse
Result<ParquetSummary> SummarizeParquet(const std::shared_ptr<ChunkManager>& store,
                                        const std::string& path);

/// Where the values of a fixed-width, uncompressed, non-null PLAIN column lie in the file, row by
/// row: a page with an entry in the offset index ends with its values.
struct PlainValues {
  struct Page {
    int64_t first_row;
    int64_t num_rows;
    int64_t offset;  ///< of its first value
  };
  int64_t width = 0;
  std::vector<Page> pages;

  int64_t OffsetOf(int64_t row) const;
};
/// Unsupported if `column` (top level) is stored in another way or has no offset index.
Result<PlainValues> FindPlainValues(const std::shared_ptr<ChunkManager>& store,
                                    const std::string& path, const std::string& column);

}  // namespace varve::cli
