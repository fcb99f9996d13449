// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known name nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "varve/visibility.h"

namespace varve {

/// The nearest of `known`, the first of equals, or "" if none is near enough to be what was meant.
/// Names over 64 bytes are nobody's typing mistake and are not compared.
VARVE_EXPORT std::string Nearest(std::string_view name, const std::vector<std::string>& known);

/// "; did you mean 'label'?", or "".
VARVE_EXPORT std::string DidYouMean(std::string_view name, const std::vector<std::string>& known);

}  // namespace varve
