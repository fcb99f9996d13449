// SPDX-License-Identifier: Apache-2.0
// What stands between a chunk manager and a service, put together.
#include "storage/remote/open_remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/testing/manual_timer.h"
#include "storage/remote/remote_chunk_writer.h"
#include "storage/remote/testing/scripted_client.h"
#include "storage/remote/testing/simulated_client.h"
#include "varve/stop.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kSeed = 20261121;

std::shared_ptr<Endpoint> FreshEndpoint(Timer* timer, int failures = 20) {
  return std::make_shared<Endpoint>(Endpoint{
      .health = std::make_shared<EndpointHealth>(BreakerPolicy{.failures = failures}, timer),
      .budget = std::make_shared<RetryBudget>()});
}

StoreAddress AddressOf(const std::string& uri, StorageOptions options = {}) {
  return ResolveStoreAddress(uri, options, [](const std::string&) { return std::nullopt; })
      .ValueOrDie();
}

// Pauses pass at once.
class HastyTimer : public Timer {
 public:
  int64_t NowNanos() override { return now_; }
  void After(nanoseconds delay, std::function<void()> work) override {
    now_ += delay.count();
    work();
  }

 private:
  std::atomic<int64_t> now_ = 0;
};

class OpenRemoteTest : public testing::Test {
 protected:
  std::shared_ptr<RemoteChunkManager> Open(std::shared_ptr<ObjectClient> service,
                                           const StoreAddress& address) {
    return ComposeRemote(std::move(service), address, FreshEndpoint(&hasty_), &hasty_,
                         random_.get());
  }

  HastyTimer hasty_;
  ManualTimer timer_;
  std::unique_ptr<Random> random_ = Random::Seeded(kSeed);
};

TEST_F(OpenRemoteTest, EachTryIsCountedAndTheCallerSeesOneAnswer) {
  const auto service = std::make_shared<ScriptedClient>(
      &hasty_, milliseconds(0), [count = 0](const ObjectRequest&) mutable {
        ObjectReply reply{.outcome = ObjectOutcome::kUnavailable, .size = 7};
        if (++count == 3) reply.outcome = ObjectOutcome::kOk;
        return reply;
      });
  const auto store = Open(service, AddressOf("s3://b"));
  EXPECT_EQ(*store->Size("x"), 7);
  const StorageMetrics metrics = *store->Metrics();
  ASSERT_EQ(metrics.operations.size(), 2u);
  EXPECT_EQ(metrics.operations[0].outcome, "ok");
  EXPECT_EQ(metrics.operations[0].calls, 1);
  EXPECT_EQ(metrics.operations[1].operation, "stat");
  EXPECT_EQ(metrics.operations[1].outcome, "unavailable");
  EXPECT_EQ(metrics.operations[1].calls, 2);
  EXPECT_FALSE(metrics.endpoint_is_avoided);
}

TEST_F(OpenRemoteTest, OptionsSayHowOften) {
  const auto service = std::make_shared<ScriptedClient>(
      &hasty_, milliseconds(0),
      [](const ObjectRequest&) { return ObjectReply{.outcome = ObjectOutcome::kUnavailable}; });
  EXPECT_FALSE(Open(service, AddressOf("s3://b?retry_attempts=2"))->Size("x").ok());
  EXPECT_EQ(service->sent_at().size(), 3u);
  EXPECT_FALSE(Open(service, AddressOf("s3://b?max_retries=0"))->Size("x").ok());
  EXPECT_EQ(service->sent_at().size(), 4u);
}

TEST_F(OpenRemoteTest, AnEndpointThatDoesNotAnswerIsLeftAlone) {
  const auto service = std::make_shared<ScriptedClient>(
      &timer_, milliseconds(0),
      [](const ObjectRequest&) { return ObjectReply{.outcome = ObjectOutcome::kTimedOut}; });
  const auto endpoint = FreshEndpoint(&timer_, 3);
  const StoreAddress address = AddressOf("s3://b?retry_attempts=0");
  const auto one = ComposeRemote(service, address, endpoint, &timer_, random_.get());
  const auto other = ComposeRemote(service, address, endpoint, &timer_, random_.get());
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(one->Size("x").ok());
  EXPECT_FALSE(other->IsAvoided());
  EXPECT_FALSE(other->Size("x").ok());
  // What one store has learned, the other knows.
  EXPECT_TRUE(one->IsAvoided());
  EXPECT_TRUE(other->Metrics()->endpoint_is_avoided);
  EXPECT_THAT(one->Size("x").status().message(), HasSubstr("not asked"));
  EXPECT_EQ(service->sent_at().size(), 3u);
}

