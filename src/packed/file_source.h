// SPDX-License-Identifier: Apache-2.0
// The bytes of one object: opened when first needed, mapped where the store can, every access
// counted. Of an object that is far away, ranges may be staged in memory, ahead of the reads that
// want them (packed/read_wave.h).
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
#include <vector>

#include "arrow/buffer.h"
#include "packed/staged_ranges.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class FileSource : public std::enable_shared_from_this<FileSource> {
 public:
  /// `known_bytes` < 0: the store is asked. `map` false: as if the store could not.
  FileSource(std::shared_ptr<ChunkManager> store, std::string path, int64_t known_bytes,
             bool map = true)
      : store_(std::move(store)),
        path_(std::move(path)),
        known_bytes_(known_bytes),
        is_remote_(!map || !store_->features().mapping) {}
  /// Over an object that is open already, of a store that maps.
  explicit FileSource(std::shared_ptr<ChunkReader> reader)
      : path_(reader->path()),
        known_bytes_(reader->size()),
        is_remote_(false),
        reader_(std::move(reader)),
        reader_ready_(true) {}

  const std::string& path() const { return path_; }
  /// nullptr where it was opened by others.
  const std::shared_ptr<ChunkManager>& store() const { return store_; }
  /// Nothing is mapped. A read may be a request that takes its time: it pays to say what will be
  /// read.
  bool is_remote() const { return is_remote_; }
  Result<int64_t> size() const;

  Status ReadAt(int64_t offset, int64_t length, void* out) const;
  Status ReadRanges(std::span<const ReadRange> ranges) const;
  /// [offset, offset + length): a slice of the mapping where there is one, else a copy.
  Result<std::shared_ptr<arrow::Buffer>> View(int64_t offset, int64_t length) const;
  /// The same, always in memory of its own.
  Result<std::shared_ptr<arrow::Buffer>> Copy(int64_t offset, int64_t length) const;
  /// The whole object mapped, or nullptr where the store cannot.
  Result<std::shared_ptr<arrow::Buffer>> Map() const;

  /// Reads within `staged` are served from it, until it is unstaged.
  void Stage(std::shared_ptr<const StagedRanges> staged) const;
  void Unstage(const StagedRanges* staged) const;
  bool IsStaged(int64_t offset, int64_t length) const;
  /// The bytes as they lie in staged memory, without a copy; nullptr if they do not.
  std::shared_ptr<arrow::Buffer> StagedSlice(int64_t offset, int64_t length) const;
  /// Nothing is staged any more: what was fetched may have been damaged on its way. What was kept
  /// stays.
  void DropStaged() const;
  /// As Stage, for good. REQUIRES: `bytes` were verified
  void Keep(int64_t offset, std::shared_ptr<arrow::Buffer> bytes) const;

  int64_t ranges_read() const { return ranges_read_.load(std::memory_order_relaxed); }
  int64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  /// For reads that went through the mapping.
  void CountMapped(int64_t bytes) const { Count(1, bytes); }
  /// For reads by others, on their way to being staged.
  void CountFetched(std::span<const ReadRange> ranges) const;

 private:
  Result<ChunkReader*> Reader() const;
  void Count(int64_t ranges, int64_t bytes) const;
  /// Whether the bytes were in memory; then they are at `out`, unless that is nullptr.
  bool CopyStaged(int64_t offset, int64_t length, void* out) const;

  const std::shared_ptr<ChunkManager> store_;
  const std::string path_;
  const int64_t known_bytes_;
  const bool is_remote_;
  mutable std::mutex mutex_;                        // guards what follows until it is set
  mutable std::shared_ptr<ChunkReader> reader_;     // published by reader_ready_
  mutable std::shared_ptr<arrow::Buffer> mapping_;  // published by mapping_ready_
  mutable std::atomic<bool> reader_ready_{false};
  mutable std::atomic<bool> mapping_ready_{false};
  mutable std::mutex staged_mutex_;  // guards what follows
  mutable std::vector<std::shared_ptr<const StagedRanges>> staged_;
  mutable std::vector<std::shared_ptr<const StagedRanges>> kept_;
  mutable std::atomic<int64_t> ranges_read_{0};
  mutable std::atomic<int64_t> bytes_read_{0};
};

}  // namespace varve::internal
