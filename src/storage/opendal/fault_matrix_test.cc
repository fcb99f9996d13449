// SPDX-License-Identifier: Apache-2.0
// Every operation under every fault, through the real client: what a single try reports, what
// retries make of it with how many requests, what then stands in the store, and that no secret is
// told on the way.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/random.h"
#include "base/timer.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/retrying_client.h"
#include "storage/remote/testing/scripted_http_s3.h"
#include "storage/testing/fault_proxy.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr uint64_t kSeed = 20261121;
constexpr milliseconds kPatience{300};  // of requests that are bound to meet their deadline
constexpr milliseconds kAmple{30'000};
constexpr milliseconds kGrace{500};
constexpr int kMaxTries = 3;

constexpr int64_t kObjectBytes = 4096;
constexpr int64_t kOffset = 100;
constexpr int64_t kLength = 1000;
constexpr int64_t kPartBytes = 5 << 20;
const std::string kPath = "data/a";
const std::string kKey = "bucket/folder/data/a";

const std::string kSecretKey = "CANARY-secret-key/8f1e+";
const std::string kSessionToken = "CANARY-session-token/77ab+==";
constexpr const char* kCanary = "CANARY";

std::string Pattern(int64_t size) {
  std::string bytes;
  for (int64_t i = 0; i < size; ++i) bytes += static_cast<char>('a' + (i * 7 + i / 26) % 26);
  return bytes;
}

// The operations; those of an upload by the request that meets the fault.
enum Op {
  kRead,
  kWhole,
  kWrite,
  kCreate,
  kStat,
  kRemove,
  kList,
  kOpen,
  kPart,
  kClose,
  kCloseNew,
  kAbort,
  kNumOps
};
constexpr std::array<const char*, kNumOps> kOpNames = {"read",
                                                       "read whole",
                                                       "write",
                                                       "write if absent",
                                                       "stat",
                                                       "remove",
                                                       "list",
                                                       "open upload",
                                                       "send part",
                                                       "close upload",
                                                       "close upload if absent",
                                                       "abort upload"};
constexpr std::array<S3Call, kNumOps> kCalls = {S3Call::kGet,
                                                S3Call::kGet,
                                                S3Call::kPut,
                                                S3Call::kPut,
                                                S3Call::kHead,
                                                S3Call::kDelete,
                                                S3Call::kList,
                                                S3Call::kCreateUpload,
                                                S3Call::kSendPart,
                                                S3Call::kCompleteUpload,
                                                S3Call::kCompleteUpload,
                                                S3Call::kAbortUpload};

bool IsUpload(int op) { return op >= kOpen; }

constexpr auto kGood = ObjectOutcome::kOk;
constexpr auto kThere = ObjectOutcome::kExists;
constexpr auto kGone = ObjectOutcome::kNotFound;
constexpr auto kBusy = ObjectOutcome::kConflict;
constexpr auto kDeny = ObjectOutcome::kDenied;
constexpr auto kSlow = ObjectOutcome::kThrottled;
constexpr auto kDown = ObjectOutcome::kUnavailable;
constexpr auto kLate = ObjectOutcome::kTimedOut;
constexpr auto kBad = ObjectOutcome::kBadAnswer;
constexpr auto kNever = ObjectOutcome::kUnsupported;
constexpr auto kWrong = ObjectOutcome::kInvalid;
constexpr auto kFail = ObjectOutcome::kFailed;

using Outcomes = std::array<ObjectOutcome, kNumOps>;

constexpr Outcomes All(ObjectOutcome outcome) {
  Outcomes outcomes{};
  outcomes.fill(outcome);
  return outcomes;
}

struct Row {
  const char* name;
  Fault fault;
  bool applied;  // what was asked for is done all the same
  bool slow;     // ends by the deadline
  Outcomes outcomes;
};

HttpResponse Plain(int status, HttpHeaders headers = {}, std::string body = {}) {
  return {
      .status = status, .headers = std::move(headers), .body = std::move(body), .length_told = {}};
}

Fault Of(FaultKind kind, int64_t at = 0) { return {.kind = kind, .at = at, .answer = {}}; }
Fault Instead(HttpResponse answer) {
  return {.kind = FaultKind::kReplace, .at = 0, .answer = std::move(answer)};
}
Fault Under(FaultKind kind, HttpResponse answer) {
  return {.kind = kind, .at = 0, .answer = std::move(answer)};
}

std::vector<Row> Rows() {
  return {
      {"reset", Of(FaultKind::kReset), false, false, All(kDown)},
      {"cut_request", Of(FaultKind::kCutRequest, 700), false, false, All(kDown)},
      {"stall", Of(FaultKind::kStall), false, true, All(kLate)},
      {"stall_mid_answer", Of(FaultKind::kStallMidAnswer), true, true, All(kLate)},
      {"throttle", Of(FaultKind::kThrottle), true, true, All(kLate)},
      {"answer_too_late", Of(FaultKind::kAnswerTooLate), true, true, All(kLate)},
      {"forward_too_late", Of(FaultKind::kForwardTooLate), true, true, All(kLate)},
      {"drop_answer", Of(FaultKind::kDropAnswer), true, false, All(kDown)},
      {"not_http", Of(FaultKind::kNotHttp), false, false, All(kDown)},
      {"status_500", Instead(S3Error(500, "InternalError")), false, false, All(kDown)},
      {"status_500_after", Under(FaultKind::kReplaceAnswer, S3Error(500, "InternalError")), true,
       false, All(kDown)},
      {"status_504_plain", Instead(Plain(504, {}, "no answer from behind")), false, false,
       All(kDown)},
      {"status_408", Instead(Plain(408)), false, false, All(kDown)},
      {"status_503_slow_down",
       Instead(S3Error(503, "SlowDown", {{"Retry-After", "7"}})),
       false,
       false,
       // A HEAD has no body that could say so.
       {kSlow, kSlow, kSlow, kSlow, kDown, kSlow, kSlow, kSlow, kSlow, kSlow, kSlow, kSlow}},
      {"status_429", Instead(Plain(429, {{"Retry-After", "7"}})), false, false, All(kSlow)},
      {"status_403", Instead(S3Error(403, "AccessDenied")), false, false, All(kDeny)},
      {"status_403_skewed", Instead(S3Error(403, "RequestTimeTooSkewed")), false, false,
       All(kDeny)},
      {"status_401", Instead(Plain(401)), false, false, All(kDeny)},
      {"status_409_conditional", Instead(S3Error(409, "ConditionalRequestConflict")), false, false,
       All(kBusy)},
      {"status_409_plain", Instead(Plain(409)), false, false, All(kBusy)},
      {"status_412", Instead(S3Error(412, "PreconditionFailed")), false, false, All(kThere)},
      {"status_501", Instead(S3Error(501, "NotImplemented")), false, false, All(kNever)},
      {"redirect", Instead(Plain(307, {{"Location", "http://127.0.0.1:1/elsewhere"}})), false,
       false, All(kFail)},
      {"truncate", Of(FaultKind::kTruncate), true, false, All(kDown)},
      // Where the length is not known before, less and more of it are what was read.
      {"shorten",
       Of(FaultKind::kShorten),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kDown, kBad, kGood, kBad, kBad, kGood}},
      {"pad",
       Of(FaultKind::kPad),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood}},
      // A raw read is the bytes that came; checksums are looked at further up.
      {"flip",
       Of(FaultKind::kFlip),
       true,
       false,
       {kGood, kGood, kGood, kGood, kGood, kGood, kDown, kBad, kGood, kBad, kBad, kGood}},
      {"error_under_200",
       Instead(S3Error(200, "InternalError")),
       false,
       false,
       {kBad, kGood, kDown, kDown, kBad, kDown, kDown, kDown, kDown, kDown, kDown, kDown}},
      {"other_range",
       Of(FaultKind::kOtherRange),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood}},
      {"whole_object",
       Of(FaultKind::kWholeObject),
       true,
       false,
       {kBad, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood, kGood}},
      {"forward_twice",
       Of(FaultKind::kForwardTwice),
       true,
       false,
       {kGood, kGood, kGood, kThere, kGood, kGood, kGood, kGood, kGood, kGone, kGone, kGone}},
      {"echo_403", Under(FaultKind::kEcho, Plain(403)), false, false, All(kDeny)},
      {"echo_500", Under(FaultKind::kEcho, Plain(500)), false, false, All(kDown)},
      {"endless_500", Under(FaultKind::kEndless, Plain(500)), false, false, All(kDown)},
      // A whole object may be long; it is too long for what was asked.
      {"endless_200",
       Under(FaultKind::kEndless, Plain(200)),
       false,
       false,
       {kBad, kWrong, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad}},
  };
}

