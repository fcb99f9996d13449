// SPDX-License-Identifier: Apache-2.0
#include "packed/staged_ranges.h"

#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"

namespace varve::internal {
namespace {

constexpr int64_t kAlignment = 64;

}  // namespace

Result<std::shared_ptr<StagedRanges>> StagedRanges::Make(std::vector<Range> ranges,
                                                         int64_t gap_bytes) {
  std::ranges::sort(ranges, {}, &Range::offset);
  auto staged = std::make_shared<StagedRanges>();
  auto& pieces = staged->pieces_;
  for (const Range& range : ranges) {
    if (range.length == 0) continue;
    if (pieces.empty() ||
        range.offset - (pieces.back().offset + pieces.back().length) > gap_bytes) {
      pieces.push_back({range.offset, range.length, 0});
    } else {
      const int64_t end =
          std::max(pieces.back().offset + pieces.back().length, range.offset + range.length);
      pieces.back().length = end - pieces.back().offset;
    }
  }
  int64_t total = 0;
  for (Piece& piece : pieces) {
    piece.position = total + piece.offset % kAlignment;
    total = arrow::bit_util::RoundUpToMultipleOf64(piece.position + piece.length);
  }
  ARROW_ASSIGN_OR_RAISE(staged->memory_, arrow::AllocateBuffer(total));
  return staged;
}

std::shared_ptr<const StagedRanges> StagedRanges::Of(int64_t offset,
                                                     std::shared_ptr<arrow::Buffer> bytes) {
  auto staged = std::make_shared<StagedRanges>();
  staged->pieces_.push_back({offset, bytes->size(), 0});
  staged->memory_ = std::move(bytes);
  return staged;
}

std::vector<ReadRange> StagedRanges::ToRead() const {
  std::vector<ReadRange> ranges;
  ranges.reserve(pieces_.size());
  for (const Piece& piece : pieces_) {
    ranges.push_back({piece.offset, piece.length, memory_->mutable_data() + piece.position});
  }
  return ranges;
}

const uint8_t* StagedRanges::Find(int64_t offset, int64_t length) const {
  const auto after = std::ranges::upper_bound(pieces_, offset, {}, &Piece::offset);
  if (after == pieces_.begin()) return nullptr;
  const Piece& piece = *std::prev(after);
  const int64_t skipped = offset - piece.offset;
  if (skipped > piece.length || length > piece.length - skipped) return nullptr;
  return memory_->data() + piece.position + skipped;
}

}  // namespace varve::internal
