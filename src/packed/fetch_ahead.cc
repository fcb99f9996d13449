// SPDX-License-Identifier: Apache-2.0
#include "packed/fetch_ahead.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace varve::internal {
namespace {

// Windows end where pages do: those of fixed width hold 8,192 rows, others a power of two.
constexpr int64_t kWindowRowsMin = 64;
constexpr int64_t kPageRows = 8192;
// One request each where one column makes up most of it: long enough to be worth its first byte,
// short enough that many are under way.
constexpr int64_t kWindowBytes = 4 << 20;

}  // namespace

FetchAhead::FetchAhead(std::vector<std::shared_ptr<const PackedColumnReader>> columns,
                       int64_t bytes, bool verify)
    : columns_(std::move(columns)), verify_(verify) {
  for (const auto& column : columns_) row_bytes_ += column->far_row_bytes();
  if (row_bytes_ == 0) return;
  windows_max_ = std::max<size_t>(2, static_cast<size_t>(bytes / kWindowBytes));
  const auto rows = static_cast<int64_t>(static_cast<double>(bytes) /
                                         static_cast<double>(windows_max_) / row_bytes_);
  window_rows_ = rows >= kPageRows
                     ? rows / kPageRows * kPageRows
                     : std::max(kWindowRowsMin,
                                static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(rows))));
}

std::vector<RowSpan> FetchAhead::NextRows(int64_t begin) const {
  std::vector<RowSpan> rows;
  int64_t room = window_rows_;
  for (const RowSpan& span : expected_) {
    const int64_t first = std::max(begin, span.begin);
    if (room <= 0) break;
    if (first >= span.end) continue;
    // To the end of a window that begins at a multiple of its length, if that is not here.
    const int64_t aligned = (first + room) / window_rows_ * window_rows_;
    const int64_t last = std::min(span.end, aligned > first ? aligned : first + room);
    rows.push_back({first, last});
    room -= last - first;
    if (last < span.end) break;
  }
  return rows;
}

Status FetchAhead::Begin(const std::vector<RowSpan>& rows) {
  Window window{.end = rows.back().end, .wave = std::make_unique<ReadWave>(ReadPattern::kScan)};
  const auto plan = [&](ReadWave* wave) -> Result<bool> {
    bool more = false;
    for (const auto& column : columns_) {
      for (const RowSpan& span : rows) {
        ARROW_ASSIGN_OR_RAISE(const bool more_of_it,
                              column->PlanRead(span.begin, span.end, verify_, wave));
        more = more || more_of_it;
      }
    }
    return more;
  };
  ARROW_ASSIGN_OR_RAISE(const bool more, plan(window.wave.get()));
  if (more) {
    ARROW_RETURN_NOT_OK(window.wave->FetchAll(plan));
  } else {
    ARROW_RETURN_NOT_OK(window.wave->Start());
  }
  windows_.push_back(std::move(window));
  return Status::OK();
}

Result<int64_t> FetchAhead::Await(int64_t begin, int64_t end) {
  while (!windows_.empty() && windows_.front().end <= begin) windows_.pop_front();
  if (windows_.empty()) {
    auto rows = NextRows(begin);
    // What nobody expected is wanted now.
    if (rows.empty() || rows.front().begin > begin) {
      rows = {{begin, std::min(end, begin + window_rows_)}};
    }
    ARROW_RETURN_NOT_OK(Begin(rows));
  }
  while (windows_.size() < windows_max_) {
    const auto rows = NextRows(windows_.back().end);
    if (rows.empty()) break;
    ARROW_RETURN_NOT_OK(Begin(rows));
  }
  ARROW_RETURN_NOT_OK(windows_.front().wave->Wait());
  return std::min(end, windows_.front().end);
}

}  // namespace varve::internal
