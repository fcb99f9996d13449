// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/manual_timer.h"
#include "storage/remote/bandwidth_client.h"
#include "storage/remote/circuit_breaker.h"
#include "storage/remote/limited_client.h"
#include "storage/remote/refreshing_client.h"
#include "storage/remote/retrying_client.h"
#include "storage/remote/testing/scripted_client.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kSeed = 20261121;

class DecoratorTest : public testing::Test {
 protected:
  // Answers with `outcomes` one after another, the last one for ever.
  std::shared_ptr<ScriptedClient> Script(std::vector<ObjectOutcome> outcomes,
                                         milliseconds latency = milliseconds(0)) {
    return std::make_shared<ScriptedClient>(
        &timer_, latency, [outcomes = std::move(outcomes), next = size_t{0}](const auto&) mutable {
          const ObjectOutcome outcome = outcomes[std::min(next, outcomes.size() - 1)];
          ++next;
          return ObjectReply{.outcome = outcome};
        });
  }

  std::shared_ptr<ObjectClient> Retrying(std::shared_ptr<ObjectClient> base,
                                         RetryPolicy policy = {}) {
    return std::make_shared<RetryingClient>(
        std::move(base), policy, std::make_shared<RetryBudget>(), &timer_, random_.get());
  }

  ObjectReply RunToEnd(ObjectClient* client, ObjectRequest request = {}) {
    std::vector<ObjectReply> replies;
    client->Start(std::move(request),
                  [&](ObjectReply reply) { replies.push_back(std::move(reply)); });
    timer_.Drain();
    EXPECT_EQ(replies.size(), 1u);
    return replies.empty() ? ObjectReply{.outcome = ObjectOutcome::kFailed} : replies.front();
  }

  ManualTimer timer_;
  std::unique_ptr<Random> random_ = Random::Seeded(kSeed);
};

using RetryingClientTest = DecoratorTest;
using CircuitBreakerTest = DecoratorTest;
using LimitedClientTest = DecoratorTest;
using RefreshingClientTest = DecoratorTest;

TEST_F(RetryingClientTest, HidesWhatPasses) {
  for (const ObjectOutcome outcome : {ObjectOutcome::kUnavailable, ObjectOutcome::kThrottled,
                                      ObjectOutcome::kTimedOut, ObjectOutcome::kConflict}) {
    const auto base = Script({outcome, outcome, outcome, ObjectOutcome::kOk});
    const auto reply = RunToEnd(Retrying(base).get());
    EXPECT_TRUE(reply.ok()) << NameOf(outcome);
    EXPECT_EQ(reply.requests, 4);
  }
}

TEST_F(RetryingClientTest, TriesOnceWhatWillNotPass) {
  for (const ObjectOutcome outcome :
       {ObjectOutcome::kNotFound, ObjectOutcome::kExists, ObjectOutcome::kDenied,
        ObjectOutcome::kUntrusted, ObjectOutcome::kInvalid, ObjectOutcome::kUnsupported,
        ObjectOutcome::kCancelled, ObjectOutcome::kFailed}) {
    const auto base = Script({outcome});
    EXPECT_EQ(RunToEnd(Retrying(base).get()).outcome, outcome);
    EXPECT_EQ(base->sent_at().size(), 1u) << NameOf(outcome);
  }
  const auto other_bytes = Script({ObjectOutcome::kBadAnswer});
  EXPECT_EQ(RunToEnd(Retrying(other_bytes).get()).outcome, ObjectOutcome::kBadAnswer);
  EXPECT_EQ(other_bytes->sent_at().size(), 3u);
}

TEST_F(RetryingClientTest, GivesUpWithinTriesAndDeadline) {
  const auto base = Script({ObjectOutcome::kUnavailable});
  const auto reply = RunToEnd(Retrying(base, {.max_tries = 4}).get());
  EXPECT_EQ(base->sent_at().size(), 4u);
  EXPECT_THAT(reply.message, HasSubstr("given up after 4 tries"));

  const int64_t begin = timer_.NowNanos();
  const auto slow = Script({ObjectOutcome::kUnavailable}, milliseconds(400));
  const auto late = RunToEnd(Retrying(slow, {.max_tries = 1000, .deadline = seconds(3)}).get());
  EXPECT_EQ(late.outcome, ObjectOutcome::kUnavailable);
  EXPECT_LE(timer_.NowNanos() - begin, std::chrono::nanoseconds(milliseconds(3400)).count());
  EXPECT_GE(slow->sent_at().size(), 3u);
}

