// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/health_check.h"

#include <algorithm>
#include <utility>

namespace varve::internal {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5'000};
constexpr int kChecksToAvoid = 3;

}  // namespace

struct HealthCheck::Rounds : std::enable_shared_from_this<Rounds> {
  void WaitAndLook() {
    // The timer holds nothing that has ended.
    timer->After(interval, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Look();
    });
  }

  void Look() {
    // Avoided, and not yet time to ask: the next round.
    if (health->Ask()) return WaitAndLook();
    client->Start({.operation = ObjectOperation::kStat,
                   .path = "_are_you_there",
                   .timeout = std::min(interval, kPatience)},
                  [weak = weak_from_this(), health = health](const ObjectReply& reply) {
                    const int failures = health->policy().failures;
                    health->Learn(reply.outcome, (failures + kChecksToAvoid - 1) / kChecksToAvoid);
                    if (const auto self = weak.lock()) self->WaitAndLook();
                  });
  }

  std::shared_ptr<ObjectClient> client;
  std::shared_ptr<EndpointHealth> health;
  milliseconds interval;
  Timer* timer;
};

HealthCheck::HealthCheck(std::shared_ptr<ObjectClient> client,
                         std::shared_ptr<EndpointHealth> health, milliseconds interval,
                         Timer* timer)
    : rounds_(std::make_shared<Rounds>()) {
  rounds_->client = std::move(client);
  rounds_->health = std::move(health);
  rounds_->interval = interval;
  rounds_->timer = timer;
  rounds_->WaitAndLook();
}

HealthCheck::~HealthCheck() = default;

}  // namespace varve::internal
