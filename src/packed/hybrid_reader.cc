// SPDX-License-Identifier: Apache-2.0
#include "packed/hybrid_reader.h"

#include <algorithm>
#include <cstring>

namespace varve::internal {

bool HybridReader::NextRun() {
  uint64_t header = 0;
  size_t used = 0;
  for (int shift = 0;; shift += 7) {
    if (used == bytes_.size() || shift > 28) return false;
    const uint8_t byte = bytes_[used++];
    header |= uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) break;
  }
  bytes_ = bytes_.subspan(used);
  is_packed_ = (header & 1) != 0;
  if (is_packed_) {
    left_ = static_cast<int64_t>(header >> 1) * 8;
    // The last group may be cut short, by writers that do not pad.
    const auto length =
        std::min<uint64_t>((header >> 1) * static_cast<uint64_t>(bit_width_), bytes_.size());
    packed_ = bytes_.first(length);
    bytes_ = bytes_.subspan(length);
    if (bit_width_ > 0) {
      left_ = std::min<int64_t>(left_, static_cast<int64_t>(length) * 8 / bit_width_);
    }
    next_ = 0;
  } else {
    left_ = static_cast<int64_t>(header >> 1);
    const auto length = static_cast<size_t>((bit_width_ + 7) / 8);
    if (length > bytes_.size()) return false;
    value_ = 0;
    for (size_t i = 0; i < length; ++i) value_ |= uint32_t{bytes_[i]} << (8 * i);
    // Whole bytes are stored: levels of one bit are added up, and could be 255.
    if (bit_width_ < 32 && (value_ >> bit_width_) != 0) return false;
    bytes_ = bytes_.subspan(length);
  }
  return left_ > 0;
}

uint32_t HybridReader::Packed(int64_t index) const {
  const int64_t bit = index * bit_width_;
  uint64_t word = 0;
  const auto at = static_cast<size_t>(bit / 8);
  std::memcpy(&word, packed_.data() + at, std::min<size_t>(sizeof(word), packed_.size() - at));
  return static_cast<uint32_t>((word >> (bit % 8)) & ((uint64_t{1} << bit_width_) - 1));
}

bool HybridReader::Skip(int64_t count) {
  while (count > 0) {
    if (left_ == 0 && !NextRun()) return false;
    const int64_t step = std::min(count, left_);
    left_ -= step;
    next_ += step;
    count -= step;
  }
  return true;
}

bool HybridReader::Read(std::span<uint32_t> out) {
  while (!out.empty()) {
    if (left_ == 0 && !NextRun()) return false;
    const auto step = std::min(out.size(), static_cast<size_t>(left_));
    if (!is_packed_ || bit_width_ == 0) {
      std::fill_n(out.begin(), step, is_packed_ ? 0 : value_);
    } else {
      for (size_t i = 0; i < step; ++i) out[i] = Packed(next_ + static_cast<int64_t>(i));
    }
    left_ -= static_cast<int64_t>(step);
    next_ += static_cast<int64_t>(step);
    out = out.subspan(step);
  }
  return true;
}

}  // namespace varve::internal
