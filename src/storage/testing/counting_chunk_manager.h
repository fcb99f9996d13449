// SPDX-License-Identifier: Apache-2.0
// Counts what reaches a store: the same on every machine, unlike times.
//
//   auto counting = CountingChunkManager::Make(store);
//   ... use counting ...
//   EXPECT_EQ(counting->count(StorageOperation::kReadAt).bytes, 3072);
//
// Threads: all methods may be called concurrently.
#pragma once

#include <cstdint>
#include <memory>

#include "storage/testing/intercepting_chunk_manager.h"

namespace varve::internal {

struct OperationCount {
  int64_t calls = 0;   ///< that succeeded
  int64_t ranges = 0;  ///< pieces in those calls; more than `calls` for vectored reads and writes
  int64_t bytes = 0;

  bool operator==(const OperationCount&) const = default;
};

class CountingChunkManager : public InterceptingChunkManager {
 public:
  static std::shared_ptr<CountingChunkManager> Make(std::shared_ptr<ChunkManager> store);

  OperationCount count(StorageOperation operation) const;
  OperationCount total() const;
  /// Reads of every kind: kReadAt and kReadRanges.
  OperationCount reads() const;
  void Reset();

 private:
  class Counters;
  CountingChunkManager(std::shared_ptr<ChunkManager> store, std::shared_ptr<Counters> counters);

  const std::shared_ptr<Counters> counters_;
};

}  // namespace varve::internal
