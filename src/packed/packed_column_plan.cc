// SPDX-License-Identifier: Apache-2.0
// What reads of a column will fetch from a file that is far away.
#include <algorithm>
#include <utility>

#include "arrow/buffer.h"
#include "arrow/util/bit_util.h"
#include "packed/packed_column.h"

namespace varve::internal {

Result<bool> PackedColumn::PlanRead(int64_t begin, int64_t end, bool verify, ReadWave* wave) const {
  if (!file_->source().is_remote() || begin < 0 || end > starts_.back()) return false;
  bool more = false;
  for (int64_t row = begin; row < end;) {
    const size_t group = GroupOf(row);
    const int64_t start = starts_[group];
    const int64_t part_end = std::min(end, starts_[group + 1]);
    const DirectChunk* chunk = chunks_[group].get();
    if (chunk == nullptr) {
      ARROW_ASSIGN_OR_RAISE(const auto decoded, Decoded());
      ARROW_RETURN_NOT_OK(
          decoded->PlanRows(static_cast<int>(group), row - start, part_end - start, wave));
    } else if (!chunk->has_nulls()) {
      chunk->PlanValues(row - start, part_end - start, verify, wave);
    } else if (chunk->PlanNulls(wave)) {
      more = true;
    } else {
      ARROW_ASSIGN_OR_RAISE(const int64_t first, chunk->Rank(row - start));
      ARROW_ASSIGN_OR_RAISE(const int64_t last, chunk->Rank(part_end - start));
      chunk->PlanValues(first, last, verify, wave);
    }
    row = part_end;
  }
  return more;
}

Result<bool> PackedColumn::PlanTake(std::span<const int64_t> rows, bool verify,
                                    ReadWave* wave) const {
  if (!file_->source().is_remote()) return false;
  ARROW_RETURN_NOT_OK(CheckRows(rows));
  bool more = false;
  for (const int64_t row : rows) {
    const size_t group = GroupOf(row);
    const int64_t local = row - starts_[group];
    const DirectChunk* chunk = chunks_[group].get();
    if (chunk == nullptr) {
      ARROW_ASSIGN_OR_RAISE(const auto decoded, Decoded());
      ARROW_RETURN_NOT_OK(decoded->PlanRows(static_cast<int>(group), local, local + 1, wave));
      continue;
    }
    int64_t value = local;
    if (chunk->has_nulls()) {
      if (chunk->PlanNulls(wave)) {
        more = true;
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(const auto validity, chunk->Validity());
      if (!arrow::bit_util::GetBit(validity->data(), local)) continue;
      ARROW_ASSIGN_OR_RAISE(value, chunk->Rank(local));
    }
    chunk->PlanValues(value, value + 1, verify, wave);
  }
  return more;
}

double PackedColumn::far_row_bytes() const {
  if (!file_->source().is_remote() || starts_.back() == 0) return 0;
  double bytes = 0;
  for (size_t group = 0; group < chunks_.size(); ++group) {
    const DirectChunk* chunk = chunks_[group].get();
    if (chunk != nullptr) {
      bytes += static_cast<double>(chunk->width()) * static_cast<double>(chunk->num_rows());
      continue;
    }
    const auto decoded = Decoded();
    if (decoded.ok()) bytes += (*decoded)->StoredBytes(static_cast<int>(group));
  }
  return bytes / static_cast<double>(starts_.back());
}

}  // namespace varve::internal
