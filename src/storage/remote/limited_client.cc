// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/limited_client.h"

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace varve::internal {

struct LimitedClient::State : std::enable_shared_from_this<State> {
  struct Pending {
    ObjectRequest request;
    ObjectDone done;
  };

  // REQUIRES: a place is free and was taken for this request
  void Send(Pending pending) {
    // Set out of reach of the request, which is moved away.
    const auto self = shared_from_this();
    base->Start(std::move(pending.request),
                [self, done = std::move(pending.done)](ObjectReply reply) {
                  std::optional<Pending> next = self->Leave();
                  if (next) self->Send(*std::move(next));
                  done(std::move(reply));
                });
  }

  // The request that takes over the place.
  std::optional<Pending> Leave() {
    for (;;) {
      Pending next;
      {
        std::lock_guard<std::mutex> lock(mutex);
        if (queue.empty()) {
          ++free;
          return std::nullopt;
        }
        next = std::move(queue.front());
        queue.pop_front();
      }
      if (!next.request.stop.stop_requested()) return next;
      next.done({.outcome = ObjectOutcome::kCancelled});
    }
  }

  std::shared_ptr<ObjectClient> base;
  std::mutex mutex;  // guards what follows
  int64_t free = 0;
  std::deque<Pending> queue;
};

LimitedClient::LimitedClient(std::shared_ptr<ObjectClient> base, int64_t max_in_flight)
    : state_(std::make_shared<State>()) {
  state_->base = std::move(base);
  state_->free = max_in_flight;
}

Result<std::unique_ptr<ObjectUpload>> LimitedClient::OpenUpload(const std::string& path,
                                                                const UploadOptions& options) {
  return state_->base->OpenUpload(path, options);
}

void LimitedClient::Start(ObjectRequest request, ObjectDone done) {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->free == 0) {
      state_->queue.push_back({std::move(request), std::move(done)});
      return;
    }
    --state_->free;
  }
  state_->Send({std::move(request), std::move(done)});
}

}  // namespace varve::internal
