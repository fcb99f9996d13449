// SPDX-License-Identifier: Apache-2.0
// Whom requests go to. The store is at 127.0.0.1; "localhost" is somebody else, who listens too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/scratch_directory.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Options = std::map<std::string, std::string>;

class Variables {
 public:
  explicit Variables(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, value] : variables) {
      ::setenv(name.c_str(), value.c_str(), 1);
      names_.push_back(name);
    }
  }
  ~Variables() {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;

 private:
  std::vector<std::string> names_;
};

class Host {
 public:
  explicit Host(std::function<HttpResponse(const HttpRequest&)> answer)
      : answer_(std::move(answer)),
        server_([this](HttpConnection& connection, HttpRequest& request) {
          if (!connection.ReadBody(&request.body, request.ContentLength())) return false;
          {
            const std::lock_guard lock(mutex_);
            signatures_.emplace_back(FindHeader(request.headers, "authorization"));
          }
          return connection.Send(answer_(request));
        }) {
    server_.Listen();
  }

  std::string endpoint() const { return server_.endpoint(); }
  std::string elsewhere() const { return "http://localhost:" + std::to_string(server_.port()); }
  /// Of each request, in order.
  std::vector<std::string> signatures() const {
    const std::lock_guard lock(mutex_);
    return signatures_;
  }

 private:
  const std::function<HttpResponse(const HttpRequest&)> answer_;
  mutable std::mutex mutex_;  // guards signatures_
  std::vector<std::string> signatures_;
  HttpServer server_;  // last: its threads use the others
};

class AskedHostsTest : public testing::Test {
 protected:
  AskedHostsTest()
      : store_([this](const HttpRequest& request) { return s3_.Answer(request); }),
        other_([](const HttpRequest&) {
          return HttpResponse{.headers = {{"Content-Type", "application/json"}},
                              .body =
                                  R"({"AccessKeyId": "FROM-OTHER", "SecretAccessKey": "secret", )"
                                  R"("Token": "token", "Expiration": "2099-01-01T00:00:00Z"})"};
        }) {
    s3_.Put("bucket/x/a", "bytes");
  }

  static std::shared_ptr<ChunkManager> Open(const std::string& uri, const Host& host,
                                            Options options) {
    options.insert({{"endpoint", host.endpoint()}, {"retry_attempts", "0"}, {"timeout", "10s"}});
    return OpenChunkManager(uri, {.storage_options = options}).ValueOrDie();
  }

  ScriptedHttpS3 s3_;
  Host store_;
  Host other_;
};

TEST_F(AskedHostsTest, ARedirectLeadsNowhere) {
  for (const int status : {301, 302, 307, 308}) {
    const Host redirecting([&](const HttpRequest& request) {
      return HttpResponse{.status = status,
                          .headers = {{"Location", other_.elsewhere() + request.target}}};
    });
    const auto store = Open("s3://bucket/x", redirecting,
                            {{"region", "r"}, {"access_key_id", "k"}, {"secret_access_key", "s"}});
    const Status read = store->Read("a").status();
    EXPECT_FALSE(read.ok()) << status;
    EXPECT_THAT(read.message(), HasSubstr(std::to_string(status)));
    EXPECT_FALSE(store->Write("a", AsBytes("x")).ok());
    EXPECT_THAT(redirecting.signatures(), Not(IsEmpty()));
  }
  EXPECT_THAT(other_.signatures(), IsEmpty());
}

// A tool that renews a profile's credentials is noticed, at the first request that is refused.
TEST_F(AskedHostsTest, AProfileThatWasRenewedIsReadAgain) {
  const ScratchDirectory folder;
  const std::string file = folder.path() + "/credentials";
  const auto write = [&](const std::string& token) {
    std::ofstream(file) << "[default]\naws_access_key_id = id\naws_secret_access_key = key\n"
                        << "aws_session_token = " << token << "\n";
  };
  std::atomic<bool> has_expired = false;
  const Host renewing([&](const HttpRequest& request) {
    const bool is_old = FindHeader(request.headers, "x-amz-security-token") == "old";
    return is_old && has_expired ? S3Error(400, "ExpiredToken") : s3_.Answer(request);
  });
  const Variables variables(
      Options{{"AWS_SHARED_CREDENTIALS_FILE", file}, {"AWS_CONFIG_FILE", "/dev/null"}});
  write("old");
  const auto store = Open("s3://bucket/x", renewing, {{"region", "r"}});
  const auto stale = Open("s3://bucket/x", renewing, {{"region", "r"}});
  EXPECT_EQ((*store->Read("a"))->ToString(), "bytes");
  EXPECT_EQ((*stale->Read("a"))->ToString(), "bytes");
  has_expired = true;
  const Status refused = stale->Read("a").status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kDenied) << refused;
  EXPECT_THAT(refused.message(), HasSubstr("ExpiredToken"));
  write("new");
  EXPECT_EQ((*store->Read("a"))->ToString(), "bytes");
  // The two of before, the refused with what the profile said still, and the one with what it says.
  EXPECT_THAT(renewing.signatures(), SizeIs(6));
}

