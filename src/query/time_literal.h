// SPDX-License-Identifier: Apache-2.0
// Dates and times as ISO 8601 writes them, for filters on temporal columns.
//
// Units: results are nanoseconds (or days) since 1970-01-01 in UTC; a text without a zone is UTC
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/exact_number.h"

namespace varve::internal {

/// YYYY-MM-DD, a day that exists.
std::optional<int64_t> ParseDate(std::string_view text);

/// HH:MM[:SS[.fraction of up to nine digits]], nanoseconds since midnight.
std::optional<int64_t> ParseTimeOfDay(std::string_view text);

/// A date, or a date and a time apart by T or a space, then an optional zone: Z, +HH:MM or -HH:MM.
std::optional<Int128> ParseTimestamp(std::string_view text);

}  // namespace varve::internal
