// SPDX-License-Identifier: Apache-2.0
// The sync path: rows, deletes and statistics that were buffered become logs of a segment.
//
//   ARROW_ASSIGN_OR_RAISE(auto manager, varve::SyncManager::Make({.store = store, .cache = cache,
//                                                  .writer = writer, .ids = ids}));
//   manager->Submit(pack, [](const varve::Result<varve::SyncOutcome>& outcome) { ... });
//   ARROW_RETURN_NOT_OK(manager->Drain());
//
// Order:   inserts, statistics, deletes, BM25 statistics, then the metadata, which makes them
//          visible at once. Tasks of one segment run in the order of Submit, others in parallel.
// Failure: nothing is visible of a task that failed. Files that it wrote are orphans
//          (FindSegmentOrphans). Submitting the pack again is safe, also by another process after
//          this one was killed at any moment: the segment gets it once.
// Threads: all methods may be called concurrently
// Source:  docs/guide/sync-path.md; shared specification of Milvus' formats, section 10
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/bloom_filter.h"
#include "varve/chunk_manager.h"
#include "varve/delta_log.h"
#include "varve/segment_metadata.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

/// What one flush of one segment takes along.
struct SyncPack {
  int64_t segment_id = 0;
  /// The fields of the schema in any form that ConformBatch takes, and "RowID" and "Timestamp",
  /// int64 without nulls.
  std::vector<std::shared_ptr<arrow::RecordBatch>> inserts;
  std::vector<DeleteData> deletes;  ///< in the order they came
  /// Sparse vector fields that a BM25 function fills; their statistics are kept. Those that earlier
  /// packs of the segment named need not be named again.
  std::vector<int64_t> bm25_fields;
  /// Rows beyond these, inclusive, are refused; both 0: none are. What logs tell are the times of
  /// their rows.
  uint64_t timestamp_from = 0, timestamp_to = 0;
  StreamPosition start_position;  ///< of the first row in `inserts`
  /// All that came up to here is in the segment, or in this pack. It names the pack: one with rows
  /// or deletes is beyond those before it, and the same when it is submitted again.
  StreamPosition checkpoint;
  bool is_flush = false;  ///< the last one: the segment has all its rows now
  /// Its partition or channel was dropped: rows and deletes of the pack are left out, and it also
  /// runs after packs that failed.
  bool is_drop = false;
};

/// Gives ids that no other log of the collection has, and that ascend: the logs of a field are rows
/// in the order of their ids. One that is not beyond those of its segment fails the task (Invalid)
/// before anything is written under it. Threads: may be called concurrently
class VARVE_EXPORT IdAllocator {
 public:
  virtual ~IdAllocator() = default;
  virtual Result<int64_t> Next() = 0;
};
/// `first`, `first` + 1, …  For one process that knows that nobody had those before, not even one
/// that was killed: where an id is used again, AlreadyExists ends the task.
VARVE_EXPORT std::shared_ptr<IdAllocator> MakeCountingIdAllocator(int64_t first);
/// Ids beyond those of all logs that `states` name and of all that lie below `root`, also where a
/// process that was killed has left them. For a process that starts, while no other writes there.
/// Cost: a listing of the logs.  Errors: those of the store; ResourceExhausted
VARVE_EXPORT Result<std::shared_ptr<IdAllocator>> MakeUnusedIdAllocator(
    ChunkManager* store, const std::vector<SegmentState>& states,
    const std::string& root = "files");

