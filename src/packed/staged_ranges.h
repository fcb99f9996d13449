// SPDX-License-Identifier: Apache-2.0
// Some ranges of one file in memory, from which reads inside them are served.
//
// Threads: immutable once filled
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class StagedRanges {
 public:
  struct Range {
    int64_t offset = 0;
    int64_t length = 0;
  };

  /// Memory for `ranges`, in any order; those that overlap, or lie at most `gap_bytes` apart,
  /// become one, and bytes lie in memory as they lie in the file, modulo 64. Nothing is read.
  static Result<std::shared_ptr<StagedRanges>> Make(std::vector<Range> ranges,
                                                    int64_t gap_bytes = 0);
  /// `bytes`, which start at `offset` of the file.
  static std::shared_ptr<const StagedRanges> Of(int64_t offset,
                                                std::shared_ptr<arrow::Buffer> bytes);

  /// What has to be read to fill the memory.
  std::vector<ReadRange> ToRead() const;

  /// Where [offset, offset + length) lies in memory; nullptr if some of it is not here.
  const uint8_t* Find(int64_t offset, int64_t length) const;
  const std::shared_ptr<arrow::Buffer>& memory() const { return memory_; }

 private:
  struct Piece {
    int64_t offset = 0;
    int64_t length = 0;
    int64_t position = 0;  // in memory_
  };

  std::vector<Piece> pieces_;  // by offset, apart from each other
  std::shared_ptr<arrow::Buffer> memory_;
};

}  // namespace varve::internal
