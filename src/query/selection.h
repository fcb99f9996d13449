// SPDX-License-Identifier: Apache-2.0
// The rows of one batch that are still selected, one bit each.
//
// Threads: one caller at a time
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace varve::internal {

class Selection {
 public:
  Selection(int64_t num_rows, bool selected)
      : num_rows_(num_rows),
        words_(static_cast<size_t>((num_rows + 63) / 64), selected ? ~uint64_t{0} : 0) {
    if (selected && num_rows % 64 != 0) words_.back() = (uint64_t{1} << (num_rows % 64)) - 1;
  }

  int64_t num_rows() const { return num_rows_; }
  uint64_t* words() { return words_.data(); }

  bool empty() const {
    return std::all_of(words_.begin(), words_.end(), [](uint64_t word) { return word == 0; });
  }
  void Clear() { std::fill(words_.begin(), words_.end(), 0); }
  void Add(const Selection& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  void Keep(const Selection& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void Remove(const Selection& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  }

  /// Keeps the selected rows for which `keep(row)` is true; asks of no others.
  template <typename Keep>
  void Filter(Keep keep) {
    for (size_t i = 0; i < words_.size(); ++i) {
      uint64_t kept = 0;
      for (uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        const int bit = std::countr_zero(rest);
        kept |= uint64_t{keep(static_cast<int64_t>(i) * 64 + bit)} << bit;
      }
      words_[i] = kept;
    }
  }

  /// Rows selected, ascending.
  std::vector<int64_t> ToRows() const {
    size_t count = 0;
    for (const uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    std::vector<int64_t> rows(count);
    int64_t* out = rows.data();
    for (size_t i = 0; i < words_.size(); ++i) {
      const int64_t base = static_cast<int64_t>(i) * 64;
      if (words_[i] == ~uint64_t{0}) {
        for (int bit = 0; bit < 64; ++bit) *out++ = base + bit;
        continue;
      }
      for (uint64_t rest = words_[i]; rest != 0; rest &= rest - 1) {
        *out++ = base + std::countr_zero(rest);
      }
    }
    return rows;
  }

 private:
  int64_t num_rows_;
  std::vector<uint64_t> words_;
};

}  // namespace varve::internal
