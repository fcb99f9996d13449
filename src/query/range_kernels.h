// SPDX-License-Identifier: Apache-2.0
// The inner loops of filters: which of some fixed-width values lie in a range, 64 rows a word.
//
// Bits:    row i is bit i % 64 of word i / 64. A kernel clears the bits of rows that fail and
// leaves words that are 0 unread, so that a selective condition spares the next one its work.
// Source:  one unsigned comparison for both bounds: Hacker's Delight, section 4-1
// Threads: pure functions
#pragma once

#include <cstdint>

namespace varve::internal {

/// Keeps rows with first <= value <= first + width (wrapping around), or the others when negated.
template <typename Unsigned>
using IntegerKernel = void (*)(const Unsigned* values, int64_t num_rows, Unsigned first,
                               Unsigned width, bool negated, uint64_t* words);
/// Keeps rows with first <= value <= last, or the others (NaN among them) when negated.
template <typename Float>
using FloatKernel = void (*)(const Float* values, int64_t num_rows, Float first, Float last,
                             bool negated, uint64_t* words);

struct RangeKernels {
  IntegerKernel<uint8_t> bytes;
  IntegerKernel<uint16_t> shorts;
  IntegerKernel<uint32_t> words;
  IntegerKernel<uint64_t> longs;
  FloatKernel<float> floats;
  FloatKernel<double> doubles;
};

/// Plain C++.
const RangeKernels& PortableRangeKernels();
/// nullptr where the processor has no AVX2.
const RangeKernels* Avx2RangeKernels();
/// The fastest that this processor runs.
const RangeKernels& BestRangeKernels();

}  // namespace varve::internal
