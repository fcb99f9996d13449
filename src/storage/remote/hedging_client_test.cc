// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/hedging_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <optional>
#include <thread>

#include "arrow/buffer.h"
#include "base/random.h"
#include "base/testing/manual_timer.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

// Requests end when the test says so.
class WaitingClient : public ObjectClient {
 public:
  struct Waiting {
    ObjectRequest request;
    ObjectDone done;
    bool ended = false;
  };

  void Start(ObjectRequest request, ObjectDone done) override {
    sent.push_back({std::move(request), std::move(done)});
  }
  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions&) override {
    return MakeError(ErrorKind::kUnsupported, "not here", {.object = path});
  }

  // As a service does: bytes of the request's length, all equal to `fill`.
  void End(size_t which, ObjectOutcome outcome, char fill = 0) {
    Waiting& waiting = sent[which];
    ASSERT_FALSE(waiting.ended);
    waiting.ended = true;
    const ObjectRequest& request = waiting.request;
    ObjectReply reply{.outcome = outcome, .requests = 1, .bytes = request.length};
    if (reply.ok() && request.operation == ObjectOperation::kRead) {
      std::memset(request.out, fill, static_cast<size_t>(request.length));
    } else if (reply.ok()) {
      reply.data = arrow::Buffer::FromString(std::string(3, fill));
    }
    // Called from here, so that it keeps nothing alive afterwards.
    const ObjectDone done = std::move(waiting.done);
    done(std::move(reply));
  }

  std::deque<Waiting> sent;  // stays in place while it grows
};

class HedgingClientTest : public testing::Test {
 protected:
  void Read(int64_t length = 4) {
    out_.assign(static_cast<size_t>(length), '-');
    Start({.operation = ObjectOperation::kRead,
           .path = "a",
           .length = length,
           .out = reinterpret_cast<uint8_t*>(out_.data()),
           .timeout = milliseconds(1000),
           .stop = stop_.get_token()});
  }
  void Start(ObjectRequest request) {
    client_.Start(std::move(request), [this](ObjectReply reply) {
      ASSERT_FALSE(reply_) << "done was called twice";
      reply_ = std::move(reply);
    });
  }
  bool Stopped(size_t which) const { return base_->sent[which].request.stop.stop_requested(); }

  ManualTimer timer_;
  std::shared_ptr<WaitingClient> base_ = std::make_shared<WaitingClient>();
  std::shared_ptr<RetryBudget> budget_ = std::make_shared<RetryBudget>(0.5, 2);
  HedgingClient client_{base_, {.delay = milliseconds(100), .max_bytes = 1000}, budget_, &timer_};
  std::stop_source stop_;
  std::string out_;
  std::optional<ObjectReply> reply_;
};

TEST_F(HedgingClientTest, AReadInTimeIsSentOnce) {
  Read();
  timer_.Advance(milliseconds(99));
  base_->End(0, ObjectOutcome::kOk, 'x');
  timer_.Drain();
  EXPECT_EQ(base_->sent.size(), 1u);
  ASSERT_TRUE(reply_);
  EXPECT_TRUE(reply_->ok());
  EXPECT_EQ(reply_->requests, 1);
  EXPECT_EQ(out_, "xxxx");
}

TEST_F(HedgingClientTest, TheSecondMayWinAndTheFirstIsWaitedFor) {
  Read();
  timer_.Advance(milliseconds(100));
  ASSERT_EQ(base_->sent.size(), 2u);
  const ObjectRequest& second = base_->sent[1].request;
  EXPECT_EQ(second.path, "a");
  EXPECT_EQ(second.timeout, milliseconds(900));
  EXPECT_NE(second.out, reinterpret_cast<uint8_t*>(out_.data()));
  base_->End(1, ObjectOutcome::kOk, 'y');
  EXPECT_FALSE(reply_);
  EXPECT_TRUE(Stopped(0));
  EXPECT_EQ(out_, "----");
  out_ = "tail";  // what the first had of its bytes when it was cancelled
  base_->End(0, ObjectOutcome::kCancelled);
  ASSERT_TRUE(reply_);
  EXPECT_TRUE(reply_->ok());
  EXPECT_EQ(reply_->requests, 2);
  EXPECT_EQ(reply_->bytes, 4);
  EXPECT_EQ(out_, "yyyy");
}

TEST_F(HedgingClientTest, TheFirstMayWinAndTheSecondIsWaitedFor) {
  Read();
  timer_.Advance(milliseconds(100));
  base_->End(0, ObjectOutcome::kOk, 'x');
  EXPECT_FALSE(reply_);
  EXPECT_TRUE(Stopped(1));
  // Too late to be cancelled: it changes nothing.
  base_->End(1, ObjectOutcome::kOk, 'y');
  ASSERT_TRUE(reply_);
  EXPECT_TRUE(reply_->ok());
  EXPECT_EQ(out_, "xxxx");
}

TEST_F(HedgingClientTest, OneFailureWaitsForTheOther) {
  for (const size_t fails : {size_t{0}, size_t{1}}) {
    base_->sent.clear();
    reply_.reset();
    Read();
    timer_.Advance(milliseconds(100));
    base_->End(fails, ObjectOutcome::kUnavailable);
    EXPECT_FALSE(reply_);
    EXPECT_FALSE(Stopped(1 - fails));
    base_->End(1 - fails, ObjectOutcome::kOk, 'z');
    ASSERT_TRUE(reply_);
    EXPECT_TRUE(reply_->ok());
    EXPECT_EQ(out_, "zzzz");
  }
}

