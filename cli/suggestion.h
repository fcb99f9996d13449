// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word nearest to a mistyped one.
// Source: Damerau, "A technique for computer detection and correction of spelling errors" (1964)
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::cli {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, letters of
/// either case alike.
int EditDistance(std::string_view a, std::string_view b);

/// The nearest of `known`, or "" if none is near enough to be what was meant.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

/// "; did you mean 'import'?", or "".
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

}  // namespace varve::cli
