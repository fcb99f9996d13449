// SPDX-License-Identifier: Apache-2.0
#include "query/range_kernels.h"

#include <algorithm>
#include <type_traits>

#if defined(__x86_64__)
#include <immintrin.h>
#define VARVE_AVX2 __attribute__((target("avx2")))
#endif

namespace varve::internal {
namespace {

constexpr int64_t kRowsPerWord = 64;

// The rows of `Word` (values, bounds -> bits), 64 at a time; a padded copy serves the last few.
#define VARVE_NARROW(Word)                                                              \
  const uint64_t flip = negated ? ~uint64_t{0} : 0;                                     \
  const int64_t full = num_rows / kRowsPerWord;                                         \
  for (int64_t i = 0; i < full; ++i) {                                                  \
    if (words[i] != 0) words[i] &= Word(values + i * kRowsPerWord, first, last) ^ flip; \
  }                                                                                     \
  if (const int64_t rest = num_rows % kRowsPerWord; rest != 0 && words[full] != 0) {    \
    Value padded[kRowsPerWord] = {};                                                    \
    std::copy_n(values + full * kRowsPerWord, rest, padded);                            \
    words[full] &= (Word(padded, first, last) ^ flip) & ((uint64_t{1} << rest) - 1);    \
  }

template <typename Value>
bool InRange(Value value, Value first, Value last) {
  if constexpr (std::is_floating_point_v<Value>) {
    return (value >= first) & (value <= last);
  } else {
    return static_cast<Value>(value - first) <= last;  // last is the width
  }
}

template <typename Value>
uint64_t PortableWord(const Value* values, Value first, Value last) {
  uint8_t in_range[kRowsPerWord];
  for (int i = 0; i < kRowsPerWord; ++i) in_range[i] = InRange(values[i], first, last) ? 1 : 0;
  uint64_t word = 0;
  for (int i = 0; i < kRowsPerWord; ++i) word |= uint64_t{in_range[i]} << i;
  return word;
}

template <typename Value>
void PortableNarrow(const Value* values, int64_t num_rows, Value first, Value last, bool negated,
                    uint64_t* words) {
  VARVE_NARROW(PortableWord)
}

constexpr RangeKernels kPortable = {PortableNarrow<uint8_t>,  PortableNarrow<uint16_t>,
                                    PortableNarrow<uint32_t>, PortableNarrow<uint64_t>,
                                    PortableNarrow<float>,    PortableNarrow<double>};

#if defined(VARVE_AVX2)

VARVE_AVX2 inline __m256i Load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

VARVE_AVX2 inline uint64_t Avx2Word(const uint8_t* values, uint8_t first, uint8_t width) {
  const __m256i low = _mm256_set1_epi8(static_cast<char>(first));
  const __m256i high = _mm256_set1_epi8(static_cast<char>(width));
  uint64_t word = 0;
  for (int i = 0; i < 2; ++i) {
    const __m256i shifted = _mm256_sub_epi8(Load(values + 32 * i), low);
    const __m256i inside = _mm256_cmpeq_epi8(_mm256_min_epu8(shifted, high), shifted);
    word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(inside))} << (32 * i);
  }
  return word;
}

VARVE_AVX2 inline __m256i Inside16(const uint16_t* values, __m256i low, __m256i high) {
  const __m256i shifted = _mm256_sub_epi16(Load(values), low);
  return _mm256_cmpeq_epi16(_mm256_min_epu16(shifted, high), shifted);
}

VARVE_AVX2 inline uint64_t Avx2Word(const uint16_t* values, uint16_t first, uint16_t width) {
  const __m256i low = _mm256_set1_epi16(static_cast<int16_t>(first));
  const __m256i high = _mm256_set1_epi16(static_cast<int16_t>(width));
  uint64_t word = 0;
  for (int i = 0; i < 2; ++i) {
    // Packing works on halves of 128 bits; the permutation puts the quarters back in order.
    const __m256i packed = _mm256_packs_epi16(Inside16(values + 32 * i, low, high),
                                              Inside16(values + 32 * i + 16, low, high));
    const __m256i ordered = _mm256_permute4x64_epi64(packed, 0xD8);
    word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(ordered))} << (32 * i);
  }
  return word;
}

