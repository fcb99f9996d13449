// SPDX-License-Identifier: Apache-2.0
// Compresses the page bodies of a column chunk, all with one context.
//
// zstd is called directly: Arrow's codec sets up a context for every page, and cannot be told where
// blocks shall end. What it makes is ordinary zstd, for every reader.
//
// Errors:  what the codec refuses, as Status
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "arrow/type_fwd.h"
#include "packed/column_encoding.h"
#include "varve/status.h"

namespace varve::internal {

class PageCompressor {
 public:
  virtual ~PageCompressor() = default;

  /// Null: pages of this encoding are stored as they are.
  static Result<std::unique_ptr<PageCompressor>> Make(const ColumnEncoding& encoding);

  /// `ends`: where in `body` blocks shall end, ascending; a wish that only zstd grants.
  virtual Status Compress(std::span<const uint8_t> body, std::span<const size_t> ends,
                          arrow::ResizableBuffer* target) = 0;
};

}  // namespace varve::internal
