// SPDX-License-Identifier: Apache-2.0
// Paths and URIs as people type them, and moments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "varve/status.h"

namespace varve::cli {

/// The local path of "file:///a/b", "file:/a/b" or a plain path; nothing for other URIs.
std::optional<std::string> LocalPath(const std::string& location);

/// True if `location` is a regular local file.
bool IsLocalFile(const std::string& location);

/// True for a local path that names nothing, with the ending of a Parquet file: what was meant is a
/// file, not a table.
bool IsAbsentFile(const std::string& location);

/// True for an address of another store than the local disk.
bool IsRemote(const std::string& location);

/// True for such an address with the ending of a Parquet file.
bool IsRemoteFile(const std::string& location);

/// `location` without what may be secret in it: options after '?', and names before '@'.
std::string WithoutOptions(const std::string& location);

/// A file as a store (its folder) and a path in it.
struct FileLocation {
  std::string folder;
  std::string name;
};
/// REQUIRES: IsLocalFile(location) or IsRemote(location)
FileLocation SplitFileLocation(const std::string& location);

/// Microseconds since the epoch of "2026-11-21", "2026-11-21 04:00", "2026-11-21T04:00:00.5Z" (UTC)
/// or "15m", "2h", "3d" ago.  Errors: Invalid showing these forms
Result<int64_t> ParseTime(const std::string& text, int64_t now_micros);

}  // namespace varve::cli
