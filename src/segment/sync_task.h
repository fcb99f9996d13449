// SPDX-License-Identifier: Apache-2.0
// One flush of one segment, from a pack to metadata that names its logs.
//
//   1. the segment out of the cache; none: done. To one marked as dropped only a drop is done
//   2. the pack checked; one that the segment holds already: done, but for a flush that it says and
//      the segment lacks; one that the metadata would never take: refused. A drop has no rows,
//      whatever the pack brings
//   3. its logs written, none for a drop, by the writer of the segment's storage version
//   4. the step from the segment as it was to the segment with them, committed: visible from here
//   5. the cache told; a segment that was dropped, or is somebody else's by now, leaves it
//
// A conflict may be with this pack's own step, made earlier without an answer: where what stands
// holds the pack, or is to be dropped anyway, the cache takes it over, and all that runs once more.
//
// Threads: a task has one caller; tasks of one segment must not overlap (SyncDispatcher)
// Source:  shared specification of Milvus' formats, section 10.3
#pragma once

#include "segment/sync_context.h"
#include "varve/sync.h"

namespace varve::internal {

class SyncTask {
 public:
  /// `context` outlives it.
  SyncTask(const SyncContext& context, SyncPack pack);

  /// Errors: Invalid for a pack that does not fit its segment; CommitConflict if somebody else
  ///         wrote to the segment; those of the store, after the retries
  Result<SyncOutcome> Run();

 private:
  /// One run, with a pack of its own to clear.
  Result<SyncOutcome> Attempt(SyncPack pack);
  /// After a conflict. False: what stands is not for this pack to go on from.
  Result<bool> CatchUp();
  /// Tells the cache what stands.
  void Remember(const SegmentState& state);

  const SyncContext& context_;
  const SyncPack pack_;
};

}  // namespace varve::internal