TEST_F(OpenRemoteTest, TheStoreIsTriedOnceForEachRoot) {
  const auto service = std::make_shared<SimulatedClient>();
  const auto store = Open(service, AddressOf("s3://once/root"));
  EXPECT_EQ(store->Metrics()->calls(), 0);
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  const int64_t calls = store->Metrics()->calls();
  EXPECT_GT(calls, 8);
  EXPECT_LE(calls, 60);
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_EQ(store->Metrics()->calls(), calls);
  EXPECT_THAT(service->objects(), IsEmpty());
  // Another store of the same root knows, one of another root does not.
  const auto same = Open(service, AddressOf("s3://once/root"));
  EXPECT_TRUE(same->CheckConditionalWrites().ok());
  EXPECT_EQ(same->Metrics()->calls(), 0);
  const auto other = Open(service, AddressOf("s3://once/other"));
  EXPECT_TRUE(other->CheckConditionalWrites().ok());
  EXPECT_EQ(other->Metrics()->calls(), calls);
}

TEST_F(OpenRemoteTest, AStoreThatFailsIsReadAndNotCommittedTo) {
  const auto service =
      std::make_shared<SimulatedClient>(SimulatedDialect{.put = SimulatedCondition::kIgnored});
  const auto store = Open(service, AddressOf("s3://fails/root"));
  for (int i = 0; i < 2; ++i) {
    const Status refusal = store->CheckConditionalWrites();
    EXPECT_EQ(KindOf(refusal), ErrorKind::kUnsupported);
    EXPECT_THAT(refusal.message(), HasSubstr("8 succeeded: the condition is ignored"));
  }
  EXPECT_TRUE(store->Write("x", AsBytes("data")).ok());
  EXPECT_EQ((*store->Read("x"))->ToString(), "data");
  // Who says so, is believed.
  EXPECT_TRUE(
      Open(service, AddressOf("s3://fails/root?skip_probe=true"))->CheckConditionalWrites().ok());
}

// Refuses everything while `up` is false.
class Switched : public ObjectClient {
 public:
  Switched(std::shared_ptr<ObjectClient> base, const bool* up) : base_(std::move(base)), up_(up) {}
  void Start(ObjectRequest request, ObjectDone done) override {
    if (!*up_) return done({.outcome = ObjectOutcome::kDenied, .http_status = 403});
    base_->Start(std::move(request), std::move(done));
  }
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override {
    return base_->OpenUpload(path, options);
  }

 private:
  const std::shared_ptr<ObjectClient> base_;
  const bool* const up_;
};

TEST_F(OpenRemoteTest, WhereNothingIsLearnedItIsTriedAgain) {
  bool up = false;
  const auto simulated = std::make_shared<SimulatedClient>();
  const auto store =
      Open(std::make_shared<Switched>(simulated, &up), AddressOf("s3://denied/root"));
  EXPECT_EQ(KindOf(store->CheckConditionalWrites()), ErrorKind::kDenied);
  up = true;
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
}

TEST_F(OpenRemoteTest, AServiceWithoutConditionsSaysWhy) {
  const auto service = std::make_shared<SimulatedClient>();
  const auto store = Open(service, AddressOf("obs://b/root"));
  EXPECT_TRUE(store->Write("data/x", AsBytes("data")).ok());
  EXPECT_EQ((*store->Read("data/x"))->ToString(), "data");
  const auto writer = *store->OpenWriter("data/y", {});
  EXPECT_TRUE(writer->Write(AsBytes("more")).ok());
  EXPECT_TRUE(writer->Close().ok());
  for (const Status& refusal :
       {store->CheckConditionalWrites(), store->PutIfAbsent("v", AsBytes("1")).status()}) {
    EXPECT_EQ(KindOf(refusal), ErrorKind::kUnsupported);
    EXPECT_THAT(refusal.message(), HasSubstr("no conditional put for this service"));
  }
  EXPECT_EQ(service->objects().size(), 2u);
}

// Google's conditional put is two requests: a name that nobody else has needs no condition.
TEST_F(OpenRemoteTest, AFreshNameCostsGoogleNoCondition) {
  std::vector<bool> conditions;
  const auto service =
      std::make_shared<ScriptedClient>(&hasty_, milliseconds(0), [&](const ObjectRequest& request) {
        conditions.push_back(request.if_absent);
        return ObjectReply{};
      });
  for (const char* uri : {"gs://b/root", "s3://b/root"}) {
    const auto store = Open(service, AddressOf(uri));
    for (const bool is_fresh : {true, false}) {
      const auto writer = *store->OpenWriter("data/x", {.name_is_fresh = is_fresh});
      EXPECT_TRUE(writer->Write(AsBytes("data")).ok());
      EXPECT_TRUE(writer->Close().ok());
    }
    EXPECT_TRUE(*store->PutIfAbsent("v", AsBytes("1")));
  }
  EXPECT_THAT(conditions, ElementsAre(false, true, true, true, true, true));
}

