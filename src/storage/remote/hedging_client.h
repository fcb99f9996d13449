// SPDX-License-Identifier: Apache-2.0
// Sends a read a second time where the first takes long, and takes the answer that comes first.
// Against the few requests that get stuck; it costs requests, so it is for who asks for it.
//
// Reads:   only; whoever wins, the other is cancelled, and has ended before `done` is called
// Memory:  the second read has its own, at most `max_bytes`
// Errors:  a read fails when both have; then as the first
// Budget:  second reads are a share of all reads, as retries are
// Threads: as ObjectClient
// Source:  J. Dean, L. A. Barroso, "The Tail at Scale" (2013), hedged requests
#pragma once

#include <chrono>
#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"
#include "storage/remote/retrying_client.h"

namespace varve::internal {

struct HedgePolicy {
  std::chrono::milliseconds delay{500};  ///< as long as nearly all reads take
  int64_t max_bytes = 8 << 20;           ///< longer reads are sent once
};

class HedgingClient : public ObjectClient {
 public:
  HedgingClient(std::shared_ptr<ObjectClient> base, HedgePolicy policy,
                std::shared_ptr<RetryBudget> budget, Timer* timer = Timer::System());

  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct Shared;
  struct Race;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace varve::internal
