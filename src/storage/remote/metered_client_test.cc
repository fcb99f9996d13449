// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/metered_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "arrow/buffer.h"
#include "base/testing/manual_timer.h"
#include "base/testing/status_assertions.h"
#include "storage/remote/testing/scripted_client.h"

namespace varve::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;

class UploadingClient : public ObjectClient {
 public:
  class Upload : public ObjectUpload {
   public:
    void Write(std::shared_ptr<arrow::Buffer>, ObjectDone done) override { done({.requests = 2}); }
    void Close(ObjectDone done) override { done({.outcome = ObjectOutcome::kThrottled}); }
    void Abort(ObjectDone done) override { done({}); }
  };
  void Start(ObjectRequest, ObjectDone done) override { done({}); }
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string&,
                                                   const UploadOptions&) override {
    return std::make_unique<Upload>();
  }
};

TEST(MeteredClientTest, CountsByOperationAndOutcome) {
  ManualTimer timer;
  const auto base = std::make_shared<ScriptedClient>(
      &timer, milliseconds(7), [](const ObjectRequest& request) -> ObjectReply {
        if (request.path == "gone") return {.outcome = ObjectOutcome::kNotFound};
        if (request.path == "slow") return {.outcome = ObjectOutcome::kTimedOut, .bytes = 99};
        return {.bytes = request.length};
      });
  MeteredClient client(base, &timer);
  const auto run = [&](ObjectRequest request) {
    client.Start(std::move(request), [](const ObjectReply&) {});
    EXPECT_EQ(client.Snapshot().calls_in_flight, 1);
    timer.Drain();
    EXPECT_EQ(client.Snapshot().calls_in_flight, 0);
  };
  run({.operation = ObjectOperation::kRead, .path = "a", .length = 100});
  run({.operation = ObjectOperation::kReadWhole, .path = "a", .length = 20});
  run({.operation = ObjectOperation::kRead, .path = "slow", .length = 100});
  run({.operation = ObjectOperation::kStat, .path = "gone"});
  const auto body = arrow::Buffer::FromString("12345");
  run({.operation = ObjectOperation::kWrite, .path = "a", .body = body});
  run({.operation = ObjectOperation::kWrite, .path = "a", .body = body, .if_absent = true});

  const StorageMetrics metrics = client.Snapshot();
  std::vector<std::string> lines;
  for (const OperationMetrics& each : metrics.operations) {
    lines.push_back(each.operation + " " + each.outcome + " " + std::to_string(each.calls) + " " +
                    std::to_string(each.requests) + " " + std::to_string(each.bytes));
    EXPECT_EQ(each.latency.sum_nanos, each.calls * 7'000'000) << lines.back();
    EXPECT_EQ(each.latency.counts[3], each.calls) << lines.back();  // 5 to 10 ms
  }
  EXPECT_THAT(lines, ElementsAre("read ok 2 2 120", "read timed_out 1 1 0", "write ok 1 1 5",
                                 "put_if_absent ok 1 1 5", "stat not_found 1 1 0"));
  EXPECT_EQ(metrics.calls(), 6);
  EXPECT_EQ(metrics.requests(), 6);
  EXPECT_EQ(metrics.errors(), 1);
  EXPECT_EQ(metrics.bytes(), 130);
}

TEST(MeteredClientTest, UploadsAreCounted) {
  ManualTimer timer;
  MeteredClient client(std::make_shared<UploadingClient>(), &timer);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto upload, client.OpenUpload("a", {}));
  const auto nothing = [](const ObjectReply&) {};
  upload->Write(arrow::Buffer::FromString("1234567"), nothing);
  upload->Close(nothing);
  upload->Abort(nothing);
  std::vector<std::string> lines;
  for (const OperationMetrics& each : client.Snapshot().operations) {
    lines.push_back(each.operation + " " + each.outcome + " " + std::to_string(each.requests) +
                    " " + std::to_string(each.bytes));
  }
  EXPECT_THAT(lines, ElementsAre("upload_write ok 2 7", "upload_close throttled 0 0",
                                 "upload_abort ok 0 0"));
}

