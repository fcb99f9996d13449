// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/power_loss_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace varve::internal {

struct PowerLossFileSystem::Inode {
  FileType type = FileType::kRegular;
  int64_t modified_micros = 0;
  int64_t num_links = 0;
  // Files. Equal while nothing waits to be synced.
  std::string data;
  std::string stable_data;
  bool is_dirty = false;
  // Directories.
  std::map<std::string, InodePointer, std::less<>> entries;
  // What each name that changed since the last sync has stood for, the oldest first and without the
  // newest; null where it was free.
  std::map<std::string, std::vector<InodePointer>> earlier_entries;
};

namespace {

constexpr size_t kSectorBytes = 512;

// How much of what was not synced is found: a disk is rarely found with all or nothing, but those
// are the states that one-sided reasoning misses.
enum class Fate { kNothing, kEverything, kPrefix, kAnything };

Fate FateOf(Random* random) { return static_cast<Fate>(random->Uniform(4)); }

std::string TornData(const std::string& stable, const std::string& data, Random* random) {
  const Fate fate = FateOf(random);
  if (fate == Fate::kNothing) return stable;
  if (fate == Fate::kEverything) return data;
  const uint64_t growth = data.size() - stable.size();
  // Three of the ways in which a length is found: old, new, anything in between.
  const uint64_t choices[3] = {0, growth, random->Uniform(growth + 1)};
  std::string torn = stable;
  torn.resize(stable.size() + choices[random->Uniform(3)], '\0');
  const size_t num_sectors = (torn.size() + kSectorBytes - 1) / kSectorBytes;
  const uint64_t prefix = random->Uniform(num_sectors + 1);
  for (size_t sector = 0; sector < num_sectors; ++sector) {
    const bool is_new = fate == Fate::kPrefix ? sector < prefix : random->Uniform(2) == 1;
    if (!is_new) continue;
    const size_t begin = sector * kSectorBytes;
    const size_t length = std::min(kSectorBytes, torn.size() - begin);
    torn.replace(begin, length, data, begin, length);
  }
  return torn;
}

}  // namespace

PowerLossFileSystem::PowerLossFileSystem(bool has_unnamed) : has_unnamed_(has_unnamed) {
  root_ = NewInode(FileType::kDirectory);
  root_->num_links = 1;
}

PowerLossFileSystem::~PowerLossFileSystem() = default;

void PowerLossFileSystem::LoseSyncs(SyncPurpose purpose) {
  is_lost_[static_cast<size_t>(purpose)] = true;
}

int64_t PowerLossFileSystem::num_syncs(SyncPurpose purpose) const {
  return num_syncs_[static_cast<size_t>(purpose)];
}

std::unique_ptr<PowerLossFileSystem> PowerLossFileSystem::AfterPowerLoss(Random* random) const {
  auto after = std::make_unique<PowerLossFileSystem>(has_unnamed_);
  Copies copies;
  after->root_ = SurvivorOf(root_, random, &copies);
  after->now_micros_ = now_micros_;
  return after;
}

PowerLossFileSystem::InodePointer PowerLossFileSystem::SurvivorOf(const InodePointer& inode,
                                                                  Random* random, Copies* copies) {
  if (inode->type != FileType::kDirectory) {
    if (!inode->is_dirty) return inode;
    // Two names of one file find the same bytes.
    InodePointer& copy = (*copies)[inode.get()];
    if (copy == nullptr) {
      copy = std::make_shared<Inode>();
      copy->data = TornData(inode->stable_data, inode->data, random);
      copy->stable_data = copy->data;
      copy->num_links = 1;
    }
    return copy;
  }
  auto copy = std::make_shared<Inode>();
  copy->type = FileType::kDirectory;
  copy->num_links = 1;
  copy->entries = inode->entries;
  const Fate fate = FateOf(random);
  for (const auto& [name, earlier] : inode->earlier_entries) {
    const auto newest = inode->entries.find(name);
    std::vector<InodePointer> states = earlier;
    states.push_back(newest == inode->entries.end() ? nullptr : newest->second);
    size_t pick = random->Uniform(states.size());
    if (fate == Fate::kNothing) pick = 0;
    if (fate == Fate::kEverything) pick = states.size() - 1;
    if (states[pick] == nullptr) {
      copy->entries.erase(name);
    } else {
      copy->entries[name] = states[pick];
    }
  }
  for (auto& [name, entry] : copy->entries) entry = SurvivorOf(entry, random, copies);
  return copy;
}

