// SPDX-License-Identifier: Apache-2.0
// At most so many bytes a second, read and written together; a request that would be too early
// waits without a thread.
//
// Counts:  what a request asks for or sends; of whole objects and listings, what came. A quarter of
//          a second that went unused may be caught up with.
// Threads: as ObjectClient
// Source:  ITU-T I.371, "virtual scheduling" (a token bucket without a refill)
#pragma once

#include <memory>

#include "base/timer.h"
#include "storage/remote/object_client.h"

namespace varve::internal {

class BandwidthClient : public ObjectClient {
 public:
  /// REQUIRES: bytes_per_second > 0
  BandwidthClient(std::shared_ptr<ObjectClient> base, int64_t bytes_per_second,
                  Timer* timer = Timer::System());
  void Start(ObjectRequest request, ObjectDone done) override;
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override;

 private:
  class Schedule;
  class PacedUpload;
  const std::shared_ptr<ObjectClient> base_;
  const std::shared_ptr<Schedule> schedule_;
};

}  // namespace varve::internal
