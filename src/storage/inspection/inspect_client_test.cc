// SPDX-License-Identifier: Apache-2.0
#include "storage/inspection/inspect_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/remote/testing/simulated_client.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Stands still.
class StoppedClock : public Clock {
 public:
  int64_t NowMicros() override { return 1'800'000'000'000'000; }
  int64_t MonotonicNanos() override { return 0; }
  void SleepFor(std::chrono::nanoseconds) override {}
};

// Answers listings as told, and everything else as the service behind it.
class ListingClient : public ObjectClient {
 public:
  explicit ListingClient(ObjectReply listing) : listing_(std::move(listing)) {}

  void Start(ObjectRequest request, ObjectDone done) override {
    ++num_requests;
    if (request.operation == ObjectOperation::kList && request.limit == 1) return done(listing_);
    service_.Start(std::move(request), std::move(done));
  }
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override {
    return service_.OpenUpload(path, options);
  }

  int num_requests = 0;

 private:
  const ObjectReply listing_;
  SimulatedClient service_;
};

StoreInspection Inspect(ObjectClient* client, bool try_writes = true,
                        std::map<std::string, std::string> credentials = {{"key", "***"}}) {
  StoppedClock clock;
  StoreInspection found{.uri = "s3://bucket", .credentials = std::move(credentials)};
  InspectClient(client, {.writes = try_writes, .uploads = true}, &found, &clock);
  return found;
}

TEST(InspectClientTest, AStoreThatKeepsItsPromisesNeedsNoAdvice) {
  SimulatedClient client;
  const StoreInspection found = Inspect(&client);
  EXPECT_TRUE(found.reached.ok());
  EXPECT_TRUE(found.wrote.ok());
  EXPECT_TRUE(found.tried_writes);
  EXPECT_TRUE(found.put_if_absent);
  EXPECT_EQ(found.upload_if_absent, true);
  EXPECT_TRUE(found.ordered_listing);
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.advice, IsEmpty());
  EXPECT_THAT(client.objects(), IsEmpty());
}

TEST(InspectClientTest, AStoreThatIgnoresConditionsIsNoneForWriters) {
  SimulatedClient client({.put = SimulatedCondition::kIgnored});
  const StoreInspection found = Inspect(&client);
  EXPECT_TRUE(found.wrote.ok());
  EXPECT_FALSE(found.put_if_absent);
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_THAT(found.problems[0], Not(IsEmpty()));
  EXPECT_THAT(found.advice, HasSubstr("If-None-Match"));
}

TEST(InspectClientTest, UploadsThatOverwriteAreToldAndNoReasonToRefuseTables) {
  SimulatedClient client({.upload = SimulatedCondition::kIgnored});
  const StoreInspection found = Inspect(&client);
  EXPECT_TRUE(found.put_if_absent);
  EXPECT_EQ(found.upload_if_absent, false);
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_THAT(found.problems[0], HasSubstr("completions of multipart uploads"));
  EXPECT_THAT(found.advice, IsEmpty());
  EXPECT_EQ(client.num_open_uploads(), 0);
}

TEST(InspectClientTest, NothingIsWrittenUnlessAsked) {
  ListingClient client({});
  const StoreInspection found = Inspect(&client, /*try_writes=*/false);
  EXPECT_FALSE(found.tried_writes);
  EXPECT_EQ(client.num_requests, 1);
}

TEST(InspectClientTest, WhatFailsIsToldWithWhatToDoAndNothingElseIsTried) {
  const std::pair<ObjectOutcome, const char*> expected[] = {
      {ObjectOutcome::kDenied, "check the keys"},
      {ObjectOutcome::kNotFound, "make the bucket"},
      {ObjectOutcome::kUnavailable, "can be reached"},
      {ObjectOutcome::kTimedOut, "can be reached"},
      {ObjectOutcome::kUntrusted, "ca_bundle"},
      {ObjectOutcome::kFailed, "region"},
  };
  for (const auto& [outcome, advice] : expected) {
    ListingClient client({.outcome = outcome, .message = "so it is", .http_status = 418});
    const StoreInspection found = Inspect(&client);
    EXPECT_THAT(found.reached.message(), HasSubstr("so it is"));
    EXPECT_EQ(found.http_status, 418);
    EXPECT_THAT(found.advice, HasSubstr(advice));
    EXPECT_FALSE(found.tried_writes);
    EXPECT_EQ(client.num_requests, 1);
  }
  ListingClient absent({.outcome = ObjectOutcome::kInvalid, .http_status = 404});
  EXPECT_THAT(Inspect(&absent).advice, HasSubstr("make the bucket"));
  ListingClient client({.outcome = ObjectOutcome::kDenied});
  EXPECT_THAT(Inspect(&client, true, {}).advice, HasSubstr("give credentials"));
}

TEST(InspectClientTest, AnotherRegionIsNamed) {
  StoppedClock clock;
  for (const ObjectOutcome outcome : {ObjectOutcome::kOk, ObjectOutcome::kFailed}) {
    for (const auto& [region, advice] :
         {std::pair("eu-west-1", ""), std::pair("us-east-1", "set region=eu-west-1")}) {
      ListingClient client({.outcome = outcome, .http_status = 301, .bucket_region = "eu-west-1"});
      StoreInspection found{.uri = "s3://bucket", .region = region};
      InspectClient(&client, {.writes = false}, &found, &clock);
      EXPECT_EQ(found.bucket_region, "eu-west-1");
      if (outcome == ObjectOutcome::kOk || *advice != '\0') {
        EXPECT_THAT(found.advice, HasSubstr(advice));
      }
    }
  }
}

TEST(InspectClientTest, AClockThatIsWrongIsFoundAlsoWhereAccessIsDenied) {
  const int64_t hour = 3'600'000'000;
  for (const int64_t skew : {hour, -hour}) {
    ListingClient client({.outcome = ObjectOutcome::kDenied,
                          .server_time_micros = StoppedClock().NowMicros() + skew});
    const StoreInspection found = Inspect(&client);
    EXPECT_EQ(found.clock_skew_micros, skew);
    EXPECT_THAT(found.advice, HasSubstr("clock"));
  }
  ListingClient client({.server_time_micros = StoppedClock().NowMicros() + 2'000'000});
  const StoreInspection found = Inspect(&client);
  EXPECT_EQ(found.clock_skew_micros, 2'000'000);
  EXPECT_THAT(found.advice, IsEmpty());
  ListingClient silent({});
  EXPECT_EQ(Inspect(&silent).clock_skew_micros, std::nullopt);
}

}  // namespace
}  // namespace varve::internal
