// SPDX-License-Identifier: Apache-2.0
// The dialects of the services that no server here speaks: what is sent for a conditional write,
// and what their answers come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/chunk_manager_conformance.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Dialect {
  const char* name;
  std::string uri;
  std::map<std::string, std::string> options;
  const char* header;  // of a write under the condition
  const char* exists;  // the code of the answer to the second of them
};

void PrintTo(const Dialect& dialect, std::ostream* out) { *out << dialect.name; }

Dialect Aliyun() {
  return {"oss",
          "oss://bucket/x",
          {{"access_key_id", "id"}, {"access_key_secret", "secret"}, {"addressing_style", "path"}},
          "x-oss-forbid-overwrite",
          "FileAlreadyExists"};
}
// The bucket is part of the host, and there once: "127" in 127.0.0.1.
Dialect Tencent() {
  return {"cos",
          "cos://127/x",
          {{"secret_id", "id"}, {"secret_key", "secret"}, {"disable_config_load", "true"}},
          "x-cos-forbid-overwrite",
          "FileAlreadyExists"};
}
Dialect Huawei() {
  return {"obs",
          "obs://bucket/x",
          {{"access_key_id", "id"}, {"secret_access_key", "secret"}},
          "if-none-match",
          ""};
}

Dialect Amazon() {
  return {"s3",
          "s3://bucket/x",
          {{"region", "us-east-1"}, {"access_key_id", "id"}, {"secret_access_key", "secret"}},
          "if-none-match",
          ""};
}

// A service of one of them: S3's but for the condition.
class Service {
 public:
  explicit Service(Dialect dialect)
      : dialect_(std::move(dialect)),
        server_([this](HttpConnection& connection, HttpRequest& request) {
          if (!connection.ReadBody(&request.body, request.ContentLength())) return false;
          return connection.Send(Answer(request));
        }) {
    server_.Listen();
  }

  std::shared_ptr<ChunkManager> Open() {
    ChunkManagerOptions options{.storage_options = dialect_.options};
    options.storage_options.insert({{"endpoint", server_.endpoint()}, {"retry_attempts", "0"}});
    return OpenChunkManager(dialect_.uri, options).ValueOrDie();
  }

  // The condition of each write of the object, in order.
  std::vector<std::string> Conditions(const std::string& path) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const HttpRequest& put : puts_) {
      if (!put.Path().ends_with("/" + path)) continue;
      found.emplace_back(FindHeader(put.headers, dialect_.header));
    }
    return found;
  }

 private:
  HttpResponse Answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.method == "PUT") puts_.push_back(request);
    const std::string forbidden(FindHeader(request.headers, dialect_.header));
    const bool is_refused = forbidden == "true" && s3_.Get(request.Path().substr(1));
    HttpResponse answer = is_refused ? S3Error(409, dialect_.exists) : s3_.Answer(request);
    answer.headers.emplace_back("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    return answer;
  }

  const Dialect dialect_;
  std::mutex mutex_;  // guards puts_
  std::vector<HttpRequest> puts_;
  ScriptedHttpS3 s3_;
  HttpServer server_;  // last: its threads use the others
};

class ServiceTest : public testing::TestWithParam<Dialect> {
 protected:
  std::shared_ptr<ChunkManager> Open() { return service_.Open(); }
  std::vector<std::string> Conditions(const std::string& path) { return service_.Conditions(path); }

 private:
  Service service_{GetParam()};
};

ConformanceTarget Target(const Dialect& dialect) {
  return {.name = dialect.name,
          .make =
              [dialect] {
                // Readers and writers outlive their store, not the service.
                static std::vector<std::unique_ptr<Service>> services;
                return services.emplace_back(std::make_unique<Service>(dialect))->Open();
              },
          .features = {.put_if_absent = true, .ordered_listing = true, .durable = true},
          .pins_what_is_open = false,
          // Headers tell seconds, listings may tell more.
          .time_step_micros = 1'000'000};
}

INSTANTIATE_TEST_SUITE_P(Dialects, ChunkManagerConformanceTest,
                         testing::Values(Target(Amazon()), Target(Aliyun()), Target(Tencent())),
                         NameOfTarget);

TEST_P(ServiceTest, WhatIsWrittenIsRead) {
  const auto store = Open();
  ASSERT_TRUE(store->Write("a", AsBytes("one, two, three")).ok());
  EXPECT_EQ((*store->Read("a"))->ToString(), "one, two, three");
  EXPECT_EQ(*store->Size("a"), 15);
  const auto reader = store->OpenReader("a").ValueOrDie();
  EXPECT_EQ((*reader->Read(5, 3))->ToString(), "two");
  ASSERT_TRUE(store->Write("a", AsBytes("four")).ok());
  EXPECT_EQ((*store->Read("a"))->ToString(), "four");
  EXPECT_TRUE(IsNotFound(store->Read("b").status()));
  EXPECT_THAT(Conditions("a"), testing::ElementsAre("", ""));
}

class ConditionTest : public ServiceTest {};

TEST_P(ConditionTest, OfTwoWhoCreateAnObjectTheFirstSucceeds) {
  const auto store = Open();
  EXPECT_TRUE(*store->PutIfAbsent("v", AsBytes("1")));
  EXPECT_FALSE(*store->PutIfAbsent("v", AsBytes("2")));
  EXPECT_EQ((*store->Read("v"))->ToString(), "1");
  EXPECT_THAT(Conditions("v"), testing::ElementsAre("true", "true"));
}

class NoConditionTest : public ServiceTest {};

TEST_P(NoConditionTest, CommitsAreRefusedBeforeAnythingIsSent) {
  const auto store = Open();
  const Status fit = store->CheckConditionalWrites();
  EXPECT_EQ(KindOf(fit), ErrorKind::kUnsupported);
  EXPECT_THAT(fit.message(), HasSubstr("Apache OpenDAL has no conditional put"));
  const Status put = store->PutIfAbsent("v", AsBytes("1")).status();
  EXPECT_EQ(KindOf(put), ErrorKind::kUnsupported) << put;
  EXPECT_THAT(Conditions("v"), IsEmpty());
  EXPECT_FALSE(*store->Exist("v"));
}

std::string NameOfDialect(const testing::TestParamInfo<Dialect>& each) { return each.param.name; }

INSTANTIATE_TEST_SUITE_P(All, ServiceTest, testing::Values(Aliyun(), Tencent(), Huawei()),
                         NameOfDialect);
INSTANTIATE_TEST_SUITE_P(All, ConditionTest, testing::Values(Aliyun(), Tencent()), NameOfDialect);
INSTANTIATE_TEST_SUITE_P(All, NoConditionTest, testing::Values(Huawei()), NameOfDialect);

}  // namespace
}  // namespace varve::internal
