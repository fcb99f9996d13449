// SPDX-License-Identifier: Apache-2.0
// Where bytes live: one contract over a local directory, memory and object stores.
//
//   ARROW_ASSIGN_OR_RAISE(auto store, varve::OpenChunkManager("file:///data/books"));
//   ARROW_ASSIGN_OR_RAISE(auto writer, store->OpenWriter("data/a.parquet"));
//   ARROW_RETURN_NOT_OK(writer->Write(bytes));
//   ARROW_RETURN_NOT_OK(writer->Close());            // now, and not before, the object exists
//
// Paths:    relative to the root, '/' between parts; UTF-8, at most 1,024 bytes, 255 a part. Empty
//           parts, "." and "..", a leading or trailing '/', control characters, backslashes,
//           percent escapes of dots and separators, parts that begin with ".varve-" (the store's
//           own) and anything else that might leave the root are refused with Invalid.
// Objects:  written once as a whole; WriteAt is for stores that say kWriteAt.
// Errors:   an absent object is kNotFound; a short read is never returned as success.
// Threads:  all methods may be called concurrently.
// Lifetime: readers and writers keep what they need of the store alive.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/chunk_reader.h"
#include "varve/chunk_writer.h"
#include "varve/status.h"
#include "varve/storage_metrics.h"
#include "varve/visibility.h"

namespace varve {

/// What a store can do beyond the contract.
struct ChunkManagerFeatures {
  bool put_if_absent = false;    ///< PutIfAbsent has exactly one winner, across processes
  bool ordered_listing = false;  ///< List gives keys in byte order, cheaply from any start
  bool write_at = false;         ///< WriteAt works
  bool mapping = false;          ///< ChunkReader::Map works
  bool durable = false;          ///< an acknowledged write survives power loss
};

struct ObjectInfo {
  std::string path;
  int64_t size = 0;
  int64_t last_modified_micros = 0;  ///< since the epoch, on the store's clock

  bool operator==(const ObjectInfo&) const = default;
};

struct ListOptions {
  std::string start_after;    ///< only paths greater than this, in byte order
  int64_t limit = INT64_MAX;  ///< at most so many
  /// Sizes and times need not be filled in, which spares a local disk a look at each file.
  bool names_only = false;
};

/// Which temporary objects of writers that were killed are meant.
struct LeftoverOptions {
  /// Not written to for so long, by the store's clock; at least an hour, whatever is asked.
  int64_t min_age_micros = 3'600'000'000;
  int64_t limit = 1000;  ///< at most so many
  bool remove = false;   ///< take them away
};

/// A place in the line; leaving scope lets the next one in.
class VARVE_EXPORT QueueGuard {
 public:
  virtual ~QueueGuard() = default;
};

class VARVE_EXPORT ChunkManager {
 public:
  virtual ~ChunkManager() = default;

  /// How a person would name the root, without credentials: "file:///data/books".
  virtual const std::string& uri() const = 0;
  virtual ChunkManagerFeatures features() const = 0;

  virtual Result<bool> Exist(const std::string& path) = 0;
  virtual Result<int64_t> Size(const std::string& path) = 0;
  virtual Result<ObjectInfo> Stat(const std::string& path) = 0;

  /// The whole object.
  virtual Result<std::shared_ptr<arrow::Buffer>> Read(const std::string& path);

  /// Several whole objects, under way together where requests take their time; what became of each,
  /// in the order of `paths`. The default reads one after the other.
  virtual std::vector<Result<std::shared_ptr<arrow::Buffer>>> ReadMany(
      std::span<const std::string> paths);

  /// Opens for ranged reads. `known_size` >= 0 saves asking the store; a wrong one is found when a
  /// read comes short.
  virtual Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                          int64_t known_size = -1) = 0;

  /// Ranges of several objects. Where requests take their time, all are under way together, as few
  /// as is quickest. The default reads one object after the other.
  /// Errors: the first that happened; what the ranges hold then is not said
  virtual Status ReadRangesOf(std::span<const ObjectRanges> objects,
                              ReadPattern pattern = ReadPattern::kPoint);

