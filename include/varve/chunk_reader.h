// SPDX-License-Identifier: Apache-2.0
// Reading an object that a ChunkManager (chunk_manager.h) has opened.
//
// Errors:   a short read is never returned as success
// Threads:  all methods may be called concurrently
// Lifetime: a reader keeps what it needs of its store alive
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// One range of a vectored read: `length` bytes at `offset` into `out`, which the caller owns.
struct ReadRange {
  int64_t offset = 0;
  int64_t length = 0;
  void* out = nullptr;
};

/// Ranges of one object, of many that are read together.
struct ObjectRanges {
  std::string path;
  int64_t size = 0;  ///< of the object; a wrong one is found when a read comes short
  std::vector<ReadRange> ranges;
};

/// What bytes between two ranges are worth, where each request has a price of its own.
enum class ReadPattern {
  kPoint,  ///< a few values here and there
  kScan,   ///< most of the object, sooner or later
};

/// An object that is open for reading.
class VARVE_EXPORT ChunkReader {
 public:
  virtual ~ChunkReader() = default;

  virtual const std::string& path() const = 0;
  virtual int64_t size() const = 0;

  /// Reads exactly `length` bytes at `offset` into `out`.
  /// Errors: Corruption if the object ends before offset + length; kIo
  virtual Status ReadAt(int64_t offset, int64_t length, void* out) const = 0;

  /// All of `ranges`, in any order, with as few requests as the store likes. The default reads one
  /// by one.
  virtual Status ReadRanges(std::span<const ReadRange> ranges) const;

  /// The whole object mapped into memory, read-only, or nullptr where the store cannot. The same
  /// mapping is returned every time; it lives as long as a buffer of it does. Touching a page of an
  /// object that was truncated meanwhile raises SIGBUS (see docs/guide/integrity.md).
  virtual Result<std::shared_ptr<arrow::Buffer>> Map() const;

  /// Reads into a new buffer.
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t offset, int64_t length) const;
};

}  // namespace varve
