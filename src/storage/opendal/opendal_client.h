// SPDX-License-Identifier: Apache-2.0
// Object stores through Apache OpenDAL. One try a request: retries and limits stand before it.
//
// Threads:  as ObjectClient. `done` runs on one of two threads that all clients share.
// Fork:     a child opens connections and threads of its own
// Errors:   Invalid from Make for options that the service refuses; Unsupported in builds without
//           OpenDAL
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/remote/object_client.h"
#include "varve/status.h"

namespace varve::internal {

struct OpenDalOptions {
  std::string scheme;                          ///< OpenDAL's: "s3", "azblob", "gcs", …
  std::map<std::string, std::string> options;  ///< OpenDAL's, credentials among them
  std::vector<std::string> hosts;              ///< that may be asked; none: any
  std::string certificates;                    ///< PEM, trusted beside the system's
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds idle_timeout{20'000};  ///< between two pieces of a response
  int64_t idle_connections = 64;
};

Result<std::shared_ptr<ObjectClient>> MakeOpenDalClient(const OpenDalOptions& options);

}  // namespace varve::internal
