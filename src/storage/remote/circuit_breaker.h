// SPDX-License-Identifier: Apache-2.0
// Stops asking an endpoint that does not answer, and asks again now and then whether it does.
//
// What the endpoint's health says to leave, fails at once as not to be reached, with the time until
// it is worth asking.
//
// Threads: as ObjectClient
#pragma once

#include <memory>

#include "storage/remote/endpoint_health.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

class CircuitBreaker : public ObjectClient {
 public:
  CircuitBreaker(std::shared_ptr<ObjectClient> base, std::shared_ptr<EndpointHealth> health);

  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  const std::shared_ptr<ObjectClient> base_;
  const std::shared_ptr<EndpointHealth> health_;
};

}  // namespace varve::internal