  /// The same, where nobody has to wait: `done` is called once, maybe before this returns, maybe on
  /// a thread of the store's, where it must not block. Until then the ranges are written to. Asked
  /// to `stop`, it ends early with Cancelled. The default reads, then calls.
  virtual void StartRangesOf(std::vector<ObjectRanges> objects, ReadPattern pattern,
                             std::stop_token stop, std::function<void(Status)> done);

  /// Creates or replaces a whole object; readers see the old bytes or the new, never a mixture.
  virtual Status Write(const std::string& path, std::span<const uint8_t> bytes) = 0;

  /// Creates the object if there is none. True: it is ours, durable and complete. False: there is
  /// one already, untouched, and it is as durable. On an error the outcome is unknown, and nothing
  /// was cleaned up; putting the same bytes again settles it. Reading alone does not where the
  /// store is durable: what is found may still be lost with the power.
  virtual Result<bool> PutIfAbsent(const std::string& path, std::span<const uint8_t> bytes) = 0;

  virtual Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                          MakeWriterOptions options = {}) = 0;

  /// Overwrites bytes of an existing object in place, extending it at need. Only where
  /// features().write_at.
  virtual Status WriteAt(const std::string& path, int64_t offset, std::span<const uint8_t> bytes);

  /// Objects whose path starts with `prefix`, in byte order.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& prefix,
                                               ListOptions options = {}) = 0;

  /// Removes one object; one that is absent is not an error. A power loss may undo it.
  virtual Status Remove(const std::string& path) = 0;

  /// Copies within the store. Errors: NotFound for the source
  virtual Status Copy(const std::string& from, const std::string& to);

  /// What killed writers have left under names of the store's own, where they can: never an object,
  /// nor anything that a writer may still be at. Their paths are not such as other calls take.
  /// Reads the names in at most 1,000 directories. None by default.
  virtual Result<std::vector<ObjectInfo>> Leftovers(const LeftoverOptions& options);

  /// The store's own clock, microseconds since the epoch.
  virtual Result<int64_t> StoreTime() = 0;

  /// Waits in line with other writers of this machine until the returned guard is ours; a courtesy
  /// that spares losers of a race their work, never a guarantee. nullptr where the store has no
  /// such thing (the default).
  virtual Result<std::unique_ptr<QueueGuard>> Queue(const std::string& name);

  /// The store that is written to, where reads may be served by others that lag behind it: what was
  /// committed is asked of this one. nullptr: the store itself (the default).
  virtual std::shared_ptr<ChunkManager> Primary() { return nullptr; }

  /// OK if commits may rest on PutIfAbsent here. A remote store is put to the test by the first
  /// call for its root in this process: some ignore the condition and say nothing. A local one
  /// keeps the promise (the default).
  /// Errors: Unsupported naming what the store does instead; those of the requests
  virtual Status CheckConditionalWrites();

  /// What this store was asked so far; nullopt where nobody counts (the default).
  virtual std::optional<StorageMetrics> Metrics() const;
};

struct ChunkManagerOptions {
  /// Local disk: wait until data and directory entries are on stable storage. Turning it off trades
  /// the last commits before a power failure for speed; what is visible is complete either way
  /// while the machine stays up.
  bool sync = true;
  /// Object stores: credentials, endpoint, region and limits, by the names that the ecosystem uses
  /// ("aws_access_key_id", "azure_storage_account_name", …). What stands in the address goes
  /// before, the environment after.
  std::map<std::string, std::string> storage_options;
  /// The same, of a configuration file: where neither the address nor `storage_options` says so,
  /// whichever of an option's names they use.
  std::map<std::string, std::string> storage_defaults;
};

/// The store that `uri` names: "file:///path", a plain path, "memory://name" (one store per name
/// and process), or, in builds with OpenDAL, a folder in a bucket: "s3://bucket/folder", and
/// likewise az, gs, oss, cos and obs. The directory need not exist yet.
VARVE_EXPORT Result<std::shared_ptr<ChunkManager>> OpenChunkManager(
    const std::string& uri, const ChunkManagerOptions& options = {});

}  // namespace varve
