// SPDX-License-Identifier: Apache-2.0
#include "storage/local/directory_tree.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <utility>

#include "storage/local/errno_status.h"

namespace varve::internal {
namespace {

// Bounds the open files of a store with many directories; beyond it the cache starts anew.
constexpr size_t kOpenDirectoriesMax = 64;

}  // namespace

bool Directory::IsGone() const {
  FileStat stat;
  return files_->Stat(file_, &stat) != 0 || stat.num_links == 0;
}

Status Directory::Sync(const std::string& object) {
  if (sync_failed_.load(std::memory_order_acquire)) {
    return MakeError(ErrorKind::kIo, "an earlier sync of the directory failed", {.object = object});
  }
  const int result = files_->Sync(file_);
  if (result == 0) return Status::OK();
  sync_failed_.store(true, std::memory_order_release);
  return ErrnoStatus(result, "cannot sync the directory", object);
}

DirectoryTree::DirectoryTree(FileSystem* files, std::string root, bool sync)
    : files_(files), root_(std::move(root)), sync_(sync) {}

std::shared_ptr<Directory> DirectoryTree::Cached(std::string_view path, bool made) {
  const std::shared_lock lock(mutex_);
  const auto found = open_.find(path);
  if (found == open_.end() || (made && !found->second.is_made)) return nullptr;
  return found->second.directory;
}

std::shared_ptr<Directory> DirectoryTree::Remember(std::string_view path,
                                                   std::shared_ptr<Directory> directory,
                                                   bool made) {
  const std::unique_lock lock(mutex_);
  if (open_.size() >= kOpenDirectoriesMax) open_.clear();
  Entry& entry = open_[std::string(path)];
  // Of two that raced the first stays, with its memory of a failed sync.
  if (entry.directory == nullptr || (made && !entry.is_made)) {
    entry = {.directory = std::move(directory), .is_made = made};
  }
  return entry.directory;
}

void DirectoryTree::Forget() {
  const std::unique_lock lock(mutex_);
  open_.clear();
}

Result<std::shared_ptr<Directory>> DirectoryTree::Find(std::string_view path) {
  if (auto cached = Cached(path, false)) return cached;
  if (path.empty()) {
    const int file = files_->OpenRoot(root_.c_str());
    if (file < 0) return ErrnoStatus(file, "cannot open the store's root", root_);
    return Remember("", std::make_shared<Directory>(files_, file), false);
  }
  ARROW_ASSIGN_OR_RAISE(auto root, Find(""));
  const std::string name(path);
  const int file = files_->OpenDirectory(root->file(), name.c_str());
  if (file < 0) return ErrnoStatus(file, "cannot open the directory", name);
  return Remember(path, std::make_shared<Directory>(files_, file), false);
}

Result<std::shared_ptr<Directory>> DirectoryTree::Make(std::string_view path) {
  if (auto cached = Cached(path, true)) return cached;
  ARROW_ASSIGN_OR_RAISE(auto directory, MakeRoot());
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view so_far = path.substr(0, end);
    auto next = Cached(so_far, true);
    if (next == nullptr) {
      ARROW_ASSIGN_OR_RAISE(next,
                            MakeIn(directory.get(), std::string(path.substr(begin, end - begin)),
                                   std::string(so_far)));
      next = Remember(so_far, std::move(next), true);
    }
    directory = std::move(next);
    begin = end + 1;
  }
  return directory;
}

Result<std::shared_ptr<Directory>> DirectoryTree::MakeRoot() {
  if (auto cached = Cached("", true)) return cached;
  // The root itself may be a symbolic link, which is the user's choice; nothing below it may.
  int file = files_->OpenRoot(root_.c_str());
  if (file < 0 && file != -ENOENT) {
    return ErrnoStatus(file, "cannot open the store's root", root_);
  }
  if (file >= 0) {
    auto root = std::make_shared<Directory>(files_, file);
    if (sync_) ARROW_RETURN_NOT_OK(SyncAboveRoot());
    return Remember("", std::move(root), true);
  }
  // Up to the deepest directory that exists, then down again.
  std::filesystem::path at = std::filesystem::path(root_).parent_path();
  file = files_->OpenRoot(at.c_str());
  while (file == -ENOENT && at.has_relative_path()) {
    at = at.parent_path();
    file = files_->OpenRoot(at.c_str());
  }
  if (file < 0) return ErrnoStatus(file, "cannot open a directory above the root", root_);
  auto directory = std::make_shared<Directory>(files_, file);
  for (const auto& part : std::filesystem::path(root_).lexically_relative(at)) {
    at /= part;
    ARROW_ASSIGN_OR_RAISE(directory, MakeIn(directory.get(), part.string(), at.string()));
  }
  return Remember("", std::move(directory), true);
}

Status DirectoryTree::SyncAboveRoot() {
  const std::string above = std::filesystem::path(root_).parent_path().string();
  const int file = files_->OpenRoot(above.c_str());
  // A directory that we may not read, or that cannot change, is not one in which the root was made
  // a moment ago by somebody like us.
  if (file == -EACCES || file == -EPERM) return Status::OK();
  if (file < 0) return ErrnoStatus(file, "cannot open the directory above the root", above);
  const int result = files_->Sync(file);
  files_->Close(file);
  if (result == 0 || result == -EROFS || result == -EINVAL) return Status::OK();
  return ErrnoStatus(result, "cannot sync the directory above the root", above);
}

Result<std::shared_ptr<Directory>> DirectoryTree::MakeIn(Directory* parent, const std::string& name,
                                                         const std::string& object) {
  int file = files_->OpenDirectory(parent->file(), name.c_str());
  if (file == -ENOENT) {
    const int made = files_->MakeDirectory(parent->file(), name.c_str());
    if (made < 0 && made != -EEXIST) {
      return ErrnoStatus(made, "cannot create the directory", object);
    }
    file = files_->OpenDirectory(parent->file(), name.c_str());
  }
  if (file == -ENOTDIR) {
    return MakeError(ErrorKind::kInvalid, "a part of the path is not a directory",
                     {.object = object});
  }
  if (file < 0) return ErrnoStatus(file, "cannot open the directory", object);
  auto directory = std::make_shared<Directory>(files_, file);
  if (sync_) ARROW_RETURN_NOT_OK(parent->Sync(object));
  return directory;
}

}  // namespace varve::internal
