// SPDX-License-Identifier: Apache-2.0
// Collections of Milvus as people name them: a place, and what of it is meant.
//
// Threads: const methods may be called concurrently
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/output/console.h"
#include "cli/store_arguments.h"
#include "varve/milvus.h"

namespace CLI {
class App;
}

namespace varve::cli {

/// A store, and what was found in it.
struct FoundMilvus {
  std::shared_ptr<ChunkManager> store;
  std::vector<MilvusCollection> collections;
};

struct MilvusArguments {
  std::string collection;               ///< name or id; empty: the only one
  std::vector<std::string> partitions;  ///< names or ids; empty: all
  std::string schema;                   ///< path of a JSON file; empty: that of the backup
  std::string as_of;                    ///< empty: everything

  /// Declares --collection, --partition, --schema and --as-of.
  void Configure(CLI::App* app);
  /// Whether any of them was given.
  bool IsGiven() const;

  /// All collections at `path`, without those and the partitions that are not meant.
  /// Errors: NotFound for names that nothing has; Invalid for a file
  Result<FoundMilvus> Find(const std::string& path, const StoreArguments& store) const;

  /// The one collection that is meant, with a schema: of the file, of the backup, or from the logs,
  /// where `primary_key` may name a field. Of several that metadata name, the only one whose logs
  /// are there is meant, which `console` is told.
  /// Errors: Invalid naming the collections where there are several
  Result<MilvusCollection> Choose(const FoundMilvus& found, const StoreArguments& store,
                                  const std::string& primary_key, Console* console) const;

  /// The hybrid timestamp; UINT64_MAX where none was given.
  Result<uint64_t> AsOf() const;
};

/// "442959097209290755" as it is; times and ages (location.h) as the last hybrid timestamp of their
/// millisecond.  Errors: Invalid also for a number that is rather a time in another unit
Result<uint64_t> ParseHybridTime(const std::string& text, int64_t now_micros);

/// "2023-07-19 11:27:40 UTC" of a hybrid timestamp.
std::string FormatHybridTime(uint64_t timestamp);

}  // namespace varve::cli