TEST_F(OpenRemoteTest, AListingOutOfOrderIsReadWhole) {
  const auto service =
      std::make_shared<SimulatedClient>(SimulatedDialect{.listing = SimulatedListing::kUnordered});
  const auto store = Open(service, AddressOf("s3://unordered/root"));
  for (const char* path : {"a", "b", "c"}) EXPECT_TRUE(store->Write(path, AsBytes("x")).ok());
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  const auto listed = *store->List("", {.limit = 1});
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed.front().path, "a");
}

TEST_F(OpenRemoteTest, AVerdictIsLookedAtAgainAfterAWhile) {
  const auto service = std::make_shared<SimulatedClient>();
  const auto store = ComposeRemote(service, AddressOf("s3://again/root"), FreshEndpoint(&timer_),
                                   &timer_, random_.get());
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  const int64_t calls = store->Metrics()->calls();
  timer_.Advance(ConditionalWrites::kRemembered);
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_EQ(store->Metrics()->calls(), calls);
  timer_.Advance(seconds(1));
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_EQ(store->Metrics()->calls(), 2 * calls);
}

TEST_F(OpenRemoteTest, AVerdictStandsWhileTheStoreCannotBeTried) {
  bool up = true;
  const auto store =
      ComposeRemote(std::make_shared<Switched>(std::make_shared<SimulatedClient>(), &up),
                    AddressOf("s3://stands/root"), FreshEndpoint(&timer_), &timer_, random_.get());
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  up = false;
  timer_.Advance(ConditionalWrites::kRemembered + seconds(1));
  int64_t calls = store->Metrics()->calls();
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_GT(store->Metrics()->calls(), calls);
  // The next writers do not ask in vain, until it may be otherwise.
  calls = store->Metrics()->calls();
  timer_.Advance(ConditionalWrites::kAskedAgain);
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_EQ(store->Metrics()->calls(), calls);
  timer_.Advance(seconds(1));
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  EXPECT_GT(store->Metrics()->calls(), calls);
}

// The condition of a completion is tried before the first object that rests on it, and only then.
TEST_F(OpenRemoteTest, UploadsThatWouldOverwriteAreRefused) {
  const auto service =
      std::make_shared<SimulatedClient>(SimulatedDialect{.upload = SimulatedCondition::kIgnored});
  StoreAddress address = AddressOf("s3://uploads/root");
  address.manager.part_bytes = 4;
  const auto store = Open(service, address);
  const auto write = [&](const std::string& path, const std::string& text, bool fresh) {
    const auto writer = *store->OpenWriter(path, {.name_is_fresh = fresh});
    const Status status = writer->Write(AsBytes(text));
    return status.ok() ? writer->Close() : status;
  };
  EXPECT_TRUE(write("one", "four", /*fresh=*/false).ok());
  EXPECT_TRUE(write("fresh", "two parts", /*fresh=*/true).ok());
  const int64_t calls = store->Metrics()->calls();
  const Status refusal = write("long", "two parts", /*fresh=*/false);
  EXPECT_EQ(KindOf(refusal), ErrorKind::kUnsupported);
  EXPECT_THAT(refusal.message(), HasSubstr("8 succeeded: the condition is ignored"));
  EXPECT_GT(store->Metrics()->calls(), calls + 8);
  EXPECT_THAT(service->objects(),
              ElementsAre(testing::Pair("fresh", "two parts"), testing::Pair("one", "four")));
  EXPECT_EQ(service->num_open_uploads(), 0);
  // Who says so, is believed; and what keeps its promise needs no word.
  address.tuning.skip_probe = true;
  const auto trusting = *Open(service, address)->OpenWriter("long", {});
  EXPECT_TRUE(trusting->Write(AsBytes("two parts")).ok());
  EXPECT_TRUE(trusting->Close().ok());
  EXPECT_EQ(service->objects().at("long"), "two parts");
  StoreAddress other = AddressOf("s3://uploads/other");
  other.manager.part_bytes = 4;
  const auto careful = Open(std::make_shared<SimulatedClient>(), other);
  for (const bool is_first : {true, false}) {
    const auto writer = *careful->OpenWriter("long", {});
    EXPECT_TRUE(writer->Write(AsBytes("two parts")).ok());
    const Status status = writer->Close();
    EXPECT_EQ(status.ok(), is_first) << status;
    if (!is_first) {
      EXPECT_EQ(KindOf(status), ErrorKind::kAlreadyExists);
    }
  }
}

