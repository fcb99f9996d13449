// SPDX-License-Identifier: Apache-2.0
// A service that answers as a test says.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

/// Threads: for one thread
class ScriptedClient : public ObjectClient {
 public:
  using Answer = std::function<ObjectReply(const ObjectRequest&)>;

  /// Every request is answered after `latency`, or at once if that is zero.
  ScriptedClient(Timer* timer, std::chrono::nanoseconds latency, Answer answer)
      : timer_(timer), latency_(latency), answer_(std::move(answer)) {}

  void Start(ObjectRequest request, ObjectDone done) override {
    sent_at_.push_back(timer_->NowNanos());
    ++under_way_;
    most_under_way_ = std::max(most_under_way_, under_way_);
    const auto end = [this, request = std::move(request), done = std::move(done)] {
      --under_way_;
      ObjectReply reply = answer_(request);
      reply.requests = 1;
      done(std::move(reply));
    };
    if (latency_.count() == 0) return end();
    timer_->After(latency_, end);
  }

  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions&) override {
    return MakeError(ErrorKind::kUnsupported, "not in the script", {.object = path});
  }

  const std::vector<int64_t>& sent_at() const { return sent_at_; }  ///< nanoseconds
  int64_t most_under_way() const { return most_under_way_; }

 private:
  Timer* const timer_;
  const std::chrono::nanoseconds latency_;
  const Answer answer_;
  std::vector<int64_t> sent_at_;
  int64_t under_way_ = 0;
  int64_t most_under_way_ = 0;
};

}  // namespace varve::internal
