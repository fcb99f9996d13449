// SPDX-License-Identifier: Apache-2.0
// What a store was asked, and how it answered: counts, bytes and latencies by operation and
// outcome, since its client was made. Of ChunkManager::Metrics, a call is one try: what was tried
// three times is three.
//
// Threads: a value
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "varve/visibility.h"

namespace varve {

/// Durations, counted in buckets of growing width.
struct LatencyHistogram {
  /// Upper bounds in milliseconds, each included; the last bucket takes what is longer.
  static constexpr std::array<int64_t, 14> kBoundsMillis = {
      1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 30'000};

  std::array<int64_t, kBoundsMillis.size() + 1> counts{};
  int64_t sum_nanos = 0;
};

/// Calls of one kind that ended in one way.
struct OperationMetrics {
  std::string operation;  ///< "read", "write", "put_if_absent", "stat", "remove", "list",
                          ///< "upload_write", "upload_close", "upload_abort"
  std::string outcome;    ///< "ok", "not_found", "throttled", …
  int64_t calls = 0;
  int64_t requests = 0;  ///< sent for them, tries that failed included
  int64_t bytes = 0;     ///< read or written by them
  LatencyHistogram latency;
};

struct VARVE_EXPORT StorageMetrics {
  std::vector<OperationMetrics> operations;  ///< those with calls, by operation and outcome
  int64_t calls_in_flight = 0;
  /// The endpoint left so many requests unanswered that it is not asked for a while.
  bool endpoint_is_avoided = false;

  int64_t calls() const;
  int64_t errors() const;  ///< calls whose outcome is not ok, not_found or exists
  int64_t requests() const;
  int64_t bytes() const;

  /// The text that Prometheus scrapes (text format 0.0.4); names begin with varve_storage_.
  /// With `store`, such as a chunk manager's uri(), every sample has a label of that name.
  std::string ToPrometheus(const std::string& store = "") const;
};

/// Of many stores, by what they are called: one text, in which each sample names its store.
VARVE_EXPORT std::string ToPrometheus(const std::map<std::string, StorageMetrics>& stores);

}  // namespace varve
