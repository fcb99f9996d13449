// SPDX-License-Identifier: Apache-2.0
// Every operation under every fault, through the real client: what a single try reports, what all
// that stands before a service makes of it with how many requests, what then stands in the store,
// and that no secret is told on the way.
#include "storage/opendal/testing/fault_matrix.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "storage/opendal/testing/fault_scene.h"
#include "storage/remote/metered_client.h"
#include "storage/remote/open_remote.h"

namespace varve::internal::fault_matrix {

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint64_t kSeed = 20261121;
// Of requests that are bound to meet their deadline, and of the next tries, which have to answer in
// it on a machine that is busy.
constexpr milliseconds kPatience{1'000};
constexpr milliseconds kAmple{30'000};
// A guard against calls that hang; how late calls are is measured (NoteLateness), `make bench`
// judges it.
constexpr milliseconds kGrace{10'000};
constexpr int kMaxTries = 3;

// What a store has before its service.
struct Stack {
  Stack(std::shared_ptr<ObjectClient> service, const RetryPolicy& policy, Timer* timer)
      : meter(std::make_shared<MeteredClient>(std::move(service))),
        random(Random::Seeded(kSeed)),
        client(ComposeClient(
            meter, {.retry = policy},
            std::make_shared<Endpoint>(Endpoint{.health = std::make_shared<EndpointHealth>(),
                                                .budget = std::make_shared<RetryBudget>()}),
            timer, random.get())) {}

  const std::shared_ptr<MeteredClient> meter;
  const std::unique_ptr<Random> random;
  const std::shared_ptr<ObjectClient> client;
};

// How long after its deadline a call came back, at most; for `make bench`.
std::atomic<int> latest_ms{0};
void NoteLateness(steady_clock::duration late) {
  const auto ms = static_cast<int>(std::chrono::ceil<milliseconds>(late).count());
  for (int seen = latest_ms; ms > seen && !latest_ms.compare_exchange_weak(seen, ms);) continue;
}

bool IsRetried(ObjectOutcome outcome) {
  return outcome == kDown || outcome == kLate || outcome == kSlow || outcome == kBusy ||
         outcome == kBad;
}

// Finds what is not as it should be, and puts names to it.
class Findings {
 public:
  explicit Findings(std::string where) : where_(std::move(where)) {}

  void Expect(bool holds, const std::string& what) {
    if (!holds) found_ += where_ + ": " + what + "\n";
  }
  void ExpectOutcome(const ObjectReply& reply, ObjectOutcome expected) {
    Expect(reply.outcome == expected, "'" + std::string(NameOf(reply.outcome)) + "' instead of '" +
                                          std::string(NameOf(expected)) + "' (HTTP " +
                                          std::to_string(reply.http_status) + ", " + reply.message +
                                          ")");
  }
  void ExpectNumber(int64_t actual, int64_t expected, const std::string& what) {
    Expect(actual == expected,
           std::to_string(actual) + " " + what + " instead of " + std::to_string(expected));
  }
  // Neither in what is told nor in what is made of it.
  void ExpectNoSecret(const ObjectReply& reply) {
    ExpectNoSecret(reply.message + reply.etag +
                   StatusOf(reply, ObjectOperation::kRead, kPath).ToString());
  }
  void ExpectNoSecret(const std::string& told) {
    Expect(told.find(kCanary) == told.npos, "a secret is told: " + told);
  }
  std::string Take() { return std::move(found_); }

 private:
  const std::string where_;
  std::string found_;
};

std::string CheckSingleTry(const Row& row, int op) {
  Findings findings(std::string(kOpNames[op]) + ", one try");
  Scene scene(op, row.fault, Times::kOnce);
  scene.Listen();
  const milliseconds timeout = row.slow ? kPatience : kAmple;
  const auto begin = steady_clock::now();
  const ObjectReply reply = scene.RunOp(scene.Client(), timeout);
  const auto elapsed = steady_clock::now() - begin;
  NoteLateness(elapsed - timeout);
  const ObjectOutcome expected = row.outcomes[op];
  findings.ExpectOutcome(reply, expected);
  findings.ExpectNoSecret(reply);
  findings.Expect(elapsed <= timeout + kGrace, "returned too late");
  if (!IsUpload(op)) {
    findings.ExpectNumber(reply.requests, 1, "requests told");
    findings.ExpectNumber(scene.num_requests(), 1, "requests sent");
  }
  const bool told_when = row.fault.kind == FaultKind::kReplace &&
                         !FindHeader(row.fault.answer.headers, "Retry-After").empty();
  findings.ExpectNumber(reply.retry_after.count(), told_when ? 7000 : -1, "ms to wait");
  if (reply.ok()) {
    const std::string difference = scene.Difference(reply, row.fault.kind);
    findings.Expect(difference.empty(), difference);
  }
  scene.Hush();
  const std::string difference = scene.StoreDifference(reply, row.applied);
  findings.Expect(difference.empty(), difference);
  return findings.Take();
}

// Of a step of an upload that ended so, it is found out what became of it.
bool IsSettled(int op, ObjectOutcome outcome) {
  return (op == kClose || op == kCloseNew) &&
         (outcome == kDown || outcome == kLate || outcome == kBad || outcome == kFail);
}

// What a call comes to that is tried again.
ObjectOutcome AfterRetries(const Row& row, int op, Times times) {
  const ObjectOutcome one_try = row.outcomes[op];
  if (op == kAbort && one_try == kGone) return kGood;
  // The second time it is gone, and the status says so.
  if (op == kAbort && row.fault.kind == FaultKind::kTruncate) return kGood;
  // An upload that is begun step by step has its answer read on this side: it may come again.
  const bool is_garbled =
      row.fault.kind == FaultKind::kShorten || row.fault.kind == FaultKind::kFlip;
  if (op == kOpen && is_garbled && times == Times::kAlways) return kDown;
  if (IsSettled(op, one_try) && row.applied) return kGood;
  if (IsRetried(one_try) && times == Times::kOnce) {
    return op == kCreate && row.applied ? kThere : kGood;
  }
  return one_try;
}

void ExpectInTime(HastyTimer* timer, int64_t begin_nanos, Findings* findings) {
  const std::chrono::nanoseconds took(timer->NowNanos() - begin_nanos);
  findings->Expect(took <= RetryPolicy().deadline + kGrace, "ended after its deadline");
}

// The steps of an upload as tables on S3 go through them.
std::string CheckUploadRetries(const Row& row, int op, Times times) {
  Findings findings(std::string(kOpNames[op]) + ", step by step" +
                    (times == Times::kOnce ? ", a fault once" : ", a fault always"));
  Scene scene(op, row.fault, times);
  scene.Listen();
  HastyTimer timer;
  const int64_t begin = timer.NowNanos();
  const Stack stack(scene.Client(), {.max_tries = kMaxTries}, &timer);
  const ObjectReply reply =
      scene.RunOp(stack.client, row.slow ? kPatience : kAmple, /*step_by_step=*/true);
  const ObjectOutcome expected = AfterRetries(row, op, times);
  findings.ExpectOutcome(reply, expected);
  findings.ExpectNoSecret(reply);
  findings.ExpectNoSecret(stack.meter->Snapshot().ToPrometheus());
  ExpectInTime(&timer, begin, &findings);
  scene.Hush();
  const bool applied = row.applied || expected == kGood;
  const std::string difference = scene.StoreDifference(reply, applied);
  findings.Expect(difference.empty(), difference);
  if (reply.ok() && row.fault.kind != FaultKind::kForwardTooLate) {
    // Of what was begun twice on the way, nobody was told.
    const bool untold = op == kOpen && row.fault.kind == FaultKind::kForwardTwice;
    findings.ExpectNumber(scene.num_uploads(), untold ? 1 : 0, "uploads left behind");
  }
  return findings.Take();
}

std::string CheckRetries(const Row& row, int op, Times times) {
  if (IsUpload(op)) return CheckUploadRetries(row, op, times);
  Findings findings(std::string(kOpNames[op]) +
                    (times == Times::kOnce ? ", a fault once" : ", a fault always"));
  Scene scene(op, row.fault, times);
  scene.Listen();
  HastyTimer timer;
  const int64_t begin = timer.NowNanos();
  const Stack stack(scene.Client(), {.max_tries = kMaxTries}, &timer);
  const ObjectReply reply = scene.RunOp(stack.client, row.slow ? kPatience : kAmple);
  const bool again = IsRetried(row.outcomes[op]);
  ObjectOutcome expected = AfterRetries(row, op, times);
  // The second time there is an object, and the status says so, whatever becomes of the body.
  const bool told_by_status =
      op == kCreate && times == Times::kAlways && row.fault.kind == FaultKind::kTruncate;
  if (told_by_status) expected = kThere;
  // The late one may still come after the second try.
  if (row.fault.kind == FaultKind::kForwardTooLate && reply.ok()) expected = kGood;
  findings.ExpectOutcome(reply, expected);
  findings.ExpectNoSecret(reply);
  findings.ExpectNoSecret(stack.meter->Snapshot().ToPrometheus());
  ExpectInTime(&timer, begin, &findings);
  const int64_t requests = !again ? 1 : times == Times::kOnce || told_by_status ? 2 : kMaxTries;
  findings.ExpectNumber(reply.requests, requests, "requests told");
  findings.ExpectNumber(scene.num_requests(), requests, "requests sent");
  const bool doubtful = expected == kThere && again;
  findings.Expect(reply.maybe_ours == doubtful, "maybe_ours is not as it should be");
  if (reply.retry_after.count() > 0) {
    findings.Expect(timer.skipped() >= reply.retry_after, "came back before it should");
  }
  if (reply.ok()) {
    const auto fault = again ? FaultKind::kNone : row.fault.kind;
    const std::string difference = scene.Difference(reply, fault);
    findings.Expect(difference.empty(), difference);
  }
  scene.Hush();
  const bool applied = row.applied || (again && times == Times::kOnce);
  const std::string difference = scene.StoreDifference(reply, applied);
  findings.Expect(difference.empty(), difference);
  return findings.Take();
}

// All operations at once: most of the time goes by waiting.
void CheckAll(const std::function<std::string(int op)>& check) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  std::vector<std::future<std::string>> checks;
  for (int op = 0; op < kNumOps; ++op) {
    checks.push_back(std::async(std::launch::async, check, op));
  }
  std::string found;
  int wrong = 0;
  for (auto& each : checks) {
    const std::string of_one = each.get();
    wrong += of_one.empty() ? 0 : 1;
    found += of_one;
  }
  testing::Test::RecordProperty("cells", kNumOps);
  testing::Test::RecordProperty("wrong", wrong);
  testing::Test::RecordProperty("latest_ms", latest_ms);
  const std::string output =
      testing::internal::GetCapturedStderr() + testing::internal::GetCapturedStdout();
  EXPECT_EQ(found, "");
  EXPECT_EQ(output.find(kCanary), output.npos) << output;
}

class FaultMatrixTest : public testing::TestWithParam<Row> {};

TEST_P(FaultMatrixTest, OneTryTellsWhatHappened) {
  CheckAll([](int op) { return CheckSingleTry(GetParam(), op); });
}

TEST_P(FaultMatrixTest, RetriesHideWhatPasses) {
  CheckAll([](int op) { return CheckRetries(GetParam(), op, Times::kOnce); });
}

TEST_P(FaultMatrixTest, RetriesGiveUpOnWhatStays) {
  CheckAll([](int op) { return CheckRetries(GetParam(), op, Times::kAlways); });
}

INSTANTIATE_TEST_SUITE_P(S3, FaultMatrixTest, testing::ValuesIn(Rows()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(FaultTest, WithoutFaultEverythingWorks) {
  CheckAll([](int op) { return CheckSingleTry({"none", {}, true, false, All(kGood)}, op); });
}

TEST(FaultTest, RefusedConnectionsAreUnavailable) {
  CheckAll([](int op) -> std::string {
    Findings findings(kOpNames[op]);
    Scene scene(op, {}, Times::kAlways);  // does not listen
    HastyTimer timer;
    const Stack stack(scene.Client(), {.max_tries = kMaxTries}, &timer);
    const ObjectReply reply = scene.RunOp(stack.client, kAmple, /*step_by_step=*/true);
    findings.ExpectOutcome(reply, kDown);
    findings.ExpectNumber(reply.requests, kMaxTries, "requests told");
    findings.ExpectNoSecret(reply);
    return findings.Take();
  });
}

TEST(FaultTest, ADeadlineHoldsForAllTries) {
  CheckAll([](int op) -> std::string {
    Findings findings(kOpNames[op]);
    Scene scene(op, Of(FaultKind::kStall), Times::kAlways);
    scene.Listen();
    const Stack stack(scene.Client(), {.deadline = 3 * kPatience}, Timer::System());
    const auto begin = steady_clock::now();
    const ObjectReply reply = scene.RunOp(stack.client, kPatience, /*step_by_step=*/true);
    const auto elapsed = steady_clock::now() - begin;
    NoteLateness(elapsed - 3 * kPatience);
    findings.ExpectOutcome(reply, kLate);
    findings.Expect(elapsed <= 3 * kPatience + kGrace, "returned too late");
    return findings.Take();
  });
}

}  // namespace
}  // namespace varve::internal::fault_matrix