// A caller that is asked to stop does not wait for parts that no answer comes to.
TEST_F(OpenRemoteTest, AnUploadIsStoppedWithItsCaller) {
  class Silent : public ObjectClient {
   public:
    void Start(ObjectRequest request, ObjectDone done) override {
      if (request.operation != ObjectOperation::kUploadPart) {
        return service.Start(std::move(request), std::move(done));
      }
      asked_to_stop = false;
      on_stop.emplace(request.stop, [this, done = std::move(done)] {
        asked_to_stop = true;
        done({.outcome = ObjectOutcome::kCancelled});
      });
    }
    Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string&,
                                                     const UploadOptions&) override {
      return Status::NotImplemented("none");
    }
    SimulatedClient service;
    bool asked_to_stop = false;
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
  };
  const auto silent = std::make_shared<Silent>();
  StoreAddress address = AddressOf("s3://stopped/root?skip_probe=true");
  address.manager.part_bytes = 4;
  address.manager.parallel_parts = 1;
  const auto store = Open(silent, address);
  {
    const StopScope scope([] { return true; });
    const auto writer = *store->OpenWriter("long", {});
    const Status status = writer->Write(AsBytes("two parts"));
    EXPECT_EQ(KindOf(status), ErrorKind::kCancelled) << status;
    EXPECT_TRUE(writer->Abort().ok());
  }
  EXPECT_TRUE(silent->asked_to_stop);
  silent->on_stop.reset();  // what it holds holds the service
  EXPECT_EQ(silent->service.num_open_uploads(), 0);
  EXPECT_THAT(silent->service.objects(), IsEmpty());
}

