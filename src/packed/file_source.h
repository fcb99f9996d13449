// SPDX-License-Identifier: Apache-2.0
// The bytes of one object: opened when first needed, mapped where the store can, every access
// counted.
//
// Errors:   as ChunkReader; an open or mapping that failed is tried again by the next call
// Threads:  all methods may be called concurrently
// Lifetime: a mapping lives as long as a buffer of it does
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "arrow/buffer.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class FileSource {
 public:
  /// `known_bytes` < 0: the store is asked.
  FileSource(std::shared_ptr<ChunkManager> store, std::string path, int64_t known_bytes)
      : store_(std::move(store)), path_(std::move(path)), known_bytes_(known_bytes) {}

  const std::string& path() const { return path_; }
  Result<int64_t> size() const;

  Status ReadAt(int64_t offset, int64_t length, void* out) const;
  Status ReadRanges(std::span<const ReadRange> ranges) const;
  /// [offset, offset + length): a slice of the mapping where there is one, else a copy.
  Result<std::shared_ptr<arrow::Buffer>> View(int64_t offset, int64_t length) const;
  /// The same, always in memory of its own.
  Result<std::shared_ptr<arrow::Buffer>> Copy(int64_t offset, int64_t length) const;
  /// The whole object mapped, or nullptr where the store cannot.
  Result<std::shared_ptr<arrow::Buffer>> Map() const;

  int64_t ranges_read() const { return ranges_read_.load(std::memory_order_relaxed); }
  int64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  /// For reads that went through the mapping.
  void CountMapped(int64_t bytes) const { Count(1, bytes); }

 private:
  Result<ChunkReader*> Reader() const;
  void Count(int64_t ranges, int64_t bytes) const;

  const std::shared_ptr<ChunkManager> store_;
  const std::string path_;
  const int64_t known_bytes_;
  mutable std::mutex mutex_;                        // guards what follows until it is set
  mutable std::shared_ptr<ChunkReader> reader_;     // published by reader_ready_
  mutable std::shared_ptr<arrow::Buffer> mapping_;  // published by mapping_ready_
  mutable std::atomic<bool> reader_ready_{false};
  mutable std::atomic<bool> mapping_ready_{false};
  mutable std::atomic<int64_t> ranges_read_{0};
  mutable std::atomic<int64_t> bytes_read_{0};
};

}  // namespace varve::internal
