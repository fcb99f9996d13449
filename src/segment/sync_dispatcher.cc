// SPDX-License-Identifier: Apache-2.0
#include "segment/sync_dispatcher.h"

#include <system_error>
#include <utility>

namespace varve::internal {

SyncDispatcher::SyncDispatcher(int max_running, int max_queued)
    : max_running_(max_running), max_queued_(max_queued) {}

SyncDispatcher::~SyncDispatcher() {
  Drain();
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  has_work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SyncDispatcher::Submit(int64_t key, std::function<void()> task) {
  std::unique_lock lock(mutex_);
  has_room_.wait(lock, [&] { return num_queued_ < max_queued_; });
  auto& tasks = tasks_[key];
  tasks.push_back(std::move(task));
  ++num_queued_;
  if (tasks.size() > 1) return;  // behind one that runs or is ready
  ready_.push_back(key);
  const auto idle = static_cast<int>(threads_.size()) - num_running_;
  if (idle < static_cast<int>(ready_.size()) && static_cast<int>(threads_.size()) < max_running_) {
    try {
      threads_.emplace_back([this] { Work(); });
    } catch (const std::system_error&) {
      // Too few threads are enough, and without any this one does the work.
      while (threads_.empty() && !ready_.empty()) RunNext(&lock);
    }
  }
  has_work_.notify_one();
}

void SyncDispatcher::Drain() {
  std::unique_lock lock(mutex_);
  is_idle_.wait(lock, [&] { return IsIdle(); });
}

void SyncDispatcher::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    has_work_.wait(lock, [&] { return ends_ || !ready_.empty(); });
    if (ready_.empty()) return;
    RunNext(&lock);
  }
}

void SyncDispatcher::RunNext(std::unique_lock<std::mutex>* lock) {
  const int64_t key = ready_.front();
  ready_.pop_front();
  std::function<void()> task = std::move(tasks_[key].front());
  --num_queued_;
  ++num_running_;
  has_room_.notify_one();
  lock->unlock();
  task();
  task = nullptr;  // what it holds is let go before anybody is told that it ended
  lock->lock();
  --num_running_;
  auto& tasks = tasks_[key];
  tasks.pop_front();
  if (tasks.empty()) {
    tasks_.erase(key);
  } else {
    ready_.push_back(key);
    has_work_.notify_one();
  }
  if (IsIdle()) is_idle_.notify_all();
}

}  // namespace varve::internal
