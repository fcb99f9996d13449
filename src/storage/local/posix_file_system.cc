// SPDX-License-Identifier: Apache-2.0
#include "storage/local/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace varve::internal {
namespace {

constexpr int kRacesMax = 100;

template <typename T>
T ValueOrErrno(T result) {
  return result < 0 ? static_cast<T>(-errno) : result;
}

FileType TypeOfMode(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  return FileType::kOther;
}

FileStat FromKernel(const struct stat& from) {
  return {.type = TypeOfMode(from.st_mode),
          .size = from.st_size,
          .modified_micros = from.st_mtim.tv_sec * 1'000'000 + from.st_mtim.tv_nsec / 1'000,
          .num_links = static_cast<int64_t>(from.st_nlink)};
}

// File systems on which a mapped page faults only if the file is truncated or the disk fails. On
// network and FUSE file systems a lost connection would be a SIGBUS, so those are not mapped.
// linux/magic.h does not name all of them.
constexpr std::array<unsigned long, 9> kMappableFileSystems = {
    EXT4_SUPER_MAGIC,  // ext2 and ext3 too
    XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
    0x2fc12fc1,  // ZFS
    0xca451a4e,  // bcachefs
    0x858458f6,  // ramfs
};

}  // namespace

FileSystem* FileSystem::Posix() {
  static PosixFileSystem file_system;
  return &file_system;
}

int PosixFileSystem::OpenBeneath(int directory, const char* path, int flags, unsigned mode) {
  for (int attempt = 0; has_openat2_.load(std::memory_order_relaxed); ++attempt) {
    struct open_how how = {};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const auto file = static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof(how)));
    if (file >= 0) return file;
    // A rename elsewhere raced with the walk; a machine busy with renames must not hold us for
    // ever.
    if (errno == EAGAIN && attempt < kRacesMax) continue;
    // A sandbox that does not know the call may answer EPERM; then the walk below says the same
    // where the permission is really missing.
    if (errno != ENOSYS && errno != EPERM && errno != EAGAIN) return -errno;
    if (errno == ENOSYS) has_openat2_.store(false, std::memory_order_relaxed);
    break;
  }
  return OpenPartByPart(directory, path, flags, mode);
}

int PosixFileSystem::OpenPartByPart(int directory, const char* path, int flags, unsigned mode) {
  int at = directory;
  for (const char* part = path;;) {
    const char* const slash = std::strchr(part, '/');
    const size_t length = slash == nullptr ? std::strlen(part) : static_cast<size_t>(slash - part);
    char name[NAME_MAX + 1];
    int next = -ENAMETOOLONG;
    if (length <= NAME_MAX) {
      std::memcpy(name, part, length);
      name[length] = '\0';
      if (length == 0 || std::strcmp(name, "..") == 0) {
        next = -EXDEV;
      } else if (slash != nullptr) {
        next = ValueOrErrno(openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      } else {
        next = ValueOrErrno(openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, mode));
      }
    }
    if (at != directory) close(at);
    if (next < 0 || slash == nullptr) return next;
    at = next;
    part = slash + 1;
  }
}