TEST(MeteredClientTest, BucketsIncludeTheirUpperBounds) {
  const auto bucket_of = [](std::chrono::nanoseconds latency) {
    ManualTimer timer;
    MeteredClient client(std::make_shared<ScriptedClient>(
                             &timer, latency, [](const auto&) { return ObjectReply{}; }),
                         &timer);
    client.Start({}, [](const ObjectReply&) {});
    timer.Drain();
    const auto metrics = client.Snapshot();
    const auto& counts = metrics.operations.front().latency.counts;
    return std::ranges::find(counts, 1) - counts.begin();
  };
  EXPECT_EQ(bucket_of(milliseconds(0)), 0);
  EXPECT_EQ(bucket_of(milliseconds(1)), 0);
  EXPECT_EQ(bucket_of(microseconds(1001)), 1);
  EXPECT_EQ(bucket_of(milliseconds(2)), 1);
  EXPECT_EQ(bucket_of(milliseconds(30'000)), 13);
  EXPECT_EQ(bucket_of(milliseconds(30'001)), 14);
}

TEST(MeteredClientTest, NoSeriesOfTwoStoresIsThereTwice) {
  StorageMetrics metrics;
  metrics.operations.push_back({.operation = "read", .outcome = "ok", .calls = 3});
  const std::string text = ToPrometheus({{"s3://one", metrics}, {"s3://t\"wo", metrics}});
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  EXPECT_THAT(lines, testing::IsSupersetOf(
                         {"varve_storage_calls_total{store=\"s3://one\",operation=\"read\","
                          "outcome=\"ok\"} 3",
                          "varve_storage_calls_total{store=\"s3://t\\\"wo\",operation=\"read\","
                          "outcome=\"ok\"} 3",
                          "varve_storage_calls_in_flight{store=\"s3://one\"} 0"}));
  std::ranges::sort(lines);
  EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
}

TEST(MeteredClientTest, PrometheusReadsIt) {
  StorageMetrics metrics;
  EXPECT_EQ(metrics.ToPrometheus(),
            "# HELP varve_storage_calls_total Calls that have ended.\n"
            "# TYPE varve_storage_calls_total counter\n"
            "# HELP varve_storage_requests_total Requests sent, tries that failed included.\n"
            "# TYPE varve_storage_requests_total counter\n"
            "# HELP varve_storage_bytes_total Bytes read or written.\n"
            "# TYPE varve_storage_bytes_total counter\n"
            "# HELP varve_storage_call_duration_seconds Time from the start of a call to its end.\n"
            "# TYPE varve_storage_call_duration_seconds histogram\n"
            "# HELP varve_storage_calls_in_flight Calls that have not ended.\n"
            "# TYPE varve_storage_calls_in_flight gauge\n"
            "varve_storage_calls_in_flight 0\n"
            "# HELP varve_storage_endpoint_avoided 1 while the endpoint is not asked, since it did "
            "not answer.\n"
            "# TYPE varve_storage_endpoint_avoided gauge\n"
            "varve_storage_endpoint_avoided 0\n");
  OperationMetrics reads{
      .operation = "read", .outcome = "ok", .calls = 3, .requests = 4, .bytes = 500};
  reads.latency.counts[0] = 1;
  reads.latency.counts[4] = 1;
  reads.latency.counts[14] = 1;
  reads.latency.sum_nanos = 31'012'500'000;
  metrics.operations.push_back(reads);
  metrics.calls_in_flight = 2;
  metrics.endpoint_is_avoided = true;
  const std::string text = metrics.ToPrometheus();
  std::vector<std::string> samples;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (text[at] != '#') samples.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  const std::string labels = "{operation=\"read\",outcome=\"ok\"";
  const std::string bucket = "varve_storage_call_duration_seconds_bucket" + labels + ",le=\"";
  EXPECT_THAT(
      samples,
      ElementsAre("varve_storage_calls_total" + labels + "} 3",
                  "varve_storage_requests_total" + labels + "} 4",
                  "varve_storage_bytes_total" + labels + "} 500", bucket + "0.001\"} 1",
                  bucket + "0.002\"} 1", bucket + "0.005\"} 1", bucket + "0.01\"} 1",
                  bucket + "0.02\"} 2", bucket + "0.05\"} 2", bucket + "0.1\"} 2",
                  bucket + "0.2\"} 2", bucket + "0.5\"} 2", bucket + "1\"} 2", bucket + "2\"} 2",
                  bucket + "5\"} 2", bucket + "10\"} 2", bucket + "30\"} 2", bucket + "+Inf\"} 3",
                  "varve_storage_call_duration_seconds_sum" + labels + "} 31.0125",
                  "varve_storage_call_duration_seconds_count" + labels + "} 3",
                  "varve_storage_calls_in_flight 2", "varve_storage_endpoint_avoided 1"));
}

TEST(MeteredClientTest, EveryOutcomeHasAWordOfItsOwn) {
  ManualTimer timer;
  std::set<std::string> words;
  for (int i = 0; i <= static_cast<int>(ObjectOutcome::kFailed); ++i) {
    MeteredClient client(
        std::make_shared<ScriptedClient>(
            &timer, milliseconds(0),
            [&](const auto&) { return ObjectReply{.outcome = static_cast<ObjectOutcome>(i)}; }),
        &timer);
    client.Start({}, [](const ObjectReply&) {});
    words.insert(client.Snapshot().operations.front().outcome);
  }
  EXPECT_THAT(words, ElementsAre("bad_answer", "cancelled", "conflict", "denied", "exists",
                                 "failed", "invalid", "not_found", "ok", "throttled", "timed_out",
                                 "unavailable", "unsupported", "untrusted"));
}

TEST(MeteredClientTest, CountsFromManyThreads) {
  MeteredClient client(std::make_shared<UploadingClient>());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) client.Start({}, [](const ObjectReply&) {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const StorageMetrics metrics = client.Snapshot();
  EXPECT_EQ(metrics.calls(), 4000);
  EXPECT_EQ(metrics.calls_in_flight, 0);
}

}  // namespace
}  // namespace varve::internal
