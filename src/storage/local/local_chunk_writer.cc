// SPDX-License-Identifier: Apache-2.0
#include "storage/local/local_chunk_writer.h"

#include <algorithm>
#include <utility>

#include "storage/local/errno_status.h"

namespace varve::internal {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr int64_t kWritebackBytes = 16 << 20;

}  // namespace

LocalChunkWriter::LocalChunkWriter(std::unique_ptr<StagedFile> staged, std::string path,
                                   std::string name, std::shared_ptr<void> keep_alive,
                                   MakeWriterOptions options)
    : keep_alive_(std::move(keep_alive)),
      path_(std::move(path)),
      name_(std::move(name)),
      replaces_(options.replace),
      staged_(std::move(staged)) {
  if (options.size_hint > 0) {
    buffer_.reserve(std::min<size_t>(static_cast<size_t>(options.size_hint), kBufferBytes));
  }
}

LocalChunkWriter::~LocalChunkWriter() = default;

Status LocalChunkWriter::CheckOpen() const {
  if (staged_ != nullptr) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "the writer is closed or has failed", {.object = path_});
}

Status LocalChunkWriter::Write(std::span<const uint8_t> bytes) { return WriteAll({&bytes, 1}); }

Status LocalChunkWriter::WriteAll(std::span<const std::span<const uint8_t>> pieces) {
  ARROW_RETURN_NOT_OK(CheckOpen());
  size_t total = 0;
  for (const auto piece : pieces) total += piece.size();
  if (buffer_.size() + total < kBufferBytes) {
    for (const auto piece : pieces) buffer_.insert(buffer_.end(), piece.begin(), piece.end());
  } else if (Status status = Flush(pieces); !status.ok()) {
    staged_.reset();
    return status;
  }
  bytes_written_ += static_cast<int64_t>(total);
  return Status::OK();
}

Status LocalChunkWriter::Flush(std::span<const std::span<const uint8_t>> pieces) {
  batch_.clear();
  batch_.push_back({.iov_base = buffer_.data(), .iov_len = buffer_.size()});
  for (const auto piece : pieces) {
    batch_.push_back({.iov_base = const_cast<uint8_t*>(piece.data()), .iov_len = piece.size()});
  }
  ARROW_RETURN_NOT_OK(staged_->Append(batch_));
  buffer_.clear();
  const int64_t dirty = staged_->size() - writeback_begin_;
  if (dirty >= kWritebackBytes) {
    staged_->StartWriteback(writeback_begin_, dirty);
    writeback_begin_ = staged_->size();
  }
  return Status::OK();
}

Status LocalChunkWriter::Close() {
  ARROW_RETURN_NOT_OK(CheckOpen());
  Status status = Publish();
  // Published or given up: what has no name of its own disappears with the staged file.
  staged_.reset();
  return status;
}

Status LocalChunkWriter::Publish() {
  ARROW_RETURN_NOT_OK(Flush({}));
  // The bytes are gone from memory, so a failed sync cannot be made good here: the caller writes
  // the object again.
  const int synced = staged_->SyncData();
  if (synced < 0) return ErrnoStatus(synced, "cannot sync the object", path_);
  if (replaces_) return staged_->PublishOver(name_);
  ARROW_ASSIGN_OR_RAISE(const bool is_ours, staged_->PublishAsNew(name_));
  if (is_ours) return Status::OK();
  return MakeError(ErrorKind::kAlreadyExists, "the object exists already", {.object = path_});
}

Status LocalChunkWriter::Abort() {
  staged_.reset();
  buffer_ = {};
  return Status::OK();
}

}  // namespace varve::internal
