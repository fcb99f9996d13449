// SPDX-License-Identifier: Apache-2.0
// Stops asking an endpoint that does not answer, and asks again now and then whether it does.
//
// Closed, every request passes. After `failures` requests in a row without an answer it opens:
// requests fail at once, as not to be reached, with the time until it looks again. Then one request
// passes as a probe: its success closes the breaker, its failure opens it for twice as long.
//
// Threads: as ObjectClient
// Source:  M. Nygard, "Release It!", Circuit Breaker
#pragma once

#include <chrono>
#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

struct BreakerPolicy {
  int failures = 20;
  std::chrono::milliseconds first_open{1'000};
  std::chrono::milliseconds max_open{30'000};
};

class CircuitBreaker : public ObjectClient {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };

  CircuitBreaker(std::shared_ptr<ObjectClient> base, BreakerPolicy policy,
                 Timer* timer = Timer::System());

  State state() const;
  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace varve::internal
