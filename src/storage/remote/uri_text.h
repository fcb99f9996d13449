// SPDX-License-Identifier: Apache-2.0
// URIs as text.
//
// Source: RFC 3986, section 3
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

/// scheme://authority/path?query, each part as it stands; views of what was split.
struct UriParts {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  ///< with its leading '/'
  std::string_view query;
};
UriParts SplitUri(std::string_view uri);

/// "host" of "user@host:port"; the brackets of an IPv6 address are left out.
std::string_view HostOf(std::string_view authority);

/// localhost, 127.x.x.x and ::1.
bool IsLoopback(std::string_view host);

/// "a=1&b=2%2F3" as a → "1", b → "2/3".
/// Errors: Invalid naming the key; values are not repeated
Result<std::map<std::string, std::string>> ParseQuery(std::string_view query);

}  // namespace varve::internal
