// SPDX-License-Identifier: Apache-2.0
// Looks at an endpoint every now and then, so that its health is known before somebody needs it,
// and an endpoint that is avoided is found to be back without a caller's request at stake.
//
// A look is one request for an object that is not there. One that goes unanswered counts as much as
// a third of the requests that a breaker waits for.
//
// Threads:  works on the timer's thread
// Lifetime: the last look may end after the check does
#pragma once

#include <chrono>
#include <memory>

#include "base/timer.h"
#include "storage/remote/endpoint_health.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

class HealthCheck {
 public:
  /// `client` stands behind the breaker.
  HealthCheck(std::shared_ptr<ObjectClient> client, std::shared_ptr<EndpointHealth> health,
              std::chrono::milliseconds interval, Timer* timer = Timer::System());
  ~HealthCheck();
  HealthCheck(const HealthCheck&) = delete;
  HealthCheck& operator=(const HealthCheck&) = delete;

 private:
  struct Rounds;
  const std::shared_ptr<Rounds> rounds_;
};

}  // namespace varve::internal
