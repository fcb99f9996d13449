// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/aws_profile.h"

#include <gtest/gtest.h>

#include <fstream>

#include "storage/testing/scratch_directory.h"

namespace varve::internal {
namespace {

constexpr const char* kConfig = R"(
# a comment
[default]
region = eu-west-1
s3 =
    region = of-something-else
[profile role]
role_arn = arn:aws:iam::1:role/x
region=us-east-2
[profile single]
sso_session = mine
[sso-session mine]
sso_region = eu-north-1
)";

TEST(AwsProfileTest, EachProfileSaysItsOwn) {
  const AwsProfile plain = ParseAwsProfile(kConfig, "default");
  EXPECT_EQ(plain.region, "eu-west-1");
  EXPECT_FALSE(plain.assumes_role);
  EXPECT_EQ(plain.sso_region, "");
  const AwsProfile role = ParseAwsProfile(kConfig, "role");
  EXPECT_EQ(role.region, "us-east-2");
  EXPECT_TRUE(role.assumes_role);
  EXPECT_EQ(ParseAwsProfile(kConfig, "single").sso_region, "eu-north-1");
  EXPECT_EQ(ParseAwsProfile(kConfig, "absent").region, "");
}

TEST(AwsProfileTest, TheEnvironmentNamesFileAndProfile) {
  const ScratchDirectory scratch;
  const std::string path = scratch.path() + "/config";
  std::ofstream(path) << kConfig;
  std::map<std::string, std::string> variables{{"AWS_CONFIG_FILE", path}};
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  EXPECT_EQ(LoadAwsProfile("", environment).region, "eu-west-1");
  EXPECT_EQ(LoadAwsProfile("role", environment).region, "us-east-2");
  variables["AWS_PROFILE"] = "role";
  EXPECT_EQ(LoadAwsProfile("", environment).region, "us-east-2");
  variables["AWS_CONFIG_FILE"] = path + ".absent";
  EXPECT_EQ(LoadAwsProfile("", environment).region, "");
}

}  // namespace
}  // namespace varve::internal