TEST_F(RetryingClientTest, NoTryMayTakeLongerThanIsLeft) {
  std::vector<milliseconds> timeouts;
  const auto base = std::make_shared<ScriptedClient>(
      &timer_, milliseconds(500), [&](const ObjectRequest& request) {
        timeouts.push_back(request.timeout);
        return ObjectReply{.outcome = ObjectOutcome::kUnavailable};
      });
  RunToEnd(Retrying(base, {.deadline = seconds(2)}).get(), {.timeout = seconds(1)});
  ASSERT_GE(timeouts.size(), 3u);
  EXPECT_EQ(timeouts.front(), milliseconds(1000));
  EXPECT_LT(timeouts.back(), milliseconds(1000));
  EXPECT_THAT(timeouts, Each(testing::Ge(milliseconds(1))));
}

TEST_F(RetryingClientTest, WaitsAsLongAsTheServiceAsksFor) {
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(0), [count = 0](const auto&) mutable {
        if (++count == 2) return ObjectReply{};
        return ObjectReply{.outcome = ObjectOutcome::kThrottled, .retry_after = seconds(7)};
      });
  EXPECT_TRUE(RunToEnd(Retrying(base).get()).ok());
  EXPECT_GE(base->sent_at()[1] - base->sent_at()[0], std::chrono::nanoseconds(seconds(7)).count());
  // Longer than there is time for: no use in waiting.
  const auto hopeless = std::make_shared<ScriptedClient>(&timer_, milliseconds(0), [](const auto&) {
    return ObjectReply{.outcome = ObjectOutcome::kThrottled, .retry_after = seconds(90)};
  });
  EXPECT_EQ(RunToEnd(Retrying(hopeless).get()).outcome, ObjectOutcome::kThrottled);
  EXPECT_EQ(hopeless->sent_at().size(), 1u);
}

TEST_F(RetryingClientTest, SaysWhenAnEarlierTryMayHaveWon) {
  const auto lost = Script({ObjectOutcome::kTimedOut, ObjectOutcome::kExists});
  EXPECT_TRUE(RunToEnd(Retrying(lost).get()).maybe_ours);
  const auto slow_down = Script({ObjectOutcome::kThrottled, ObjectOutcome::kExists});
  EXPECT_FALSE(RunToEnd(Retrying(slow_down).get()).maybe_ours);
  const auto plain = Script({ObjectOutcome::kExists});
  EXPECT_FALSE(RunToEnd(Retrying(plain).get()).maybe_ours);
}

// Or a commit would be told as failed that lands after all.
TEST_F(RetryingClientTest, ARefusalAfterALostAnswerLeavesAConditionalWriteInDoubt) {
  for (const ObjectOutcome refusal : {ObjectOutcome::kThrottled, ObjectOutcome::kDenied,
                                      ObjectOutcome::kNotFound, ObjectOutcome::kUnsupported}) {
    for (const bool if_absent : {true, false}) {
      const auto base = Script({ObjectOutcome::kUnavailable, refusal});
      const ObjectReply reply =
          RunToEnd(Retrying(base, {.max_tries = 2}).get(),
                   {.operation = ObjectOperation::kWrite, .if_absent = if_absent});
      EXPECT_EQ(reply.outcome, if_absent ? ObjectOutcome::kUnavailable : refusal);
      if (if_absent) {
        EXPECT_THAT(reply.message, HasSubstr(std::string(NameOf(refusal))));
      }
      // With nothing sent before, a refusal is one.
      const auto refused = Script({refusal});
      EXPECT_EQ(RunToEnd(Retrying(refused, {.max_tries = 1}).get(),
                         {.operation = ObjectOperation::kWrite, .if_absent = if_absent})
                    .outcome,
                refusal);
    }
  }
}

