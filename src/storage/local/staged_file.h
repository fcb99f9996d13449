// SPDX-License-Identifier: Apache-2.0
// A file that is written before it has its name: complete and synced first, visible after.
//
// Without a name (O_TMPFILE) until it is published, so that a crash leaves nothing; where the file
// system has no such files, under a random reserved name, which is hidden from listings.
//
// Errors:   a failed Sync ends the file: its pages may be marked clean and be lost. Write the bytes
//           again into a new one.
// Threads:  one caller at a time.
// Source:   open(2), "O_TMPFILE"; Rebello et al., "Can Applications Recover from fsync Failures?"
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "storage/local/directory_tree.h"
#include "storage/local/file_system.h"
#include "varve/status.h"

namespace varve::internal {

/// Begins the names of staged files that have one; 32 hexadecimal digits follow.
inline constexpr std::string_view kTemporaryPrefix = ".varve-new-";

/// What staged files of one store share.
struct StagingArea {
  FileSystem* files = nullptr;
  Random* random = nullptr;
  bool sync = true;
  std::atomic<bool> has_unnamed{true};  ///< false once the file system has refused one
};

class StagedFile {
 public:
  /// `object` names the file in errors.
  static Result<std::unique_ptr<StagedFile>> Create(StagingArea* area,
                                                    std::shared_ptr<Directory> directory,
                                                    std::string object);
  /// Discards what was not published.
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  int file() const { return file_; }
  int64_t size() const { return size_; }

  /// Appends all of `pieces`; their descriptions are consumed.
  Status Append(std::span<iovec> pieces);
  Status Append(std::span<const uint8_t> bytes);
  /// Appends the first `size` bytes of the open file `from`, in the kernel where it can.
  /// Errors: Corruption naming `source` if it comes short
  Status AppendFile(int from, int64_t size, const std::string& source);

  void StartWriteback(int64_t offset, int64_t length);
  /// Bytes on stable storage; nothing where the store does not sync. Returns 0 or a negative errno.
  int Sync();
  int SyncData();

  /// Gives the file its name and syncs the directory. False: the name is taken, by an object whose
  /// entry is synced too. On an error the name may or may not be there.
  /// Errors: Invalid if a directory has the name
  Result<bool> PublishAsNew(const std::string& name);
  /// The same, but takes the place of what is there.
  Status PublishOver(const std::string& name);

 private:
  StagedFile(StagingArea* area, std::shared_ptr<Directory> directory, std::string object);
  Status CreateNamed();
  int LinkTo(const std::string& name);
  void RemoveTemporary();
  std::string TemporaryName() const;

  StagingArea* const area_;
  const std::shared_ptr<Directory> directory_;
  const std::string object_;
  int file_ = -1;
  int64_t size_ = 0;
  std::string temporary_;  ///< the name until published; empty if it has none
};

/// Whether `name` is an object of `directory`. If it is and the store syncs, its entry is on stable
/// storage. Errors: Invalid if a directory or a symbolic link has the name
Result<bool> FindPublished(StagingArea* area, Directory* directory, const std::string& name,
                           const std::string& object);

}  // namespace varve::internal
