// SPDX-License-Identifier: Apache-2.0
// The dumps of docs/format as bytes. A page has them in fences "```hexdump NAME", in lines of
// offset, bytes and what they are:
//
//   0014  9a 00 *12 "text"  what it is
//
// where *12 makes it twelve of the byte before, "text" stands for its bytes, and two spaces end
// them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

namespace varve::internal {

struct DumpLine {
  size_t offset = 0;
  std::string bytes;
  std::string text;  ///< the whole line
};

inline std::string DumpBytes(const std::string& line) {
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

/// The lines of the dump `name`; a failure of the test if there are none. Paths are relative to the
/// repository, where tests run.
inline std::vector<DumpLine> ReadDumpLines(const std::string& page_path, const std::string& name) {
  std::ifstream page(page_path);
  EXPECT_TRUE(page.good()) << page_path;
  std::vector<DumpLine> lines;
  bool inside = false;
  for (std::string text; std::getline(page, text);) {
    if (text.starts_with("```")) {
      inside = text == "```hexdump " + name;
    } else if (inside) {
      lines.push_back({std::stoul(text.substr(0, 4), nullptr, 16), DumpBytes(text), text});
    }
  }
  EXPECT_FALSE(lines.empty()) << page_path << ": " << name;
  return lines;
}

/// The bytes of a dump that leaves nothing out.
inline std::string ReadWholeDump(const std::string& page_path, const std::string& name) {
  std::string bytes;
  for (const DumpLine& line : ReadDumpLines(page_path, name)) {
    EXPECT_EQ(line.offset, bytes.size()) << line.text;
    bytes += line.bytes;
  }
  return bytes;
}

}  // namespace varve::internal
