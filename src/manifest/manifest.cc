// SPDX-License-Identifier: Apache-2.0
#include "manifest/manifest.h"

namespace varve::internal {

int64_t Manifest::num_rows() const {
  int64_t total = 0;
  for (const auto& segment : segments) total += segment->num_rows;
  return total;
}

}  // namespace varve::internal