PowerLossFileSystem::InodePointer PowerLossFileSystem::NewInode(FileType type) {
  auto inode = std::make_shared<Inode>();
  inode->type = type;
  inode->modified_micros = NowMicros();
  return inode;
}

PowerLossFileSystem::InodePointer PowerLossFileSystem::FindIn(int directory,
                                                              const char* name) const {
  const auto& entries = open_[static_cast<size_t>(directory)]->entries;
  const auto found = entries.find(std::string_view(name));
  return found == entries.end() ? nullptr : found->second;
}

int PowerLossFileSystem::AddOpen(InodePointer inode) {
  if (free_.empty()) {
    open_.push_back(std::move(inode));
    return static_cast<int>(open_.size() - 1);
  }
  const int file = free_.back();
  free_.pop_back();
  open_[static_cast<size_t>(file)] = std::move(inode);
  return file;
}

void PowerLossFileSystem::Change() {
  if (observer_) observer_();
}

void PowerLossFileSystem::SetEntry(int directory, const std::string& name, InodePointer inode) {
  Inode& parent = *open_[static_cast<size_t>(directory)];
  const auto found = parent.entries.find(name);
  const bool is_there = found != parent.entries.end();
  parent.earlier_entries[name].push_back(is_there ? found->second : nullptr);
  if (is_there) --found->second->num_links;
  if (inode == nullptr) {
    parent.entries.erase(name);
    return;
  }
  ++inode->num_links;
  parent.entries[name] = std::move(inode);
}

int PowerLossFileSystem::OpenRoot(const char* path) {
  InodePointer at = root_;
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty()) continue;
    const auto found = at->entries.find(part);
    if (found == at->entries.end()) return -ENOENT;
    at = found->second;
    if (at->type != FileType::kDirectory) return -ENOTDIR;
  }
  return AddOpen(std::move(at));
}

int PowerLossFileSystem::OpenDirectory(int directory, const char* path) {
  InodePointer at = open_[static_cast<size_t>(directory)];
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const auto found = at->entries.find(rest.substr(0, slash));
    if (found == at->entries.end()) return -ENOENT;
    at = found->second;
    if (at->type != FileType::kDirectory) return -ENOTDIR;
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return AddOpen(std::move(at));
}

int PowerLossFileSystem::Open(int directory, const char* name, OpenMode mode) {
  const InodePointer found = FindIn(directory, name);
  const bool creates = mode == OpenMode::kCreateNew || mode == OpenMode::kCreateOrOpen;
  if (found != nullptr) return mode == OpenMode::kCreateNew ? -EEXIST : AddOpen(found);
  if (!creates) return -ENOENT;
  Change();
  InodePointer inode = NewInode(FileType::kRegular);
  SetEntry(directory, name, inode);
  return AddOpen(std::move(inode));
}

int PowerLossFileSystem::OpenUnnamed(int) {
  if (!has_unnamed_) return -EOPNOTSUPP;
  return AddOpen(NewInode(FileType::kRegular));
}

void PowerLossFileSystem::Close(int file) {
  open_[static_cast<size_t>(file)].reset();
  free_.push_back(file);
}

int64_t PowerLossFileSystem::ReadAt(int file, void* out, size_t length, int64_t offset) {
  const std::string& data = open_[static_cast<size_t>(file)]->data;
  if (static_cast<size_t>(offset) >= data.size()) return 0;
  const size_t count = std::min(length, data.size() - static_cast<size_t>(offset));
  std::memcpy(out, data.data() + offset, count);
  return static_cast<int64_t>(count);
}

int64_t PowerLossFileSystem::WriteAt(int file, std::span<const iovec> pieces, int64_t offset) {
  Change();
  Inode& inode = *open_[static_cast<size_t>(file)];
  int64_t written = 0;
  for (const iovec& piece : pieces) {
    const size_t begin = static_cast<size_t>(offset + written);
    if (inode.data.size() < begin + piece.iov_len) inode.data.resize(begin + piece.iov_len, '\0');
    if (piece.iov_len > 0) std::memcpy(inode.data.data() + begin, piece.iov_base, piece.iov_len);
    written += static_cast<int64_t>(piece.iov_len);
  }
  inode.is_dirty = true;
  inode.modified_micros = NowMicros();
  return written;
}