// Which requests of the kind in question meet the fault.
enum class Times { kOnce, kAlways };

// A store behind a proxy, and a client of it.
class Scene {
 public:
  Scene(int op, const Fault& fault, Times times)
      : op_(op),
        bytes_(Pattern(kObjectBytes)),
        proxy_(std::make_unique<FaultProxy>(
            [this](const HttpRequest& request) { return s3_.Answer(request); },
            [this, fault, times](const HttpRequest& request) {
              if (S3CallOf(request) != kCalls[op_]) return Fault{};
              return times == Times::kAlways || met_++ == 0 ? fault : Fault{};
            })) {
    if (op != kWrite && op != kCreate && !IsUpload(op)) s3_.Put(kKey, bytes_);
  }

  void Listen() { proxy_->Listen(); }
  /// Ends everything under way.
  void Hush() {
    client_ = nullptr;
    requests_ = proxy_->num_requests();
    proxy_ = nullptr;
  }

  std::shared_ptr<ObjectClient> Client() {
    if (client_ == nullptr) {
      OpenDalOptions options;
      options.scheme = "s3";
      options.options = {{"bucket", "bucket"},
                         {"root", "/folder"},
                         {"endpoint", proxy_->endpoint()},
                         {"region", "us-east-1"},
                         {"access_key_id", "access-key"},
                         {"secret_access_key", kSecretKey},
                         {"session_token", kSessionToken},
                         {"disable_config_load", "true"},
                         {"disable_ec2_metadata", "true"}};
      // A request on a connection that is just closing would be lost beyond what the script says.
      options.idle_connections = 0;
      client_ = MakeOpenDalClient(options).ValueOrDie();
    }
    return client_;
  }

