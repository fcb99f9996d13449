// SPDX-License-Identifier: Apache-2.0
// At most so many requests under way; the others wait their turn without a thread. Uploads have a
// limit of their own: their parallel parts.
//
// Threads: as ObjectClient
#pragma once

#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

class LimitedClient : public ObjectClient {
 public:
  /// REQUIRES: max_in_flight > 0
  LimitedClient(std::shared_ptr<ObjectClient> base, int64_t max_in_flight,
                Timer* timer = Timer::System());
  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace varve::internal