TEST_F(HedgingClientTest, BothFailuresAreOneAsTheFirst) {
  Read();
  timer_.Advance(milliseconds(100));
  base_->End(1, ObjectOutcome::kDenied);
  base_->End(0, ObjectOutcome::kTimedOut);
  ASSERT_TRUE(reply_);
  EXPECT_EQ(reply_->outcome, ObjectOutcome::kTimedOut);
  EXPECT_EQ(reply_->requests, 2);
}

TEST_F(HedgingClientTest, AFailureBeforeTheDelayIsFinal) {
  Read();
  base_->End(0, ObjectOutcome::kNotFound);
  ASSERT_TRUE(reply_);
  EXPECT_EQ(reply_->outcome, ObjectOutcome::kNotFound);
  timer_.Drain();
  EXPECT_EQ(base_->sent.size(), 1u);
}

TEST_F(HedgingClientTest, AStopReachesBoth) {
  Read();
  timer_.Advance(milliseconds(100));
  stop_.request_stop();
  EXPECT_TRUE(Stopped(0));
  EXPECT_TRUE(Stopped(1));
  base_->End(0, ObjectOutcome::kCancelled);
  base_->End(1, ObjectOutcome::kCancelled);
  ASSERT_TRUE(reply_);
  EXPECT_EQ(reply_->outcome, ObjectOutcome::kCancelled);

  // Who was stopped before the delay is not sent again.
  reply_.reset();
  base_->sent.clear();
  Read();
  timer_.Advance(milliseconds(200));
  EXPECT_EQ(base_->sent.size(), 1u);
  base_->End(0, ObjectOutcome::kCancelled);
}

TEST_F(HedgingClientTest, WholeObjectsKeepTheirOwnMemory) {
  Start({.operation = ObjectOperation::kReadWhole, .path = "a", .length = 1 << 30});
  timer_.Advance(milliseconds(100));
  ASSERT_EQ(base_->sent.size(), 2u);
  EXPECT_EQ(base_->sent[1].request.length, 1000);
  base_->End(1, ObjectOutcome::kOk, 'y');
  base_->End(0, ObjectOutcome::kCancelled);
  ASSERT_TRUE(reply_);
  EXPECT_EQ(reply_->data->ToString(), "yyy");
}

TEST_F(HedgingClientTest, OnlyReadsThatFitAreSentTwice) {
  for (const ObjectOperation operation : {ObjectOperation::kWrite, ObjectOperation::kStat,
                                          ObjectOperation::kRemove, ObjectOperation::kList}) {
    base_->sent.clear();
    reply_.reset();
    Start({.operation = operation, .path = "a"});
    timer_.Advance(milliseconds(500));
    EXPECT_EQ(base_->sent.size(), 1u);
    base_->End(0, ObjectOutcome::kOk);
    EXPECT_TRUE(reply_);
  }
  base_->sent.clear();
  reply_.reset();
  Read(1001);
  timer_.Advance(milliseconds(500));
  EXPECT_EQ(base_->sent.size(), 1u);
  base_->End(0, ObjectOutcome::kOk);
}

TEST_F(HedgingClientTest, TheBudgetIsKept) {
  // Two at once, and then one for every two reads.
  std::vector<size_t> sent;
  for (int i = 0; i < 8; ++i) {
    base_->sent.clear();
    reply_.reset();
    Read();
    timer_.Advance(milliseconds(100));
    sent.push_back(base_->sent.size());
    for (size_t j = 0; j < base_->sent.size(); ++j) base_->End(j, ObjectOutcome::kUnavailable);
    EXPECT_TRUE(reply_);
  }
  EXPECT_THAT(sent, ElementsAre(2, 2, 2, 1, 2, 1, 2, 1));
}

// Whoever ends when, on whichever thread: one answer, and the bytes of one of them.
TEST_F(HedgingClientTest, EndsOnTwoThreads) {
  constexpr uint64_t kSeed = 20261121;
  SCOPED_TRACE(kSeed);
  const auto random = Random::Seeded(kSeed);
  const auto budget = std::make_shared<RetryBudget>(1, 1000);
  for (int round = 0; round < 200; ++round) {
    base_->sent.clear();
    reply_.reset();
    HedgingClient client(base_, {.delay = milliseconds(1)}, budget, &timer_);
    std::string out(64, '-');
    client.Start({.length = 64, .out = reinterpret_cast<uint8_t*>(out.data())},
                 [&](ObjectReply reply) { reply_ = std::move(reply); });
    timer_.Advance(milliseconds(1));
    ASSERT_EQ(base_->sent.size(), 2u);
    const bool first_ok = random->Uniform(2) == 0;
    const bool second_ok = random->Uniform(2) == 0;
    const auto outcome = [](bool ok) {
      return ok ? ObjectOutcome::kOk : ObjectOutcome::kUnavailable;
    };
    std::thread other([&] { base_->End(1, outcome(second_ok), 'y'); });
    base_->End(0, outcome(first_ok), 'x');
    other.join();
    ASSERT_TRUE(reply_);
    EXPECT_EQ(reply_->ok(), first_ok || second_ok);
    const char fill = first_ok ? 'x' : second_ok ? 'y' : '-';
    EXPECT_EQ(out, std::string(64, fill));
  }
}

}  // namespace
}  // namespace varve::internal
