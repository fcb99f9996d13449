// SPDX-License-Identifier: Apache-2.0
// What stands between a program and an object store: is it there, does it take the credentials,
// does its clock agree, and may commits rest on it.
//
//   ARROW_ASSIGN_OR_RAISE(const auto found, varve::InspectStore("s3://bucket/books"));
//   if (!found.reached.ok()) std::cerr << found.reached.message() << "; " << found.advice;
//
// Cost:    one listing; with `try_writes` about 45 small requests, whose objects are removed again
// Errors:  Invalid for an address or options that make no sense, also for those that are no object
//          store's; Unsupported in builds without object stores. What the store does is no error
//          of the call. Nothing that is told holds a secret.
// Threads: may be called concurrently
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "varve/chunk_manager.h"
#include "varve/status.h"
#include "varve/visibility.h"

namespace varve {

struct StoreInspection {
  std::string uri;            ///< without credentials
  std::string service;        ///< "s3", "azblob", "gcs", "oss", "cos", "obs"
  std::string endpoint;       ///< empty: the service's own
  std::string region;         ///< empty: not told
  std::string bucket_region;  ///< as the store names it; empty: not told
  /// What is known of who asks, by name; "***" for all that may be secret. Empty: it is left to
  /// profiles, or to the machine's identity.
  std::map<std::string, std::string> credentials;

  Status reached;  ///< of the listing
  int http_status = 0;
  double seconds = 0;                        ///< that the listing took
  std::optional<int64_t> clock_skew_micros;  ///< the store's clock less this machine's

  bool tried_writes = false;
  Status wrote;  ///< of the requests that tried writes
  bool put_if_absent = false;
  /// Of objects that are sent in parts; nullopt: not tried, since it would take much data.
  std::optional<bool> upload_if_absent;
  bool ordered_listing = false;
  std::vector<std::string> problems;     ///< what it does instead, a sentence each
  std::vector<std::string> left_behind;  ///< objects of the trial that could not be removed

  std::string advice;  ///< what to do about it; empty: nothing
};

VARVE_EXPORT Result<StoreInspection> InspectStore(const std::string& uri,
                                                  const ChunkManagerOptions& options = {},
                                                  bool try_writes = true);

}  // namespace varve
