// SPDX-License-Identifier: Apache-2.0
#include "storage/local/local_chunk_manager.h"

#include <cerrno>
#include <utility>

#include "storage/local/errno_status.h"
#include "storage/local/file_uri.h"
#include "storage/local/leftover_files.h"
#include "storage/local/local_chunk_reader.h"
#include "storage/local/local_chunk_writer.h"
#include "storage/local/local_listing.h"
#include "storage/object_path.h"

namespace varve::internal {
namespace {

// How often bytes are written to a new file before a failing sync is reported.
constexpr int kSyncAttemptsMax = 3;

class FlockGuard : public QueueGuard {
 public:
  FlockGuard(FileSystem* files, int file) : files_(files), file_(file) {}
  ~FlockGuard() override {
    // Not left to Close: a child made by fork holds the same lock through its copy.
    files_->Unlock(file_);
    files_->Close(file_);
  }

 private:
  FileSystem* const files_;
  const int file_;
};

}  // namespace

LocalChunkManager::Core::Core(std::string root, const ChunkManagerOptions& options,
                              FileSystem* files, Random* random)
    : tree(files, std::move(root), options.sync) {
  staging.files = files;
  staging.random = random;
  staging.sync = options.sync;
}

std::shared_ptr<LocalChunkManager> LocalChunkManager::Make(std::string root,
                                                           const ChunkManagerOptions& options,
                                                           FileSystem* files, Random* random) {
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  return std::shared_ptr<LocalChunkManager>(
      new LocalChunkManager(std::move(root), options, files, random));
}

LocalChunkManager::LocalChunkManager(std::string root, const ChunkManagerOptions& options,
                                     FileSystem* files, Random* random)
    : files_(files),
      uri_(FileUri(root)),
      core_(std::make_shared<Core>(std::move(root), options, files, random)) {}

ChunkManagerFeatures LocalChunkManager::features() const {
  return {
      .put_if_absent = true,
      .ordered_listing = false,  // a directory is read as a whole before the first name is known
      .write_at = true,
      .mapping = true,
      .durable = core_->staging.sync};
}

Result<LocalChunkManager::Place> LocalChunkManager::Find(const std::string& path) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const SplitObjectPath split = SplitPath(path);
  auto directory = core_->tree.Find(split.directory);
  if (!directory.ok()) {
    if (!IsNotFound(directory.status())) return directory.status();
    return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
  }
  return Place{*std::move(directory), std::string(split.name)};
}

// Runs `call` on the directory of `path`; once more if that turns out to be a directory that
// somebody removed while we had it open, and perhaps made again. Errors of the kernel become the
// negative value, except that of an absent object, which is NotFound.
template <typename Call>
Result<int> LocalChunkManager::InPlace(const std::string& path, Call call) {
  for (bool is_first = true;; is_first = false) {
    ARROW_ASSIGN_OR_RAISE(const Place place, Find(path));
    const int result = call(place.directory->file(), place.name.c_str());
    if (result == -ENOENT && is_first && place.directory->IsGone()) {
      core_->tree.Forget();
      continue;
    }
    if (result == -ENOENT) {
      return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
    }
    return result;
  }
}

Result<ObjectInfo> LocalChunkManager::Stat(const std::string& path) {
  FileStat stat;
  ARROW_ASSIGN_OR_RAISE(const int found, InPlace(path, [&](int directory, const char* name) {
                          return files_->StatName(directory, name, &stat);
                        }));
  if (found < 0) return ErrnoStatus(found, "cannot look at the object", path);
  if (stat.type != FileType::kRegular) {
    return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
  }
  return ObjectInfo{.path = path, .size = stat.size, .last_modified_micros = stat.modified_micros};
}

Result<bool> LocalChunkManager::Exist(const std::string& path) {
  const auto info = Stat(path);
  if (info.ok()) return true;
  if (IsNotFound(info.status())) return false;
  return info.status();
}

Result<int64_t> LocalChunkManager::Size(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const ObjectInfo info, Stat(path));
  return info.size;
}

