// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/refused_paths.h"

namespace varve::internal {

std::vector<std::string> RefusedPaths() {
  using std::string_literals::operator""s;
  std::vector<std::string> paths = {"",      "/",         "//",  "///",   "/a",    "a/",
                                    "a//",   "//a",       "\0"s, "a\0b"s, "a/\0"s, "\0/a"s,
                                    "..\0"s, "a/..\0/b"s, "a\n", "\ta",   "a\x7f"};
  // What stands for "up" in one notation or another: plain, blank-padded (Windows), percent-encoded
  // once, twice or in part, overlong UTF-8 raw and encoded, and reserved names.
  const std::vector<std::string> steps = {".",
                                          "..",
                                          "...",
                                          ". .",
                                          ".. ",
                                          " ..",
                                          "..\\",
                                          "\\..",
                                          "..\\..",
                                          "%2e",
                                          "%2e%2e",
                                          "%2E%2E",
                                          ".%2e",
                                          "%2e.",
                                          "%252e%252e",
                                          "%252e.",
                                          "..%2f",
                                          "..%2F..",
                                          "%2e%2e%2f",
                                          "..%5c",
                                          "..%5C..",
                                          "%2e%2e%5c",
                                          "..%00",
                                          "..%c0%af",
                                          "%c0%ae%c0%ae",
                                          "%C1%9C..",
                                          "\xc0\xae\xc0\xae",
                                          "..\xc0\xaf",
                                          "\xe0\x80\xae",
                                          "\xff\xfe",
                                          "..\x01",
                                          "..\r",
                                          ".varve-new-0",
                                          ".varve-queue-commit"};
  for (const std::string& step : steps) {
    paths.push_back(step);
    paths.push_back(step + "/etc/passwd");
    paths.push_back("a/" + step);
    paths.push_back("a/" + step + "/b");
    paths.push_back(step + "/" + step + "/b");
    paths.push_back("/" + step);
    paths.push_back("a/b/" + step + "/" + step + "/" + step + "/" + step + "/c");
  }
  paths.push_back(std::string(256, 'a'));
  paths.push_back("a/" + std::string(256, 'a'));
  std::string deep = "a";
  while (deep.size() <= 1024) deep += "/a";
  paths.push_back(deep);
  std::string far_up = "..";
  while (far_up.size() < 900) far_up += "/..";
  paths.push_back(far_up);
  return paths;
}

}  // namespace varve::internal
