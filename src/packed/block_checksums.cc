// SPDX-License-Identifier: Apache-2.0
#include "packed/block_checksums.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow/buffer.h"

namespace varve::internal {

BlockChecksums::BlockChecksums(std::shared_ptr<const FileSource> source, int64_t offset,
                               int64_t num_blocks)
    : source_(std::move(source)),
      offset_(offset),
      num_blocks_(num_blocks),
      pages_(source_->is_remote() ? static_cast<size_t>((num_blocks + kPerPage - 1) / kPerPage)
                                  : 0),
      is_loaded_(pages_.size()) {}

int64_t BlockChecksums::BytesOfPage(int64_t page) const {
  return 4 * (std::min((page + 1) * kPerPage, num_blocks_) - page * kPerPage);
}

Status BlockChecksums::Load(int64_t begin, int64_t end) const {
  if (begin >= end) return Status::OK();
  if (!source_->is_remote()) {
    if (is_mapped_.load(std::memory_order_acquire)) return Status::OK();
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_mapped_.load(std::memory_order_relaxed)) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(mapped_, source_->View(offset_, 4 * num_blocks_));
    is_mapped_.store(true, std::memory_order_release);
    return Status::OK();
  }
  const auto is_there = [this](int64_t page) {
    return is_loaded_[static_cast<size_t>(page)].load(std::memory_order_acquire);
  };
  const int64_t last = (end - 1) / kPerPage;
  for (int64_t page = begin / kPerPage; page <= last; ++page) {
    if (is_there(page)) continue;
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_there(page)) continue;
    int64_t run_end = page + 1;
    while (run_end <= last && !is_there(run_end)) ++run_end;
    const int64_t bytes = 4 * (std::min(run_end * kPerPage, num_blocks_) - page * kPerPage);
    ARROW_ASSIGN_OR_RAISE(auto run, source_->Copy(offset_ + 4 * page * kPerPage, bytes));
    for (int64_t i = page; i < run_end; ++i) {
      pages_[static_cast<size_t>(i)].store(run->data() + 4 * (i - page) * kPerPage,
                                           std::memory_order_release);
      is_loaded_[static_cast<size_t>(i)].store(true, std::memory_order_release);
    }
    held_.push_back(std::move(run));
  }
  return Status::OK();
}

void BlockChecksums::Plan(int64_t begin, int64_t end, ReadWave* wave) const {
  if (begin >= end || !source_->is_remote()) return;
  for (int64_t page = begin / kPerPage; page <= (end - 1) / kPerPage; ++page) {
    if (is_loaded_[static_cast<size_t>(page)].load(std::memory_order_acquire)) continue;
    wave->Add(*source_, offset_ + 4 * page * kPerPage, BytesOfPage(page));
  }
}

uint32_t BlockChecksums::At(int64_t block) const {
  const uint8_t* bytes = nullptr;
  if (mapped_ != nullptr) {
    bytes = mapped_->data() + 4 * block;
  } else {
    bytes = pages_[static_cast<size_t>(block / kPerPage)].load(std::memory_order_acquire) +
            4 * (block % kPerPage);
  }
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

std::span<const uint8_t> BlockChecksums::mapped() const {
  if (mapped_ == nullptr) return {};
  return {mapped_->data(), static_cast<size_t>(mapped_->size())};
}

void BlockChecksums::Forget() const {
  for (auto& loaded : is_loaded_) loaded.store(false, std::memory_order_release);
}

}  // namespace varve::internal
