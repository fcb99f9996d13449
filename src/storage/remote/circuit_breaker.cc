// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/circuit_breaker.h"

#include <utility>

namespace varve::internal {
namespace {

using Request = std::function<void(ObjectDone)>;

// `request`, if the endpoint is worth asking.
void Ask(const std::shared_ptr<EndpointHealth>& health, const Request& request, ObjectDone done) {
  if (const auto wait = health->Ask()) {
    return done({.outcome = ObjectOutcome::kUnavailable,
                 .message = "not asked: earlier requests went unanswered",
                 .retry_after = *wait});
  }
  request([health, done = std::move(done)](ObjectReply reply) {
    health->Learn(reply.outcome);
    done(std::move(reply));
  });
}

class GuardedUpload : public ObjectUpload {
 public:
  GuardedUpload(std::unique_ptr<ObjectUpload> base, std::shared_ptr<EndpointHealth> health)
      : base_(std::move(base)), health_(std::move(health)) {}

  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override {
    Ask(
        health_, [&](ObjectDone told) { base_->Write(std::move(bytes), std::move(told)); },
        std::move(done));
  }
  void Close(ObjectDone done) override {
    Ask(
        health_, [&](ObjectDone told) { base_->Close(std::move(told)); }, std::move(done));
  }
  // Asked in any case: nobody comes back to it.
  void Abort(ObjectDone done) override { base_->Abort(std::move(done)); }

 private:
  const std::unique_ptr<ObjectUpload> base_;
  const std::shared_ptr<EndpointHealth> health_;
};

}  // namespace

CircuitBreaker::CircuitBreaker(std::shared_ptr<ObjectClient> base,
                               std::shared_ptr<EndpointHealth> health)
    : base_(std::move(base)), health_(std::move(health)) {}

void CircuitBreaker::Start(ObjectRequest request, ObjectDone done) {
  Ask(
      health_, [&](ObjectDone told) { base_->Start(std::move(request), std::move(told)); },
      std::move(done));
}

Result<std::unique_ptr<ObjectUpload>> CircuitBreaker::OpenUpload(const std::string& path,
                                                                 const UploadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto upload, base_->OpenUpload(path, options));
  return std::make_unique<GuardedUpload>(std::move(upload), health_);
}

}  // namespace varve::internal