VARVE_AVX2 inline uint64_t Avx2Word(const uint32_t* values, uint32_t first, uint32_t width) {
  const __m256i low = _mm256_set1_epi32(static_cast<int32_t>(first));
  const __m256i high = _mm256_set1_epi32(static_cast<int32_t>(width));
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    const __m256i shifted = _mm256_sub_epi32(Load(values + 8 * i), low);
    const __m256i inside = _mm256_cmpeq_epi32(_mm256_min_epu32(shifted, high), shifted);
    const int bits = _mm256_movemask_ps(_mm256_castsi256_ps(inside));
    word |= uint64_t{static_cast<uint32_t>(bits)} << (8 * i);
  }
  return word;
}

VARVE_AVX2 inline uint64_t Avx2Word(const uint64_t* values, uint64_t first, uint64_t width) {
  // Comparisons are signed only: both sides are moved by half the range.
  const __m256i half = _mm256_set1_epi64x(INT64_MIN);
  const __m256i low = _mm256_set1_epi64x(static_cast<int64_t>(first));
  const __m256i high = _mm256_xor_si256(_mm256_set1_epi64x(static_cast<int64_t>(width)), half);
  uint64_t outside = 0;
  for (int i = 0; i < 16; ++i) {
    const __m256i shifted = _mm256_xor_si256(_mm256_sub_epi64(Load(values + 4 * i), low), half);
    const int bits = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(shifted, high)));
    outside |= uint64_t{static_cast<uint32_t>(bits)} << (4 * i);
  }
  return ~outside;
}

VARVE_AVX2 inline uint64_t Avx2Word(const float* values, float first, float last) {
  const __m256 low = _mm256_set1_ps(first), high = _mm256_set1_ps(last);
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    const __m256 value = _mm256_loadu_ps(values + 8 * i);
    const __m256 inside = _mm256_and_ps(_mm256_cmp_ps(value, low, _CMP_GE_OQ),
                                        _mm256_cmp_ps(value, high, _CMP_LE_OQ));
    word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_ps(inside))} << (8 * i);
  }
  return word;
}

VARVE_AVX2 inline uint64_t Avx2Word(const double* values, double first, double last) {
  const __m256d low = _mm256_set1_pd(first), high = _mm256_set1_pd(last);
  uint64_t word = 0;
  for (int i = 0; i < 16; ++i) {
    const __m256d value = _mm256_loadu_pd(values + 4 * i);
    const __m256d inside = _mm256_and_pd(_mm256_cmp_pd(value, low, _CMP_GE_OQ),
                                         _mm256_cmp_pd(value, high, _CMP_LE_OQ));
    word |= uint64_t{static_cast<uint32_t>(_mm256_movemask_pd(inside))} << (4 * i);
  }
  return word;
}

template <typename Value>
VARVE_AVX2 void Avx2Narrow(const Value* values, int64_t num_rows, Value first, Value last,
                           bool negated, uint64_t* words) {
  VARVE_NARROW(Avx2Word)
}

constexpr RangeKernels kAvx2 = {Avx2Narrow<uint8_t>,  Avx2Narrow<uint16_t>, Avx2Narrow<uint32_t>,
                                Avx2Narrow<uint64_t>, Avx2Narrow<float>,    Avx2Narrow<double>};

#endif  // VARVE_AVX2
#undef VARVE_NARROW

}  // namespace

const RangeKernels& PortableRangeKernels() { return kPortable; }

const RangeKernels* Avx2RangeKernels() {
#if defined(VARVE_AVX2)
  static const bool available = __builtin_cpu_supports("avx2");
  if (available) return &kAvx2;
#endif
  return nullptr;
}

const RangeKernels& BestRangeKernels() {
  const RangeKernels* avx2 = Avx2RangeKernels();
  return avx2 != nullptr ? *avx2 : kPortable;
}

}  // namespace varve::internal
