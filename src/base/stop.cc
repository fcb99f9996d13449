// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include <utility>

namespace varve {
namespace {

constexpr auto kBetweenQuestions = std::chrono::milliseconds(20);

thread_local StopScope* current = nullptr;

}  // namespace

StopScope::StopScope(std::function<bool()> should_stop)
    : should_stop_(std::move(should_stop)),
      owner_(std::this_thread::get_id()),
      outer_(current),
      asked_(std::chrono::steady_clock::now()) {
  current = this;
}

StopScope::~StopScope() { current = outer_; }

bool StopScope::stopped() const {
  for (const StopScope* scope = this; scope != nullptr; scope = scope->outer_) {
    if (scope->stopped_.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

bool StopScope::Ask() {
  const auto self = std::this_thread::get_id();
  for (StopScope* scope = this; scope != nullptr; scope = scope->outer_) {
    // A thread that was handed work may have a scope of its own inside the caller's.
    if (scope->owner_ != self || scope->stopped_) continue;
    if (std::chrono::steady_clock::now() - scope->asked_ < kBetweenQuestions) continue;
    if (scope->should_stop_()) scope->stopped_ = true;
    // Asking may have taken long: the function may wait for a lock of its own.
    scope->asked_ = std::chrono::steady_clock::now();
  }
  return stopped();
}

namespace internal {

Status CheckStopped() {
  if (current == nullptr || !current->Ask()) return Status::OK();
  return MakeError(ErrorKind::kCancelled, "the call was asked to stop");
}

StopScope* CurrentScope() { return current; }

WorkingFor::WorkingFor(StopScope* scope) : before_(std::exchange(current, scope)) {}
WorkingFor::~WorkingFor() { current = before_; }

}  // namespace internal
}  // namespace varve
