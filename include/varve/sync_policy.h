// SPDX-License-Identifier: Apache-2.0
// When the buffer of a segment is to be flushed.
//
// A policy looks at all buffers and names those to flush; a write buffer asks all its policies
// (SelectSegments) now and then, and after each insert. Segments are named once, by id.
//
// Units:   bytes in memory; time in hybrid timestamps (milliseconds since the epoch << 18)
// Threads: const methods may be called concurrently
// Source:  shared specification of Milvus' formats, section 10.2
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "varve/segment_metadata.h"
#include "varve/visibility.h"

namespace varve {

/// What is buffered of one segment.
struct SegmentBuffer {
  int64_t segment_id = 0;
  int64_t insert_bytes = 0;
  int64_t delete_bytes = 0;
  uint64_t oldest_timestamp = 0;  ///< of what is buffered; 0: nothing is
  SegmentLifecycle lifecycle = SegmentLifecycle::kGrowing;
  bool is_dropped = false;  ///< its partition or channel was

  bool is_empty() const { return insert_bytes == 0 && delete_bytes == 0; }
};

class VARVE_EXPORT SyncPolicy {
 public:
  virtual ~SyncPolicy() = default;
  /// "full buffer" and so on.
  virtual std::string_view name() const = 0;
  /// Segments to flush at the time `now`.
  virtual std::vector<int64_t> Select(std::span<const SegmentBuffer> buffers,
                                      uint64_t now) const = 0;
};
using SyncPolicyPtr = std::shared_ptr<const SyncPolicy>;

inline constexpr int64_t kDefaultBufferBytes = 16 << 20;

/// Buffers of at least so many bytes of inserts, or of deletes.
VARVE_EXPORT SyncPolicyPtr FullBufferPolicy(int64_t insert_bytes = kDefaultBufferBytes,
                                            int64_t delete_bytes = kDefaultBufferBytes);
/// Buffers whose oldest row is older than `age` and up to `jitter` of it more, so that segments
/// which began together do not end together. How much more is drawn once a segment, from `seed`.
VARVE_EXPORT SyncPolicyPtr StaleBufferPolicy(std::chrono::seconds age = std::chrono::seconds(600),
                                             double jitter = 0.1, uint64_t seed = 0);
/// Segments that are sealed or flushing, also those of which nothing is buffered: their last flush
/// is to come (SyncPack::is_flush).
VARVE_EXPORT SyncPolicyPtr SealedSegmentPolicy();
/// Segments whose partition or channel was dropped (SyncPack::is_drop).
VARVE_EXPORT SyncPolicyPtr DroppedSegmentPolicy();
/// Buffers with rows from before `flush_timestamp`, once that has come.
VARVE_EXPORT SyncPolicyPtr FlushTimestampPolicy(uint64_t flush_timestamp);
/// While all buffers together take more than `limit_bytes`: the oldest first, until the rest fits.
VARVE_EXPORT SyncPolicyPtr MemoryPressurePolicy(int64_t limit_bytes);

/// What any of `policies` names, ascending.
VARVE_EXPORT std::vector<int64_t> SelectSegments(std::span<const SyncPolicyPtr> policies,
                                                 std::span<const SegmentBuffer> buffers,
                                                 uint64_t now);

}  // namespace varve
