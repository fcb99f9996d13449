// SPDX-License-Identifier: Apache-2.0
// Bloom filters as members of the JSON documents that hold them.
//
// Threads: functions; call them from any thread
// Source:  docs/format/primary-key-statistics.md
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "varve/bloom_filter.h"
#include "varve/status.h"

namespace varve::internal {

/// The same text as Go writes, member by member.
nlohmann::ordered_json BloomFilterToJson(const BloomFilter& filter);

/// Errors: Corruption naming `object` and the member; Unsupported for another type
Result<std::unique_ptr<BloomFilter>> BloomFilterFromJson(BloomFilterType type,
                                                         const nlohmann::json& value,
                                                         const std::string& object);

}  // namespace varve::internal
