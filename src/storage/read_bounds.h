// SPDX-License-Identifier: Apache-2.0
// Whether a range lies in an object, checked before memory is allocated or bytes are touched.
#pragma once

#include <cstdint>
#include <string>

#include "varve/status.h"

namespace varve::internal {

/// Errors: Invalid for a negative offset or length; Corruption if the object of `size` bytes ends
/// before offset + length
Status CheckReadBounds(const std::string& object, int64_t size, int64_t offset, int64_t length);

/// The object was to have `length` bytes from `offset` on and has only `found`.
Status ShortRead(const std::string& object, int64_t offset, int64_t length, int64_t found);

}  // namespace varve::internal
