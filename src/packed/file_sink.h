// SPDX-License-Identifier: Apache-2.0
// The front of a packed file as it is written: position, alignment, and the CRC-32 of all bytes so
// far, joined from checksums that the pages needed anyway.
//
// Threads: one caller at a time
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/crc32.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class FileSink {
 public:
  explicit FileSink(std::unique_ptr<ChunkWriter> writer) : writer_(std::move(writer)) {}

  int64_t position() const { return position_; }
  uint32_t crc32() const { return crc32_; }

  Status Write(std::span<const uint8_t> bytes);
  /// Zeros until (position + ahead) is a multiple of 64.
  Status Align(int64_t ahead = 0);
  /// `pieces[0]` and then a body whose CRC-32 and length (the rest of the pieces) are known.
  /// `body_length` is that of `body`.
  Status WritePage(std::span<const std::span<const uint8_t>> pieces, uint32_t body_crc32,
                   int64_t body_bytes, const Crc32Combiner& body_length);

  ChunkWriter* writer() { return writer_.get(); }

 private:
  std::unique_ptr<ChunkWriter> writer_;
  int64_t position_ = 0;
  uint32_t crc32_ = 0;
};

}  // namespace varve::internal
