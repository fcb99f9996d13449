// SPDX-License-Identifier: Apache-2.0
// Which requests serve the ranges that a reader asks for.
//
// A request costs the time to its first byte, of which as many pass at once as requests may be
// under way, and never less than its own work; bytes between two ranges cost bandwidth. Where the
// bytes are cheaper, one request serves both ranges. Long ranges are cut, so that their parts
// travel side by side.
//
// Threads:  a pure function
// Source:   the cost model of ranged reads in Arrow's CacheOptions, with a bound on what is wasted
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/remote/object_client.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

struct CoalescingPolicy {
  std::chrono::microseconds first_byte{50'000};
  std::chrono::microseconds request_work{200};  ///< what a request costs that nobody waits for
  int64_t bytes_per_second = 1'000'000'000;     ///< of all requests together
  int64_t requests_under_way = 256;
  int64_t request_bytes_max = 8 << 20;
  /// Less than a request's own headers and bookkeeping cost.
  int64_t free_gap_bytes = 16 << 10;

  /// Up to so many bytes between two ranges are cheaper than a request.
  int64_t GapMax() const;
};

/// One request, and the parts of the ranges that it serves.
struct CoalescedRead {
  struct Part {
    int64_t offset = 0;
    int64_t length = 0;
    uint8_t* out = nullptr;
  };
  int64_t offset = 0;
  int64_t length = 0;
  std::vector<Part> parts;  ///< by offset; they may overlap

  /// The bytes can go where they are wanted at once.
  bool is_direct() const { return parts.size() == 1; }
};

/// All of `ranges`, which may overlap and come in any order; empty ones are left out. Bytes between
/// ranges that are read for nothing are at most a sixteenth of those asked for, or as many as those
/// and at least 4 MiB where most of an object may be wanted (kScan), beside the gaps that are free.
std::vector<CoalescedRead> Coalesce(std::span<const ReadRange> ranges, ReadPattern pattern,
                                    const CoalescingPolicy& policy);

}  // namespace varve::internal
