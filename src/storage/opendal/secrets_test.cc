// SPDX-License-Identifier: Apache-2.0
// Credentials of every kind, under the faults that tempt to tell them: none is in an error, in the
// metrics, or in anything printed.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/opendal/testing/fault_matrix.h"
#include "storage/opendal/testing/fault_scene.h"
#include "varve/chunk_manager.h"

namespace varve::internal::fault_matrix {
namespace {

struct Credentials {
  const char* name;
  std::string uri;  // without the endpoint
  std::map<std::string, std::string> options;
  bool tells_back;  // what is sent holds the secret itself, so that a mask is needed
};

// A key that Azure's client can sign with, and whose text has the canary.
std::string AzureKey() { return "CANARYCANARYCANARYCANARYCANARYCANARYCANARYCA"; }

// One that signs nothing: it is refused before anybody is asked.
std::string GoogleKey() {
  return R"({"type": "service_account", "client_email": "me@example.com", )"
         R"("private_key": "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n"})";
}

std::vector<Credentials> Kinds() {
  return {
      {"s3_keys",
       "s3://bucket/x",
       {{"region", "r"}, {"access_key_id", "key"}, {"secret_access_key", "CANARY/secret+1"}},
       false},
      {"s3_session",
       "s3://bucket/x",
       {{"region", "r"},
        {"access_key_id", "key"},
        {"secret_access_key", "CANARY/secret+1"},
        {"session_token", "CANARY-session/77+=="}},
       true},
      {"azure_key",
       "az://container/x",
       {{"account_name", "me"}, {"account_key", AzureKey()}},
       false},
      {"azure_sas",
       "az://container/x",
       {{"account_name", "me"}, {"sas_token", "sv=2024-11-04&sp=rwdl&sig=CANARY%2Bsignature%3D"}},
       true},
      {"gcs_token", "gs://bucket/x", {{"token", "CANARY-access-token"}}, true},
      {"gcs_key", "gs://bucket/x", {{"google_service_account_key", GoogleKey()}}, false},
      {"oss_keys",
       "oss://bucket/x",
       {{"access_key_id", "key"},
        {"access_key_secret", "CANARY-oss-secret"},
        {"addressing_style", "path"}},
       false},
      {"cos_keys",
       "cos://bucket/x",
       {{"secret_id", "id"}, {"secret_key", "CANARY-cos-secret"}, {"disable_config_load", "true"}},
       false},
      {"obs_keys",
       "obs://bucket/x",
       {{"access_key_id", "key"}, {"secret_access_key", "CANARY-obs-secret"}},
       false},
  };
}

struct Temptation {
  const char* name;
  Fault fault;
};
std::vector<Temptation> Temptations() {
  return {{"reset", Of(FaultKind::kReset)},
          {"not_http", Of(FaultKind::kNotHttp)},
          {"echo_400", Under(FaultKind::kEcho, Plain(400))},
          {"echo_403", Under(FaultKind::kEcho, Plain(403))},
          {"echo_404", Under(FaultKind::kEcho, Plain(404))},
          {"echo_500", Under(FaultKind::kEcho, Plain(500))},
          {"echo_200", Under(FaultKind::kEcho, Plain(200))},
          {"redirect", Instead(Plain(307, {{"Location", "http://127.0.0.1:1/?sig=elsewhere"}}))}};
}

void PrintTo(const Credentials& credentials, std::ostream* out) { *out << credentials.name; }

class SecretsTest : public testing::TestWithParam<Credentials> {};

TEST_P(SecretsTest, AreNeverTold) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  bool masked = false;
  std::string told;
  for (const Temptation& temptation : Temptations()) {
    FaultProxy proxy([](const HttpRequest&) { return HttpResponse{}; },
                     [&](const HttpRequest&) { return temptation.fault; });
    proxy.Listen();
    ChunkManagerOptions options{.storage_options = GetParam().options};
    options.storage_options.insert({{"endpoint", proxy.endpoint()},
                                    {"retry_attempts", "1"},
                                    {"timeout", "2s"},
                                    {"skip_probe", "true"}});
    const auto opened = OpenChunkManager(GetParam().uri, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    ChunkManager& store = **opened;
    const Status errors[] = {store.Read("a").status(),
                             store.Stat("a").status(),
                             store.List("a").status(),
                             store.Write("a", AsBytes("bytes")),
                             store.PutIfAbsent("a", AsBytes("bytes")).status(),
                             store.Remove("a")};
    for (const Status& error : errors) {
      const std::string text = error.ToString();
      masked = masked || text.find("***") != text.npos;
      told += std::string(temptation.name) + ": " + text + "\n";
    }
    told += store.uri() + store.Metrics()->ToPrometheus();
  }
  told += testing::internal::GetCapturedStderr() + testing::internal::GetCapturedStdout();
  RecordProperty("cells", static_cast<int>(6 * Temptations().size()));
  EXPECT_EQ(told.find(kCanary), told.npos) << told;
  EXPECT_TRUE(masked || !GetParam().tells_back) << told;
}

INSTANTIATE_TEST_SUITE_P(Kinds, SecretsTest, testing::ValuesIn(Kinds()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace varve::internal::fault_matrix
