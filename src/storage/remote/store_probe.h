// SPDX-License-Identifier: Apache-2.0
// Finds out by trying whether a store keeps the promise that commits rest on: of many who create
// the same object only where there is none, exactly one succeeds, and what it wrote stays. Some
// servers answer as if they did and do not.
//
// Cost:     of writes 26 to 40 small requests; of uploads about 30, and where those cannot be told
//           apart, `num_racers` times a part of data
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
  bool writes = true;    ///< objects that are one request, and whether listings are in order
  bool uploads = false;  ///< objects that are sent part by part
  /// Uploads can be told apart (multipart_upload.h): then one part is enough.
  bool multipart = false;
  int64_t part_bytes = 5 << 20;               ///< the least that the service takes, otherwise
  std::chrono::milliseconds timeout{30'000};  ///< of each request
};

struct StoreProbe {
  // False also where it was not tried.
  bool put_if_absent = false;
  bool upload_if_absent = false;
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

/// OK, or an Unsupported that tells a writer why it must not write to `uri`.
Status RefuseUnlessSafe(const StoreProbe& probe, const std::string& uri);

}  // namespace varve::internal
