// SPDX-License-Identifier: Apache-2.0
// Sizes and times as people write them: "8GB", "100 MiB", "30s".
//
// Errors: std::nullopt for no number, a sign, a fraction, an unknown unit or more than fits
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace varve::internal {

/// Bytes: "8GB" is 8·10⁹, "8GiB" 8·2³⁰; kB to TB, KiB to TiB, in letters of either case. A number
/// alone counts bytes.
std::optional<int64_t> ParseBytes(std::string_view text);

/// "500ms", "30s", "2m", "1h". A number alone is not a time, but for 0.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

/// Digits, with a sign if need be, and nothing else.
std::optional<int64_t> ParseInteger(std::string_view text);

}  // namespace varve::internal
