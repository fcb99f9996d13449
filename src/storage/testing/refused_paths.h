// SPDX-License-Identifier: Apache-2.0
// Paths that try to leave a store's root, or that some layer below might read so.
#pragma once

#include <string>
#include <vector>

namespace varve::internal {

/// More than 200, each of which every store must refuse with Invalid.
std::vector<std::string> RefusedPaths();

}  // namespace varve::internal
