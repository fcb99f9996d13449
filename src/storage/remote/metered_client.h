// SPDX-License-Identifier: Apache-2.0
// Counts and times what passes through. Before the retries it sees calls as their callers do,
// behind them each try.
//
// Threads: as ObjectClient; counting takes no lock
#pragma once

#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"
#include "varve/storage_metrics.h"

namespace varve::internal {

class MeteredClient : public ObjectClient {
 public:
  explicit MeteredClient(std::shared_ptr<ObjectClient> base, Timer* timer = Timer::System());

  /// A call that ends meanwhile may be in some of its numbers and not yet in others.
  StorageMetrics Snapshot() const;

  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct Meter;
  class MeteredUpload;
  const std::shared_ptr<ObjectClient> base_;
  const std::shared_ptr<Meter> meter_;
};

}  // namespace varve::internal