Result<std::shared_ptr<ChunkReader>> LocalChunkManager::OpenReader(const std::string& path,
                                                                   int64_t known_size) {
  ARROW_ASSIGN_OR_RAISE(const int file, InPlace(path, [&](int directory, const char* name) {
                          return files_->Open(directory, name, OpenMode::kRead);
                        }));
  if (file < 0) return ErrnoStatus(file, "cannot open the object", path);
  if (known_size < 0) {
    FileStat stat;
    const int found = files_->Stat(file, &stat);
    if (found < 0 || stat.type != FileType::kRegular) {
      files_->Close(file);
      if (found < 0) return ErrnoStatus(found, "cannot look at the object", path);
      return MakeError(ErrorKind::kNotFound, "no such object", {.object = path});
    }
    known_size = stat.size;
  }
  return std::make_shared<LocalChunkReader>(files_, file, path, known_size);
}

Result<std::unique_ptr<StagedFile>> LocalChunkManager::Stage(const std::string& path,
                                                             Place* place) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const SplitObjectPath split = SplitPath(path);
  place->name = split.name;
  ARROW_ASSIGN_OR_RAISE(place->directory, core_->tree.Make(split.directory));
  auto staged = StagedFile::Create(&core_->staging, place->directory, path);
  if (staged.ok() || !IsNotFound(staged.status()) || !place->directory->IsGone()) return staged;
  core_->tree.Forget();
  ARROW_ASSIGN_OR_RAISE(place->directory, core_->tree.Make(split.directory));
  return StagedFile::Create(&core_->staging, place->directory, path);
}

// A staged file that `fill` has written and that is synced. A failed sync may have thrown away
// dirty pages and marked them clean, so the next attempt is a new file and not a second fsync.
template <typename Fill>
Result<std::unique_ptr<StagedFile>> LocalChunkManager::StageSynced(const std::string& path,
                                                                   Place* place, Fill fill) {
  for (int attempt = 1;; ++attempt) {
    ARROW_ASSIGN_OR_RAISE(auto staged, Stage(path, place));
    ARROW_RETURN_NOT_OK(fill(staged.get()));
    const int synced = staged->Sync();
    if (synced == 0) return staged;
    if (attempt == kSyncAttemptsMax || IsFull(synced)) {
      return ErrnoStatus(synced, "cannot sync the object", path);
    }
  }
}

Result<bool> LocalChunkManager::PutIfAbsent(const std::string& path,
                                            std::span<const uint8_t> bytes) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(path));
  const SplitObjectPath split = SplitPath(path);
  // Losers of a race are spared a file and its sync.
  ARROW_ASSIGN_OR_RAISE(auto directory, core_->tree.Make(split.directory));
  ARROW_ASSIGN_OR_RAISE(const bool is_there, FindPublished(&core_->staging, directory.get(),
                                                           std::string(split.name), path));
  if (is_there) return false;
  Place place;
  ARROW_ASSIGN_OR_RAISE(auto staged, StageSynced(path, &place, [&](StagedFile* file) {
                          return file->Append(bytes);
                        }));
  return staged->PublishAsNew(place.name);
}

Status LocalChunkManager::Write(const std::string& path, std::span<const uint8_t> bytes) {
  Place place;
  ARROW_ASSIGN_OR_RAISE(auto staged, StageSynced(path, &place, [&](StagedFile* file) {
                          return file->Append(bytes);
                        }));
  return staged->PublishOver(place.name);
}

Status LocalChunkManager::Copy(const std::string& from, const std::string& to) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(to));
  ARROW_ASSIGN_OR_RAISE(const int file, InPlace(from, [&](int directory, const char* name) {
                          return files_->Open(directory, name, OpenMode::kRead);
                        }));
  if (file < 0) return ErrnoStatus(file, "cannot open the object", from);
  FileStat stat;
  const int found = files_->Stat(file, &stat);
  // Owns the file from here on.
  const LocalChunkReader source(files_, file, from, stat.size);
  if (found < 0) return ErrnoStatus(found, "cannot look at the object", from);
  if (stat.type != FileType::kRegular) {
    return MakeError(ErrorKind::kNotFound, "no such object", {.object = from});
  }
  Place place;
  ARROW_ASSIGN_OR_RAISE(auto staged, StageSynced(to, &place, [&](StagedFile* target) {
                          return target->AppendFile(file, stat.size, from);
                        }));
  return staged->PublishOver(place.name);
}