TEST_F(RetryingClientTest, AStopEndsAPause) {
  const auto base = Script({ObjectOutcome::kUnavailable});
  const auto client = Retrying(base, {.first_pause = seconds(4), .max_pause = seconds(4)});
  std::stop_source stop;
  std::vector<ObjectReply> replies;
  client->Start({.stop = stop.get_token()}, [&](ObjectReply reply) { replies.push_back(reply); });
  stop.request_stop();
  timer_.Advance(milliseconds(60));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies.front().outcome, ObjectOutcome::kCancelled);
}

// One request in ten fails: nobody notices, and the load hardly grows.
TEST_F(RetryingClientTest, RandomFailuresAreHiddenAtLittleCost) {
  SCOPED_TRACE(kSeed);
  const auto luck = Random::Seeded(kSeed);
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(5), [&](const ObjectRequest&) {
        return ObjectReply{.outcome = luck->Uniform(10) == 0 ? ObjectOutcome::kUnavailable
                                                             : ObjectOutcome::kOk};
      });
  const auto client = Retrying(base);
  constexpr int kRequests = 20'000;
  int good = 0;
  for (int i = 0; i < kRequests; ++i) {
    client->Start({}, [&](const ObjectReply& reply) { good += reply.ok() ? 1 : 0; });
    timer_.Advance(milliseconds(1));
  }
  timer_.Drain();
  RecordProperty("asked", kRequests);
  RecordProperty("good", good);
  RecordProperty("sent", static_cast<int>(base->sent_at().size()));
  EXPECT_GE(good, kRequests * 0.9999);
  EXPECT_LE(static_cast<double>(base->sent_at().size()), 1.15 * kRequests);
}

// Of many that are asked for at once, and sent one after another, each has its share of the budget.
TEST_F(RetryingClientTest, ManyAtOnceHaveTheBudgetOfMany) {
  SCOPED_TRACE(kSeed);
  const auto luck = Random::Seeded(kSeed);
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(5), [&](const ObjectRequest&) {
        return ObjectReply{.outcome = luck->Uniform(10) == 0 ? ObjectOutcome::kUnavailable
                                                             : ObjectOutcome::kOk};
      });
  const auto client = Retrying(std::make_shared<LimitedClient>(base, 64, &timer_));
  constexpr int kRequests = 5'000;
  int good = 0;
  for (int i = 0; i < kRequests; ++i) {
    client->Start({}, [&](const ObjectReply& reply) { good += reply.ok() ? 1 : 0; });
  }
  timer_.Drain();
  EXPECT_EQ(good, kRequests);
}

// Nothing works for a minute: retries stay within the budget, and work goes on when it is over.
TEST_F(RetryingClientTest, AnOutageIsNotMadeWorse) {
  const int64_t outage_end = std::chrono::nanoseconds(seconds(60)).count();
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(5), [&](const ObjectRequest&) {
        return ObjectReply{.outcome = timer_.NowNanos() < outage_end ? ObjectOutcome::kThrottled
                                                                     : ObjectOutcome::kOk};
      });
  const auto client = Retrying(base);
  int asked = 0;
  while (timer_.NowNanos() < outage_end) {
    client->Start({}, [](const ObjectReply&) {});
    ++asked;
    timer_.Advance(milliseconds(10));
  }
  const double budget = 100 + 0.15 * asked;
  RecordProperty("budget", static_cast<int>(budget));
  RecordProperty("retries", static_cast<int>(base->sent_at().size()) - asked);
  EXPECT_LE(static_cast<double>(base->sent_at().size()), asked + 1.2 * budget);
  timer_.Advance(seconds(5));
  EXPECT_TRUE(RunToEnd(client.get()).ok());
}

