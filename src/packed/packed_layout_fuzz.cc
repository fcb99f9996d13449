// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a layout record: refused, or a layout that encodes to one that is equal.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "packed/packed_layout.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using varve::internal::PackedLayout;
  const std::string object = "fuzz";
  const auto decoded = PackedLayout::Decode({reinterpret_cast<const char*>(data), size}, object);
  if (!decoded.ok()) return 0;
  for (const auto& group : decoded->row_groups) {
    for (const auto& chunk : group.columns) {
      if (!chunk.addressable() || chunk.num_values == 0) continue;
      if (chunk.OffsetOf(chunk.num_values - 1) + chunk.width > decoded->tail_offset) std::abort();
    }
  }
  const auto again = PackedLayout::Decode(decoded->Encode(), object);
  if (!again.ok() || !(*again == *decoded)) std::abort();
  return 0;
}
