// SPDX-License-Identifier: Apache-2.0
// Which hosts a store's requests may go to: its endpoint, and what gives credentials where somebody
// has asked for that. An answer that points elsewhere leads nowhere.
//
//   s3://b?region=r                      s3.r.amazonaws.com, b.s3.r.amazonaws.com
//   … &role_arn=…                        also sts.r.amazonaws.com, sts.amazonaws.com
//   … &disable_vm_metadata=false         also 169.254.169.254
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/remote/aws_profile.h"

namespace varve::internal {

struct HostQuestion {
  std::string_view service;  ///< OpenDAL's name
  std::string bucket;
  /// By OpenDAL's names.
  const std::map<std::string, std::string>* options = nullptr;
  bool asks_machine = false;     ///< for credentials
  std::string credential_hosts;  ///< more of them, separated by spaces
  AwsProfile profile;
};

/// Names in small letters, without ports, each once.
std::vector<std::string> HostsOf(
    const HostQuestion& question,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace varve::internal
