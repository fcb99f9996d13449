// SPDX-License-Identifier: Apache-2.0
#include "storage/local/staged_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "storage/local/errno_status.h"
#include "storage/read_bounds.h"

namespace varve::internal {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

}  // namespace

Result<bool> FindPublished(StagingArea* area, Directory* directory, const std::string& name,
                           const std::string& object) {
  FileStat stat;
  const int result = area->files->StatName(directory->file(), name.c_str(), &stat);
  if (result == -ENOENT) return false;
  if (result < 0) return ErrnoStatus(result, "cannot look for the object", object);
  if (stat.type != FileType::kRegular) {
    return MakeError(ErrorKind::kInvalid, "the name is taken by something that is no object",
                     {.object = object});
  }
  // Whoever made it may not have come to this yet, and the caller will build on it.
  if (area->sync) ARROW_RETURN_NOT_OK(directory->Sync(object));
  return true;
}

StagedFile::StagedFile(StagingArea* area, std::shared_ptr<Directory> directory, std::string object)
    : area_(area), directory_(std::move(directory)), object_(std::move(object)) {}

StagedFile::~StagedFile() {
  RemoveTemporary();
  if (file_ >= 0) area_->files->Close(file_);
}

Result<std::unique_ptr<StagedFile>> StagedFile::Create(StagingArea* area,
                                                       std::shared_ptr<Directory> directory,
                                                       std::string object) {
  std::unique_ptr<StagedFile> staged(new StagedFile(area, std::move(directory), std::move(object)));
  if (area->has_unnamed.load(std::memory_order_relaxed)) {
    staged->file_ = area->files->OpenUnnamed(staged->directory_->file());
    if (staged->file_ == -EOPNOTSUPP) area->has_unnamed.store(false, std::memory_order_relaxed);
  }
  if (!area->has_unnamed.load(std::memory_order_relaxed) && staged->file_ < 0) {
    ARROW_RETURN_NOT_OK(staged->CreateNamed());
  }
  if (staged->file_ < 0) {
    return ErrnoStatus(staged->file_, "cannot create the object", staged->object_);
  }
  return staged;
}

std::string StagedFile::TemporaryName() const {
  return std::string(kTemporaryPrefix) + ToHex(area_->random->NextUuid());
}

Status StagedFile::CreateNamed() {
  temporary_ = TemporaryName();
  file_ = area_->files->Open(directory_->file(), temporary_.c_str(), OpenMode::kCreateNew);
  if (file_ >= 0) return Status::OK();
  temporary_.clear();
  return ErrnoStatus(file_, "cannot create the object", object_);
}

Status StagedFile::Append(std::span<iovec> pieces) {
  while (!pieces.empty()) {
    if (pieces.front().iov_len == 0) {
      pieces = pieces.subspan(1);
      continue;
    }
    int64_t written = area_->files->WriteAt(file_, pieces, size_);
    if (written == -EINTR) continue;
    // No progress without an error would go on for ever.
    if (written == 0) written = -EIO;
    if (written < 0) return ErrnoStatus(written, "cannot write the object", object_);
    size_ += written;
    while (written > 0) {
      iovec& piece = pieces.front();
      const size_t used = std::min(static_cast<size_t>(written), piece.iov_len);
      piece.iov_base = static_cast<uint8_t*>(piece.iov_base) + used;
      piece.iov_len -= used;
      written -= static_cast<int64_t>(used);
      if (piece.iov_len == 0) pieces = pieces.subspan(1);
    }
  }
  return Status::OK();
}

Status StagedFile::Append(std::span<const uint8_t> bytes) {
  iovec piece = {.iov_base = const_cast<uint8_t*>(bytes.data()), .iov_len = bytes.size()};
  return Append({&piece, 1});
}

Status StagedFile::AppendFile(int from, int64_t size, const std::string& source) {
  std::vector<uint8_t> buffer;  // empty as long as the kernel copies
  for (int64_t done = 0; done < size;) {
    const auto rest = static_cast<size_t>(size - done);
    int64_t count = -EOPNOTSUPP;
    // The kernel copies between equal offsets, which needs nothing before this file.
    if (buffer.empty() && size_ == done) {
      count = area_->files->CopyRange(from, file_, done, rest);
    }
    if (count > 0) {
      size_ += count;
    } else if (count == -EOPNOTSUPP) {
      buffer.resize(kCopyBytes);
      count = area_->files->ReadAt(from, buffer.data(), std::min(rest, buffer.size()), done);
      if (count > 0) {
        ARROW_RETURN_NOT_OK(Append({buffer.data(), static_cast<size_t>(count)}));
      }
    }
    if (count == -EINTR) continue;
    if (count == 0) return ShortRead(source, 0, size, done);
    if (count < 0) return ErrnoStatus(count, "cannot copy the object", source);
    done += count;
  }
  return Status::OK();
}

void StagedFile::StartWriteback(int64_t offset, int64_t length) {
  // Only a hint: what it would report, the sync reports.
  if (area_->sync) area_->files->StartWriteback(file_, offset, length);
}

int StagedFile::Sync() { return area_->sync ? area_->files->Sync(file_) : 0; }

int StagedFile::SyncData() { return area_->sync ? area_->files->SyncData(file_) : 0; }

int StagedFile::LinkTo(const std::string& name) {
  if (temporary_.empty()) {
    return area_->files->LinkUnnamed(file_, directory_->file(), name.c_str());
  }
  const int result = area_->files->Link(directory_->file(), temporary_.c_str(), name.c_str());
  if (result == 0) return 0;
  // Over NFS the answer of a link that was made may be lost, and the repeated request refused. Two
  // names tell (open(2), "O_EXCL").
  FileStat stat;
  if (area_->files->Stat(file_, &stat) == 0 && stat.num_links == 2) return 0;
  return result;
}

void StagedFile::RemoveTemporary() {
  if (temporary_.empty()) return;
  area_->files->Unlink(directory_->file(), temporary_.c_str());
  temporary_.clear();
}

Result<bool> StagedFile::PublishAsNew(const std::string& name) {
  const int linked = LinkTo(name);
  if (linked == -EEXIST) {
    ARROW_ASSIGN_OR_RAISE(const bool is_there,
                          FindPublished(area_, directory_.get(), name, object_));
    if (is_there) return false;
    // It was removed in between: still not ours, and nothing to build on.
    return MakeError(ErrorKind::kIo, "the object was removed while it was being created",
                     {.object = object_});
  }
  if (linked < 0) return ErrnoStatus(linked, "cannot name the object", object_);
  RemoveTemporary();
  if (area_->sync) ARROW_RETURN_NOT_OK(directory_->Sync(object_));
  return true;
}

Status StagedFile::PublishOver(const std::string& name) {
  int result = -EEXIST;
  if (temporary_.empty()) {
    result = LinkTo(name);
    if (result == -EEXIST) {
      // Only a rename replaces, and a rename takes a name.
      const std::string temporary = TemporaryName();
      result = LinkTo(temporary);
      if (result == 0) temporary_ = temporary;
    }
  }
  if (!temporary_.empty()) {
    result = area_->files->Rename(directory_->file(), temporary_.c_str(), name.c_str());
    if (result == 0) temporary_.clear();
  }
  if (result == -EISDIR) {
    return MakeError(ErrorKind::kInvalid, "the name is taken by something that is no object",
                     {.object = object_});
  }
  if (result < 0) return ErrnoStatus(result, "cannot name the object", object_);
  return area_->sync ? directory_->Sync(object_) : Status::OK();
}

}  // namespace varve::internal