TEST(PartBytesTest, PartsGrowSoThatTheirNumberDoesNot) {
  constexpr int64_t kMiB = 1 << 20;
  EXPECT_EQ(PartBytes(8 * kMiB, 1), 8 * kMiB);
  EXPECT_EQ(PartBytes(8 * kMiB, 1000), 8 * kMiB);
  EXPECT_EQ(PartBytes(8 * kMiB, 1001), 16 * kMiB);
  EXPECT_EQ(PartBytes(8 * kMiB, 10'000), 4096 * kMiB);
  EXPECT_EQ(PartBytes(4096 * kMiB, 2000), 5120 * kMiB);  // the most that S3 takes
  int64_t all = 0;
  for (int64_t number = 1; number <= 10'000; ++number) all += PartBytes(5 * kMiB, number);
  EXPECT_GE(all, (int64_t{5} << 40) - (int64_t{1} << 38));
}

TEST_F(OpenRemoteTest, ALongerObjectIsWhatWasWritten) {
  StoreAddress address = AddressOf("s3://long/root?skip_probe=true");
  address.manager.part_bytes = 1;
  const auto service = std::make_shared<SimulatedClient>();
  const auto store = Open(service, address);
  const auto writer = *store->OpenWriter("long", {});
  std::string text(3500, '\0');
  for (char& c : text) c = static_cast<char>(random_->Next());
  for (size_t at = 0; at < text.size(); at += 7) {
    ASSERT_TRUE(writer->Write(AsBytes(text.substr(at, 7))).ok());
  }
  ASSERT_TRUE(writer->Close().ok());
  EXPECT_EQ(service->objects().at("long"), text);
  // 1,000 of a byte, 1,000 of two, the rest of four.
  const int64_t calls = 1 + 1000 + 1000 + 125 + 1;
  EXPECT_EQ(store->Metrics()->calls(), calls);

  // A writer may have parts of its own: 350 of ten bytes.
  const auto other = *store->OpenWriter("other", {.part_bytes = 10});
  ASSERT_TRUE(other->Write(AsBytes(text)).ok());
  ASSERT_TRUE(other->Close().ok());
  EXPECT_EQ(service->objects().at("other"), text);
  EXPECT_EQ(store->Metrics()->calls(), calls + 1 + 350 + 1);
}

// Ten percent of all requests fail with a 5xx: hardly a caller notices, and the load hardly grows.
TEST_F(OpenRemoteTest, RandomFailuresAreHiddenAtLittleCost) {
  SCOPED_TRACE(kSeed);
  const auto luck = Random::Seeded(kSeed);
  const auto service =
      std::make_shared<ScriptedClient>(&timer_, milliseconds(5), [&](const ObjectRequest&) {
        return ObjectReply{.outcome = luck->Uniform(10) == 0 ? ObjectOutcome::kUnavailable
                                                             : ObjectOutcome::kOk};
      });
  const auto client =
      ComposeClient(service, RemoteTuning(), FreshEndpoint(&timer_), &timer_, random_.get());
  constexpr int kCalls = 100'000;
  int good = 0;
  for (int i = 0; i < kCalls; ++i) {
    client->Start({}, [&](const ObjectReply& reply) { good += reply.ok() ? 1 : 0; });
    timer_.Advance(milliseconds(1));
  }
  timer_.Drain();
  RecordProperty("good", good);
  RecordProperty("requests", static_cast<int>(service->sent_at().size()));
  EXPECT_GE(good, kCalls * 0.9999);
  EXPECT_LE(static_cast<double>(service->sent_at().size()), 1.15 * kCalls);
}

// Every request is answered 503 for a minute.
TEST_F(OpenRemoteTest, AnOutageIsNotMadeWorse) {
  for (const ObjectOutcome outcome : {ObjectOutcome::kThrottled, ObjectOutcome::kUnavailable}) {
    ManualTimer timer;
    const int64_t outage_end = nanoseconds(seconds(60)).count();
    const auto service =
        std::make_shared<ScriptedClient>(&timer, milliseconds(5), [&](const ObjectRequest&) {
          return ObjectReply{.outcome =
                                 timer.NowNanos() < outage_end ? outcome : ObjectOutcome::kOk};
        });
    const auto client =
        ComposeClient(service, RemoteTuning(), FreshEndpoint(&timer), &timer, random_.get());
    int asked = 0;
    while (timer.NowNanos() < outage_end) {
      client->Start({}, [](const ObjectReply&) {});
      ++asked;
      timer.Advance(milliseconds(10));
    }
    const double budget = 100 + 0.15 * asked;
    EXPECT_LE(static_cast<double>(service->sent_at().size()), asked + 1.2 * budget)
        << NameOf(outcome);
    // Not one in ten of the requests goes to an endpoint that is avoided.
    if (outcome == ObjectOutcome::kUnavailable) {
      EXPECT_LE(service->sent_at().size(), static_cast<size_t>(asked / 10));
    }
    timer.Advance(seconds(30));
    std::vector<ObjectOutcome> outcomes;
    client->Start({}, [&](const ObjectReply& reply) { outcomes.push_back(reply.outcome); });
    timer.Drain();
    EXPECT_THAT(outcomes, ElementsAre(ObjectOutcome::kOk)) << NameOf(outcome);
  }
}

TEST(EndpointTest, StoresAtOneEndpointShareWhatIsKnown) {
  const auto one = FindEndpoint("s3 https://a ", {});
  EXPECT_EQ(FindEndpoint("s3 https://a ", {}), one);
  EXPECT_NE(FindEndpoint("s3 https://b ", {}), one);
  EXPECT_NE(FindEndpoint("s3 https://a ", {.failures = 3}), one);
}

class HealthCheckTest : public testing::Test {
 protected:
  ManualTimer timer_;
  bool up_ = true;
  std::shared_ptr<ScriptedClient> service_ = std::make_shared<ScriptedClient>(
      &timer_, milliseconds(10), [this](const ObjectRequest& request) {
        EXPECT_EQ(request.operation, ObjectOperation::kStat);
        EXPECT_EQ(request.timeout, milliseconds(5000));
        return ObjectReply{.outcome = up_ ? ObjectOutcome::kNotFound : ObjectOutcome::kUnavailable};
      });
  std::shared_ptr<EndpointHealth> health_ =
      std::make_shared<EndpointHealth>(BreakerPolicy{}, &timer_);
};

TEST_F(HealthCheckTest, FindsOutBeforeSomebodyNeedsToKnow) {
  const HealthCheck check(service_, health_, seconds(30), &timer_);
  timer_.Advance(seconds(91));
  EXPECT_EQ(service_->sent_at().size(), 3u);
  EXPECT_FALSE(health_->IsAvoided());
  up_ = false;
  timer_.Advance(seconds(61));
  EXPECT_FALSE(health_->IsAvoided());
  timer_.Advance(milliseconds(28'500));
  EXPECT_TRUE(health_->IsAvoided());
  up_ = true;
  timer_.Advance(seconds(31));
  EXPECT_EQ(health_->state(), EndpointHealth::State::kClosed);
}

TEST_F(HealthCheckTest, EndsWithItsStore) {
  {
    const HealthCheck check(service_, health_, seconds(30), &timer_);
    timer_.Advance(seconds(31));
  }
  timer_.Drain();
  EXPECT_EQ(service_->sent_at().size(), 1u);
}

}  // namespace
}  // namespace varve::internal
