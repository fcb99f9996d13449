// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/retrying_client.h"

#include <algorithm>
#include <utility>

namespace varve::internal {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {

// While it pauses, a request looks so often whether it should stop.
constexpr milliseconds kBetweenLooks{50};
// Other bytes than asked for: once or twice may be the network, more is the server.
constexpr int kBadAnswerTries = 3;

bool MayHelp(ObjectOutcome outcome, int tries) {
  switch (outcome) {
    case ObjectOutcome::kThrottled:
    case ObjectOutcome::kUnavailable:
    case ObjectOutcome::kTimedOut:
    case ObjectOutcome::kConflict:
      return true;
    case ObjectOutcome::kBadAnswer:
      return tries < kBadAnswerTries;
    default:
      return false;
  }
}

// Whether a write that ended so may have been carried out all the same.
bool MayHaveHappened(ObjectOutcome outcome) {
  return outcome == ObjectOutcome::kUnavailable || outcome == ObjectOutcome::kTimedOut ||
         outcome == ObjectOutcome::kBadAnswer || outcome == ObjectOutcome::kFailed;
}

}  // namespace

void RetryBudget::OnRequest() {
  const std::lock_guard lock(mutex_);
  left_ = std::min(most_, left_ + per_request_);
}

bool RetryBudget::TakeRetry() {
  const std::lock_guard lock(mutex_);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

struct RetryingClient::Shared {
  std::shared_ptr<ObjectClient> base;
  RetryPolicy policy;
  std::shared_ptr<RetryBudget> budget;
  Timer* timer;
  Random* random;
};

// A request from its first try to its last.
struct RetryingClient::Trial : std::enable_shared_from_this<Trial> {
  Trial(std::shared_ptr<Shared> client, ObjectRequest asked, ObjectDone told)
      : shared(std::move(client)),
        request(std::move(asked)),
        done(std::move(told)),
        deadline(std::max(shared->policy.deadline, request.timeout)),
        begin(shared->timer->NowNanos()) {}

  nanoseconds Left() const {
    return deadline + queued - nanoseconds(shared->timer->NowNanos() - begin);
  }

  void Try() {
    ++tries;
    ObjectRequest attempt = request;
    // In whole milliseconds, and never none at all, which would be without limit.
    const auto left = std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(Left()));
    attempt.timeout = attempt.timeout.count() == 0 ? left : std::min(attempt.timeout, left);
    shared->base->Start(std::move(attempt), [self = shared_from_this()](ObjectReply reply) {
      self->OnReply(std::move(reply));
    });
  }

  void OnReply(ObjectReply reply) {
    requests += reply.requests;
    queued += reply.queued;
    // Not when it came: of many that wait for their turn, none has been a request yet.
    if (tries == 1) shared->budget->OnRequest();
    if (!reply.ok() && MayHelp(reply.outcome, tries) && tries < shared->policy.max_tries &&
        !request.stop.stop_requested()) {
      const nanoseconds pause = PauseAfter(reply);
      // What was never sent burdens nobody.
      const bool is_free = reply.requests == 0;
      if (pause < Left() && (is_free || shared->budget->TakeRetry())) {
        maybe_done = maybe_done || MayHaveHappened(reply.outcome);
        return Pause(pause);
      }
    }
    // A refusal of the last try says nothing of the tries before it.
    const bool in_doubt =
        maybe_done && request.if_absent && !reply.ok() && reply.outcome != ObjectOutcome::kExists;
    if (in_doubt && !MayHaveHappened(reply.outcome)) {
      reply.message = "an earlier try may have been carried out; the last: " +
                      std::string(NameOf(reply.outcome)) +
                      (reply.message.empty() ? "" : " (" + reply.message + ")");
      reply.outcome = ObjectOutcome::kUnavailable;
    }
    reply.requests = requests;
    reply.queued = queued;
    reply.maybe_ours = maybe_done && reply.outcome == ObjectOutcome::kExists;
    if (!reply.ok() && tries > 1) {
      reply.message += (reply.message.empty() ? "" : "; ") +
                       ("given up after " + std::to_string(tries) + " tries");
    }
    done(std::move(reply));
  }

  nanoseconds PauseAfter(const ObjectReply& reply) const {
    const RetryPolicy& policy = shared->policy;
    const int64_t most = std::min<int64_t>(policy.max_pause.count(),
                                           policy.first_pause.count() << std::min(tries - 1, 20));
    const auto drawn = milliseconds(
        static_cast<int64_t>(shared->random->Uniform(static_cast<uint64_t>(most) + 1)));
    // What the service asks for, and a little on top, or all would come back at once.
    if (reply.retry_after.count() > 0) return reply.retry_after + drawn;
    return drawn;
  }

  void Pause(nanoseconds pause) {
    const nanoseconds step = std::min<nanoseconds>(pause, kBetweenLooks);
    shared->timer->After(step, [self = shared_from_this(), left = pause - step] {
      if (self->request.stop.stop_requested()) {
        return self->done({.outcome = ObjectOutcome::kCancelled, .requests = self->requests});
      }
      left.count() > 0 ? self->Pause(left) : self->Try();
    });
  }

  const std::shared_ptr<Shared> shared;
  const ObjectRequest request;
  const ObjectDone done;
  const milliseconds deadline;
  const int64_t begin;
  nanoseconds queued{0};
  int tries = 0;
  int64_t requests = 0;
  bool maybe_done = false;
};

RetryingClient::RetryingClient(std::shared_ptr<ObjectClient> base, RetryPolicy policy,
                               std::shared_ptr<RetryBudget> budget, Timer* timer, Random* random)
    : shared_(std::make_shared<Shared>(
          Shared{std::move(base), policy, std::move(budget), timer, random})) {}

void RetryingClient::Start(ObjectRequest request, ObjectDone done) {
  std::make_shared<Trial>(shared_, std::move(request), std::move(done))->Try();
}

Result<std::unique_ptr<ObjectUpload>> RetryingClient::OpenUpload(const std::string& path,
                                                                 const UploadOptions& options) {
  UploadOptions within = options;
  within.may_retry = [budget = shared_->budget] { return budget->TakeRetry(); };
  return shared_->base->OpenUpload(path, within);
}

}  // namespace varve::internal
