// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a path: refused, or printed as they were.
// Seeds: tests/fixtures/fuzz/path_template/
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "varve/path_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve;  // NOLINT
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const auto parsed = ParsePath(path);
  if (!parsed.ok()) return 0;
  const auto printed = PrintPath(parsed->kind, parsed->fields);
  if (!printed.ok() || *printed != path) std::abort();
  return 0;
}