int PosixFileSystem::OpenRoot(const char* path) {
  return ValueOrErrno(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int PosixFileSystem::OpenDirectory(int directory, const char* path) {
  return OpenBeneath(directory, path, O_RDONLY | O_DIRECTORY, 0);
}

int PosixFileSystem::Open(int directory, const char* name, OpenMode mode) {
  // O_NONBLOCK: a FIFO under this name must not hang us; regular files ignore it.
  switch (mode) {
    case OpenMode::kRead:
      return OpenBeneath(directory, name, O_RDONLY | O_NONBLOCK, 0);
    case OpenMode::kWriteExisting:
      return OpenBeneath(directory, name, O_WRONLY | O_NONBLOCK, 0);
    case OpenMode::kCreateNew:
      return OpenBeneath(directory, name, O_RDWR | O_CREAT | O_EXCL, 0666);
    case OpenMode::kCreateOrOpen:
      return OpenBeneath(directory, name, O_RDWR | O_CREAT | O_NONBLOCK, 0666);
  }
  return -EINVAL;
}

int PosixFileSystem::OpenUnnamed(int directory) {
  const int file = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (file >= 0) return file;
  // Kernels and file systems without it say one of these.
  if (errno == EISDIR || errno == EINVAL || errno == ENOSYS) return -EOPNOTSUPP;
  return -errno;
}

void PosixFileSystem::Close(int file) {
  // Not again after EINTR: Linux has closed it, and the number may be somebody else's by now.
  close(file);
}

int64_t PosixFileSystem::ReadAt(int file, void* out, size_t length, int64_t offset) {
  return ValueOrErrno(pread(file, out, length, offset));
}

int64_t PosixFileSystem::WriteAt(int file, std::span<const iovec> pieces, int64_t offset) {
  const int count = static_cast<int>(std::min<size_t>(pieces.size(), IOV_MAX));
  return ValueOrErrno(pwritev(file, pieces.data(), count, offset));
}

int64_t PosixFileSystem::CopyRange(int from, int to, int64_t offset, size_t length) {
  off_t from_offset = offset;
  off_t to_offset = offset;
  const ssize_t copied = copy_file_range(from, &from_offset, to, &to_offset, length, 0);
  if (copied >= 0) return copied;
  if (errno == ENOSYS || errno == EXDEV || errno == EINVAL) return -EOPNOTSUPP;
  return -errno;
}

int PosixFileSystem::Sync(int file) { return ValueOrErrno(fsync(file)); }

int PosixFileSystem::SyncData(int file) { return ValueOrErrno(fdatasync(file)); }

int PosixFileSystem::StartWriteback(int file, int64_t offset, int64_t length) {
  return ValueOrErrno(sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE));
}

int PosixFileSystem::LinkUnnamed(int file, int directory, const char* name) {
  if (linkat(file, "", directory, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT && errno != EPERM && errno != EINVAL) return -errno;
  // Before 6.10 the empty path takes CAP_DAC_READ_SEARCH; the way through /proc takes nothing.
  char path[32];
  std::snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
  return ValueOrErrno(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

int PosixFileSystem::Link(int directory, const char* from, const char* to) {
  return ValueOrErrno(linkat(directory, from, directory, to, 0));
}

int PosixFileSystem::Rename(int directory, const char* from, const char* to) {
  return ValueOrErrno(renameat(directory, from, directory, to));
}

int PosixFileSystem::Unlink(int directory, const char* name) {
  return ValueOrErrno(unlinkat(directory, name, 0));
}

int PosixFileSystem::MakeDirectory(int directory, const char* name) {
  return ValueOrErrno(mkdirat(directory, name, 0777));
}

int PosixFileSystem::Stat(int file, FileStat* stat) {
  struct stat from;
  if (fstat(file, &from) != 0) return -errno;
  *stat = FromKernel(from);
  return 0;
}

int PosixFileSystem::StatName(int directory, const char* name, FileStat* stat) {
  struct stat from;
  if (fstatat(directory, name, &from, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
  *stat = FromKernel(from);
  return 0;
}

int PosixFileSystem::ListNames(int directory,
                               const std::function<void(std::string_view, FileType)>& visit) {
  // A description of its own: the position of `directory` is shared by all threads.
  const int file = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return -errno;
  DIR* const stream = fdopendir(file);
  if (stream == nullptr) {
    const int error = errno;
    close(file);
    return -error;
  }
  int result = 0;
  for (;;) {
    errno = 0;
    const dirent* const entry = readdir(stream);
    if (entry == nullptr) {
      result = -errno;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileType type = FileType::kOther;
    if (entry->d_type == DT_UNKNOWN) {
      FileStat stat;
      if (StatName(directory, entry->d_name, &stat) == 0) type = stat.type;
    } else {
      type = TypeOfMode(DTTOIF(entry->d_type));
    }
    visit(name, type);
  }
  closedir(stream);
  return result;
}

int PosixFileSystem::Lock(int file) { return ValueOrErrno(flock(file, LOCK_EX)); }

int PosixFileSystem::Unlock(int file) { return ValueOrErrno(flock(file, LOCK_UN)); }

int PosixFileSystem::Map(int file, int64_t length, const void** address) {
  struct statfs info;
  if (fstatfs(file, &info) != 0) return -errno;
  const auto magic = static_cast<unsigned long>(static_cast<uint32_t>(info.f_type));
  if (std::ranges::find(kMappableFileSystems, magic) == kMappableFileSystems.end()) {
    return -EOPNOTSUPP;
  }
  void* const mapped = mmap(nullptr, static_cast<size_t>(length), PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) return -errno;
  *address = mapped;
  return 0;
}

void PosixFileSystem::Unmap(const void* address, int64_t length) {
  munmap(const_cast<void*>(address), static_cast<size_t>(length));
}

int64_t PosixFileSystem::NowMicros() {
  // The coarse clock is the one that stamps files; the precise one runs up to 4 ms ahead of it.
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace varve::internal
