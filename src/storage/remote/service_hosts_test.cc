// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/service_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/remote/store_address.h"

namespace varve::internal {
namespace {

using testing::Contains;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::string> Hosts(const std::string& uri,
                               const std::map<std::string, std::string>& variables = {}) {
  const auto address =
      ResolveStoreAddress(uri, {}, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
  EXPECT_TRUE(address.ok()) << address.status();
  return address.ok() ? address->client.hosts : std::vector<std::string>();
}

TEST(ServiceHostsTest, AStoreIsAskedUnderItsOwnNamesOnly) {
  EXPECT_THAT(Hosts("s3://b?region=r1&access_key_id=k&secret_access_key=s"),
              UnorderedElementsAre("s3.r1.amazonaws.com", "b.s3.r1.amazonaws.com"));
  EXPECT_THAT(Hosts("s3://b?region=r1&endpoint=https://Minio.Example:9000"),
              UnorderedElementsAre("minio.example", "b.minio.example"));
  EXPECT_THAT(Hosts("s3://b?region=r1&endpoint=https://b.s3.example"),
              UnorderedElementsAre("b.s3.example", "s3.example", "b.b.s3.example"));
  EXPECT_THAT(Hosts("s3://b?region=r1&endpoint=http://[::1]:9000"),
              UnorderedElementsAre("[::1]", "b.::1"));
  EXPECT_THAT(Hosts("s3://x--use1-az4--x-s3?region=us-east-1"),
              Contains("x--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com"));
  EXPECT_THAT(Hosts("az://c?account_name=me&account_key=aGk="),
              UnorderedElementsAre("me.blob.core.windows.net", "c.me.blob.core.windows.net"));
  EXPECT_THAT(Hosts("gs://b?token=t"),
              UnorderedElementsAre("storage.googleapis.com", "b.storage.googleapis.com"));
  EXPECT_THAT(Hosts("oss://b?endpoint=https://oss-cn-x.aliyuncs.com"),
              UnorderedElementsAre("oss-cn-x.aliyuncs.com", "b.oss-cn-x.aliyuncs.com"));
  EXPECT_THAT(Hosts("cos://b-1?endpoint=https://cos.x.myqcloud.com"),
              UnorderedElementsAre("cos.x.myqcloud.com", "b-1.cos.x.myqcloud.com"));
  EXPECT_THAT(Hosts("obs://b?endpoint=https://obs.x.myhuaweicloud.com"),
              UnorderedElementsAre("obs.x.myhuaweicloud.com", "b.obs.x.myhuaweicloud.com"));
}

TEST(ServiceHostsTest, TheMachineIsAskedWhereThatIsSaid) {
  const std::pair<const char*, const char*> expected[] = {
      {"s3://b?region=r&endpoint=https://h", "169.254.169.254"},
      {"az://b?endpoint=https://h", "169.254.169.254"},
      {"gs://b?endpoint=https://h", "metadata.google.internal"},
      {"oss://b?endpoint=https://h", "100.100.100.200"},
  };
  for (const auto& [uri, host] : expected) {
    const std::string with = std::string(uri) + "&disable_vm_metadata=";
    EXPECT_THAT(Hosts(uri), Not(Contains(host)));
    EXPECT_THAT(Hosts(with + "true"), Not(Contains(host)));
    EXPECT_THAT(Hosts(with + "false"), Contains(host));
  }
  EXPECT_THAT(Hosts("s3://b?region=r&disable_ec2_metadata=false",
                    {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://here:1/"}}),
              testing::AllOf(Contains("here"), Not(Contains("169.254.169.254"))));
}

TEST(ServiceHostsTest, WhoGivesCredentialsIsAskedWhereThatIsSaid) {
  EXPECT_THAT(Hosts("s3://b?region=r1&role_arn=arn"),
              testing::IsSupersetOf({"sts.r1.amazonaws.com", "sts.amazonaws.com"}));
  EXPECT_THAT(Hosts("s3://b?region=cn-north-1", {{"AWS_ROLE_ARN", "arn"}}),
              Contains("sts.cn-north-1.amazonaws.com.cn"));
  EXPECT_THAT(Hosts("s3://b?region=r", {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://pod:1/x"}}),
              Contains("pod"));
  const char* azure = "az://b?endpoint=https://h&client_id=i&client_secret=s&tenant_id=t";
  EXPECT_THAT(Hosts(azure), Contains("login.microsoftonline.com"));
  EXPECT_THAT(Hosts(azure, {{"AZURE_AUTHORITY_HOST", "https://login.chinacloudapi.cn"}}),
              Contains("login.chinacloudapi.cn"));
  EXPECT_THAT(Hosts("gs://b"), Contains("oauth2.googleapis.com"));
  EXPECT_THAT(Hosts("oss://b?endpoint=https://h&role_arn=r"), Contains("sts.aliyuncs.com"));
  EXPECT_THAT(Hosts("cos://b?endpoint=https://h", {{"TKE_ROLE_ARN", "r"}}),
              Contains("sts.tencentcloudapi.com"));
  EXPECT_THAT(Hosts("s3://b?region=r&credential_hosts=one%20two"),
              testing::IsSupersetOf({"one", "two"}));
}

}  // namespace
}  // namespace varve::internal
