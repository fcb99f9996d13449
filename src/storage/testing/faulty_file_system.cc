// SPDX-License-Identifier: Apache-2.0
#include "storage/testing/faulty_file_system.h"

#include <algorithm>
#include <utility>

namespace varve::internal {

void FaultyFileSystem::Fail(FileCall call, int error, int64_t count, int64_t skip) {
  const std::lock_guard lock(mutex_);
  Plan& plan = plans_[call];
  plan.error = error;
  plan.count = count;
  plan.skip = skip;
}

void FaultyFileSystem::LoseAnswerOfLink(int error) {
  const std::lock_guard lock(mutex_);
  lost_link_error_ = error;
}

void FaultyFileSystem::LimitTransfers(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  transfer_bytes_max_ = bytes;
}

int64_t FaultyFileSystem::num_calls(FileCall call) const {
  const std::lock_guard lock(mutex_);
  const auto found = plans_.find(call);
  return found == plans_.end() ? 0 : found->second.num_calls;
}

int FaultyFileSystem::Next(FileCall call) {
  const std::lock_guard lock(mutex_);
  Plan& plan = plans_[call];
  ++plan.num_calls;
  if (plan.count == 0 || plan.skip-- > 0) return 0;
  --plan.count;
  return -plan.error;
}

int FaultyFileSystem::OpenUnnamed(int directory) {
  if (const int error = Next(FileCall::kOpenUnnamed)) return error;
  return PosixFileSystem::OpenUnnamed(directory);
}

int64_t FaultyFileSystem::ReadAt(int file, void* out, size_t length, int64_t offset) {
  if (const int error = Next(FileCall::kReadAt)) return error;
  const auto limit = static_cast<size_t>(transfer_bytes_max_);
  return PosixFileSystem::ReadAt(file, out, std::min(length, limit), offset);
}

int64_t FaultyFileSystem::WriteAt(int file, std::span<const iovec> pieces, int64_t offset) {
  if (const int error = Next(FileCall::kWriteAt)) return error;
  if (transfer_bytes_max_ == INT64_MAX) return PosixFileSystem::WriteAt(file, pieces, offset);
  iovec first = pieces.front();
  first.iov_len = std::min(first.iov_len, static_cast<size_t>(transfer_bytes_max_));
  return PosixFileSystem::WriteAt(file, {&first, 1}, offset);
}

int64_t FaultyFileSystem::CopyRange(int from, int to, int64_t offset, size_t length) {
  if (const int error = Next(FileCall::kCopyRange)) return error;
  return PosixFileSystem::CopyRange(from, to, offset,
                                    std::min(length, static_cast<size_t>(transfer_bytes_max_)));
}

int FaultyFileSystem::Sync(int file) {
  FileStat stat;
  Stat(file, &stat);
  const bool is_directory = stat.type == FileType::kDirectory;
  if (const int error = Next(is_directory ? FileCall::kSyncDirectory : FileCall::kSync)) {
    return error;
  }
  return PosixFileSystem::Sync(file);
}

int FaultyFileSystem::SyncData(int file) {
  if (const int error = Next(FileCall::kSyncData)) return error;
  return PosixFileSystem::SyncData(file);
}

int FaultyFileSystem::LinkUnnamed(int file, int directory, const char* name) {
  if (const int error = Next(FileCall::kLinkUnnamed)) return error;
  return PosixFileSystem::LinkUnnamed(file, directory, name);
}

int FaultyFileSystem::Link(int directory, const char* from, const char* to) {
  if (const int error = Next(FileCall::kLink)) return error;
  const int result = PosixFileSystem::Link(directory, from, to);
  const std::lock_guard lock(mutex_);
  const int lost = std::exchange(lost_link_error_, 0);
  return result == 0 && lost != 0 ? -lost : result;
}

int FaultyFileSystem::Rename(int directory, const char* from, const char* to) {
  if (const int error = Next(FileCall::kRename)) return error;
  return PosixFileSystem::Rename(directory, from, to);
}

int FaultyFileSystem::Unlink(int directory, const char* name) {
  if (const int error = Next(FileCall::kUnlink)) return error;
  return PosixFileSystem::Unlink(directory, name);
}

int FaultyFileSystem::Lock(int file) {
  if (const int error = Next(FileCall::kLock)) return error;
  return PosixFileSystem::Lock(file);
}

}  // namespace varve::internal
