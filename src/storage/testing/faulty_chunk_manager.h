// SPDX-License-Identifier: Apache-2.0
// A store that fails when told to, and damages what is read from it.
//
//   auto faulty = FaultyChunkManager::Make(store);
//   faulty->FailCall(StorageOperation::kPutIfAbsent, 2, Status::IOError("reset"),
//                    FaultyChunkManager::kAfter);   // the second put: done, but its answer is lost
//   faulty->FlipBit("data/a.parquet", 4096, 3);
//
// Threads: all methods may be called concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/testing/intercepting_chunk_manager.h"

namespace varve::internal {

class FaultyChunkManager : public InterceptingChunkManager {
 public:
  enum When {
    kBefore,  ///< the call does not reach the store
    kAfter,   ///< it took effect, and the caller is told that it failed
  };

  static std::shared_ptr<FaultyChunkManager> Make(std::shared_ptr<ChunkManager> store);

  /// Fails the `nth` call of `operation` from now on (1 is the next), and with `count` > 1 those
  /// that follow it. For kAfter, only calls that succeed are counted.
  void FailCall(StorageOperation operation, int64_t nth, Status status, When when = kBefore,
                int64_t count = 1);
  /// Reads of the byte at `offset` give it with bit `bit` (0 to 7) flipped.
  void FlipBit(const std::string& path, int64_t offset, int bit);
  /// The object seems to end after `size` bytes.
  void Truncate(const std::string& path, int64_t size);
  /// Forgets all faults.
  void Heal();
  /// How many calls were made to fail.
  int64_t num_failures() const;

 private:
  class Faults;
  FaultyChunkManager(std::shared_ptr<ChunkManager> store, std::shared_ptr<Faults> faults);

  const std::shared_ptr<Faults> faults_;
};

}  // namespace varve::internal
