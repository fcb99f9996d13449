// SPDX-License-Identifier: Apache-2.0
// Parquet's mix of runs and bit-packed groups, which levels and dictionary indices are written in,
// with a skip that costs one step a run.
//
// Errors:  methods give false where the bytes end early or make no sense, as a run of a value of
//          more bits than bit_width does
// Threads: for one thread
// Source:  Parquet format, "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)"
#pragma once

#include <cstdint>
#include <span>

namespace varve::internal {

class HybridReader {
 public:
  /// REQUIRES: 0 <= bit_width <= 32
  HybridReader(std::span<const uint8_t> bytes, int bit_width)
      : bytes_(bytes), bit_width_(bit_width) {}

  [[nodiscard]] bool Skip(int64_t count);
  [[nodiscard]] bool Read(std::span<uint32_t> out);

 private:
  bool NextRun();
  uint32_t Packed(int64_t index) const;

  std::span<const uint8_t> bytes_;  // what follows the present run
  const int bit_width_;
  int64_t left_ = 0;  // values of the present run not yet read
  bool is_packed_ = false;
  uint32_t value_ = 0;               // of a run
  std::span<const uint8_t> packed_;  // of bit-packed groups
  int64_t next_ = 0;                 // in packed_
};

}  // namespace varve::internal
