// SPDX-License-Identifier: Apache-2.0
// How much is asked of a store at a time, how long, and how often again. Named as storage options
// are (docs/guide/tuning.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/remote/endpoint_health.h"
#include "storage/remote/retrying_client.h"

namespace varve::internal {

struct RemoteTuning {
  int64_t max_in_flight = 256;
  int64_t bytes_per_second = 0;                        ///< max_bandwidth; 0: without limit
  RetryPolicy retry;                                   ///< retry_attempts, deadline
  BreakerPolicy breaker;                               ///< breaker_failures
  std::chrono::milliseconds hedge_after{0};            ///< 0: no second reads
  std::chrono::milliseconds health_check_interval{0};  ///< 0: none
  bool skip_probe = false;
  std::vector<std::string> read_replicas;  ///< addresses, in the order in which they are asked
};

}  // namespace varve::internal
