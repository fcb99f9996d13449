// SPDX-License-Identifier: Apache-2.0
#include "capi/varve_stop.h"

#include <atomic>
#include <memory>

// Told by a pointer of its own, not by capi/handles.h, which keeps a byte of every handle ever
// given: there may be one of these for each call.
struct varve_stop {
  const std::shared_ptr<std::atomic<bool>> requested = std::make_shared<std::atomic<bool>>(false);
};

namespace varve::capi {

StopFlag FlagOf(const varve_stop* stop) { return stop == nullptr ? nullptr : stop->requested; }

}  // namespace varve::capi

varve_stop* varve_stop_new(void) {
  try {
    return std::make_unique<varve_stop>().release();
  } catch (...) {
    return nullptr;
  }
}

void varve_stop_request(varve_stop* stop) {
  if (stop != nullptr) stop->requested->store(true);
}

void varve_stop_free(varve_stop* stop) { delete stop; }