TEST_F(CircuitBreakerTest, OpensProbesAndCloses) {
  bool up = false;
  const auto base = std::make_shared<ScriptedClient>(&timer_, milliseconds(0), [&](const auto&) {
    return ObjectReply{.outcome = up ? ObjectOutcome::kOk : ObjectOutcome::kUnavailable};
  });
  const auto health = std::make_shared<EndpointHealth>(
      BreakerPolicy{.failures = 3, .first_open = seconds(1), .max_open = seconds(2)}, &timer_);
  CircuitBreaker breaker(base, health);
  for (int i = 0; i < 3; ++i) RunToEnd(&breaker);
  EXPECT_EQ(health->state(), EndpointHealth::State::kOpen);
  const auto refused = RunToEnd(&breaker);
  EXPECT_EQ(refused.outcome, ObjectOutcome::kUnavailable);
  EXPECT_EQ(refused.retry_after, seconds(1));
  EXPECT_EQ(base->sent_at().size(), 3u);

  timer_.Advance(seconds(1));
  RunToEnd(&breaker);  // the probe, which fails
  EXPECT_EQ(base->sent_at().size(), 4u);
  timer_.Advance(seconds(1));
  RunToEnd(&breaker);  // twice as long
  EXPECT_EQ(base->sent_at().size(), 4u);

  up = true;
  timer_.Advance(seconds(1));
  EXPECT_TRUE(RunToEnd(&breaker).ok());
  EXPECT_EQ(health->state(), EndpointHealth::State::kClosed);
  EXPECT_TRUE(RunToEnd(&breaker).ok());
}

// What the breaker keeps back burdens no service, and takes nothing from what retries may cost.
TEST_F(CircuitBreakerTest, WhatIsKeptBackTakesNoBudget) {
  const auto health = std::make_shared<EndpointHealth>(BreakerPolicy{.failures = 1}, &timer_);
  health->Learn(ObjectOutcome::kUnavailable);
  const auto base = Script({ObjectOutcome::kOk});
  const auto budget = std::make_shared<RetryBudget>(/*per_request=*/0, /*most=*/0.5);
  RetryingClient client(std::make_shared<CircuitBreaker>(base, health), {}, budget, &timer_,
                        random_.get());
  EXPECT_TRUE(RunToEnd(&client).ok());
  EXPECT_EQ(base->sent_at().size(), 1u);
}

TEST_F(CircuitBreakerTest, UploadsAreGuardedToo) {
  class Upload : public ObjectUpload {
   public:
    explicit Upload(std::vector<std::string>* calls) : calls_(calls) {}
    void Write(std::shared_ptr<arrow::Buffer>, ObjectDone done) override {
      calls_->push_back("write");
      done({.outcome = ObjectOutcome::kUnavailable, .requests = 1});
    }
    void Close(ObjectDone done) override {
      calls_->push_back("close");
      done({.requests = 1});
    }
    void Abort(ObjectDone done) override {
      calls_->push_back("abort");
      done({.requests = 1});
    }

   private:
    std::vector<std::string>* const calls_;
  };
  class Service : public ObjectClient {
   public:
    void Start(ObjectRequest, ObjectDone done) override { done({}); }
    Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string&,
                                                     const UploadOptions& options) override {
      may_retry = options.may_retry;
      return std::make_unique<Upload>(&calls);
    }
    std::vector<std::string> calls;
    std::function<bool()> may_retry;
  };
  const auto service = std::make_shared<Service>();
  const auto health = std::make_shared<EndpointHealth>(BreakerPolicy{.failures = 2}, &timer_);
  const auto budget = std::make_shared<RetryBudget>(/*per_request=*/0, /*most=*/1);
  RetryingClient client(std::make_shared<CircuitBreaker>(service, health), {}, budget, &timer_,
                        random_.get());
  const auto upload = client.OpenUpload("a", {}).ValueOrDie();
  // The service may send parts again as often as all others may.
  EXPECT_TRUE(service->may_retry());
  EXPECT_FALSE(service->may_retry());
  std::vector<std::string> told;
  const auto note = [&](const ObjectReply& reply) { told.push_back(reply.message); };
  upload->Write(nullptr, note);
  upload->Write(nullptr, note);
  EXPECT_TRUE(health->IsAvoided());
  upload->Write(nullptr, note);
  upload->Close(note);
  upload->Abort(note);
  EXPECT_THAT(service->calls, ElementsAre("write", "write", "abort"));
  EXPECT_THAT(told, ElementsAre("", "", HasSubstr("not asked"), HasSubstr("not asked"), ""));
}