int64_t PowerLossFileSystem::CopyRange(int, int, int64_t, size_t) { return -EOPNOTSUPP; }

int PowerLossFileSystem::SyncAs(SyncPurpose purpose, int file) {
  Change();
  ++num_syncs_[static_cast<size_t>(purpose)];
  if (is_lost_[static_cast<size_t>(purpose)]) return 0;
  Inode& inode = *open_[static_cast<size_t>(file)];
  inode.stable_data = inode.data;
  inode.is_dirty = false;
  inode.earlier_entries.clear();
  return 0;
}

int PowerLossFileSystem::Sync(int file) {
  const Inode& inode = *open_[static_cast<size_t>(file)];
  if (inode.type != FileType::kDirectory) return SyncAs(SyncPurpose::kWholeFile, file);
  const bool has_new_directory =
      std::ranges::any_of(inode.earlier_entries, [&](const auto& earlier) {
        const auto found = inode.entries.find(earlier.first);
        return found != inode.entries.end() && found->second->type == FileType::kDirectory;
      });
  return SyncAs(has_new_directory ? SyncPurpose::kNewDirectory : SyncPurpose::kDirectory, file);
}

int PowerLossFileSystem::SyncData(int file) { return SyncAs(SyncPurpose::kStreamedFile, file); }

int PowerLossFileSystem::StartWriteback(int, int64_t, int64_t) { return 0; }

int PowerLossFileSystem::LinkUnnamed(int file, int directory, const char* name) {
  if (FindIn(directory, name) != nullptr) return -EEXIST;
  Change();
  SetEntry(directory, name, open_[static_cast<size_t>(file)]);
  return 0;
}

int PowerLossFileSystem::Link(int directory, const char* from, const char* to) {
  const InodePointer inode = FindIn(directory, from);
  if (inode == nullptr) return -ENOENT;
  if (FindIn(directory, to) != nullptr) return -EEXIST;
  Change();
  SetEntry(directory, to, inode);
  return 0;
}

int PowerLossFileSystem::Rename(int directory, const char* from, const char* to) {
  const InodePointer inode = FindIn(directory, from);
  if (inode == nullptr) return -ENOENT;
  Change();
  SetEntry(directory, to, inode);
  SetEntry(directory, from, nullptr);
  return 0;
}

int PowerLossFileSystem::Unlink(int directory, const char* name) {
  const InodePointer inode = FindIn(directory, name);
  if (inode == nullptr) return -ENOENT;
  if (inode->type == FileType::kDirectory) return -EISDIR;
  Change();
  SetEntry(directory, name, nullptr);
  return 0;
}

int PowerLossFileSystem::MakeDirectory(int directory, const char* name) {
  if (FindIn(directory, name) != nullptr) return -EEXIST;
  Change();
  SetEntry(directory, name, NewInode(FileType::kDirectory));
  return 0;
}

int PowerLossFileSystem::Stat(int file, FileStat* stat) {
  const Inode& inode = *open_[static_cast<size_t>(file)];
  *stat = {.type = inode.type,
           .size = static_cast<int64_t>(inode.data.size()),
           .modified_micros = inode.modified_micros,
           .num_links = inode.num_links};
  return 0;
}

int PowerLossFileSystem::StatName(int directory, const char* name, FileStat* stat) {
  const InodePointer inode = FindIn(directory, name);
  if (inode == nullptr) return -ENOENT;
  const int file = AddOpen(inode);
  const int result = Stat(file, stat);
  Close(file);
  return result;
}

int PowerLossFileSystem::ListNames(int directory,
                                   const std::function<void(std::string_view, FileType)>& visit) {
  // A copy of the pointer: `visit` may open and close files.
  const InodePointer inode = open_[static_cast<size_t>(directory)];
  for (const auto& [name, entry] : inode->entries) visit(name, entry->type);
  return 0;
}

int PowerLossFileSystem::Lock(int) { return 0; }

int PowerLossFileSystem::Unlock(int) { return 0; }

int PowerLossFileSystem::Map(int, int64_t, const void**) { return -EOPNOTSUPP; }

void PowerLossFileSystem::Unmap(const void*, int64_t) {}

}  // namespace varve::internal
