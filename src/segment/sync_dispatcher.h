// SPDX-License-Identifier: Apache-2.0
// Runs tasks on threads of its own: those of one key one after the other, in the order in which
// they came, others in parallel.
//
// Threads: all methods may be called concurrently; Submit not from a task, which might wait for
//          itself
// Source:  shared specification of Milvus' formats, section 10.3 (key_lock_dispatcher.go)
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "varve/status.h"

namespace varve::internal {

class SyncDispatcher {
 public:
  /// At most `max_running` tasks at a time, and `max_queued` that wait.  REQUIRES: both > 0
  SyncDispatcher(int max_running, int max_queued);
  /// Waits for all tasks.
  ~SyncDispatcher();
  SyncDispatcher(const SyncDispatcher&) = delete;
  SyncDispatcher& operator=(const SyncDispatcher&) = delete;

  /// Waits while the queue is full.
  void Submit(int64_t key, std::function<void()> task);
  /// Waits until nothing is queued or running.
  void Drain();

 private:
  void Work();
  /// Runs the front task of a ready key, unlocked meanwhile.  REQUIRES: !ready_.empty()
  void RunNext(std::unique_lock<std::mutex>* lock);
  bool IsIdle() const { return num_queued_ == 0 && num_running_ == 0; }

  const int max_running_;
  const int max_queued_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable has_work_, has_room_, is_idle_;
  /// Of keys that have any; the front one is running where the key is not in ready_.
  std::map<int64_t, std::deque<std::function<void()>>> tasks_;
  std::deque<int64_t> ready_;  ///< keys whose front task may start
  int num_queued_ = 0;
  int num_running_ = 0;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace varve::internal
