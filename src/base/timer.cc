// SPDX-License-Identifier: Apache-2.0
#include "base/timer.h"

#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace varve::internal {
namespace {

class TimerThread {
 public:
  TimerThread() {
    std::thread([this] { Run(); }).detach();
  }

  void Add(int64_t due, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    const bool is_first = queue_.empty() || due < queue_.begin()->first;
    queue_.emplace(due, std::move(work));
    if (is_first) changed_.notify_one();
  }

 private:
  [[noreturn]] void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (queue_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const int64_t wait = queue_.begin()->first - Clock::System()->MonotonicNanos();
      if (wait > 0) {
        changed_.wait_for(lock, std::chrono::nanoseconds(wait));
        continue;
      }
      const auto work = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::multimap<int64_t, std::function<void()>> queue_;  // by time
};

class SystemTimer : public Timer {
 public:
  int64_t NowNanos() override { return Clock::System()->MonotonicNanos(); }

  void After(std::chrono::nanoseconds delay, std::function<void()> work) override {
    Thread()->Add(NowNanos() + delay.count(), std::move(work));
  }

 private:
  // Never destroyed: its thread may be at work while the process ends.
  TimerThread* Thread() {
    const std::lock_guard lock(mutex_);
    if (process_ != getpid()) {
      thread_ = new TimerThread();
      process_ = getpid();
    }
    return thread_;
  }

  std::mutex mutex_;  // guards what follows
  pid_t process_ = 0;
  TimerThread* thread_ = nullptr;
};

}  // namespace

Timer* Timer::System() {
  static auto* const timer = new SystemTimer();
  return timer;
}

}  // namespace varve::internal