  ObjectReply RunOp(ObjectClient* client, milliseconds timeout) {
    if (IsUpload(op_)) return RunUpload(client, timeout);
    ObjectRequest request{.path = kPath, .timeout = timeout};
    switch (op_) {
      case kRead:
        request.operation = ObjectOperation::kRead;
        request.offset = kOffset;
        request.length = kLength;
        read_.assign(kLength, '?');
        request.out = reinterpret_cast<uint8_t*>(read_.data());
        break;
      case kWhole:
        request.operation = ObjectOperation::kReadWhole;
        request.length = 1 << 20;
        break;
      case kWrite:
      case kCreate:
        request.operation = ObjectOperation::kWrite;
        request.body = arrow::Buffer::FromString(bytes_);
        request.if_absent = op_ == kCreate;
        break;
      case kStat:
        request.operation = ObjectOperation::kStat;
        break;
      case kRemove:
        request.operation = ObjectOperation::kRemove;
        break;
      default:
        request.operation = ObjectOperation::kList;
        request.path = "data/";
    }
    return Run(client, std::move(request));
  }

  /// What is wrong with a success; empty if nothing is.
  std::string Difference(const ObjectReply& reply, FaultKind fault) const {
    std::string expected = op_ == kRead ? bytes_.substr(kOffset, kLength) : bytes_;
    if (fault == FaultKind::kFlip) expected[0] = static_cast<char>(expected[0] ^ 1);
    if (fault == FaultKind::kShorten) expected.resize(expected.size() / 2);
    if (fault == FaultKind::kPad) expected.append(16, 'x');
    if (op_ == kRead && read_ != expected) return "read other bytes";
    // An error that calls itself a success is what was read.
    if (op_ == kWhole && fault != FaultKind::kReplace && reply.data->ToString() != expected) {
      return "read other bytes";
    }
    if (op_ == kStat && reply.size != kObjectBytes) return "size " + std::to_string(reply.size);
    if (op_ == kList) {
      if (reply.objects.size() != 1) return std::to_string(reply.objects.size()) + " objects";
      const ObjectInfo& found = reply.objects.front();
      if (found.path != kPath || found.size != kObjectBytes) return "listed " + found.path;
    }
    return {};
  }