TEST_F(AskedHostsTest, WhoIsNotOnTheListIsNotAskedForCredentials) {
  const Variables variables(
      Options{{"AWS_CONTAINER_CREDENTIALS_FULL_URI", other_.elsewhere() + "/role"},
              {"AWS_CONFIG_FILE", "/dev/null"},
              {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"}});
  OpenDalOptions options{.scheme = "s3",
                         .options = {{"bucket", "bucket"},
                                     {"root", "/x"},
                                     {"region", "r"},
                                     {"endpoint", store_.endpoint()},
                                     {"disable_ec2_metadata", "true"}},
                         .hosts = {"127.0.0.1"}};
  const ObjectRequest request{.operation = ObjectOperation::kReadWhole, .path = "a", .length = 9};
  internal::Run(MakeOpenDalClient(options).ValueOrDie().get(), request);
  EXPECT_THAT(other_.signatures(), IsEmpty());
  EXPECT_THAT(store_.signatures(), Each(""));

  options.hosts.emplace_back("localhost");
  const ObjectReply reply = internal::Run(MakeOpenDalClient(options).ValueOrDie().get(), request);
  ASSERT_TRUE(reply.ok()) << reply.message;
  EXPECT_EQ(reply.data->ToString(), "bytes");
  EXPECT_THAT(other_.signatures(), SizeIs(1));
  EXPECT_THAT(store_.signatures().back(), HasSubstr("Credential=FROM-OTHER/"));
}

TEST_F(AskedHostsTest, AliyunsMachineIsAskedWhereThatIsSaid) {
  const Variables variables(
      Options{{"ALIBABA_CLOUD_ECS_METADATA_SERVICE_ENDPOINT", other_.elsewhere()}});
  const Options options = {{"addressing_style", "path"}};
  static_cast<void>(Open("oss://bucket/x", store_, options)->Read("a"));
  EXPECT_THAT(other_.signatures(), IsEmpty());
  Options asking = options;
  asking["disable_vm_metadata"] = "false";
  static_cast<void>(Open("oss://bucket/x", store_, asking)->Read("a"));
  EXPECT_THAT(other_.signatures(), Not(IsEmpty()));
}

TEST_F(AskedHostsTest, AzuresMachineIsNotAsked) {
  const auto store = Open("az://bucket/x", store_, {{"account_name", "me"}});
  EXPECT_FALSE(store->Read("a").ok());
  const StorageMetrics metrics = *store->Metrics();
  int64_t sent = 0;
  for (const auto& operation : metrics.operations) sent += operation.requests;
  EXPECT_EQ(sent, static_cast<int64_t>(store_.signatures().size()));
}

TEST_F(AskedHostsTest, ProfilesGiveCredentialsAndRegion) {
  const ScratchDirectory scratch;
  const std::string keys = scratch.path() + "/keys";
  const std::string config = scratch.path() + "/config";
  std::ofstream(keys) << "[default]\naws_access_key_id = ONE\naws_secret_access_key = secret\n"
                         "[books]\naws_access_key_id = TWO\naws_secret_access_key = secret\n";
  std::ofstream(config) << "[default]\nregion = r-one\n[profile books]\nregion = r-two\n";
  const Variables files(
      Options{{"AWS_SHARED_CREDENTIALS_FILE", keys}, {"AWS_CONFIG_FILE", config}});
  EXPECT_EQ((*Open("s3://bucket/x", store_, {})->Read("a"))->ToString(), "bytes");
  EXPECT_THAT(store_.signatures().back(), AllOf(HasSubstr("=ONE/"), HasSubstr("/r-one/s3/")));
  const Variables profile(Options{{"AWS_PROFILE", "books"}});
  EXPECT_EQ((*Open("s3://bucket/x", store_, {})->Read("a"))->ToString(), "bytes");
  EXPECT_THAT(store_.signatures().back(), AllOf(HasSubstr("=TWO/"), HasSubstr("/r-two/s3/")));
}

TEST_F(AskedHostsTest, WithoutARegionTheMessageSaysWhereToPutIt) {
  const Variables none(Options{{"AWS_CONFIG_FILE", "/dev/null"}});
  const Status status =
      OpenChunkManager("s3://bucket/x", {.storage_options = {{"endpoint", store_.endpoint()}}})
          .status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("AWS_REGION"), HasSubstr("us-east-1")));
}

}  // namespace
}  // namespace varve::internal
