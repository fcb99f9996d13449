// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/byte_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/stop.h"

namespace varve::internal {
namespace {

constexpr auto kBetweenQuestions = std::chrono::milliseconds(20);

}  // namespace

ByteBudget::Share::Share(Share&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}

ByteBudget::Share::~Share() {
  if (budget_ == nullptr) return;
  {
    std::lock_guard<std::mutex> lock(budget_->mutex_);
    budget_->taken_ -= bytes_;
  }
  budget_->freed_.notify_all();
}

Result<ByteBudget::Share> ByteBudget::Take(int64_t bytes) {
  bytes = std::clamp<int64_t>(bytes, 0, limit_);
  std::unique_lock<std::mutex> lock(mutex_);
  while (bytes > limit_ - taken_) {
    freed_.wait_for(lock, kBetweenQuestions);
    lock.unlock();
    ARROW_RETURN_NOT_OK(CheckStopped());
    lock.lock();
  }
  taken_ += bytes;
  return Share(this, bytes);
}

}  // namespace varve::internal
