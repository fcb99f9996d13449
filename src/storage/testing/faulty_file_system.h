// SPDX-License-Identifier: Apache-2.0
// The operating system's files, with calls that fail when told to.
//
// Threads: all methods may be called concurrently.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "storage/local/posix_file_system.h"

namespace varve::internal {

enum class FileCall {
  kOpenUnnamed,
  kReadAt,
  kWriteAt,
  kCopyRange,
  kSync,  ///< of files
  kSyncData,
  kSyncDirectory,
  kLinkUnnamed,
  kLink,
  kRename,
  kUnlink,
  kLock,
};

class FaultyFileSystem : public PosixFileSystem {
 public:
  using PosixFileSystem::PosixFileSystem;

  /// The next `count` calls return -`error` and do nothing, after `skip` that go through.
  void Fail(FileCall call, int error, int64_t count = 1, int64_t skip = 0);
  /// The next link takes effect and is reported as failed.
  void LoseAnswerOfLink(int error);
  /// Reads and writes move at most `bytes` a call.
  void LimitTransfers(int64_t bytes);
  int64_t num_calls(FileCall call) const;

  int OpenUnnamed(int directory) override;
  int64_t ReadAt(int file, void* out, size_t length, int64_t offset) override;
  int64_t WriteAt(int file, std::span<const iovec> pieces, int64_t offset) override;
  int64_t CopyRange(int from, int to, int64_t offset, size_t length) override;
  int Sync(int file) override;
  int SyncData(int file) override;
  int LinkUnnamed(int file, int directory, const char* name) override;
  int Link(int directory, const char* from, const char* to) override;
  int Rename(int directory, const char* from, const char* to) override;
  int Unlink(int directory, const char* name) override;
  int Lock(int file) override;

 private:
  struct Plan {
    int error = 0;
    int64_t skip = 0;
    int64_t count = 0;
    int64_t num_calls = 0;
  };

  // 0, or the negative errno that this call is to return.
  int Next(FileCall call);

  mutable std::mutex mutex_;
  std::map<FileCall, Plan> plans_;  ///< this and below guarded by mutex_
  int lost_link_error_ = 0;
  int64_t transfer_bytes_max_ = INT64_MAX;
};

}  // namespace varve::internal
