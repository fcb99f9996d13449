// SPDX-License-Identifier: Apache-2.0
#include "packed/leaf_chunk.h"

namespace varve::internal {

void LeafChunk::MoveTo(int64_t offset) {
  // A dictionary page can only come first.
  if (!dictionary_encodings.empty()) dictionary_page_offset += offset;
  data_page_offset += offset;
  for (PageRecord& page : pages) page.offset += offset;
}

}  // namespace varve::internal
