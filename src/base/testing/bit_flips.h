// SPDX-License-Identifier: Apache-2.0
// How many damages tests try: VARVE_BIT_FLIPS, or 20,000.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace varve::internal {

inline int64_t NumBitFlips() {
  const char* text = std::getenv("VARVE_BIT_FLIPS");
  return text == nullptr ? 20'000 : std::atoll(text);
}

}  // namespace varve::internal
