// SPDX-License-Identifier: Apache-2.0
// A value that some other thread will give, waited for by one that may be asked to stop meanwhile.
//
// Threads: Set once, Wait once, from any
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/stop.h"

namespace varve::internal {

template <typename Value>
class Awaited {
 public:
  void Set(Value value) {
    std::lock_guard<std::mutex> lock(mutex_);
    value_ = std::move(value);
    is_set_.notify_all();
  }

  /// Passes on to `stop` what the scope of this thread (base/stop.h) is asked; the value is waited
  /// for all the same.
  Value Wait(std::stop_source stop) {
    StopScope* const scope = CurrentScope();
    std::unique_lock<std::mutex> lock(mutex_);
    while (!value_.has_value()) {
      if (scope == nullptr) {
        is_set_.wait(lock);
        continue;
      }
      is_set_.wait_for(lock, kBetweenQuestions);
      lock.unlock();
      if (scope->Ask()) stop.request_stop();
      lock.lock();
    }
    return std::move(*value_);
  }

 private:
  static constexpr auto kBetweenQuestions = std::chrono::milliseconds(20);

  std::mutex mutex_;
  std::condition_variable is_set_;
  std::optional<Value> value_;
};

}  // namespace varve::internal
