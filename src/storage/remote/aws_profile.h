// SPDX-License-Identifier: Apache-2.0
// What a profile of ~/.aws says beside credentials, which OpenDAL reads itself.
//
//   [profile books]
//   region = eu-west-1
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace varve::internal {

struct AwsProfile {
  std::string region;
  bool assumes_role = false;
  std::string sso_region;  ///< empty: no single sign-on
};

/// Of the text of a config file. Lines that say nothing of this are passed over.
AwsProfile ParseAwsProfile(std::string_view text, const std::string& name);

/// Of the file that AWS_CONFIG_FILE names, or of ~/.aws/config; `name` empty: AWS_PROFILE's, or the
/// default. A file that cannot be read is as good as none.
AwsProfile LoadAwsProfile(
    std::string name,
    const std::function<std::optional<std::string>(const std::string&)>& environment);

}  // namespace varve::internal
