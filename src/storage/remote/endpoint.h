// SPDX-License-Identifier: Apache-2.0
// What all stores at one endpoint have in common, whoever opened them in this process: whether it
// answers, and how many retries it can bear.
//
// Threads:  FindEndpoint may be called concurrently
// Lifetime: an endpoint is forgotten when the last of its stores ends
#pragma once

#include <memory>
#include <string>

#include "storage/remote/endpoint_health.h"
#include "storage/remote/retrying_client.h"

namespace varve::internal {

struct Endpoint {
  std::shared_ptr<EndpointHealth> health;
  std::shared_ptr<RetryBudget> budget;
};

/// The one of this name, made by who asks first. Stores with another breaker policy have another.
std::shared_ptr<Endpoint> FindEndpoint(const std::string& name, const BreakerPolicy& policy);

}  // namespace varve::internal
