// SPDX-License-Identifier: Apache-2.0
// Object stores by address and options, as users of the ecosystem write them: which service, which
// bucket, which folder in it, and everything OpenDAL wants to know.
//
//   s3://bucket/folder?aws_region=eu-west-1      az://container/folder      gs://bucket/folder
//   oss://…   cos://…   obs://…
//
// Options come from the address, from the caller, from a configuration file and from the
// environment, in this order; a name that no service knows is an error that names the nearest one.
// Plain HTTP is for loopback and for those who say `allow_http`.
//
// Errors: Invalid naming the option; its value is repeated only where it cannot be a secret
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "storage/opendal/opendal_client.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/remote/remote_tuning.h"
#include "varve/status.h"

namespace varve::internal {

using StorageOptions = std::map<std::string, std::string>;
/// Looks a variable up; std::nullopt: not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// The process's own.
Environment ProcessEnvironment();

/// Whether `scheme` is one of an object store.
bool IsObjectStoreScheme(std::string_view scheme);

struct StoreAddress {
  OpenDalOptions client;
  RemoteOptions manager;
  RemoteTuning tuning;
  std::string endpoint;  ///< service and host, by which what is known of them is remembered
};

Result<StoreAddress> ResolveStoreAddress(const std::string& uri, const StorageOptions& options,
                                         const Environment& environment,
                                         const StorageOptions& defaults = {});

}  // namespace varve::internal