/// Pauses double from the first to the longest; each is drawn from the upper half of that.
/// Only errors that may pass are tried again: those of the store (ErrorKind::kIo), a store that is
/// throttled or full (kResourceExhausted), and commits of unknown outcome.
struct RetryOptions {
  int64_t attempts_max = 10;  ///< 0: no limit, as a write buffer of Milvus has it (and 10 s)
  std::chrono::milliseconds first_pause{200};
  std::chrono::milliseconds longest_pause{3'000};
};

enum class DeleteLogFormat {
  kJson,     ///< Milvus' default
  kParquet,  ///< `dataNode.storage.deltalog` = parquet
};

/// Which columns share a file in new V2 segments; Milvus' common.storage.stv2.*.
struct ColumnSplitOptions {
  bool system_columns = true;         ///< RowID, Timestamp and those named below in group 0
  bool includes_primary_key = true;   ///< in that group
  bool by_average_size = true;        ///< long fields each for themselves
  int64_t average_size_limit = 1024;  ///< bytes a row from which on a field is long
  /// In that group, too; -1: the field whose params have "milvus.is_partition_key" = "true", if
  /// any.
  int64_t partition_key_id = -1;
  int64_t clustering_key_id = -1;  ///< likewise "milvus.is_clustering_key"
};

struct SyncOptions {
  std::string root = "files";     ///< before the templates of paths; may be empty
  int64_t buffer_bytes = 0;       ///< V2, as MilvusPackedWriteOptions
  int64_t part_bytes = 10 << 20;  ///< likewise
  RetryOptions retry;
  DeleteLogFormat delete_format = DeleteLogFormat::kJson;
  ColumnSplitOptions split;
  /// Of primary keys, in statistics; Milvus' common.bloomFilterType and maxBloomFalsePositive.
  BloomFilterType bloom_filter_type = kDefaultBloomFilterType;
  double false_positive_rate = kDefaultFalsePositiveRate;  ///< between 0 and 1
  /// Tasks at a time; 0: the processors of the machine times tasks_per_processor.
  int max_running = 0;
  int tasks_per_processor = 16;
  int max_queued = 0;  ///< beyond those running; 0: twice as many. Submit waits for a place
};

enum class SyncResult {
  kCommitted,    ///< the pack is in the segment
  kAlreadyDone,  ///< it was, from an earlier run
  kNoSegment,    ///< the cache has no such segment, or it was dropped: nothing was done
  /// Somebody else has the segment or its channel; nothing of ours is visible, and the cache does
  /// not have it any more.
  kMovedAway,
};

struct SyncOutcome {
  SyncResult result = SyncResult::kCommitted;
  SegmentState state;  ///< kCommitted, kAlreadyDone: of the segment, afterwards
};

struct SyncEnvironment {
  std::shared_ptr<ChunkManager> store;
  std::shared_ptr<MetaCache> cache;
  std::shared_ptr<MetaWriter> writer;
  std::shared_ptr<IdAllocator> ids;
  SyncOptions options;
};

class VARVE_EXPORT SyncManager {
 public:
  using Done = std::function<void(const Result<SyncOutcome>&)>;

  /// Errors: Invalid for a member that is missing or an option out of range
  static Result<std::unique_ptr<SyncManager>> Make(SyncEnvironment environment);
  /// Waits for all tasks. Where retries have no limit and the store is down, Stop ends them.
  ~SyncManager();

  /// Runs the pack behind those of the same segment; `done`, which may be empty, is called once, on
  /// another thread, before the next task of the segment begins; it must neither call the manager
  /// nor throw. What the interfaces of the environment throw is an error of the task. Waits while
  /// the queue is full. After a failure the segment's later packs fail with Invalid, since its
  /// checkpoint would pass over rows that are missing, until the pack of that checkpoint has been
  /// submitted again, the segment is told to Forget it, or is dropped.
  void Submit(SyncPack pack, Done done = {});
  /// The same, and waits for what it ends with. Where the caller is asked to stop (varve/stop.h),
  /// the task is too, once the segment's tasks before it have ended.
  Result<SyncOutcome> Sync(SyncPack pack);
  /// Gives up the packs of the segment that failed so far: later ones may pass over their rows and
  /// deletes, which the segment then never gets, or which come in other packs. For a pack that can
  /// never succeed.
  void Forget(int64_t segment_id);
  /// Waits until nothing is queued or running. Errors: the first that any task ended with since the
  /// last call
  Status Drain();
  /// For good: tasks that have yet to begin end with Cancelled, those at work where they would try
  /// again or look whether they should stop (stop.h). Waits for none of them. Their packs failed,
  /// as after any error. A commit at work is not cut short, nor told to be cancelled.
  void Stop();

 private:
  class Impl;
  explicit SyncManager(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Logs of a collection that none of `states` names, or only that of a dropped segment: of attempts
/// that failed, also in a segment's first flush, and of tasks that have yet to commit. Those
/// younger than `min_age`, by the store's clock, are left out. In byte order of their paths.
/// `states`: of all segments of the collection, read no longer ago than `min_age`. A segment that
/// is not among them has orphans alone. The statistics that stand for all logs (log id 1) of a
/// segment that is among them are left out until it is dropped: their name comes again, and the
/// next flush may put its own there at any moment.
VARVE_EXPORT Result<std::vector<ObjectInfo>> FindSegmentOrphans(
    ChunkManager* store, int64_t collection_id, const std::vector<SegmentState>& states,
    const std::string& root = "files", std::chrono::milliseconds min_age = std::chrono::hours(24));
/// Removes them, and returns what it removed. Older versions of a table in which a dropped segment
/// still shows cannot be read afterwards. After an error, call it again.
VARVE_EXPORT Result<std::vector<ObjectInfo>> CollectSegmentOrphans(
    ChunkManager* store, int64_t collection_id, const std::vector<SegmentState>& states,
    const std::string& root = "files", std::chrono::milliseconds min_age = std::chrono::hours(24));

}  // namespace varve
