// SPDX-License-Identifier: Apache-2.0
// The Bloom filters of Milvus' statistics, bit for bit: blocked ones (the default) and basic ones.
//
//   ARROW_ASSIGN_OR_RAISE(auto filter, BloomFilter::Make(BloomFilterType::kBlocked, 100000,
//   0.001)); filter->Add(key); if (!filter->MayContain(other)) …  // it was never added
//
// Keys:    bytes; those of an Int64 are the eight of its little-endian form
// JSON:    docs/format/primary-key-statistics.md
// Threads: const methods may be called concurrently
// Source:  shared specification of Milvus' formats, sections 3.2 and 3.3; Putze, Sanders, Singler:
//          Cache-, Hash- and Space-Efficient Bloom Filters (blocked ones)
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "varve/bloom_filter.h"
#include "varve/status.h"

namespace varve::internal {

class BloomFilter {
 public:
  virtual ~BloomFilter() = default;

  /// An empty filter that errs at `false_positive_rate` once it holds `capacity` keys.
  /// Errors: Invalid for kUnsupported, a negative capacity, or a rate that is not between 0 and 1;
  ///         ResourceExhausted above 1 GiB
  static Result<std::unique_ptr<BloomFilter>> Make(BloomFilterType type, int64_t capacity,
                                                   double false_positive_rate);

  /// Errors: Corruption naming `object` and the member; Unsupported for another type
  static Result<std::unique_ptr<BloomFilter>> FromJson(BloomFilterType type,
                                                       const nlohmann::json& value,
                                                       const std::string& object);

  /// The same text as Go writes, member by member.
  virtual nlohmann::ordered_json ToJson() const = 0;

  virtual BloomFilterType type() const = 0;
  virtual int64_t num_bits() const = 0;
  /// K of the filter's form; a blocked one sets K - 1 bits a key.
  virtual int64_t num_hashes() const = 0;

  virtual void Add(std::string_view key) = 0;
  virtual bool MayContain(std::string_view key) const = 0;
};

}  // namespace varve::internal
