// SPDX-License-Identifier: Apache-2.0
// A file system in memory that knows which of its bytes and names would survive a power loss.
//
// Model:    what POSIX promises and no more. File data survives if the file was synced since it was
//           written; otherwise each 512-byte sector may hold the old bytes (zeros past the old end)
//           or the new, and the length may be any in between. A name survives if its directory was
//           synced since it was linked, renamed or removed; otherwise each name by itself may be in
//           any of the states it had since, whatever became of others (real file systems keep more
//           order than that). A directory whose own name is lost is lost with all that is in it.
//           Starting write-back promises nothing.
// Threads:  one at a time.
// Source:   Pillai et al., "All File Systems Are Not Created Equal" (OSDI '14), section 2
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/local/file_system.h"

namespace varve::internal {

/// The syncs of a store, told apart by what they are for.
enum class SyncPurpose {
  kStreamedFile,  ///< SyncData of a file
  kWholeFile,     ///< Sync of a file
  kDirectory,     ///< Sync of a directory with new or changed files
  kNewDirectory,  ///< Sync of a directory in which a directory was made
};
inline constexpr int kNumSyncPurposes = 4;

class PowerLossFileSystem : public FileSystem {
 public:
  /// With `has_unnamed` false, OpenUnnamed is refused.
  explicit PowerLossFileSystem(bool has_unnamed = true);
  ~PowerLossFileSystem() override;

  /// Syncs for `purpose` return success and do nothing from now on.
  void LoseSyncs(SyncPurpose purpose);
  /// Called before every call that changes something: the moments at which the power may fail.
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }
  /// How often syncs for `purpose` were asked for.
  int64_t num_syncs(SyncPurpose purpose) const;

  /// One of the states in which the disk may be found if the power fails now. Files that were on
  /// stable storage are shared with this object: write to new ones only.
  std::unique_ptr<PowerLossFileSystem> AfterPowerLoss(Random* random) const;

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
  int64_t NowMicros() override { return ++now_micros_; }

 private:
  struct Inode;
  using InodePointer = std::shared_ptr<Inode>;
  using Copies = std::map<const Inode*, InodePointer>;

  static InodePointer SurvivorOf(const InodePointer& inode, Random* random, Copies* copies);
  InodePointer NewInode(FileType type);
  InodePointer FindIn(int directory, const char* name) const;
  int AddOpen(InodePointer inode);
  void Change();
  void SetEntry(int directory, const std::string& name, InodePointer inode);
  int SyncAs(SyncPurpose purpose, int file);

  const bool has_unnamed_;
  std::function<void()> observer_;
  std::array<bool, kNumSyncPurposes> is_lost_{};
  std::array<int64_t, kNumSyncPurposes> num_syncs_{};
  InodePointer root_;
  std::vector<InodePointer> open_;  ///< by file number; null where closed
  std::vector<int> free_;
  int64_t now_micros_ = 0;
};

}  // namespace varve::internal
