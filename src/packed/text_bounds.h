// SPDX-License-Identifier: Apache-2.0
// Bounds of texts and binaries, cut to 16 bytes so that indexes stay small.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace varve::internal {

inline constexpr size_t kTextBoundBytes = 16;

/// The longest prefix of at most 16 bytes; where `utf8`, one that ends between characters.
std::string CutLowerBound(std::string_view value, bool utf8);

/// A string of at most 16 bytes that no string starting like `value` exceeds: the value itself, or
/// a prefix whose last byte was raised by one. nullopt where there is none.
std::optional<std::string> CutUpperBound(std::string_view value, bool utf8);

}  // namespace varve::internal
