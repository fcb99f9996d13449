// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/store_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/status_assertions.h"
#include "storage/remote/uri_text.h"

namespace varve::internal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(StoreAddressTest, AnAddressNamesServiceBucketFolderAndOptions) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto address,
      ResolveStoreAddress("s3://books/a/b/?aws_region=eu-west-1&timeout=1500ms",
                          {{"AWS_ACCESS_KEY_ID", "key"}, {"aws_region", "us-east-1"}},
                          Variables({{"AWS_SECRET_ACCESS_KEY", "hidden"}, {"HOME", "/root"}})));
  EXPECT_EQ(address.client.scheme, "s3");
  EXPECT_EQ(address.manager.uri, "s3://books/a/b");
  EXPECT_EQ(address.manager.timeout, std::chrono::milliseconds(1500));
  EXPECT_TRUE(address.manager.features.put_if_absent);
  EXPECT_THAT(address.client.options,
              UnorderedElementsAre(Pair("bucket", "books"), Pair("root", "/a/b"),
                                   Pair("region", "eu-west-1"), Pair("access_key_id", "key"),
                                   Pair("secret_access_key", "hidden"),
                                   Pair("disable_ec2_metadata", "true")));
}

// By whichever of its names an option is called.
TEST(StoreAddressTest, AConfigurationFileSaysLessThanTheCallerAndMoreThanTheEnvironment) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto address,
      ResolveStoreAddress(
          "s3://books", {{"aws_access_key_id", "caller"}},
          Variables(
              {{"AWS_SECRET_ACCESS_KEY", "environment"}, {"AWS_SESSION_TOKEN", "environment"}}),
          {{"access_key_id", "file"}, {"secret_access_key", "file"}, {"region", "file"}}));
  EXPECT_THAT(
      address.client.options,
      testing::IsSupersetOf({Pair("access_key_id", "caller"), Pair("secret_access_key", "file"),
                             Pair("region", "file"), Pair("session_token", "environment")}));
  EXPECT_FALSE(ResolveStoreAddress("s3://books", {}, Variables({}), {{"regoin", "x"}}).ok());
}

TEST(StoreAddressTest, EveryServiceHasItsWords) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto azure,
      ResolveStoreAddress(
          "az://box", {{"azure_storage_account_name", "me"}, {"azure_storage_account_key", "k"}},
          Variables({})));
  EXPECT_THAT(azure.client.options,
              UnorderedElementsAre(Pair("container", "box"), Pair("root", "/"),
                                   Pair("account_name", "me"), Pair("account_key", "k"),
                                   Pair("endpoint", "https://me.blob.core.windows.net"),
                                   Pair("disable_vm_metadata", "true")));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto google,
      ResolveStoreAddress("gs://box/x", {},
                          Variables({{"GOOGLE_APPLICATION_CREDENTIALS", "/key.json"}})));
  EXPECT_EQ(google.client.scheme, "gcs");
  EXPECT_EQ(google.client.options.at("credential_path"), "/key.json");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto huawei, ResolveStoreAddress("obs://b", {}, Variables({})));
  EXPECT_FALSE(huawei.manager.features.put_if_absent);
  for (const char* scheme : {"s3", "s3a", "az", "abfs", "gs", "oss", "cos", "obs"}) {
    EXPECT_TRUE(IsObjectStoreScheme(scheme)) << scheme;
  }
  EXPECT_FALSE(IsObjectStoreScheme("file"));
}

