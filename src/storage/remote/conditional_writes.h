// SPDX-License-Identifier: Apache-2.0
// Whether writers may rest on the conditions of a store, those of single writes and those of
// completed uploads: tried in a process for each root, and remembered for kRemembered, since a
// store may change (versioning that is switched on makes some ignore conditions).
//
// Errors:  Unsupported that says what the store does instead; a request that fails is an error of
//          this call, and the next one tries again
// Threads: all methods may be called concurrently; they wait for one another only at one root
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/timer.h"
#include "storage/remote/object_client.h"
#include "storage/remote/store_probe.h"
#include "varve/status.h"

namespace varve::internal {

class ConditionalWrites {
 public:
  static constexpr std::chrono::minutes kRemembered{10};
  /// After a store could not be tried, for which an earlier verdict stands meanwhile.
  static constexpr std::chrono::minutes kAskedAgain{1};

  /// `client` must pass on all that it is given at once. `root` is what the verdict is remembered
  /// by, `uri` what messages call it. `multipart`: its uploads can be told apart.
  ConditionalWrites(std::shared_ptr<ObjectClient> client, std::string root, std::string uri,
                    bool multipart, Timer* timer = Timer::System(),
                    Random* random = Random::System());

  /// Of objects that one request writes; commits are such.
  Status Check();
  /// Of objects that are sent in parts.
  Status CheckUploads();
  /// Known to be out of order; false until Check has looked.
  bool listing_is_unordered() const;

 private:
  struct Verdict;
  struct Finding;
  Status CheckFinding(Finding* finding, const ProbeOptions& options);
  const std::shared_ptr<ObjectClient> client_;
  const std::string uri_;
  const bool multipart_;
  Timer* const timer_;
  Random* const random_;
  const std::shared_ptr<Verdict> verdict_;
};

}  // namespace varve::internal
