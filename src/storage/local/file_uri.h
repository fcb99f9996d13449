// SPDX-License-Identifier: Apache-2.0
// Directories as URIs and back.
//
// Source: RFC 8089, "The file URI scheme"
#pragma once

#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

/// "file:///data/books" for "/data/books"; bytes that mean something in a URI are escaped.
std::string FileUri(std::string_view path);

/// "/data/books" for "file:///data/books", "file:/data/books" or "file://localhost/data/books".
/// Errors: Invalid for another host, a path that is not absolute, a broken escape, a NUL
Result<std::string> PathOfFileUri(const std::string& uri);

}  // namespace varve::internal