Result<std::unique_ptr<ChunkWriter>> LocalChunkManager::OpenWriter(const std::string& path,
                                                                   MakeWriterOptions options) {
  Place place;
  ARROW_ASSIGN_OR_RAISE(auto staged, Stage(path, &place));
  return std::make_unique<LocalChunkWriter>(std::move(staged), path, std::move(place.name), core_,
                                            options);
}

Status LocalChunkManager::WriteAt(const std::string& path, int64_t offset,
                                  std::span<const uint8_t> bytes) {
  if (offset < 0) {
    return MakeError(ErrorKind::kInvalid, "a negative offset to write at",
                     {.object = path, .found = std::to_string(offset)});
  }
  ARROW_ASSIGN_OR_RAISE(const int file, InPlace(path, [&](int directory, const char* name) {
                          return files_->Open(directory, name, OpenMode::kWriteExisting);
                        }));
  if (file < 0) return ErrnoStatus(file, "cannot open the object", path);
  Status status;
  while (!bytes.empty()) {
    const iovec piece = {.iov_base = const_cast<uint8_t*>(bytes.data()), .iov_len = bytes.size()};
    const int64_t written = files_->WriteAt(file, {&piece, 1}, offset);
    if (written == -EINTR) continue;
    if (written <= 0) {
      status = ErrnoStatus(written == 0 ? -EIO : written, "cannot write the object", path);
      break;
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += written;
  }
  if (status.ok() && core_->staging.sync) {
    const int synced = files_->SyncData(file);
    if (synced < 0) status = ErrnoStatus(synced, "cannot sync the object", path);
  }
  files_->Close(file);
  return status;
}

Result<std::vector<ObjectInfo>> LocalChunkManager::List(const std::string& prefix,
                                                        ListOptions options) {
  ARROW_RETURN_NOT_OK(CheckObjectPrefix(prefix));
  return ListObjects(files_, &core_->tree, prefix, options);
}

Status LocalChunkManager::Remove(const std::string& path) {
  const auto removed = InPlace(
      path, [&](int directory, const char* name) { return files_->Unlink(directory, name); });
  if (!removed.ok()) return IsNotFound(removed.status()) ? Status::OK() : removed.status();
  // A directory is no object.
  if (*removed == 0 || *removed == -EISDIR) return Status::OK();
  return ErrnoStatus(*removed, "cannot remove the object", path);
}

Result<std::vector<ObjectInfo>> LocalChunkManager::Leftovers(const LeftoverOptions& options) {
  return FindLeftovers(&core_->staging, &core_->tree, options);
}

Result<int64_t> LocalChunkManager::StoreTime() { return files_->NowMicros(); }

Result<std::unique_ptr<QueueGuard>> LocalChunkManager::Queue(const std::string& name) {
  ARROW_RETURN_NOT_OK(CheckObjectPath(name));
  if (name.find('/') != name.npos) {
    return MakeError(ErrorKind::kInvalid, "the name of a queue has one part", {.object = name});
  }
  const std::string file_name = std::string(kReservedPrefix) + "queue-" + name;
  ARROW_ASSIGN_OR_RAISE(auto root, core_->tree.Make(""));
  int file = files_->Open(root->file(), file_name.c_str(), OpenMode::kCreateOrOpen);
  if (file == -ENOENT && root->IsGone()) {
    core_->tree.Forget();
    ARROW_ASSIGN_OR_RAISE(root, core_->tree.Make(""));
    file = files_->Open(root->file(), file_name.c_str(), OpenMode::kCreateOrOpen);
  }
  if (file < 0) return ErrnoStatus(file, "cannot open the queue", file_name);
  std::unique_ptr<QueueGuard> guard = std::make_unique<FlockGuard>(files_, file);
  int locked = files_->Lock(file);
  while (locked == -EINTR) locked = files_->Lock(file);
  if (locked < 0) return ErrnoStatus(locked, "cannot wait in the queue", file_name);
  return guard;
}

}  // namespace varve::internal
