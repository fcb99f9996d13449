// SPDX-License-Identifier: Apache-2.0
// The CRC-32 of each block of a column chunk, as the file keeps them: mapped where the store can,
// else fetched a page of 4 KiB (1,024 blocks) at a time when a block is read, and kept.
//
// Errors:   those of reading. Checksums are not checked themselves: one that is wrong makes its
//           block a bad one
// Threads:  const methods may be called concurrently
// Source:   docs/format/packed-file.md, "Block checksums"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "arrow/type_fwd.h"
#include "packed/file_source.h"
#include "packed/read_wave.h"

namespace varve::internal {

class BlockChecksums {
 public:
  BlockChecksums(std::shared_ptr<const FileSource> source, int64_t offset, int64_t num_blocks);

  /// Makes those of blocks [begin, end) available to At.
  Status Load(int64_t begin, int64_t end) const;
  /// Adds to `wave` what Load would have to read.
  void Plan(int64_t begin, int64_t end, ReadWave* wave) const;
  /// REQUIRES: loaded
  uint32_t At(int64_t block) const;
  /// The bytes that At reads where they are mapped; empty elsewhere.
  std::span<const uint8_t> mapped() const;
  /// What was fetched is fetched again when it is next needed. Not for mapped files.
  void Forget() const;

 private:
  static constexpr int64_t kPerPage = 1024;

  int64_t BytesOfPage(int64_t page) const;

  const std::shared_ptr<const FileSource> source_;
  const int64_t offset_;
  const int64_t num_blocks_;
  mutable std::mutex mutex_;  // guards what follows until it is published
  mutable std::shared_ptr<arrow::Buffer> mapped_;
  mutable std::atomic<bool> is_mapped_{false};
  // What has been fetched stays until the end: readers hold no lock.
  mutable std::vector<std::shared_ptr<arrow::Buffer>> held_;
  mutable std::vector<std::atomic<const uint8_t*>> pages_;
  mutable std::vector<std::atomic<bool>> is_loaded_;
};

}  // namespace varve::internal
