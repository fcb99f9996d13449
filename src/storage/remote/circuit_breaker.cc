// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/circuit_breaker.h"

#include <utility>

namespace varve::internal {

CircuitBreaker::CircuitBreaker(std::shared_ptr<ObjectClient> base,
                               std::shared_ptr<EndpointHealth> health)
    : base_(std::move(base)), health_(std::move(health)) {}

void CircuitBreaker::Start(ObjectRequest request, ObjectDone done) {
  if (const auto wait = health_->Ask()) {
    return done({.outcome = ObjectOutcome::kUnavailable,
                 .message = "not asked: earlier requests went unanswered",
                 .retry_after = *wait});
  }
  base_->Start(std::move(request), [health = health_, done = std::move(done)](ObjectReply reply) {
    health->Learn(reply.outcome);
    done(std::move(reply));
  });
}

Result<std::unique_ptr<ObjectUpload>> CircuitBreaker::OpenUpload(const std::string& path,
                                                                 const UploadOptions& options) {
  return base_->OpenUpload(path, options);
}

}  // namespace varve::internal
