// SPDX-License-Identifier: Apache-2.0
// What the names of a file manager's objects say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/status.h"

namespace varve::internal {

/// "c" of "a/b/c".
std::string LastPart(std::string_view path);

/// The paths of insert logs in ascending order of their log ids.
/// Errors: Invalid naming the path that does not end in one
Result<std::vector<std::string>> SortedByLogId(const std::vector<std::string>& paths);

/// A local file that was stored in slices.
struct SlicedFile {
  std::string name;
  std::vector<std::string> slices;  ///< paths, in order
};

/// The files that objects named `{file}_{slice}` make, by name.
/// Errors: Invalid for another name, or two of the same; Corruption if a slice is missing
Result<std::vector<SlicedFile>> GroupSlices(const std::vector<std::string>& paths);

}  // namespace varve::internal
