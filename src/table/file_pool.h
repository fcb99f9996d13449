// SPDX-License-Identifier: Apache-2.0
// Open packed files of a table, shared by its snapshots, and by all tables of the process at one
// address of a store that maps. What a reader learns (footer, page index, verified pages) is kept
// as long as it stays in the pool.
//
// Threads: all methods may be called concurrently.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/executor.h"
#include "manifest/manifest.h"
#include "packed/packed_file_reader.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

/// A file that a manifest names and that is not there is damage, not an absent table: NotFound
/// becomes Corruption.
Status MissingFileIsDamage(const Status& status);

class FilePool {
 public:
  /// `map` false: PackedFileHints::map
  FilePool(std::shared_ptr<ChunkManager> store, Executor* executor, bool map = true)
      : store_(std::move(store)), executor_(executor), map_(map) {}

  /// The pool of this process for what lies at the store's address, made by who asks first. It goes
  /// with its last user.
  static std::shared_ptr<FilePool> Shared(const std::shared_ptr<ChunkManager>& store,
                                          Executor* executor);

  /// The reader of `file`, opened at need. Least recently used readers are let go above a fixed
  /// number, so that a table of many small files stays below the limit of open files.
  Result<std::shared_ptr<PackedFileReader>> Get(const FileEntry& file);

  const std::shared_ptr<ChunkManager>& store() const { return store_; }
  Executor* executor() const { return executor_; }
  bool maps() const { return map_; }

 private:
  struct Slot {
    std::shared_ptr<PackedFileReader> reader;
    std::list<std::string>::iterator use;
  };

  const std::shared_ptr<ChunkManager> store_;
  Executor* const executor_;
  const bool map_;

  std::mutex mutex_;  // guards what follows; never held while a file is opened
  std::unordered_map<std::string, Slot> slots_;
  std::list<std::string> uses_;  // most recent first
};

}  // namespace varve::internal
