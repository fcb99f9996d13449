// SPDX-License-Identifier: Apache-2.0
// Whether commits may rest on the conditional writes of a store: tried once in a process for each
// root, and remembered.
//
// Errors:  Unsupported that says what the store does instead; a request that fails is an error of
//          this call, and the next one tries again
// Threads: all methods may be called concurrently; they wait for one another only at one root
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/random.h"
#include "storage/remote/object_client.h"
#include "varve/status.h"

namespace varve::internal {

class ConditionalWrites {
 public:
  /// `client` must pass on all that it is given at once. `root` is what the verdict is remembered
  /// by, `uri` what messages call it.
  ConditionalWrites(std::shared_ptr<ObjectClient> client, std::string root, std::string uri,
                    Random* random = Random::System());

  Status Check();
  /// Known to be out of order; false until Check has looked.
  bool listing_is_unordered() const;

 private:
  struct Verdict;
  const std::shared_ptr<ObjectClient> client_;
  const std::string uri_;
  Random* const random_;
  const std::shared_ptr<Verdict> verdict_;
};

}  // namespace varve::internal
