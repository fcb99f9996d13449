// SPDX-License-Identifier: Apache-2.0
// The state of a segment as a property of a table's versions.
//
// Errors:  Corruption naming the property and the member
// Threads: functions; call them from any thread
// Source:  docs/design/0004-segments-in-tables.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "varve/segment_metadata.h"
#include "varve/status.h"

namespace varve::internal {

/// "varve.segment.<segment id>"
std::string SegmentPropertyKey(int64_t segment_id);
/// nullopt: not such a key.
std::optional<int64_t> SegmentOfPropertyKey(std::string_view key);

std::string EncodeSegmentRecord(const SegmentState& state);
/// `key`: the property's, whose segment it must be.
Result<SegmentState> DecodeSegmentRecord(const std::string& key, std::string_view bytes);

}  // namespace varve::internal
