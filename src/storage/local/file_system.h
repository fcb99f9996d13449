// SPDX-License-Identifier: Apache-2.0
// The system calls of the local store, injected, so that tests can make each of them fail, and can
// pull the plug between any two.
//
// Results:  what the call returns, or a negative errno. Short reads and writes and EINTR reach the
//           caller, as they do from the kernel.
// Names:    one part without '/', except where said; symbolic links are never followed, except by
//           OpenRoot.
// Threads:  all methods may be called concurrently.
// Source:   open(2), openat2(2), linkat(2), fsync(2), sync_file_range(2)
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

namespace varve::internal {

enum class FileType { kRegular, kDirectory, kOther };

struct FileStat {
  FileType type = FileType::kOther;
  int64_t size = 0;
  int64_t modified_micros = 0;  ///< since the epoch
  int64_t num_links = 0;        ///< 0: nobody finds it by name any more
};

enum class OpenMode {
  kRead,
  kWriteExisting,
  kCreateNew,     ///< -EEXIST if the name is taken; read and write
  kCreateOrOpen,  ///< read and write
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// The directory at the absolute `path`, for use as `directory` below; follows symbolic links.
  virtual int OpenRoot(const char* path) = 0;
  /// The directory at `path`, one or more parts joined by '/', which stays beneath `directory`.
  virtual int OpenDirectory(int directory, const char* path) = 0;
  virtual int Open(int directory, const char* name, OpenMode mode) = 0;
  /// A new file without a name in the file system of `directory` (O_TMPFILE), to read and write;
  /// -EOPNOTSUPP where there is no such thing.
  virtual int OpenUnnamed(int directory) = 0;
  virtual void Close(int file) = 0;

  virtual int64_t ReadAt(int file, void* out, size_t length, int64_t offset) = 0;
  virtual int64_t WriteAt(int file, std::span<const iovec> pieces, int64_t offset) = 0;
  /// Copies within the kernel, from and to the same offset. -EOPNOTSUPP where it cannot.
  virtual int64_t CopyRange(int from, int to, int64_t offset, size_t length) = 0;

  /// fsync: data and attributes of a file, or the entries of a directory, are on stable storage.
  virtual int Sync(int file) = 0;
  /// fdatasync: the data, and what it takes to find it again.
  virtual int SyncData(int file) = 0;
  /// Starts writing dirty pages out, without waiting and without any promise.
  virtual int StartWriteback(int file, int64_t offset, int64_t length) = 0;

  /// Gives the unnamed `file` its name; -EEXIST if that is taken.
  virtual int LinkUnnamed(int file, int directory, const char* name) = 0;
  /// A second name; -EEXIST if that is taken.
  virtual int Link(int directory, const char* from, const char* to) = 0;
  /// Atomic; replaces `to`.
  virtual int Rename(int directory, const char* from, const char* to) = 0;
  virtual int Unlink(int directory, const char* name) = 0;
  virtual int MakeDirectory(int directory, const char* name) = 0;

  virtual int Stat(int file, FileStat* stat) = 0;
  virtual int StatName(int directory, const char* name, FileStat* stat) = 0;
  /// Calls `visit` with every name but "." and "..", in no order.
  virtual int ListNames(int directory,
                        const std::function<void(std::string_view, FileType)>& visit) = 0;

  /// Waits for the advisory lock of the open file (flock).
  virtual int Lock(int file) = 0;
  virtual int Unlock(int file) = 0;

  /// The first `length` > 0 bytes, shared and read-only; -EOPNOTSUPP where a mapping is not safe
  /// to use.
  virtual int Map(int file, int64_t length, const void** address) = 0;
  virtual void Unmap(const void* address, int64_t length) = 0;

  /// The clock that stamps files. Never ahead of a file that is written after the call.
  virtual int64_t NowMicros() = 0;

  /// The operating system. Lives for ever.
  static FileSystem* Posix();
};

}  // namespace varve::internal
