// SPDX-License-Identifier: Apache-2.0
#include "cli/opened_stores.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "cli/output/amounts.h"
#include "varve/storage_metrics.h"

namespace varve::cli {
namespace {

struct Opened {
  std::mutex mutex;
  std::vector<std::shared_ptr<ChunkManager>> stores;
};

Opened& OpenedHere() {
  static Opened opened;
  return opened;
}

void Add(const OperationMetrics& more, StorageMetrics* sum) {
  const auto same = std::ranges::find_if(sum->operations, [&](const OperationMetrics& each) {
    return each.operation == more.operation && each.outcome == more.outcome;
  });
  if (same == sum->operations.end()) {
    sum->operations.push_back(more);
    return;
  }
  same->calls += more.calls;
  same->requests += more.requests;
  same->bytes += more.bytes;
  same->latency.sum_nanos += more.latency.sum_nanos;
  for (size_t i = 0; i < more.latency.counts.size(); ++i) {
    same->latency.counts[i] += more.latency.counts[i];
  }
}

}  // namespace

Result<std::shared_ptr<ChunkManager>> OpenStore(const std::string& location,
                                                const ChunkManagerOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto store, OpenChunkManager(location, options));
  const std::lock_guard<std::mutex> lock(OpenedHere().mutex);
  OpenedHere().stores.push_back(store);
  return store;
}

std::string MetricsOfOpenedStores() {
  std::map<std::string, StorageMetrics> by_store;
  const std::lock_guard<std::mutex> lock(OpenedHere().mutex);
  for (const auto& store : OpenedHere().stores) {
    const auto metrics = store->Metrics();
    if (!metrics.has_value()) continue;
    StorageMetrics& sum = by_store[store->uri()];
    for (const OperationMetrics& each : metrics->operations) Add(each, &sum);
    sum.calls_in_flight += metrics->calls_in_flight;
    sum.endpoint_is_avoided = sum.endpoint_is_avoided || metrics->endpoint_is_avoided;
  }
  return by_store.empty() ? "# no object store was opened\n" : ToPrometheus(by_store);
}

std::vector<std::string> UnansweredStores() {
  std::map<std::string, int64_t> unanswered;
  const std::lock_guard<std::mutex> lock(OpenedHere().mutex);
  for (const auto& store : OpenedHere().stores) {
    const auto metrics = store->Metrics();
    if (!metrics.has_value() || store->Primary() == nullptr) continue;
    for (const OperationMetrics& each : metrics->operations) {
      const bool answered = each.outcome != "unavailable" && each.outcome != "timed_out";
      if (!answered) unanswered[store->uri()] += each.calls;
    }
  }
  std::vector<std::string> lines;
  for (const auto& [store, calls] : unanswered) {
    lines.push_back(store + " left " + Plural(calls, "request") +
                    " unanswered; what it did not give, its replicas gave: it may be older");
  }
  return lines;
}

}  // namespace varve::cli
