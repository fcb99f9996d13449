// SPDX-License-Identifier: Apache-2.0
// How far two names are from each other, for suggestions.
// Source: Damerau, "A technique for computer detection and correction of spelling errors" (1964)
#pragma once

#include <string_view>

#include "varve/suggestion.h"

namespace varve::internal {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`; letters of
/// either case are alike (ASCII). Costs a.size() * b.size().
int EditDistance(std::string_view a, std::string_view b);

using varve::DidYouMean;
using varve::Nearest;

}  // namespace varve::internal