TEST(StoreAddressTest, MistakesAreNamedAndSecretsAreNot) {
  const auto fails = [](const std::string& uri, const StorageOptions& options) {
    const auto result = ResolveStoreAddress(uri, options, Variables({}));
    EXPECT_FALSE(result.ok()) << uri;
    return result.ok() ? "" : result.status().ToString();
  };
  EXPECT_THAT(fails("s3://b", {{"aws_secret_acess_key", "hidden"}}),
              testing::AllOf(HasSubstr("aws_secret_access_key"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(fails("s3://b?endpoint=http://example.com", {}), HasSubstr("allow_http"));
  EXPECT_THAT(fails("s3://b?endpoint=http://127.evil.com", {}), HasSubstr("allow_http"));
  EXPECT_THAT(fails("s3://b?endpoint=example.com", {}), HasSubstr("scheme"));
  EXPECT_THAT(fails("s3://b", {{"timeout", "soon"}}), HasSubstr("soon"));
  EXPECT_THAT(fails("s3://b", {{"max_in_flight", "0"}}), HasSubstr("1 to 4096"));
  EXPECT_THAT(fails("s3://b", {{"allow_http", "perhaps"}}), HasSubstr("true or false"));
  EXPECT_THAT(fails("s3://", {}), HasSubstr("bucket"));
  EXPECT_THAT(fails("s3://key:hidden@b", {}), Not(HasSubstr("hidden")));
  EXPECT_THAT(fails("s3://b/../c", {}), HasSubstr(".."));
  EXPECT_THAT(fails("s3://b?region", {}), HasSubstr("region"));
  EXPECT_THAT(fails("s3://b", {{"ca_bundle", "/no/such/file"}}), HasSubstr("/no/such/file"));
}

// Whoever names a deadline means every call, uploads included.
TEST(StoreAddressTest, ADeadlineBoundsEveryRequest) {
  using std::chrono::seconds;
  const auto resolve = [](StorageOptions options) {
    return ResolveStoreAddress("s3://b", options, Variables({})).ValueOrDie();
  };
  EXPECT_EQ(resolve({}).manager.upload_timeout, seconds(120));
  EXPECT_EQ(resolve({{"upload_timeout", "300s"}}).manager.upload_timeout, seconds(300));
  const auto address = resolve({{"deadline", "10s"}, {"upload_timeout", "300s"}});
  EXPECT_EQ(address.tuning.retry.deadline, seconds(10));
  EXPECT_EQ(address.manager.timeout, seconds(10));
  EXPECT_EQ(address.manager.upload_timeout, seconds(10));
}

TEST(StoreAddressTest, TuningHasTheSameWordsEverywhere) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto address,
      ResolveStoreAddress("oss://b",
                          {{"retry_attempts", "3"},
                           {"deadline", "90s"},
                           {"breaker_failures", "5"},
                           {"health_check_interval", "30s"},
                           {"hedge_after", "200ms"},
                           {"max_connections", "7"},
                           {"max_bandwidth", "50MB"},
                           {"read_replicas", "s3://other/b?region=x  file:///mnt/b"},
                           {"skip_probe", "true"}},
                          Variables({})));
  EXPECT_EQ(address.tuning.retry.max_tries, 4);
  EXPECT_EQ(address.tuning.retry.deadline, std::chrono::seconds(90));
  EXPECT_EQ(address.tuning.breaker.failures, 5);
  EXPECT_EQ(address.tuning.health_check_interval, std::chrono::seconds(30));
  EXPECT_EQ(address.tuning.hedge_after, std::chrono::milliseconds(200));
  EXPECT_EQ(address.tuning.max_in_flight, 7);
  EXPECT_EQ(address.client.idle_connections, 7);
  EXPECT_EQ(address.tuning.bytes_per_second, 50'000'000);
  EXPECT_THAT(address.tuning.read_replicas, ElementsAre("s3://other/b?region=x", "file:///mnt/b"));
  EXPECT_TRUE(address.tuning.skip_probe);
  for (const char* mistake : {"max_bandwidth=1kB", "max_bandwidth=fast", "retry_attempts=-1",
                              "breaker_failures=0", "skip_probe=maybe", "hedge_after=0s"}) {
    EXPECT_EQ(
        KindOf(ResolveStoreAddress(std::string("s3://b?") + mistake, {}, Variables({})).status()),
        ErrorKind::kInvalid)
        << mistake;
  }
}

TEST(StoreAddressTest, AzureFindsItsHostByTheAccount) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto told,
      ResolveStoreAddress("az://box?endpoint=https://me.blob.core.chinacloudapi.cn",
                          {{"account_name", "me"}}, Variables({})));
  EXPECT_EQ(told.client.options.at("endpoint"), "https://me.blob.core.chinacloudapi.cn");
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto derived,
      ResolveStoreAddress("az://box", {}, Variables({{"AZURE_STORAGE_ACCOUNT_NAME", "me"}})));
  EXPECT_EQ(derived.client.options.at("endpoint"), "https://me.blob.core.windows.net");
}

