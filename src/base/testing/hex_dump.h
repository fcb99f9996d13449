// SPDX-License-Identifier: Apache-2.0
// The dumps that pages of docs/format show, as bytes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

namespace varve::internal {

/// A dump by offset; lines are `0014  9a 00 *12 "text"  what it is`: *12 makes it twelve of the
/// byte before, two spaces end the bytes.
using Dump = std::map<size_t, std::string>;

inline std::string BytesOf(const std::string& line) {
  std::string bytes;
  for (size_t at = 6; at < line.size() && line.compare(at, 2, "  ") != 0;) {
    const size_t end =
        std::min(line[at] == '"' ? line.find('"', at + 1) + 1 : line.find(' ', at), line.size());
    const std::string token = line.substr(at, end - at);
    if (token.front() == '"') {
      bytes += token.substr(1, token.size() - 2);
    } else if (token.front() == '*') {
      bytes.append(std::stoul(token.substr(1)) - 1, bytes.back());
    } else {
      bytes.push_back(static_cast<char>(std::stoul(token, nullptr, 16)));
    }
    at = line.compare(end, 2, "  ") == 0 ? end : end + 1;
  }
  return bytes;
}

inline Dump ReadDump(const std::string& page_path, const std::string& name) {
  std::ifstream page(page_path);
  EXPECT_TRUE(page.good()) << page_path;
  Dump dump;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hexdump " + name;
    } else if (inside) {
      dump[std::stoul(line.substr(0, 4), nullptr, 16)] = BytesOf(line);
    }
  }
  EXPECT_FALSE(dump.empty()) << page_path << ": " << name;
  return dump;
}

/// The bytes of a dump that leaves nothing out.
inline std::string WholeDump(const std::string& page_path, const std::string& name) {
  std::string bytes;
  for (const auto& [offset, part] : ReadDump(page_path, name)) {
    EXPECT_EQ(offset, bytes.size()) << name;
    bytes += part;
  }
  return bytes;
}

}  // namespace varve::internal
