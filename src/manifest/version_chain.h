// SPDX-License-Identifier: Apache-2.0
// Names of versions, and which versions one is built on. Both follow from the number alone.
//
// Spec:   docs/format/manifest.md, "Skip deltas"
// Source: skip deltas of Subversion's FSFS, in base 4
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace varve::internal {

inline constexpr char kVersionsFolder[] = "_versions/";
inline constexpr char kHintPath[] = "_versions/hint";

/// Versions are below this, so that arithmetic on them never wraps.
inline constexpr uint64_t kVersionLimit = uint64_t{1} << 62;

/// "_versions/<20 digits of 2^64-1-v>": newer versions sort first.
std::string VersionPath(uint64_t version);
/// The version a path names; nullopt for any other path.
std::optional<uint64_t> VersionOfPath(std::string_view path);

/// The version a delta of `version` is built on; 0 if it is stored in full: 1 and the multiples of
/// 256. Else the lowest non-zero digit in base 4 cleared, but never below 1.
uint64_t BaseVersionOf(uint64_t version);

/// `version`, its base, and so on to a full version; at most five. REQUIRES: version > 0
std::vector<uint64_t> VersionChainOf(uint64_t version);

}  // namespace varve::internal
