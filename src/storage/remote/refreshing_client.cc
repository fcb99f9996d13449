// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/refreshing_client.h"

#include <mutex>
#include <optional>
#include <utility>

namespace varve::internal {

struct RefreshingClient::State {
  std::shared_ptr<ObjectClient> Current() {
    const std::lock_guard lock(mutex);
    return current;
  }

  // The client that took the place of `refused`; nullptr: none did.
  std::shared_ptr<ObjectClient> After(const std::shared_ptr<ObjectClient>& refused) {
    const std::lock_guard lock(mutex);
    if (current != refused) return current;
    const int64_t now = timer->NowNanos();
    if (renewed_at && now - *renewed_at < std::chrono::nanoseconds(kBetweenRenewals).count()) {
      return nullptr;
    }
    renewed_at = now;
    auto next = renew();
    if (next != nullptr) current = next;
    return next;
  }

  const Renew renew;
  Timer* const timer;
  std::mutex mutex;  // guards what follows, and is held while the client is renewed
  std::shared_ptr<ObjectClient> current;
  std::optional<int64_t> renewed_at;
};

RefreshingClient::RefreshingClient(std::shared_ptr<ObjectClient> base, Renew renew, Timer* timer)
    : state_(new State{std::move(renew), timer, {}, std::move(base), {}}) {}

void RefreshingClient::Start(ObjectRequest request, ObjectDone done) {
  const auto client = state_->Current();
  ObjectRequest again = request;
  client->Start(std::move(request), [state = state_, client, again = std::move(again),
                                     done = std::move(done)](ObjectReply reply) mutable {
    const auto next = reply.credentials_expired ? state->After(client) : nullptr;
    if (next == nullptr) return done(std::move(reply));
    next->Start(std::move(again),
                [requests = reply.requests, done = std::move(done)](ObjectReply second) {
                  second.requests += requests;
                  done(std::move(second));
                });
  });
}

Result<std::unique_ptr<ObjectUpload>> RefreshingClient::OpenUpload(const std::string& path,
                                                                   const UploadOptions& options) {
  return state_->Current()->OpenUpload(path, options);
}

}  // namespace varve::internal
