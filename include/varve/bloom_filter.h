// SPDX-License-Identifier: Apache-2.0
// The Bloom filters of Milvus' statistics, bit for bit: blocked ones (the default) and basic ones.
//
//   ARROW_ASSIGN_OR_RAISE(
//       auto filter, varve::BloomFilter::Make(varve::BloomFilterType::kBlocked, 100'000, 0.001));
//   filter->Add(key);
//   if (!filter->MayContain(other)) …  // it was never added
//
// Keys:    bytes; those of an Int64 are the eight of its little-endian form
// JSON:    docs/format/primary-key-statistics.md
// Threads: const methods may be called concurrently
// Source:  shared specification of Milvus' formats, sections 3.2 and 3.3; Putze, Sanders, Singler:
//          Cache-, Hash- and Space-Efficient Bloom Filters (blocked ones)
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {
namespace internal {
class WritableBloomFilter;
}

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

class VARVE_EXPORT BloomFilter {
 public:
  virtual ~BloomFilter() = default;

  /// An empty filter that errs at `false_positive_rate` once it holds `capacity` keys.
  /// Errors: Invalid for kUnsupported, a negative capacity, or a rate that is not between 0 and 1;
  ///         ResourceExhausted above 1 GiB
  static Result<std::unique_ptr<BloomFilter>> Make(BloomFilterType type, int64_t capacity,
                                                   double false_positive_rate);

  virtual BloomFilterType type() const = 0;
  virtual int64_t num_bits() const = 0;
  /// K of the filter's form; a blocked one sets K - 1 bits a key.
  virtual int64_t num_hashes() const = 0;

  virtual void Add(std::string_view key) = 0;
  virtual bool MayContain(std::string_view key) const = 0;

 private:
  // All filters are of the types above, and can be written.
  friend class internal::WritableBloomFilter;
  BloomFilter() = default;
};

}  // namespace varve
