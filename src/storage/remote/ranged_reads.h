// SPDX-License-Identifier: Apache-2.0
// Reads of many ranges of many objects, as requests that are under way together.
//
// Memory:   ranges that share a request are read into memory of their own, at most a request's
//           worth each, and copied from there
// Errors:   Corruption for a range outside its object, before anything is sent; those of the
//           requests, naming the object
// Threads:  may be called from any
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>

#include "storage/remote/coalesced_reads.h"
#include "storage/remote/object_client.h"
#include "varve/chunk_manager.h"

namespace varve::internal {

class RangedReads {
 public:
  RangedReads(std::shared_ptr<ObjectClient> client, const CoalescingPolicy& policy,
              std::chrono::milliseconds timeout)
      : client_(std::move(client)), policy_(policy), timeout_(timeout) {}

  /// As ChunkManager::StartRangesOf.
  void Start(std::span<const ObjectRanges> objects, ReadPattern pattern, std::stop_token stop,
             std::function<void(Status)> done) const;
  /// Waits; a caller that is asked to stop (varve/stop.h) cancels.
  Status Run(std::span<const ObjectRanges> objects, ReadPattern pattern) const;

 private:
  const std::shared_ptr<ObjectClient> client_;
  const CoalescingPolicy policy_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace varve::internal
