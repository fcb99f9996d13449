// SPDX-License-Identifier: Apache-2.0
// The operating system's files.
#pragma once

#include <atomic>

#include "storage/local/file_system.h"

namespace varve::internal {

/// Names are resolved by openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS where the kernel has
/// it (5.6), else part by part with O_NOFOLLOW.
class PosixFileSystem : public FileSystem {
 public:
  explicit PosixFileSystem(bool use_openat2 = true) : has_openat2_(use_openat2) {}

  int OpenRoot(const char* path) override;
  int OpenDirectory(int directory, const char* path) override;
  int Open(int directory, const char* name, OpenMode mode) override;
  int OpenUnnamed(int directory) override;
  void Close(int file) override;
  int64_t ReadAt(int file, void* out, size_t length, int64_t offset) override;
  int64_t WriteAt(int file, std::span<const iovec> pieces, int64_t offset) override;
  int64_t CopyRange(int from, int to, int64_t offset, size_t length) override;
  int Sync(int file) override;
  int SyncData(int file) override;
  int StartWriteback(int file, int64_t offset, int64_t length) override;
  int LinkUnnamed(int file, int directory, const char* name) override;
  int Link(int directory, const char* from, const char* to) override;
  int Rename(int directory, const char* from, const char* to) override;
  int Unlink(int directory, const char* name) override;
  int MakeDirectory(int directory, const char* name) override;
  int Stat(int file, FileStat* stat) override;
  int StatName(int directory, const char* name, FileStat* stat) override;
  int ListNames(int directory,
                const std::function<void(std::string_view, FileType)>& visit) override;
  int Lock(int file) override;
  int Unlock(int file) override;
  int Map(int file, int64_t length, const void** address) override;
  void Unmap(const void* address, int64_t length) override;
  int64_t NowMicros() override;

 private:
  int OpenBeneath(int directory, const char* path, int flags, unsigned mode);
  int OpenPartByPart(int directory, const char* path, int flags, unsigned mode);

  std::atomic<bool> has_openat2_;
};

}  // namespace varve::internal
