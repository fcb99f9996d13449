// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name nearest to a mistyped one.
// Source: Damerau, "A technique for computer detection and correction of spelling errors" (1964)
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace varve::internal {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; letters of
/// either case are alike (ASCII). Costs a.size() * b.size().
int EditDistance(std::string_view a, std::string_view b);

/// The nearest of `known`, the first of equals, or "" if none is near enough to be what was meant.
/// Names over 64 bytes are nobody's typing mistake and are not compared.
std::string Nearest(std::string_view name, const std::vector<std::string>& known);

/// "; did you mean 'label'?", or "".
std::string DidYouMean(std::string_view name, const std::vector<std::string>& known);

}  // namespace varve::internal
