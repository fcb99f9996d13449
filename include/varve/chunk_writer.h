// SPDX-License-Identifier: Apache-2.0
// Writing a new object into a ChunkManager (chunk_manager.h), piece by piece.
//
// Threads:  one caller at a time
// Lifetime: a writer keeps what it needs of its store alive
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct MakeWriterOptions {
  /// Expected size in bytes, 0 if unknown; a hint for preallocation and part sizes.
  int64_t size_hint = 0;
  /// Nobody else writes an object of this name: where a condition costs a request of its own, the
  /// store need not make sure.
  bool name_is_fresh = false;
  /// Close takes the place of an object that is there, which is whole until then; else an object
  /// that is there is an error.
  bool replace = false;
  /// Of the parts of a long upload, where there are such; 0: what the store does of itself.
  int64_t part_bytes = 0;
};

/// Streams one new object. The object does not exist until Close returns OK; destroying an unclosed
/// writer aborts it.
class VARVE_EXPORT ChunkWriter {
 public:
  virtual ~ChunkWriter() = default;

  virtual const std::string& path() const = 0;
  virtual int64_t bytes_written() const = 0;

  /// Appends. After a failure the writer is failed: only Abort may follow.
  virtual Status Write(std::span<const uint8_t> bytes) = 0;
  /// Appends several pieces with few system calls. The default writes one by one.
  virtual Status WriteAll(std::span<const std::span<const uint8_t>> pieces);

  /// Makes the object visible, and durable where the store says so.
  /// Errors: AlreadyExists if an object of that name appeared meanwhile (nothing is overwritten,
  ///         unless MakeWriterOptions::replace says so).
  virtual Status Close() = 0;
  /// Leaves nothing behind. Harmless after Close or a failure.
  virtual Status Abort() = 0;
};

}  // namespace varve
