// SPDX-License-Identifier: Apache-2.0
// Objects that a C program holds by a pointer which is never followed: each is the address of a
// byte of its own that is never given out again, so that a handle that was closed, or is of another
// kind, is told from every other.
//
// Shape:    one table a kind of object, for the life of the process; one byte a handle ever given
// Threads:  all methods may be called concurrently
// Lifetime: an object lives while it is in the table or somebody uses it
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "varve/status.h"

namespace varve::capi {

template <typename T>
class Handles {
 public:
  explicit Handles(std::string kind) : kind_(std::move(kind)) {}

  void* Add(std::shared_ptr<T> object) {
    std::lock_guard<std::mutex> lock(mutex_);
    void* const handle = &addresses_.emplace_back();
    open_.emplace(handle, std::move(object));
    return handle;
  }

  // Errors: Invalid for NULL and for what is not, or no longer, a handle of this kind
  Result<std::shared_ptr<T>> Find(const void* handle) const {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = open_.find(handle);
    if (found == open_.end()) return NotOpen(handle);
    return found->second;
  }

  // The object; the handle is closed.
  Result<std::shared_ptr<T>> Remove(const void* handle) {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto found = open_.find(handle);
    if (found == open_.end()) return NotOpen(handle);
    std::shared_ptr<T> object = std::move(found->second);
    open_.erase(found);
    return object;
  }

 private:
  Status NotOpen(const void* handle) const {
    return MakeError(ErrorKind::kInvalid, handle == nullptr
                                              ? "the " + kind_ + " is NULL"
                                              : "this is no " + kind_ + " that is open");
  }

  const std::string kind_;
  mutable std::mutex mutex_;
  std::deque<std::byte> addresses_;
  std::unordered_map<const void*, std::shared_ptr<T>> open_;
};

}  // namespace varve::capi
