// SPDX-License-Identifier: Apache-2.0
// What the kernel said, as an error of ours.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "varve/status.h"

namespace varve::internal {

/// `result` is a negative errno, as FileSystem returns it; `what` says what could not be done.
/// Kinds: NotFound; AlreadyExists; ResourceExhausted for a full disk, quota or table of open files;
/// Invalid for symbolic links and names that are too long; else Io
Status ErrnoStatus(int64_t result, std::string_view what, const std::string& object);

/// True for errors that trying again cannot cure: no room.
bool IsFull(int64_t result);

}  // namespace varve::internal
