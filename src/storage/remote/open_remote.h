// SPDX-License-Identifier: Apache-2.0
// A remote store as callers get it: the requests of a chunk manager, and what stands between them
// and the service. From the caller to the service:
//
//   retrying   a call is tried again from out here, so that each try waits for its turn anew and
//              holds no place while it pauses; its budget is the endpoint's
//   bandwidth  (if asked for) paces tries, those that are repeated too: the wire carries them all
//   limited    so many tries under way; bandwidth is waited for outside, or it would hold places
//   hedging    (if asked for) inside the limit: a read that only waits for its turn is not slow
//   breaker    sees each request by itself, and answers at once what it keeps back; the endpoint's,
//              so that one store's experience serves all
//   metered    what it counts was sent
//   refreshing looks for fresh credentials where those it had have expired
//   service    OpenDAL
//
// The probe for conditional writes passes the limits, since its requests must meet at the service.
// Health checks pass the breaker by asking it themselves.
#pragma once

#include <functional>
#include <memory>

#include "base/random.h"
#include "base/timer.h"
#include "storage/remote/endpoint.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/remote/store_address.h"

namespace varve::internal {

/// What stands before `service`, as above.
std::shared_ptr<ObjectClient> ComposeClient(std::shared_ptr<ObjectClient> service,
                                            const RemoteTuning& tuning,
                                            const std::shared_ptr<Endpoint>& endpoint, Timer* timer,
                                            Random* random);

/// `service` is at the root of the store.
std::shared_ptr<RemoteChunkManager> ComposeRemote(std::shared_ptr<ObjectClient> service,
                                                  const StoreAddress& address,
                                                  const std::shared_ptr<Endpoint>& endpoint,
                                                  Timer* timer = Timer::System(),
                                                  Random* random = Random::System());

/// How the service is to be reached now, by what its credentials may have become.
using ResolveClient = std::function<Result<OpenDalOptions>()>;

/// The store at `address`, without its replicas.
/// Errors: Invalid naming the option; Unsupported in builds without object stores
Result<std::shared_ptr<RemoteChunkManager>> OpenRemote(const StoreAddress& address,
                                                       ResolveClient resolve);

}  // namespace varve::internal
