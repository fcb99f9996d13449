// SPDX-License-Identifier: Apache-2.0
// So many bytes at a time, for all who share them.
//
// Threads: all methods may be called concurrently
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "varve/status.h"

namespace varve::internal {

class ByteBudget {
 public:
  explicit ByteBudget(int64_t limit) : limit_(limit) {}

  /// A part of the budget, given back when it ends.
  class Share {
   public:
    Share(ByteBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
    Share(Share&& other) noexcept;
    Share& operator=(Share&&) = delete;
    ~Share();

   private:
    ByteBudget* budget_;
    int64_t bytes_;
  };

  /// Waits until `bytes` are free; more than there are altogether counts as all there are.
  /// Errors: Cancelled
  Result<Share> Take(int64_t bytes);

 private:
  const int64_t limit_;
  std::mutex mutex_;
  std::condition_variable freed_;
  int64_t taken_ = 0;  ///< guarded by mutex_
};

}  // namespace varve::internal
