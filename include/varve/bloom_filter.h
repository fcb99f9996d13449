// SPDX-License-Identifier: Apache-2.0
// Which Bloom filters the statistics of primary keys have.
//
// Source:  shared specification of Milvus' formats, section 3.1
#pragma once

#include <cstdint>

namespace varve {

/// The codes of the member "bfType".
enum class BloomFilterType : int32_t {
  kUnsupported = 1,
  kAlwaysTrue = 2,  ///< holds nothing, and may contain everything
  kBasic = 3,
  kBlocked = 4,
};

/// What Milvus uses where its configuration says nothing.
inline constexpr BloomFilterType kDefaultBloomFilterType = BloomFilterType::kBlocked;
inline constexpr double kDefaultFalsePositiveRate = 0.001;

}  // namespace varve
