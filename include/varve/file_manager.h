// SPDX-License-Identifier: Apache-2.0
// Moves the files of one index between a store and memory or a local disk: what an index build
// calls for the vectors it reads and the blobs it makes.
//
//   ARROW_ASSIGN_OR_RAISE(auto files, varve::FileManager::Make({.store = store, .ids = ids}));
//   ARROW_ASSIGN_OR_RAISE(auto rows, files.CacheRawDataToMemory(insert_logs));
//   …                                                        // an index is built of them
//   ARROW_ASSIGN_OR_RAISE(auto objects, files.AddFile(index.Serialize()));
//   ARROW_ASSIGN_OR_RAISE(auto blobs, files.LoadIndexToMemory(paths of objects));
//
// Parallel: `objects_in_flight` objects at a time, each on a thread. Those under way together have
//           at most `bytes_in_flight` bytes; one that is larger by itself is moved alone.
// Memory:   those bytes, which are stored ones, and what is decoded of the objects. Compression is
//           not counted, but no more than `objects_in_flight` objects are held decoded, beside
//           those that a method returns
// Errors:   the first failure stops tasks under way and keeps others from starting. Objects that
//           were stored by then stay, and calling again replaces them; local files are whole or
//           absent.
// Stops:    by a StopScope of the caller (varve/stop.h)
// Threads:  all methods may be called concurrently
// Source:   shared specification of Milvus' formats, sections 4.1 to 4.3
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/type_fwd.h"
#include "varve/batch.h"
#include "varve/chunk_manager.h"
#include "varve/index_file.h"
#include "varve/index_slices.h"
#include "varve/path_template.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {
namespace internal {
class Executor;
}

/// Makes the values of one insert log of its bytes. `object` names them in errors. Called from
/// several threads at a time.
using InsertLogDecoder = std::function<Result<std::shared_ptr<arrow::Array>>(
    std::shared_ptr<arrow::Buffer> bytes, const std::string& object)>;

struct FileManagerOptions {
  std::shared_ptr<ChunkManager> store;
  IndexFileIds ids;
  int64_t index_version = 0;
  /// kIndexOfBuild or kIndexOfCollection: where the objects of this index are.
  PathKind layout = PathKind::kIndexOfBuild;
  std::string root = std::string(kDefaultRoot);
  DataType payload_type = DataType::kNone;  ///< of new objects, see IndexFile

  int64_t slice_bytes = kIndexSliceBytes;  ///< at most 1 GiB
  int objects_in_flight = 16;              ///< as BatchOptions
  int64_t bytes_in_flight = 256 << 20;

  std::shared_ptr<const IndexFileCodec> codec;  ///< null: EventIndexFileCodec()
  /// null: the values as they are stored, of V1 binlogs and of V2 files that have one column, as
  /// those of vectors do
  InsertLogDecoder decode_insert_log;
};

/// An object that was stored.
struct StoredIndexFile {
  std::string path;
  int64_t bytes = 0;  ///< of the object, wrapper included

  bool operator==(const StoredIndexFile&) const = default;
};

/// What the head of a file of raw vectors says.
struct RawVectorShape {
  int64_t num_rows = 0;  ///< at most 2^32 - 1
  int64_t dim = 0;       ///< elements a row; bits for binary vectors
};

class VARVE_EXPORT FileManager {
 public:
  /// Errors: Invalid for a missing store, numbers out of range, another layout
  static Result<FileManager> Make(FileManagerOptions options);

  /// Stores the blobs of an index in memory, large ones in slices (index_slices.h).
  Result<std::vector<StoredIndexFile>> AddFile(const BinarySet& set);

  /// Stores a file of `disk`, always in slices `{file}_0`, …; there is no SLICE_META.
  Result<std::vector<StoredIndexFile>> AddFile(ChunkManager* disk, const std::string& path);

  /// The blobs of an index whose objects are `paths`, put together.
  /// Errors: Invalid if two objects have the same name; Corruption as AssembleBinarySet
  Result<BinarySet> LoadIndexToMemory(const std::vector<std::string>& paths);

  /// Puts the files together that were stored by AddFile of a disk, into `folder` of `disk`; their
  /// paths there.
  /// Errors: Invalid for a name that no slice has; Corruption if a slice before another is missing.
  ///         That the last ones are missing cannot be seen: callers have the list.
  Result<std::vector<std::string>> LoadIndexToDisk(const std::vector<std::string>& paths,
                                                   ChunkManager* disk, const std::string& folder);

  /// The values of insert logs in the order of their log ids, an array each.
  /// Errors: Invalid for a path that does not end in a log id; without a decoder, Unsupported
  ///         naming the object for one of several columns or an encrypted one
  Result<arrow::ArrayVector> CacheRawDataToMemory(const std::vector<std::string>& paths);

  /// The same, written to `path` of `disk` in the form that disk indexes are built of: u32 number
  /// of rows, u32 dim, then the vectors row by row.
  /// Errors: Invalid for values that are no dense vectors without nulls, or that have another
  ///         shape: a row is dim elements of 1, 8, 16 or 32 bits. There is no file then
  Status CacheRawDataToDisk(const std::vector<std::string>& paths, RawVectorShape shape,
                            ChunkManager* disk, const std::string& path);

 private:
  /// A part of a blob that becomes an object; made when it is its turn.
  struct PendingFile {
    std::string key;
    int64_t bytes = 0;
    std::function<Result<std::shared_ptr<arrow::Buffer>>()> read;
  };

  FileManager(FileManagerOptions options, std::shared_ptr<internal::Executor> executor)
      : options_(std::move(options)), executor_(std::move(executor)) {}

  Result<std::vector<StoredIndexFile>> Store(const std::vector<PendingFile>& files);
  /// Calls `consume` for every object, several at a time.
  Status ReadObjects(const std::vector<BatchRead>& reads, const ObjectConsumer& consume);
  /// Calls `decode` for every object, several at a time, and `take` in order. What was decoded and
  /// not taken is of at most objects_in_flight objects, of at most bytes_in_flight stored bytes.
  Status ReadInOrder(const std::vector<std::string>& paths, const ObjectConsumer& decode,
                     const std::function<Status(int64_t)>& take);

  FileManagerOptions options_;
  std::shared_ptr<internal::Executor> executor_;
};

}  // namespace varve
