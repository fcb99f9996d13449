// SPDX-License-Identifier: Apache-2.0
// What is known of the segments that are being filled, beside their files: the interfaces through
// which the sync path (sync.h) reads and reports it.
//
// A segment is known by one value, SegmentState. A flush takes it from one value to the next, and
// MetaWriter makes that step durable, all of it or nothing.
//
// Threads: implementations may be called concurrently
// Source:  docs/guide/sync-path.md; Milvus' SaveBinlogPathsRequest
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "varve/schema.h"
#include "varve/segment.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// Milvus' codes.
enum class SegmentLevel : int32_t {
  kLegacy = 0,
  kL0 = 1,  ///< deletes alone, which apply to other segments
  kL1 = 2,
  kL2 = 3,
};

/// Milvus' codes.
enum class SegmentLifecycle : int32_t {
  kGrowing = 2,   ///< takes rows
  kSealed = 3,    ///< takes no more rows, and is to be flushed
  kFlushed = 4,   ///< has all its rows and statistics
  kFlushing = 5,  ///< a flush is under way
  kDropped = 6,   ///< takes nothing more; in the cache: a pack with is_drop is to tell the metadata
};

/// A place in the stream that rows come from.
struct StreamPosition {
  std::string channel;
  std::string message_id;  ///< opaque
  uint64_t timestamp = 0;  ///< hybrid; 0: no position

  bool operator==(const StreamPosition&) const = default;
};

struct SegmentState {
  SegmentFiles files;
  SegmentLevel level = SegmentLevel::kL1;
  SegmentLifecycle lifecycle = SegmentLifecycle::kGrowing;
  std::string channel;
  StreamPosition start_position;  ///< of the first row
  StreamPosition checkpoint;      ///< the segment holds all that came up to here

  bool operator==(const SegmentState&) const = default;
};

/// The segments that this process fills.
class VARVE_EXPORT MetaCache {
 public:
  virtual ~MetaCache() = default;

  virtual std::shared_ptr<const CollectionSchema> schema() const = 0;
  /// nullopt: none such here, or not any more.
  virtual std::optional<SegmentState> Find(int64_t segment_id) const = 0;
  /// Of all segments, by id.
  virtual std::vector<SegmentState> List() const = 0;
  /// Adds the segment or takes the place of what was known of it.
  virtual void Put(SegmentState state) = 0;
  /// Changes what is known of the segment, in one step. False: it is not there, nothing is done.
  virtual bool Update(int64_t segment_id, const std::function<void(SegmentState*)>& change) = 0;
  /// Nothing if it is not there.
  virtual void Remove(int64_t segment_id) = 0;
};

/// A step of one segment.
struct SegmentUpdate {
  SegmentState before;  ///< what the step was made for
  SegmentState after;   ///< with the logs of `before` and those added, all of them
  bool is_flush = false, is_drop = false;  ///< as the pack said (sync.h): by this step, not before
  /// Of the rows that the step adds; nullptr: it adds none.
  std::shared_ptr<const CollectionSchema> schema = nullptr;

  /// Only these were added by this step.
  int64_t rows_added() const { return after.files.num_rows - before.files.num_rows; }
};

class VARVE_EXPORT MetaWriter {
 public:
  virtual ~MetaWriter() = default;

  /// Whether a commit of the step could ever succeed, asked before its logs are written: `after`
  /// has the rows and, if there are deletes, one delta log, but no paths. Costs no call of a store.
  /// Errors: those of Commit that nothing but another pack could change
  virtual Status CheckPlan(const SegmentUpdate& planned) {
    static_cast<void>(planned);
    return Status::OK();
  }

  /// Makes the step durable and visible, once: what stands there afterwards is returned. That is
  /// `after`, or what an earlier run of the same step has left, whose files have other names.
  /// Errors: NotFound: the segment or its channel belongs to somebody else by now; CommitConflict:
  ///         what stands there is neither `before` nor beyond it; Invalid, Unsupported; others may
  ///         pass, and the step may have been made (ask again with the same update)
  virtual Result<SegmentState> Commit(const SegmentUpdate& update) = 0;

  /// What stands of the segment, asked after a conflict: a step whose answer was lost leaves the
  /// cache behind. nullopt: nothing, or the writer cannot ask.  Errors: those of a store
  virtual Result<std::optional<SegmentState>> LoadSegment(int64_t segment_id) {
    static_cast<void>(segment_id);
    return std::nullopt;
  }
};

VARVE_EXPORT std::shared_ptr<MetaCache> MakeMemoryMetaCache(
    std::shared_ptr<const CollectionSchema> schema);

/// Keeps what was committed in memory: for tests, and where something else makes it durable.
class VARVE_EXPORT MemoryMetaWriter : public MetaWriter {
 public:
  MemoryMetaWriter();
  ~MemoryMetaWriter() override;

  Result<SegmentState> Commit(const SegmentUpdate& update) override;
  /// As Find; never fails.
  Result<std::optional<SegmentState>> LoadSegment(int64_t segment_id) override;
  /// What was committed last; nullopt: nothing.
  std::optional<SegmentState> Find(int64_t segment_id) const;
  /// Every step that was made, in order.
  std::vector<SegmentUpdate> updates() const;
  /// Commits for the segment end as NotFound from now on.
  void MoveAway(int64_t segment_id);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace varve
