// SPDX-License-Identifier: Apache-2.0
// Goes on with fresh credentials where those it had have expired: what keeps them (a profile that a
// tool rewrites, the environment) is looked at again, once for all requests that were refused and
// not again within kBetweenRenewals, and each of them is sent once more.
//
// Errors:  of the second try, as such; the first refusal where nothing fresh is to be had
// Threads: as ObjectClient
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

class RefreshingClient : public ObjectClient {
 public:
  static constexpr std::chrono::seconds kBetweenRenewals{5};

  /// A client with the credentials of now; nullptr: they are those that were used last. Short: it
  /// is called where replies are told.
  using Renew = std::function<std::shared_ptr<ObjectClient>()>;

  RefreshingClient(std::shared_ptr<ObjectClient> base, Renew renew, Timer* timer = Timer::System());

  void Start(ObjectRequest request, ObjectDone done) override;
  /// With the credentials of now; it keeps them.
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace varve::internal
