// SPDX-License-Identifier: Apache-2.0
// Finds out by trying whether a store keeps the promise that commits rest on: of many who create
// the same object only where there is none, exactly one succeeds, and what it wrote stays. Some
// servers answer as if they did and do not.
//
// Cost:     about 40 small requests; with uploads, 16 more and `num_racers` times a part of data
// Errors:   of requests that fail, as such; a store that breaks its promise is no error here, but a
//           result that says what it did
// Leaves:   nothing; names of what could not be removed again are in the result
// Source:   Amazon S3 user guide, "Conditional writes"
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/remote/object_client.h"
#include "varve/status.h"

namespace varve::internal {

struct ProbeOptions {
  int num_racers = 8;
  /// Whether objects that are sent part by part are raced, too.
  bool uploads = false;
  int64_t part_bytes = 5 << 20;               ///< the least that the service takes
  std::chrono::milliseconds timeout{30'000};  ///< of each request
};

struct StoreProbe {
  bool put_if_absent = false;
  bool upload_if_absent = false;  ///< false also where uploads were not tried
  bool ordered_listing = false;
  /// What the store did instead, a sentence each; empty where it kept its promise.
  std::string put_problem;
  std::string upload_problem;
  std::string listing_problem;
  std::vector<std::string> left_behind;
};

/// `client` is at the root under which the writer will write, and sends `num_racers` requests at
/// once.
Result<StoreProbe> ProbeConditionalWrites(ObjectClient* client, const ProbeOptions& options = {},
                                          Random* random = Random::System());

/// OK, or an Unsupported that tells a writer why it must not commit to `uri`.
Status RefuseUnlessSafe(const StoreProbe& probe, const std::string& uri);

}  // namespace varve::internal
