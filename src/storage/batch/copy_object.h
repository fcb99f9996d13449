// SPDX-License-Identifier: Apache-2.0
// One object from store to store, piece by piece.
//
// Threads: as the stores
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "storage/batch/byte_budget.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"

namespace varve::internal {

struct ObjectCopy {
  ChunkManager* source;
  std::string from;
  ChunkManager* target;
  std::string to;
  int64_t known_size = -1;
  bool overwrite = false;
  /// Told of every piece that has been handed to the target; may be nullptr.
  std::function<void(int64_t bytes)> on_bytes;
};

/// Errors: NotFound; AlreadyExists if there is an object and `overwrite` is not said. With it, that
/// object is whole until its replacement is.
Status CopyObject(const ObjectCopy& copy, ByteBudget* budget);

/// Whether the two objects, of `size` bytes both, have the same bytes.
Result<bool> HaveEqualBytes(ChunkManager* one, ChunkManager* other, const std::string& path,
                            int64_t size, ByteBudget* budget);

}  // namespace varve::internal
