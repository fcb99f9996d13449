// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as the SLICE_META of some slices: refused, or blobs that are cut and put together
// as they were.
// Seeds: tests/fixtures/fuzz/index_slices/
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "arrow/buffer.h"
#include "varve/index_slices.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace varve;  // NOLINT
  const auto blob = [](const char* text) { return arrow::Buffer::FromString(text); };
  BinarySet slices = {{"a_0", blob("0123")}, {"a_1", blob("4567")}, {"a_2", blob("89")},
                      {"b_0", blob("01")},   {"b", blob("x")},      {"c", blob("")}};
  slices[std::string(kSliceMetaName)] =
      arrow::Buffer::FromString({reinterpret_cast<const char*>(data), size});
  const auto whole = AssembleBinarySet(slices, "fuzz");
  if (!whole.ok()) return 0;
  const auto cut = SliceBinarySet(*whole, 3);
  if (!cut.ok()) return 0;  // a blob named as a slice would be
  const auto again = AssembleBinarySet(*cut, "fuzz");
  if (!again.ok() || again->size() != whole->size()) std::abort();
  for (const auto& [name, bytes] : *whole) {
    if (again->count(name) == 0 || !again->at(name)->Equals(*bytes)) std::abort();
  }
  return 0;
}
