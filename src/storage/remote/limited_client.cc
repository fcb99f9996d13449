// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/limited_client.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace varve::internal {

struct LimitedClient::State : std::enable_shared_from_this<State> {
  struct Pending {
    ObjectRequest request;
    ObjectDone done;
    int64_t since = 0;  // when it came
  };

  struct Queued {
    Pending pending;
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
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
    // Destroyed outside of the lock, which its stop may be waiting for.
    std::shared_ptr<Queued> next;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (queue.empty()) {
        ++free;
        return std::nullopt;
      }
      next = std::move(queue.begin()->second);
      queue.erase(queue.begin());
    }
    return std::move(next->pending);
  }

  // A request that is asked to stop does not wait for its turn to be told so.
  void GiveUp(int64_t ticket) {
    std::shared_ptr<Queued> stopped;
    {
      std::lock_guard<std::mutex> lock(mutex);
      const auto found = queue.find(ticket);
      if (found == queue.end()) return;  // had its turn
      stopped = std::move(found->second);
      queue.erase(found);
    }
    const std::chrono::nanoseconds queued(timer->NowNanos() - stopped->pending.since);
    stopped->pending.done({.outcome = ObjectOutcome::kCancelled, .queued = queued});
  }

  std::shared_ptr<ObjectClient> base;
  Timer* timer = nullptr;
  std::mutex mutex;  // guards what follows
  int64_t free = 0;
  int64_t last_ticket = 0;
  std::map<int64_t, std::shared_ptr<Queued>> queue;  // by ticket: in the order in which they came
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
  std::stop_token stop = request.stop;
  const auto queued = std::make_shared<State::Queued>();
  queued->pending = {std::move(request), std::move(done), state_->timer->NowNanos()};
  int64_t ticket = 0;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (state_->free > 0) {
      --state_->free;
    } else {
      ticket = ++state_->last_ticket;
      state_->queue[ticket] = queued;
    }
  }
  if (ticket == 0) return state_->Send(std::move(queued->pending));
  const std::weak_ptr<State> weak = state_;
  // Outside of the lock: it may be called right here.
  queued->on_stop.emplace(std::move(stop), [weak, ticket] {
    if (const auto state = weak.lock()) state->GiveUp(ticket);
  });
}

}  // namespace varve::internal