TEST_F(CircuitBreakerTest, OnlySilenceCounts) {
  for (const ObjectOutcome outcome : {ObjectOutcome::kNotFound, ObjectOutcome::kThrottled,
                                      ObjectOutcome::kDenied, ObjectOutcome::kExists}) {
    const auto health = std::make_shared<EndpointHealth>(BreakerPolicy{.failures = 2}, &timer_);
    CircuitBreaker breaker(Script({outcome}), health);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(RunToEnd(&breaker).outcome, outcome);
    EXPECT_EQ(health->state(), EndpointHealth::State::kClosed);
  }
}

TEST_F(CircuitBreakerTest, OneProbeAtATime) {
  const auto base = Script({ObjectOutcome::kUnavailable, ObjectOutcome::kOk}, milliseconds(50));
  CircuitBreaker breaker(base,
                         std::make_shared<EndpointHealth>(BreakerPolicy{.failures = 1}, &timer_));
  RunToEnd(&breaker);
  timer_.Advance(seconds(2));
  std::vector<ObjectOutcome> outcomes;
  for (int i = 0; i < 3; ++i) {
    breaker.Start({}, [&](const ObjectReply& reply) { outcomes.push_back(reply.outcome); });
  }
  timer_.Drain();
  EXPECT_THAT(outcomes, ElementsAre(ObjectOutcome::kUnavailable, ObjectOutcome::kUnavailable,
                                    ObjectOutcome::kOk));
}

TEST_F(LimitedClientTest, SoManyAtATimeAndAllInOrder) {
  std::vector<int64_t> order;
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(10), [&](const ObjectRequest& r) {
        order.push_back(r.offset);
        return ObjectReply{};
      });
  LimitedClient client(base, 3, &timer_);
  int ended = 0;
  for (int64_t i = 0; i < 10; ++i) {
    client.Start({.offset = i}, [&](const ObjectReply& reply) { ended += reply.ok() ? 1 : 0; });
  }
  timer_.Drain();
  EXPECT_EQ(ended, 10);
  EXPECT_EQ(base->most_under_way(), 3);
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST_F(LimitedClientTest, WhoIsToStopIsNotSent) {
  const auto base = Script({ObjectOutcome::kOk}, milliseconds(10));
  LimitedClient client(base, 1, &timer_);
  std::stop_source stop;
  std::vector<ObjectOutcome> outcomes;
  for (int i = 0; i < 3; ++i) {
    client.Start({.stop = stop.get_token()},
                 [&](const ObjectReply& reply) { outcomes.push_back(reply.outcome); });
  }
  stop.request_stop();
  timer_.Drain();
  EXPECT_THAT(outcomes, testing::UnorderedElementsAre(ObjectOutcome::kOk, ObjectOutcome::kCancelled,
                                                      ObjectOutcome::kCancelled));
  EXPECT_EQ(base->sent_at().size(), 1u);
}

TEST_F(LimitedClientTest, WhoIsToStopDoesNotWaitForItsTurn) {
  const auto base = Script({ObjectOutcome::kOk}, seconds(30));
  LimitedClient client(base, 1, &timer_);
  std::vector<ObjectOutcome> ended;
  const auto note = [&](const ObjectReply& reply) { ended.push_back(reply.outcome); };
  std::stop_source stop;
  client.Start({}, note);
  client.Start({.stop = stop.get_token()}, note);
  client.Start({}, note);
  timer_.Advance(seconds(1));
  EXPECT_THAT(ended, ElementsAre());
  stop.request_stop();
  EXPECT_THAT(ended, ElementsAre(ObjectOutcome::kCancelled));
  client.Start({.stop = stop.get_token()}, note);
  EXPECT_THAT(ended, ElementsAre(ObjectOutcome::kCancelled, ObjectOutcome::kCancelled));
  timer_.Drain();
  EXPECT_THAT(ended, ElementsAre(ObjectOutcome::kCancelled, ObjectOutcome::kCancelled,
                                 ObjectOutcome::kOk, ObjectOutcome::kOk));
  EXPECT_EQ(base->sent_at().size(), 2u);
}

