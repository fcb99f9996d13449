// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/azure_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(AzureConnectionTest, SaysAccountKeyAndEndpoint) {
  EXPECT_THAT(*ParseAzureConnection("DefaultEndpointsProtocol=https;AccountName=me;AccountKey=aGk=;"
                                    "EndpointSuffix=core.chinacloudapi.cn"),
              UnorderedElementsAre(Pair("account_name", "me"), Pair("account_key", "aGk="),
                                   Pair("endpoint", "https://me.blob.core.chinacloudapi.cn")));
  EXPECT_THAT(*ParseAzureConnection("BlobEndpoint=http://127.0.0.1:10000/me/;AccountName=me;"
                                    "SharedAccessSignature=sv=1&sig=x%3D;"),
              UnorderedElementsAre(Pair("account_name", "me"), Pair("sas_token", "sv=1&sig=x%3D"),
                                   Pair("endpoint", "http://127.0.0.1:10000/me")));
  EXPECT_EQ(ParseAzureConnection("UseDevelopmentStorage=true")->at("account_name"),
            "devstoreaccount1");
}

TEST(AzureConnectionTest, MistakesAreNamedAndSecretsAreNot) {
  const auto status = ParseAzureConnection("AccountName=me;hidden").status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), testing::AllOf(HasSubstr("part 2"), Not(HasSubstr("hidden"))));
}

TEST(AzureConnectionTest, EndpointsTellTheAccount) {
  EXPECT_EQ(AzureAccountOf("https://me.blob.core.windows.net"), "me");
  EXPECT_EQ(AzureAccountOf("http://127.0.0.1:10000/me"), "");
}

}  // namespace
}  // namespace varve::internal
