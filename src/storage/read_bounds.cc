// SPDX-License-Identifier: Apache-2.0
#include "storage/read_bounds.h"

#include <algorithm>

namespace varve::internal {

Status ShortRead(const std::string& object, int64_t offset, int64_t length, int64_t found) {
  return Corruption("the object ends too early", {.object = object,
                                                  .offset = offset,
                                                  .expected = std::to_string(length) + " bytes",
                                                  .found = std::to_string(found) + " bytes"});
}

Status CheckReadBounds(const std::string& object, int64_t size, int64_t offset, int64_t length) {
  if (offset < 0 || length < 0) {
    return MakeError(
        ErrorKind::kInvalid, "a range to read has a negative offset or length",
        {.object = object, .found = std::to_string(offset) + "+" + std::to_string(length)});
  }
  // Not offset + length, which may overflow.
  if (offset > size || length > size - offset) {
    return ShortRead(object, offset, length, std::max<int64_t>(size - offset, 0));
  }
  return Status::OK();
}

}  // namespace varve::internal
