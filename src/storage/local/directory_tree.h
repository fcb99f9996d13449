// SPDX-License-Identifier: Apache-2.0
// The directories under a store's root, kept open so that reaching an object takes one call.
//
// Durability: a directory that Make returns is on stable storage under its name, and so is every
//             directory above it up to the root's parent, whoever created them. Another process may
//             have made the directory a moment ago and not have synced it yet, so the first use
//             syncs the parents even of directories that were there.
// Threads:    all methods may be called concurrently.
// Source:     fsync(2): syncing a file does not sync the entry that names it
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "storage/local/file_system.h"
#include "varve/status.h"

namespace varve::internal {

/// An open directory; closed with its last user.
class Directory {
 public:
  Directory(FileSystem* files, int file) : files_(files), file_(file) {}
  ~Directory() { files_->Close(file_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  int file() const { return file_; }
  /// Whether it was removed; whoever holds it open would work in a place that nobody else sees.
  bool IsGone() const;

  /// Puts the entries on stable storage. After one failure every later call fails too: the kernel
  /// reports a lost entry once, and a second fsync would return success without having written it.
  Status Sync(const std::string& object);

 private:
  FileSystem* const files_;
  const int file_;
  std::atomic<bool> sync_failed_{false};
};

class DirectoryTree {
 public:
  /// `root` is absolute, without a '/' at its end; it need not exist.
  DirectoryTree(FileSystem* files, std::string root, bool sync);

  /// The directory at `path`, which CheckObjectPath has accepted ("" is the root).
  /// Errors: NotFound; Invalid for a symbolic link on the way
  Result<std::shared_ptr<Directory>> Find(std::string_view path);

  /// The same, created as needed, with the root and what is above it.
  Result<std::shared_ptr<Directory>> Make(std::string_view path);

  /// Closes what is kept open, so that directories which were removed and made again are found.
  void Forget();

 private:
  struct Entry {
    std::shared_ptr<Directory> directory;
    bool is_made = false;  ///< durable, as Make promises
  };

  std::shared_ptr<Directory> Cached(std::string_view path, bool made);
  std::shared_ptr<Directory> Remember(std::string_view path, std::shared_ptr<Directory> directory,
                                      bool made);
  Result<std::shared_ptr<Directory>> MakeRoot();
  Status SyncAboveRoot();
  Result<std::shared_ptr<Directory>> MakeIn(Directory* parent, const std::string& name,
                                            const std::string& object);

  FileSystem* const files_;
  const std::string root_;
  const bool sync_;
  std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> open_;  ///< guarded by mutex_
};

}  // namespace varve::internal
