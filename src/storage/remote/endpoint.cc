// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/endpoint.h"

#include <map>
#include <mutex>
#include <utility>

namespace varve::internal {

std::shared_ptr<Endpoint> FindEndpoint(const std::string& name, const BreakerPolicy& policy) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, int>, std::weak_ptr<Endpoint>> endpoints;
  const std::lock_guard lock(mutex);
  std::erase_if(endpoints, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<Endpoint>& known = endpoints[{name, policy.failures}];
  std::shared_ptr<Endpoint> endpoint = known.lock();
  if (endpoint == nullptr) {
    endpoint = std::make_shared<Endpoint>(Endpoint{
        .health = std::make_shared<EndpointHealth>(policy),
        .budget = std::make_shared<RetryBudget>(),
    });
    known = endpoint;
  }
  return endpoint;
}

}  // namespace varve::internal
