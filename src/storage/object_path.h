// SPDX-License-Identifier: Apache-2.0
// Which object paths every store accepts, decided from the text alone.
//
// Refused:  empty paths and parts, "." and "..", parts of dots and blanks only, a leading or
//           trailing '/', backslashes, control characters, text that is not UTF-8 (so also overlong
//           encodings), percent escapes that some layer might turn into a dot, a separator or a
//           NUL, and names that stores keep for themselves (kReservedPrefix).
// Limits:   1,024 bytes a path, 255 a part: what S3 and Linux file systems take.
// Source:   OWASP, "Path Traversal"; Amazon S3, "Object key naming guidelines"
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

inline constexpr size_t kObjectPathBytesMax = 1024;
inline constexpr size_t kObjectPathPartBytesMax = 255;

/// Parts that begin so belong to the store itself: they are no objects and are never listed.
inline constexpr std::string_view kReservedPrefix = ".varve-";

/// Errors: Invalid naming the path and what is wrong with it
Status CheckObjectPath(std::string_view path);

/// The same for List, where the prefix may be empty or end in '/'.
Status CheckObjectPrefix(std::string_view prefix);

/// "a/b/c" as "a/b" and "c"; the directory of "c" is "".
struct SplitObjectPath {
  std::string_view directory;
  std::string_view name;
};
SplitObjectPath SplitPath(std::string_view path);

}  // namespace varve::internal
