// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/limited_client.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace varve::internal {

struct LimitedClient::State : std::enable_shared_from_this<State> {
  struct Pending {
    ObjectRequest request;
    ObjectDone done;
    int64_t since;  // when it came
  };

  // Who goes on with the next request: the thread that starts one, if the answer is there before
  // Start returns. Answers that come at once would else call one another ever deeper.
  struct Handover {
    enum Stage { kStarting, kStarted, kAnswered };
    std::atomic<Stage> stage = kStarting;
    std::optional<Pending> next;
  };

  // REQUIRES: a place is free and was taken for this request
  void Send(Pending first) {
    std::optional<Pending> pending = std::move(first);
    while (pending) {
      const auto handover = std::make_shared<Handover>();
      const std::chrono::nanoseconds queued(timer->NowNanos() - pending->since);
      base->Start(std::move(pending->request), [self = shared_from_this(), handover, queued,
                                                done =
                                                    std::move(pending->done)](ObjectReply reply) {
        handover->next = self->Leave();
        if (handover->stage.exchange(Handover::kAnswered) == Handover::kStarted && handover->next) {
          self->Send(*std::move(handover->next));
        }
        reply.queued += queued;
        done(std::move(reply));
      });
      if (handover->stage.exchange(Handover::kStarted) != Handover::kAnswered) return;
      pending = std::move(handover->next);
    }
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
  Timer* timer = nullptr;
  std::mutex mutex;  // guards what follows
  int64_t free = 0;
  std::deque<Pending> queue;
};

LimitedClient::LimitedClient(std::shared_ptr<ObjectClient> base, int64_t max_in_flight,
                             Timer* timer)
    : state_(std::make_shared<State>()) {
  state_->base = std::move(base);
  state_->timer = timer;
  state_->free = max_in_flight;
}

Result<std::unique_ptr<ObjectUpload>> LimitedClient::OpenUpload(const std::string& path,
                                                                const UploadOptions& options) {
  return state_->base->OpenUpload(path, options);
}

void LimitedClient::Start(ObjectRequest request, ObjectDone done) {
  const int64_t now = state_->timer->NowNanos();
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->free == 0) {
      state_->queue.push_back({std::move(request), std::move(done), now});
      return;
    }
    --state_->free;
  }
  state_->Send({std::move(request), std::move(done), now});
}

}  // namespace varve::internal