TEST(StoreAddressTest, AzureTakesConnectionStringsAndLogins) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto connection,
      ResolveStoreAddress("az://box", {{"account_name", "other"}},
                          Variables({{"AZURE_STORAGE_CONNECTION_STRING",
                                      "AccountName=me;AccountKey=aGk=;EndpointSuffix=example"}})));
  EXPECT_THAT(connection.client.options,
              UnorderedElementsAre(Pair("container", "box"), Pair("root", "/"),
                                   Pair("account_name", "other"), Pair("account_key", "aGk="),
                                   Pair("endpoint", "https://me.blob.example"),
                                   Pair("disable_vm_metadata", "true")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto login,
                             ResolveStoreAddress("az://box", {{"azure_storage_account_name", "me"}},
                                                 Variables({{"AZURE_CLIENT_ID", "id"},
                                                            {"AZURE_CLIENT_SECRET", "hidden"},
                                                            {"AZURE_TENANT_ID", "tenant"}})));
  EXPECT_EQ(login.client.options.at("client_secret"), "hidden");
  EXPECT_EQ(login.client.options.at("tenant_id"), "tenant");
  const Status half =
      ResolveStoreAddress("az://box", {{"azure_client_secret", "hidden"}, {"client_id", "id"}},
                          Variables({}))
          .status();
  EXPECT_THAT(half.message(), testing::AllOf(HasSubstr("tenant_id"), Not(HasSubstr("hidden"))));
}

TEST(StoreAddressTest, OthersAreKnownByTheNamesOfTheirTools) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto aliyun,
      ResolveStoreAddress("oss://b", {{"aliyun_endpoint", "https://oss.example"}},
                          Variables({{"ALIBABA_CLOUD_ACCESS_KEY_ID", "id"},
                                     {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "hidden"},
                                     {"ALIYUN_SECURITY_TOKEN", "token"}})));
  EXPECT_THAT(
      aliyun.client.options,
      UnorderedElementsAre(Pair("bucket", "b"), Pair("root", "/"),
                           Pair("endpoint", "https://oss.example"), Pair("access_key_id", "id"),
                           Pair("access_key_secret", "hidden"), Pair("security_token", "token")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto tencent,
                             ResolveStoreAddress("cos://b", {},
                                                 Variables({{"TENCENTCLOUD_SECRET_ID", "id"},
                                                            {"TENCENTCLOUD_SECRET_KEY", "hidden"},
                                                            {"TENCENTCLOUD_TOKEN", "token"}})));
  EXPECT_THAT(tencent.client.options,
              UnorderedElementsAre(Pair("bucket", "b"), Pair("root", "/"), Pair("secret_id", "id"),
                                   Pair("secret_key", "hidden"), Pair("security_token", "token")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto huawei,
                             ResolveStoreAddress("obs://b", {},
                                                 Variables({{"HUAWEICLOUD_SDK_AK", "id"},
                                                            {"HUAWEICLOUD_SDK_SK", "hidden"}})));
  EXPECT_EQ(huawei.client.options.at("secret_access_key"), "hidden");
}

TEST(StoreAddressTest, AGoogleKeyMayBeGivenAsItIs) {
  const std::string json = " {\"type\": \"service_account\"}";
  const auto credential = [](const std::string& key) {
    return ResolveStoreAddress("gs://b", {{"google_service_account_key", key}}, Variables({}))
        ->client.options.at("credential");
  };
  EXPECT_EQ(credential(json), "IHsidHlwZSI6ICJzZXJ2aWNlX2FjY291bnQifQ==");
  EXPECT_EQ(credential("eyJ0eXBlIjogIiJ9"), "eyJ0eXBlIjogIiJ9");
}

TEST(StoreAddressTest, LoopbackAndThoseWhoSaySoMayUsePlainHttp) {
  for (const char* endpoint :
       {"http://127.0.0.1:9000", "http://localhost", "http://[::1]:80", "https://example.com"}) {
    EXPECT_TRUE(ResolveStoreAddress("s3://b", {{"endpoint", endpoint}}, Variables({})).ok())
        << endpoint;
  }
  EXPECT_TRUE(ResolveStoreAddress("s3://b",
                                  {{"endpoint", "http://minio:9000"}, {"aws_allow_http", "true"}},
                                  Variables({}))
                  .ok());
}

TEST(UriTextTest, SplitsAndUnescapes) {
  const UriParts parts = SplitUri("s3://b/c/d?x=1&y=a%2Fb");
  EXPECT_EQ(parts.scheme, "s3");
  EXPECT_EQ(parts.authority, "b");
  EXPECT_EQ(parts.path, "/c/d");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto query, ParseQuery(parts.query));
  EXPECT_THAT(query, ElementsAre(Pair("x", "1"), Pair("y", "a/b")));
  EXPECT_EQ(HostOf("user@host:80"), "host");
  EXPECT_EQ(HostOf("[::1]:80"), "::1");
  EXPECT_FALSE(ParseQuery("x=%2").ok());
  EXPECT_FALSE(ParseQuery("x=1&x=2").ok());
}

}  // namespace
}  // namespace varve::internal