TEST_F(LimitedClientTest, TimeInTheQueueIsTold) {
  const auto base = Script({ObjectOutcome::kOk}, milliseconds(10));
  LimitedClient client(base, 1, &timer_);
  std::vector<std::chrono::nanoseconds> queued;
  for (int i = 0; i < 3; ++i) {
    client.Start({}, [&](const ObjectReply& reply) { queued.push_back(reply.queued); });
  }
  timer_.Drain();
  EXPECT_THAT(queued, ElementsAre(milliseconds(0), milliseconds(10), milliseconds(20)));
}

// A queue that is answered at once, as by an open breaker, takes no stack.
TEST_F(LimitedClientTest, ALongQueueThatEndsAtOnceIsNoRecursion) {
  const auto base = Script({ObjectOutcome::kUnavailable});
  const auto slow = Script({ObjectOutcome::kOk}, milliseconds(10));
  // The first takes its time, all others are refused.
  class FirstIsSlow : public ObjectClient {
   public:
    FirstIsSlow(std::shared_ptr<ObjectClient> first, std::shared_ptr<ObjectClient> others)
        : first_(std::move(first)), others_(std::move(others)) {}
    void Start(ObjectRequest request, ObjectDone done) override {
      (std::exchange(begun_, true) ? others_ : first_)->Start(std::move(request), std::move(done));
    }
    Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string&,
                                                     const UploadOptions&) override {
      return Status::NotImplemented("");
    }

   private:
    const std::shared_ptr<ObjectClient> first_, others_;
    bool begun_ = false;
  };
  LimitedClient client(std::make_shared<FirstIsSlow>(slow, base), 1, &timer_);
  int refused = 0;
  constexpr int kQueued = 200'000;
  for (int i = 0; i <= kQueued; ++i) {
    client.Start({}, [&](const ObjectReply& reply) { refused += reply.ok() ? 0 : 1; });
  }
  timer_.Drain();
  EXPECT_EQ(refused, kQueued);
}

TEST_F(RetryingClientTest, WaitingForATurnIsNotCounted) {
  // The first try waits for 10 s in a queue, and is then lost.
  const auto base = std::make_shared<ScriptedClient>(
      &timer_, seconds(10), [count = 0](const ObjectRequest&) mutable {
        ObjectReply reply{.outcome = ObjectOutcome::kUnavailable, .queued = seconds(10)};
        if (++count == 2) reply.outcome = ObjectOutcome::kOk;
        return reply;
      });
  const ObjectReply reply = RunToEnd(Retrying(base, {.deadline = seconds(3)}).get());
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.queued, seconds(20));
}