  /// What is wrong with the store where what was asked for is `applied` or not.
  std::string StoreDifference(const ObjectReply& reply, bool applied) const {
    const auto stored = s3_.Get(kKey);
    bool expected = true;
    if (op_ == kWrite || op_ == kCreate || op_ == kClose || op_ == kCloseNew) expected = applied;
    if (op_ == kRemove) expected = !applied;
    // The rest of the upload went well.
    if (op_ == kOpen || op_ == kPart) expected = reply.ok();
    if (op_ == kAbort) expected = false;
    if (stored.has_value() != expected) return expected ? "nothing stored" : "stored";
    if (stored && *stored != (IsUpload(op_) ? Parts() : bytes_)) return "stored other bytes";
    return {};
  }

  int64_t num_requests() const { return proxy_ == nullptr ? requests_ : proxy_->num_requests(); }
  const ScriptedHttpS3& s3() const { return s3_; }
  int op() const { return op_; }

 private:
  // Three parts: of fewer, nothing is sent before the close.
  static const std::string& Parts() {
    static const std::string parts = Pattern(2 * kPartBytes + 1000);
    return parts;
  }

  // The reply that is not a success, or the last one.
  ObjectReply RunUpload(ObjectClient* client, milliseconds timeout) {
    const UploadOptions options{.if_absent = op_ == kCloseNew,
                                .part_bytes = kPartBytes,
                                .parallel_parts = 2,
                                .timeout = timeout};
    auto upload = client->OpenUpload(kPath, options).ValueOrDie();
    const auto wait = [](const std::function<void(ObjectDone)>& start) {
      const auto promise = std::make_shared<std::promise<ObjectReply>>();
      start([promise](ObjectReply reply) { promise->set_value(std::move(reply)); });
      return promise->get_future().get();
    };
    const std::string all = Parts();
    for (size_t begin = 0; begin < all.size(); begin += kPartBytes) {
      auto part = arrow::Buffer::FromString(all.substr(begin, kPartBytes));
      ObjectReply reply = wait([&](ObjectDone done) { upload->Write(part, std::move(done)); });
      if (!reply.ok()) return reply;
    }
    if (op_ == kAbort) return wait([&](ObjectDone done) { upload->Abort(std::move(done)); });
    return wait([&](ObjectDone done) { upload->Close(std::move(done)); });
  }

  const int op_;
  const std::string bytes_;
  ScriptedHttpS3 s3_;
  std::atomic<int> met_ = 0;
  int64_t requests_ = 0;
  std::unique_ptr<FaultProxy> proxy_;
  std::shared_ptr<ObjectClient> client_;
  std::string read_;
};

// Pauses pass at once; its clock counts them.
class HastyTimer : public Timer {
 public:
  int64_t NowNanos() override {
    return steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1) + skipped_;
  }
  void After(std::chrono::nanoseconds delay, std::function<void()> work) override {
    skipped_ += delay.count();
    work();
  }
  milliseconds skipped() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(skipped_));
  }

 private:
  std::atomic<int64_t> skipped_ = 0;
};

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
    const std::string all =
        reply.message + reply.etag + StatusOf(reply, ObjectOperation::kRead, kPath).ToString();
    Expect(all.find(kCanary) == all.npos, "a secret is told: " + all);
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
  const ObjectReply reply = scene.RunOp(scene.Client().get(), timeout);
  const auto elapsed = steady_clock::now() - begin;
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

