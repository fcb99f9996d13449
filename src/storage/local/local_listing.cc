// SPDX-License-Identifier: Apache-2.0
#include "storage/local/local_listing.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "storage/local/errno_status.h"
#include "storage/object_path.h"

namespace varve::internal {
namespace {

class Lister {
 public:
  Lister(FileSystem* files, const std::string& prefix, const ListOptions& options)
      : files_(files), prefix_(prefix), options_(options) {}

  // `path` is "" or ends in '/'.
  Status Visit(int directory, const std::string& path) {
    // A directory sorts as its name with a '/': then a walk in order gives whole paths in order,
    // also for "a!b", "a/b" and "a0b".
    std::vector<std::string> names;
    std::string below;
    const int listed = files_->ListNames(directory, [&](std::string_view name, FileType type) {
      if (type == FileType::kOther || name.starts_with(kReservedPrefix)) return;
      below.assign(path).append(name);
      const bool is_directory = type == FileType::kDirectory;
      if (is_directory) below += '/';
      if (CanHold(below, is_directory)) names.push_back(below.substr(path.size()));
    });
    if (listed < 0) return ErrnoStatus(listed, "cannot list the directory", path);
    std::ranges::sort(names);
    for (std::string& name : names) {
      if (IsFull()) break;
      ARROW_RETURN_NOT_OK(name.ends_with('/') ? Descend(directory, path, name)
                                              : Add(directory, path, name));
    }
    return Status::OK();
  }

  std::vector<ObjectInfo> TakeObjects() { return std::move(objects_); }

 private:
  bool IsFull() const { return static_cast<int64_t>(objects_.size()) >= options_.limit; }

  // Whether the object `path`, or one below the directory `path`, may be part of the answer.
  bool CanHold(std::string_view path, bool is_directory) const {
    const std::string_view prefix = prefix_;
    const bool fits = path.starts_with(prefix) || (is_directory && prefix.starts_with(path));
    if (!fits) return false;
    const std::string_view after = options_.start_after;
    return is_directory ? path >= after.substr(0, path.size()) : path > after;
  }

  Status Descend(int directory, const std::string& path, const std::string& name) {
    const std::string bare = name.substr(0, name.size() - 1);
    const int below = files_->OpenDirectory(directory, bare.c_str());
    if (below == -ENOENT) return Status::OK();  // removed meanwhile
    if (below < 0) return ErrnoStatus(below, "cannot open the directory", path + bare);
    const Directory opened(files_, below);
    return Visit(below, path + name);
  }

  Status Add(int directory, const std::string& path, const std::string& name) {
    if (options_.names_only) {
      objects_.push_back({.path = path + name});
      return Status::OK();
    }
    FileStat stat;
    const int found = files_->StatName(directory, name.c_str(), &stat);
    if (found == -ENOENT) return Status::OK();  // removed meanwhile
    if (found < 0) return ErrnoStatus(found, "cannot look at the object", path + name);
    objects_.push_back(
        {.path = path + name, .size = stat.size, .last_modified_micros = stat.modified_micros});
    return Status::OK();
  }

  FileSystem* const files_;
  const std::string& prefix_;
  const ListOptions& options_;
  std::vector<ObjectInfo> objects_;
};

}  // namespace

Result<std::vector<ObjectInfo>> ListObjects(FileSystem* files, DirectoryTree* tree,
                                            const std::string& prefix, const ListOptions& options) {
  const SplitObjectPath split = SplitPath(prefix);
  auto directory = tree->Find(split.directory);
  if (directory.ok() && (*directory)->IsGone()) {
    // Removed while we had it open; somebody may have made it again.
    tree->Forget();
    directory = tree->Find(split.directory);
  }
  if (!directory.ok()) {
    // A prefix that names no directory matches no object.
    if (IsNotFound(directory.status())) return std::vector<ObjectInfo>();
    return directory.status();
  }
  std::string path(split.directory);
  if (!path.empty()) path += '/';
  Lister lister(files, prefix, options);
  ARROW_RETURN_NOT_OK(lister.Visit((*directory)->file(), path));
  return lister.TakeObjects();
}

}  // namespace varve::internal
