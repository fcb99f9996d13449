// SPDX-License-Identifier: Apache-2.0
#include "varve/sync_policy.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/random.h"
#include "varve/hybrid_timestamp.h"

namespace varve {
namespace {

// A policy that looks at one buffer at a time.
template <typename Wants>
class EachBufferPolicy : public SyncPolicy {
 public:
  EachBufferPolicy(std::string_view name, Wants wants) : name_(name), wants_(std::move(wants)) {}

  std::string_view name() const override { return name_; }
  std::vector<int64_t> Select(std::span<const SegmentBuffer> buffers, uint64_t now) const override {
    std::vector<int64_t> selected;
    for (const SegmentBuffer& buffer : buffers) {
      if (wants_(buffer, now)) selected.push_back(buffer.segment_id);
    }
    return selected;
  }

 private:
  const std::string_view name_;
  const Wants wants_;
};

template <typename Wants>
SyncPolicyPtr ForEachBuffer(std::string_view name, Wants wants) {
  return std::make_shared<EachBufferPolicy<Wants>>(name, std::move(wants));
}

class OldestFirstPolicy : public SyncPolicy {
 public:
  explicit OldestFirstPolicy(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  std::string_view name() const override { return "memory pressure"; }
  std::vector<int64_t> Select(std::span<const SegmentBuffer> buffers, uint64_t) const override {
    std::vector<SegmentBuffer> oldest_first;
    int64_t bytes = 0;
    for (const SegmentBuffer& buffer : buffers) {
      if (buffer.is_empty()) continue;
      oldest_first.push_back(buffer);
      bytes += buffer.insert_bytes + buffer.delete_bytes;
    }
    std::sort(oldest_first.begin(), oldest_first.end(),
              [](const SegmentBuffer& a, const SegmentBuffer& b) {
                return std::pair(a.oldest_timestamp, a.segment_id) <
                       std::pair(b.oldest_timestamp, b.segment_id);
              });
    std::vector<int64_t> selected;
    for (const SegmentBuffer& buffer : oldest_first) {
      if (bytes <= limit_bytes_) break;
      selected.push_back(buffer.segment_id);
      bytes -= buffer.insert_bytes + buffer.delete_bytes;
    }
    return selected;
  }

 private:
  const int64_t limit_bytes_;
};

}  // namespace

SyncPolicyPtr FullBufferPolicy(int64_t insert_bytes, int64_t delete_bytes) {
  return ForEachBuffer("full buffer", [=](const SegmentBuffer& buffer, uint64_t) {
    return !buffer.is_empty() &&
           (buffer.insert_bytes >= insert_bytes || buffer.delete_bytes >= delete_bytes);
  });
}

SyncPolicyPtr StaleBufferPolicy(std::chrono::seconds age, double jitter, uint64_t seed) {
  const auto age_millis = static_cast<uint64_t>(std::chrono::milliseconds(age).count());
  const auto most_more = static_cast<uint64_t>(static_cast<double>(age_millis) * jitter);
  return ForEachBuffer("stale buffer", [=](const SegmentBuffer& buffer, uint64_t now) {
    if (buffer.is_empty() || buffer.oldest_timestamp == 0) return false;
    const auto random = internal::Random::Seeded(seed ^ static_cast<uint64_t>(buffer.segment_id));
    const auto limit = static_cast<int64_t>(age_millis + random->Uniform(most_more + 1));
    return MillisOfHybrid(now) > MillisOfHybrid(buffer.oldest_timestamp) + limit;
  });
}

SyncPolicyPtr SealedSegmentPolicy() {
  return ForEachBuffer("sealed segment", [](const SegmentBuffer& buffer, uint64_t) {
    return buffer.lifecycle == SegmentLifecycle::kSealed ||
           buffer.lifecycle == SegmentLifecycle::kFlushing;
  });
}

SyncPolicyPtr DroppedSegmentPolicy() {
  return ForEachBuffer("dropped segment", [](const SegmentBuffer& buffer, uint64_t) {
    return buffer.is_dropped || buffer.lifecycle == SegmentLifecycle::kDropped;
  });
}

SyncPolicyPtr FlushTimestampPolicy(uint64_t flush_timestamp) {
  return ForEachBuffer("flush timestamp", [=](const SegmentBuffer& buffer, uint64_t now) {
    return now >= flush_timestamp && !buffer.is_empty() &&
           buffer.oldest_timestamp < flush_timestamp;
  });
}

SyncPolicyPtr MemoryPressurePolicy(int64_t limit_bytes) {
  return std::make_shared<OldestFirstPolicy>(limit_bytes);
}

std::vector<int64_t> SelectSegments(std::span<const SyncPolicyPtr> policies,
                                    std::span<const SegmentBuffer> buffers, uint64_t now) {
  std::set<int64_t> selected;
  for (const SyncPolicyPtr& policy : policies) {
    const auto named = policy->Select(buffers, now);
    selected.insert(named.begin(), named.end());
  }
  return {selected.begin(), selected.end()};
}

}  // namespace varve