std::string CheckRetries(const Row& row, int op, Times times) {
  if (IsUpload(op)) return {};
  Findings findings(std::string(kOpNames[op]) +
                    (times == Times::kOnce ? ", a fault once" : ", a fault always"));
  Scene scene(op, row.fault, times);
  scene.Listen();
  HastyTimer timer;
  const auto random = Random::Seeded(kSeed);
  RetryingClient client(scene.Client(), {.max_tries = kMaxTries}, std::make_shared<RetryBudget>(),
                        &timer, random.get());
  const ObjectReply reply = scene.RunOp(&client, row.slow ? kPatience : kAmple);
  const ObjectOutcome one_try = row.outcomes[op];
  const bool again = IsRetried(one_try);
  ObjectOutcome expected = one_try;
  if (again && times == Times::kOnce) {
    expected = op == kCreate && row.applied ? kThere : kGood;
  }
  // The second time there is an object, and the status says so, whatever becomes of the body.
  const bool told_by_status =
      op == kCreate && times == Times::kAlways && row.fault.kind == FaultKind::kTruncate;
  if (told_by_status) expected = kThere;
  // The late one may still come after the second try.
  if (row.fault.kind == FaultKind::kForwardTooLate && reply.ok()) expected = kGood;
  findings.ExpectOutcome(reply, expected);
  findings.ExpectNoSecret(reply);
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
  for (auto& each : checks) found += each.get();
  const std::string output =
      testing::internal::GetCapturedStderr() + testing::internal::GetCapturedStdout();
  EXPECT_EQ(found, "");
  EXPECT_EQ(output.find(kCanary), output.npos) << output;
}

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

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
    if (IsUpload(op)) return {};
    Findings findings(kOpNames[op]);
    Scene scene(op, {}, Times::kAlways);  // does not listen
    HastyTimer timer;
    const auto random = Random::Seeded(kSeed);
    RetryingClient client(scene.Client(), {.max_tries = kMaxTries}, std::make_shared<RetryBudget>(),
                          &timer, random.get());
    const ObjectReply reply = scene.RunOp(&client, kAmple);
    findings.ExpectOutcome(reply, kDown);
    findings.ExpectNumber(reply.requests, kMaxTries, "requests told");
    findings.ExpectNoSecret(reply);
    return findings.Take();
  });
}

TEST(FaultTest, ADeadlineHoldsForAllTries) {
  CheckAll([](int op) -> std::string {
    if (IsUpload(op)) return {};
    Findings findings(kOpNames[op]);
    Scene scene(op, Of(FaultKind::kStall), Times::kAlways);
    scene.Listen();
    RetryingClient client(scene.Client(), {.deadline = 3 * kPatience},
                          std::make_shared<RetryBudget>());
    const auto begin = steady_clock::now();
    const ObjectReply reply = scene.RunOp(&client, kPatience);
    const auto elapsed = steady_clock::now() - begin;
    findings.ExpectOutcome(reply, kLate);
    findings.Expect(elapsed <= 3 * kPatience + kGrace, "returned too late");
    return findings.Take();
  });
}

// What stands between may repeat the address, which is signed there.
TEST(FaultTest, ASignatureInAnAddressIsNotTold) {
  FaultProxy proxy([](const HttpRequest&) { return HttpResponse{}; },
                   [](const HttpRequest&) { return Under(FaultKind::kEcho, Plain(403)); });
  proxy.Listen();
  OpenDalOptions options;
  options.scheme = "azblob";
  options.options = {{"container", "container"},
                     {"endpoint", proxy.endpoint() + "/account"},
                     {"account_name", "account"},
                     {"sas_token", "sv=2024-11-04&sp=rwdl&sig=CANARY%2Bsignature%3D"}};
  const auto client = MakeOpenDalClient(options).ValueOrDie();
  for (const ObjectOperation operation :
       {ObjectOperation::kReadWhole, ObjectOperation::kList, ObjectOperation::kRemove}) {
    const ObjectReply reply =
        internal::Run(client.get(), {.operation = operation, .path = kPath, .length = 1 << 20});
    EXPECT_EQ(reply.outcome, kDeny);
    EXPECT_EQ(reply.message.find(kCanary), std::string::npos) << reply.message;
    // The mask was needed.
    EXPECT_NE(reply.message.find("***"), std::string::npos) << reply.message;
  }
}

}  // namespace
}  // namespace varve::internal
