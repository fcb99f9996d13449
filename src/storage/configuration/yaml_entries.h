// SPDX-License-Identifier: Apache-2.0
// A YAML document as a flat list of keys and values. The only place that knows the YAML library.
//
// Limits:  1 MiB of text, 1,000 values, 8 levels
// Errors:  Invalid "<source>:<line>", never repeating a value
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "varve/status.h"

namespace varve::internal {

/// One value, and the keys that lead to it.
struct YamlEntry {
  std::vector<std::string> keys;
  std::vector<int> lines;  ///< of each key, from 1
  std::string value;       ///< "" where nothing, or nothing but ~ or null, is written
  bool is_null = false;
};

/// In the order of the document. Two equal keys in one map, lists, and a second document are
/// errors.
Result<std::vector<YamlEntry>> ReadYamlEntries(const std::string& text, const std::string& source);

}  // namespace varve::internal