// A body that takes two minutes to send has them.
TEST_F(RetryingClientTest, NoDeadlineIsShorterThanATimeout) {
  std::vector<milliseconds> timeouts;
  const auto base =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(1), [&](const ObjectRequest& request) {
        timeouts.push_back(request.timeout);
        return ObjectReply{};
      });
  RunToEnd(Retrying(base, {.deadline = seconds(60)}).get(), {.timeout = seconds(120)});
  EXPECT_THAT(timeouts, ElementsAre(milliseconds(120'000)));
}

using BandwidthClientTest = DecoratorTest;

TEST_F(RefreshingClientTest, ManyThatAreRefusedRenewOnceAndGoOn) {
  const auto expired =
      std::make_shared<ScriptedClient>(&timer_, seconds(1), [](const ObjectRequest&) {
        return ObjectReply{.outcome = ObjectOutcome::kDenied, .credentials_expired = true};
      });
  const auto fresh = Script({ObjectOutcome::kOk});
  int renewals = 0;
  RefreshingClient client(
      expired,
      [&] {
        ++renewals;
        return fresh;
      },
      &timer_);
  std::vector<ObjectOutcome> ended;
  std::vector<int64_t> requests;
  for (int i = 0; i < 3; ++i) {
    client.Start({}, [&](const ObjectReply& reply) {
      ended.push_back(reply.outcome);
      requests.push_back(reply.requests);
    });
  }
  timer_.Drain();
  EXPECT_THAT(ended, ElementsAre(ObjectOutcome::kOk, ObjectOutcome::kOk, ObjectOutcome::kOk));
  EXPECT_THAT(requests, Each(2));
  EXPECT_EQ(renewals, 1);
  EXPECT_TRUE(RunToEnd(&client).ok());
  EXPECT_EQ(expired->sent_at().size(), 3u);
}

TEST_F(RefreshingClientTest, WhatStaysRefusedIsToldAndNotAskedForAgainAtOnce) {
  int refused = 0;
  const auto expired =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(0), [&](const ObjectRequest&) {
        ++refused;
        return ObjectReply{.outcome = ObjectOutcome::kDenied, .credentials_expired = true};
      });
  int renewals = 0;
  RefreshingClient client(
      expired,
      [&] {
        ++renewals;
        return std::make_shared<ScriptedClient>(
            &timer_, milliseconds(0), [&](const ObjectRequest&) {
              ++refused;
              return ObjectReply{.outcome = ObjectOutcome::kDenied, .credentials_expired = true};
            });
      },
      &timer_);
  EXPECT_EQ(RunToEnd(&client).outcome, ObjectOutcome::kDenied);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(RunToEnd(&client).outcome, ObjectOutcome::kDenied);
  EXPECT_EQ(refused, 3);
  timer_.Advance(RefreshingClient::kBetweenRenewals);
  EXPECT_EQ(RunToEnd(&client).outcome, ObjectOutcome::kDenied);
  EXPECT_EQ(refused, 5);
  EXPECT_EQ(renewals, 2);
  // A refusal of another kind is no reason to look for others.
  RefreshingClient denied(Script({ObjectOutcome::kDenied}), [&] {
    ++renewals;
    return expired;
  });
  EXPECT_EQ(RunToEnd(&denied).outcome, ObjectOutcome::kDenied);
  EXPECT_EQ(renewals, 2);
}

TEST_F(BandwidthClientTest, RequestsWaitForTheirTurn) {
  const auto base = Script({ObjectOutcome::kOk});
  BandwidthClient client(base, 1'000'000, &timer_);
  timer_.Advance(seconds(100));
  const int64_t begin = timer_.NowNanos();
  std::vector<std::chrono::nanoseconds> queued;
  for (int i = 0; i < 6; ++i) {
    client.Start({.length = 250'000},
                 [&](const ObjectReply& reply) { queued.push_back(reply.queued); });
  }
  timer_.Drain();
  // The first takes what was left unused, up to a quarter of a second.
  EXPECT_THAT(queued, ElementsAre(milliseconds(0), milliseconds(0), milliseconds(250),
                                  milliseconds(500), milliseconds(750), milliseconds(1000)));
  EXPECT_EQ(base->sent_at().back() - begin, std::chrono::nanoseconds(seconds(1)).count());
}

TEST_F(BandwidthClientTest, WhatIsKnownOnlyAfterwardsIsPaidByTheNext) {
  const auto base = std::make_shared<ScriptedClient>(
      &timer_, milliseconds(0), [](const ObjectRequest&) { return ObjectReply{.bytes = 500'000}; });
  BandwidthClient client(base, 1'000'000, &timer_);
  timer_.Advance(seconds(1));
  RunToEnd(&client, {.operation = ObjectOperation::kReadWhole, .length = 1 << 30});
  EXPECT_EQ(RunToEnd(&client, {.length = 1}).queued, milliseconds(250));
}

TEST_F(BandwidthClientTest, AStopEndsTheWait) {
  const auto base = Script({ObjectOutcome::kOk});
  BandwidthClient client(base, 1000, &timer_);
  RunToEnd(&client, {.length = 1'000'000});
  std::stop_source stop;
  std::vector<ObjectOutcome> outcomes;
  client.Start({.length = 1, .stop = stop.get_token()},
               [&](const ObjectReply& reply) { outcomes.push_back(reply.outcome); });
  stop.request_stop();
  timer_.Advance(milliseconds(60));
  EXPECT_THAT(outcomes, ElementsAre(ObjectOutcome::kCancelled));
  EXPECT_EQ(base->sent_at().size(), 1u);
}

}  // namespace
}  // namespace varve::internal
