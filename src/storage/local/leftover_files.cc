// SPDX-License-Identifier: Apache-2.0
#include "storage/local/leftover_files.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "storage/local/errno_status.h"
#include "storage/object_path.h"

namespace varve::internal {
namespace {

constexpr size_t kDigits = 32;

bool IsTemporaryName(std::string_view name) {
  if (!name.starts_with(kTemporaryPrefix)) return false;
  const std::string_view digits = name.substr(kTemporaryPrefix.size());
  return digits.size() == kDigits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The time a file gets that is written now. Over a network that is the server's clock, so a file is
// asked.
Result<int64_t> FileTime(StagingArea* area, std::shared_ptr<Directory> directory) {
  ARROW_ASSIGN_OR_RAISE(const auto file, StagedFile::Create(area, std::move(directory), "clock"));
  FileStat stat;
  const int found = area->files->Stat(file->file(), &stat);
  if (found < 0) return ErrnoStatus(found, "cannot look at a new file", "clock");
  return std::min(stat.modified_micros, area->files->NowMicros());
}

}  // namespace

Result<std::vector<ObjectInfo>> FindLeftovers(StagingArea* area, DirectoryTree* tree,
                                              const LeftoverOptions& options) {
  std::vector<ObjectInfo> leftovers;
  auto root = tree->Find("");
  if (!root.ok()) {
    if (IsNotFound(root.status())) return leftovers;
    return root.status();
  }
  const int64_t age = std::max(options.min_age_micros, kLeftoverAgeMinMicros);
  int64_t now = 0;                      // asked for when there is something to compare
  std::deque<std::string> waiting{""};  // directories; all but the root end in '/'
  for (int num_visited = 0; !waiting.empty() && num_visited < kLeftoverDirectoriesMax;
       ++num_visited) {
    const std::string path = std::move(waiting.front());
    waiting.pop_front();
    std::shared_ptr<Directory> directory = *root;
    if (!path.empty()) {
      const std::string name = path.substr(0, path.size() - 1);
      const int file = area->files->OpenDirectory((*root)->file(), name.c_str());
      if (file == -ENOENT) continue;  // removed meanwhile
      if (file < 0) return ErrnoStatus(file, "cannot open the directory", name);
      directory = std::make_shared<Directory>(area->files, file);
    }
    std::vector<std::string> names;
    const int listed =
        area->files->ListNames(directory->file(), [&](std::string_view name, FileType type) {
          if (type == FileType::kRegular && IsTemporaryName(name)) {
            if (static_cast<int64_t>(leftovers.size() + names.size()) < options.limit) {
              names.emplace_back(name);
            }
          } else if (type == FileType::kDirectory && !name.starts_with(kReservedPrefix) &&
                     waiting.size() < kLeftoverDirectoriesMax) {
            waiting.push_back(path + std::string(name) + "/");
          }
        });
    if (listed < 0) return ErrnoStatus(listed, "cannot list the directory", path);
    std::ranges::sort(names);
    for (const std::string& name : names) {
      FileStat stat;
      const int found = area->files->StatName(directory->file(), name.c_str(), &stat);
      if (found == -ENOENT) continue;  // published or discarded meanwhile
      if (found < 0) return ErrnoStatus(found, "cannot look at the file", path + name);
      if (now == 0) {
        ARROW_ASSIGN_OR_RAISE(now, FileTime(area, directory));
      }
      if (stat.type != FileType::kRegular || now - stat.modified_micros < age) continue;
      if (options.remove) {
        const int removed = area->files->Unlink(directory->file(), name.c_str());
        if (removed == -ENOENT) continue;
        if (removed < 0) return ErrnoStatus(removed, "cannot remove the file", path + name);
      }
      leftovers.push_back(
          {.path = path + name, .size = stat.size, .last_modified_micros = stat.modified_micros});
    }
  }
  return leftovers;
}

}  // namespace varve::internal
