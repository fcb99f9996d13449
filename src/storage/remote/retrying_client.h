// SPDX-License-Identifier: Apache-2.0
// Tries a request again where that may help, after a pause that grows and is drawn at random,
// within a deadline and a budget that all requests to an endpoint share.
//
// Deadline: of all tries and pauses together, without what a request waits for its turn; at least
//           the request's own timeout
// Again:    no answer, an answer that came too late or held other bytes, "slow down", and "another
//           request is in progress". Every try sends the same bytes; a condition that was false at
//           a later try may have been made so by an earlier one, which `maybe_ours` says. A
//           conditional write whose last try was refused ends as kUnavailable where an earlier one
//           may have been carried out.
// Threads:  as ObjectClient
// Source:   AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter); Google SRE book,
//           "Handling Overload" (retry budgets)
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "base/random.h"
#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

struct RetryPolicy {
  int max_tries = 10;
  std::chrono::milliseconds first_pause{50};  ///< at most; doubles from try to try
  std::chrono::milliseconds max_pause{5'000};
  std::chrono::milliseconds deadline{60'000};
};

/// So many tries beyond the first, as a share of the requests made: an endpoint in trouble is not
/// buried under retries. `most` is saved up, which is enough for all requests that are usually
/// under way to lose their connection at once. Threads: safe
class RetryBudget {
 public:
  explicit RetryBudget(double per_request = 0.15, double most = 100)
      : per_request_(per_request), most_(most), left_(most) {}
  void OnRequest();
  bool TakeRetry();

 private:
  const double per_request_;
  const double most_;
  std::mutex mutex_;  // guards left_
  double left_;
};

class RetryingClient : public ObjectClient {
 public:
  RetryingClient(std::shared_ptr<ObjectClient> base, RetryPolicy policy,
                 std::shared_ptr<RetryBudget> budget, Timer* timer = Timer::System(),
                 Random* random = Random::System());

  void Start(ObjectRequest request, ObjectDone done) override;
  /// The service sends its parts again by itself, out of the same budget.
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct Shared;
  struct Trial;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace varve::internal
