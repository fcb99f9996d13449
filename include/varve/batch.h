// SPDX-License-Identifier: Apache-2.0
// Many objects in one call, over any chunk manager: read, written, copied, removed; and a whole
// store copied into another.
//
//   auto copied = varve::CopyTree(source.get(), target.get(), {.progress = Show});
//   if (!copied.ok()) …  // call again: what has arrived is not copied again
//
// Limits:  `objects_in_flight` calls to a store at a time, each on a thread; `bytes_in_flight`
//          bytes of objects in memory, beside what a store buffers for its own uploads. An object
//          that is larger by itself is moved alone.
// Errors:  the first failure stops calls under way and keeps others from being made, unless told
//          otherwise; what became of each object is in the outcome
// Stops:   by a StopScope of the caller (varve/stop.h); objects are whole or absent then, too
// Threads: all functions may be called concurrently; callbacks come from threads of the call, one
//          at a time where nothing else is said
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_manager.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct BatchOptions {
  int objects_in_flight = 16;  ///< 1 (in order, on the calling thread) to 1,024
  int64_t bytes_in_flight = 256 << 20;
  bool stop_at_first_error = true;
};

struct BatchOutcome {
  Status status;  ///< OK, or the failure that came first
  /// In the order asked for. Cancelled: not tried, or stopped, since another failed or the caller
  /// wanted to stop.
  std::vector<Status> objects;
};

struct BatchRead {
  std::string path;
  int64_t known_size = -1;  ///< < 0: the store is asked, with one more request
};
/// Gets the bytes of the object at `index`; several at the same time. An error is a failure of that
/// object.
using ObjectConsumer = std::function<Status(int64_t index, std::shared_ptr<arrow::Buffer> bytes)>;
/// Reads objects whole. Bytes count as in flight until `consume` has returned.
VARVE_EXPORT BatchOutcome ReadObjects(ChunkManager* store, const std::vector<BatchRead>& reads,
                                      const ObjectConsumer& consume,
                                      const BatchOptions& options = {});

struct BatchWrite {
  std::string path;
  std::shared_ptr<arrow::Buffer> bytes;
};
/// Creates or replaces objects, as ChunkManager::Write.
VARVE_EXPORT BatchOutcome WriteObjects(ChunkManager* store, const std::vector<BatchWrite>& writes,
                                       const BatchOptions& options = {});

struct BatchCopy {
  std::string from;
  std::string to;
};
/// Copies objects to another store, or within one, piece by piece.
/// Errors: of an object: NotFound for its source; AlreadyExists, nothing is replaced
VARVE_EXPORT BatchOutcome CopyObjects(ChunkManager* source, ChunkManager* target,
                                      const std::vector<BatchCopy>& copies,
                                      const BatchOptions& options = {});

/// Removes objects; one that is absent is not an error.
VARVE_EXPORT BatchOutcome RemoveObjects(ChunkManager* store, const std::vector<std::string>& paths,
                                        const BatchOptions& options = {});

/// How far a copy is. Counts of what was there already are in `…_present` and in `…_done`.
struct VARVE_EXPORT CopyProgress {
  int64_t objects = 0, bytes = 0;  ///< in the source
  int64_t objects_done = 0, bytes_done = 0;
  int64_t objects_present = 0, bytes_present = 0;
  double seconds = 0;  ///< since the first byte was asked for

  /// Copied per second so far; 0 at the beginning.
  double bytes_per_second() const;
  /// Seconds until the end at that rate; < 0: not known.
  double seconds_left() const;
};

/// When an object of the target, of the same path, is taken for the one of the source.
enum class CopyEquality {
  kSize,     ///< sizes are equal: enough for files that are written once, under random names
  kContent,  ///< bytes are equal: both are read
};

struct CopyTreeOptions {
  BatchOptions batch;
  CopyEquality equality = CopyEquality::kSize;
  /// Replace objects of the target that differ, instead of failing with AlreadyExists.
  bool overwrite = false;
  std::function<void(const CopyProgress&)> progress;
};

/// Copies every object of `source` to the same path of `target`. One that is there and equal is
/// left alone, so a copy that failed is finished by asking for it again.
///
/// Tables: objects in folders named "_versions", which make the rest a table, are copied after all
/// others, the newest first; until then the target is no table, and from then on it is the newest
/// version or an error, never an older one. They are compared by content and never replaced, but
/// for names that are no numbers, which are hints. A target that has versions which the source
/// lacks is refused with AlreadyExists before anything is copied. Versions that are committed while
/// the source is listed may be left out.
///
/// Memory: about 200 bytes an object of both stores.
VARVE_EXPORT Result<CopyProgress> CopyTree(ChunkManager* source, ChunkManager* target,
                                           const CopyTreeOptions& options = {});

}  // namespace varve
