// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/hedging_client.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;

constexpr size_t kFirst = 0;
constexpr size_t kSecond = 1;

// Stops both. The sources are copied, since this object may end with the request that it stops.
struct StopBoth {
  void operator()() const {
    auto sources = stops;
    for (std::stop_source& source : sources) source.request_stop();
  }
  std::array<std::stop_source, 2> stops;
};

}  // namespace

struct HedgingClient::Shared {
  std::shared_ptr<ObjectClient> base;
  HedgePolicy policy;
  std::shared_ptr<RetryBudget> budget;
  Timer* timer;
};

// One read, sent once or twice.
struct HedgingClient::Race : std::enable_shared_from_this<Race> {
  Race(std::shared_ptr<Shared> client, ObjectRequest asked, ObjectDone told)
      : shared(std::move(client)), request(std::move(asked)), done(std::move(told)) {
    on_stop.emplace(request.stop, StopBoth{stops});
  }

  void Begin() {
    // The timer holds no read that has ended.
    shared->timer->After(shared->policy.delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->SendAgain();
    });
    Send(kFirst, request);
  }

  void SendAgain() {
    ObjectRequest again = request;
    {
      const std::lock_guard lock(mutex);
      if (replies[kFirst] || request.stop.stop_requested()) return;
      if (!shared->budget->TakeRetry()) return;
      if (request.operation == ObjectOperation::kRead) {
        auto allocated = arrow::AllocateBuffer(request.length);
        if (!allocated.ok()) return;
        memory = *std::move(allocated);
        again.out = memory->mutable_data();
      } else {
        again.length = std::min(again.length, shared->policy.max_bytes);
      }
      is_twice = true;
    }
    if (again.timeout.count() > 0) {
      again.timeout = std::max(milliseconds(1), again.timeout - shared->policy.delay);
    }
    Send(kSecond, std::move(again));
  }

  void Send(size_t which, ObjectRequest attempt) {
    attempt.stop = stops[which].get_token();
    shared->base->Start(std::move(attempt), [self = shared_from_this(), which](ObjectReply reply) {
      self->OnReply(which, std::move(reply));
    });
  }

  void OnReply(size_t which, ObjectReply reply) {
    const size_t other = 1 - which;
    const bool won = reply.ok();
    bool last = true;
    {
      const std::lock_guard lock(mutex);
      replies[which] = std::move(reply);
      last = !is_twice || replies[other];
    }
    if (last) return Finish();
    // It is waited for all the same: it may still touch the caller's memory, or ours.
    if (won) stops[other].request_stop();
  }

  void Finish() {
    on_stop.reset();
    ObjectReply& first = *replies[kFirst];
    if (!is_twice) return done(std::move(first));
    ObjectReply& second = *replies[kSecond];
    const int64_t requests = first.requests + second.requests;
    const bool second_won = !first.ok() && second.ok();
    if (second_won && memory) {
      std::memcpy(request.out, memory->data(), static_cast<size_t>(request.length));
    }
    ObjectReply reply = std::move(second_won ? second : first);
    reply.requests = requests;
    done(std::move(reply));
  }

  const std::shared_ptr<Shared> shared;
  const ObjectRequest request;
  const ObjectDone done;
  std::array<std::stop_source, 2> stops;
  std::optional<std::stop_callback<StopBoth>> on_stop;
  std::mutex mutex;  // guards what follows, until all have ended
  std::array<std::optional<ObjectReply>, 2> replies;
  bool is_twice = false;
  std::unique_ptr<arrow::Buffer> memory;  // of the second read
};

HedgingClient::HedgingClient(std::shared_ptr<ObjectClient> base, HedgePolicy policy,
                             std::shared_ptr<RetryBudget> budget, Timer* timer)
    : shared_(std::make_shared<Shared>(Shared{std::move(base), policy, std::move(budget), timer})) {
}

void HedgingClient::Start(ObjectRequest request, ObjectDone done) {
  // How long a whole object is, shows only when it comes.
  const bool may_be_twice =
      request.operation == ObjectOperation::kReadWhole ||
      (request.operation == ObjectOperation::kRead && request.length <= shared_->policy.max_bytes);
  if (!may_be_twice) {
    return shared_->base->Start(std::move(request), std::move(done));
  }
  shared_->budget->OnRequest();
  std::make_shared<Race>(shared_, std::move(request), std::move(done))->Begin();
}

Result<std::unique_ptr<ObjectUpload>> HedgingClient::OpenUpload(const std::string& path,
                                                                const UploadOptions& options) {
  return shared_->base->OpenUpload(path, options);
}

}  // namespace varve::internal
