// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/open_remote.h"

#include <algorithm>
#include <utility>

#include "storage/opendal/opendal_client.h"
#include "storage/remote/bandwidth_client.h"
#include "storage/remote/circuit_breaker.h"
#include "storage/remote/conditional_writes.h"
#include "storage/remote/health_check.h"
#include "storage/remote/hedging_client.h"
#include "storage/remote/limited_client.h"
#include "storage/remote/metered_client.h"
#include "storage/remote/refreshing_client.h"
#include "storage/remote/retrying_client.h"

namespace varve::internal {

std::shared_ptr<ObjectClient> ComposeClient(std::shared_ptr<ObjectClient> service,
                                            const RemoteTuning& tuning,
                                            const std::shared_ptr<Endpoint>& endpoint, Timer* timer,
                                            Random* random) {
  std::shared_ptr<ObjectClient> client =
      std::make_shared<CircuitBreaker>(std::move(service), endpoint->health);
  if (tuning.hedge_after.count() > 0) {
    client =
        std::make_shared<HedgingClient>(std::move(client), HedgePolicy{.delay = tuning.hedge_after},
                                        std::make_shared<RetryBudget>(), timer);
  }
  client = std::make_shared<LimitedClient>(std::move(client), tuning.max_in_flight, timer);
  if (tuning.bytes_per_second > 0) {
    client = std::make_shared<BandwidthClient>(std::move(client), tuning.bytes_per_second, timer);
  }
  return std::make_shared<RetryingClient>(std::move(client), tuning.retry, endpoint->budget, timer,
                                          random);
}

std::shared_ptr<RemoteChunkManager> ComposeRemote(std::shared_ptr<ObjectClient> service,
                                                  const StoreAddress& address,
                                                  const std::shared_ptr<Endpoint>& endpoint,
                                                  Timer* timer, Random* random) {
  const RemoteTuning& tuning = address.tuning;
  RemoteServices services;
  services.meter = std::make_shared<MeteredClient>(std::move(service), timer);
  services.health = endpoint->health;
  if (tuning.health_check_interval.count() > 0) {
    services.health_check = std::make_shared<HealthCheck>(services.meter, endpoint->health,
                                                          tuning.health_check_interval, timer);
  }
  if (address.manager.features.put_if_absent && !tuning.skip_probe) {
    auto unlimited = std::make_shared<RetryingClient>(
        std::make_shared<CircuitBreaker>(services.meter, endpoint->health), tuning.retry,
        endpoint->budget, timer, random);
    services.conditional_writes = std::make_shared<ConditionalWrites>(
        std::move(unlimited), address.endpoint + " " + address.manager.uri, address.manager.uri,
        address.manager.multipart, timer, random);
  }
  auto client = ComposeClient(services.meter, tuning, endpoint, timer, random);
  return std::make_shared<RemoteChunkManager>(std::move(client), address.manager,
                                              std::move(services));
}

namespace {

// Else OpenDAL finds them, in a profile or by asking the machine, and keeps what it has found.
bool HasKeys(const OpenDalOptions& options) {
  return std::ranges::any_of(options.options, [](const auto& each) {
    const std::string& name = each.first;
    return name.ends_with("_key") || name.ends_with("_secret") || name.ends_with("_token");
  });
}

RefreshingClient::Renew Renewed(OpenDalOptions options, ResolveClient resolve) {
  return [last = std::move(options),
          resolve = std::move(resolve)]() mutable -> std::shared_ptr<ObjectClient> {
    auto now = resolve();
    if (!now.ok() || (now->options == last.options && HasKeys(last))) return nullptr;
    auto client = MakeOpenDalClient(*now);
    if (!client.ok()) return nullptr;
    last = *std::move(now);
    return *std::move(client);
  };
}

}  // namespace

Result<std::shared_ptr<RemoteChunkManager>> OpenRemote(const StoreAddress& address,
                                                       ResolveClient resolve) {
  ARROW_ASSIGN_OR_RAISE(auto client, MakeOpenDalClient(address.client));
  client = std::make_shared<RefreshingClient>(std::move(client),
                                              Renewed(address.client, std::move(resolve)));
  return ComposeRemote(std::move(client), address,
                       FindEndpoint(address.endpoint, address.tuning.breaker));
}

}  // namespace varve::internal
