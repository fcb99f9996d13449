// SPDX-License-Identifier: Apache-2.0
// Commits on an object store that loses answers: what a writer is told must be what happened.
// Through everything that stands between a table and a service, on simulated time.
//
// One writer commits while another one may, and everything that reaches the service at one point of
// the protocol goes wrong, once, some times or to the end: the request is lost, its answer is, or
// it arrives late. VARVE_COMMIT_RUNS: how often for each point and dialect; 500 unless told.
// Listings are out of order, so that hints are written: the commit becomes version 64, which has
// one.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/testing/manual_clock.h"
#include "storage/remote/open_remote.h"
#include "storage/remote/testing/simulated_client.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr uint64_t kSeed = 20261121;
constexpr milliseconds kLatency{5};
constexpr milliseconds kUntilLost{1'000};
constexpr milliseconds kDeadline{60'000};
constexpr uint64_t kHintedVersion = 64;
const std::string kVersions = "_versions/";

enum Point { kPut, kPutThatLoses, kSecondPut, kReadBack, kCatchUp, kHint, kNumPoints };
constexpr std::array<const char*, kNumPoints> kPointNames = {
    "put", "put that loses", "second put", "read back", "catch up", "hint"};

// What the last read of a version told that was put before.
enum class Seen { kNothing, kLost, kAbsent, kThere };

enum Loss { kRequest, kAnswer, kLate, kNumLosses };

// How a service says that there is an object, and what is seen of an answer that was lost.
struct Dialect {
  const char* name;
  int exists_status;
  ObjectOutcome lost;
  int lost_status;
  bool tells_conflicts;  // while a late put is under way
};
constexpr Dialect kDialects[] = {
    {"s3", 412, ObjectOutcome::kUnavailable, 0, true},
    {"azure", 409, ObjectOutcome::kTimedOut, 0, false},
    {"gcs", 412, ObjectOutcome::kUnavailable, 200, false},
};

// Pauses take no time but on the clock.
class ClockTimer : public Timer {
 public:
  explicit ClockTimer(ManualClock* clock) : clock_(clock) {}
  int64_t NowNanos() override { return clock_->MonotonicNanos(); }
  void After(nanoseconds delay, std::function<void()> work) override {
    clock_->Advance(delay);
    work();
  }

 private:
  ManualClock* const clock_;
};

struct Plan {
  Point point = kPut;
  Loss loss = kRequest;
  int times = 0;
  bool first_put_too = false;  // what leads to second puts, and to reading back
};

// The way of one writer to the service.
class LossyWay : public ObjectClient {
 public:
  LossyWay(std::shared_ptr<SimulatedClient> service, const Dialect& dialect, ManualClock* clock)
      : service_(std::move(service)), dialect_(dialect), clock_(clock) {}

  void SetPlan(const Plan& plan) { plan_ = plan; }
  /// Runs when the first put of a version is about to arrive.
  void BeforeFirstPut(std::function<void()> work) { before_first_put_ = std::move(work); }

  void Start(ObjectRequest request, ObjectDone done) override {
    EXPECT_NE(request.operation, ObjectOperation::kRemove) << "something was deleted";
    clock_->Advance(kLatency);
    const bool puts = IsPut(request);
    if (puts && before_first_put_) std::exchange(before_first_put_, nullptr)();
    const Point point = PointOf(request);
    if (puts) ++puts_[request.path];
    if (!late_.empty() && --until_late_ <= 0) Deliver();
    if (point == kPut && std::exchange(plan_.first_put_too, false)) {
      // Lost as the others are, once.
    } else if (point == plan_.point && plan_.times > 0) {
      --plan_.times;
      ++num_fired_;
    } else {
      return Forward(std::move(request), [&](ObjectReply reply) {
        if (point == kReadBack) {
          last_read_ = reply.outcome == ObjectOutcome::kNotFound ? Seen::kAbsent : Seen::kThere;
        }
        done(std::move(reply));
      });
    }
    if (point == kReadBack) last_read_ = Seen::kLost;
    const bool changes = request.operation == ObjectOperation::kWrite;
    if (plan_.loss == kAnswer || (plan_.loss == kLate && !changes)) {
      Forward(std::move(request), [](const ObjectReply&) {});
    } else if (plan_.loss == kLate) {
      late_.push_back(std::move(request));
      until_late_ = 3;
    }
    clock_->Advance(kUntilLost);
    done({.outcome = dialect_.lost, .http_status = dialect_.lost_status, .requests = 1});
  }

  Result<std::unique_ptr<ObjectUpload>> OpenUpload(const std::string& path,
                                                   const UploadOptions& options) override {
    return service_->OpenUpload(path, options);
  }

  /// What is still under way, arrives.
  void Deliver() {
    while (!late_.empty()) {
      ObjectRequest request = std::move(late_.front());
      late_.pop_front();
      service_->Start(std::move(request), [](const ObjectReply&) {});
    }
  }
  /// All goes well from here on.
  void Heal() { plan_ = {}; }
  /// How often the point of the plan was met.
  int num_fired() const { return num_fired_; }
  Seen last_read() const { return last_read_; }

 private:
  static bool IsPut(const ObjectRequest& request) {
    return request.operation == ObjectOperation::kWrite && request.path.starts_with(kVersions) &&
           request.if_absent;
  }

  Point PointOf(const ObjectRequest& request) const {
    const bool was_put = puts_.contains(request.path);
    if (IsPut(request)) {
      if (was_put) return kSecondPut;
      return service_->objects().contains(request.path) ? kPutThatLoses : kPut;
    }
    if (request.operation == ObjectOperation::kWrite) return kHint;
    return was_put ? kReadBack : kCatchUp;
  }

  void Forward(ObjectRequest request, const ObjectDone& done) {
    const bool in_progress = dialect_.tells_conflicts && IsPut(request) && !late_.empty() &&
                             late_.front().path == request.path;
    if (in_progress) {
      return done({.outcome = ObjectOutcome::kConflict, .http_status = 409, .requests = 1});
    }
    service_->Start(std::move(request), [&](ObjectReply reply) {
      if (reply.outcome == ObjectOutcome::kExists) reply.http_status = dialect_.exists_status;
      done(std::move(reply));
    });
  }

  const std::shared_ptr<SimulatedClient> service_;
  const Dialect dialect_;
  ManualClock* const clock_;
  Plan plan_;
  std::function<void()> before_first_put_;
  std::map<std::string, int> puts_;
  std::deque<ObjectRequest> late_;
  int until_late_ = 0;
  int num_fired_ = 0;
  Seen last_read_ = Seen::kNothing;
};

struct Counts {
  int fired = 0;                    // runs that met the point
  std::array<int, 5> outcomes{};    // by CommitState
  std::array<int, 4> unknown_by{};  // by Seen

  int of(CommitState state) const { return outcomes[static_cast<size_t>(state)]; }
  int unknown(Seen seen) const { return unknown_by[static_cast<size_t>(seen)]; }
};

// A table, a writer whose way is lossy, and another one whose is not.
class Scene {
 public:
  // `begun`: what all start from, or null for that itself.
  Scene(const Dialect& dialect, uint64_t seed, const Scene* begun)
      : random_(Random::Seeded(seed)),
        way_(std::make_shared<LossyWay>(service_, dialect, &clock_)),
        writer_(Store(way_)),
        rival_(Store(std::make_shared<LossyWay>(service_, dialect, &clock_))) {
    if (begun != nullptr) {
      for (const auto& [path, bytes] : begun->service_->objects()) {
        service_->Start({.operation = ObjectOperation::kWrite,
                         .path = path,
                         .body = arrow::Buffer::FromString(bytes)},
                        [](const ObjectReply&) {});
      }
      base_ = begun->base_;
    } else {
      base_ = rival_.Create(SampleSchema(), {}).manifest;
      // A commit after another one's, or after one more of these, becomes the one with a hint.
      while (base_->version < kHintedVersion - 2) RivalCommits();
    }
    first_judged_ = base_->version + 1;
    rival_commits_ = 0;
  }

  void RivalCommits() {
    const CommitOutcome outcome = rival_.Commit(base_, Append("rival"));
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    base_ = outcome.manifest;
    ++rival_commits_;
  }

  // What is wrong; empty if nothing is.
  std::string Run(Point point, Counts* counts) {
    const int times[] = {1, 1 + static_cast<int>(random_->Uniform(5)), 1 << 30};
    const size_t how_long = random_->Uniform(3);
    const bool to_the_end = how_long == 2;
    const auto loss = static_cast<Loss>(random_->Uniform(kNumLosses));
    // A put loses, and a writer catches up, where another was first; a put is read back there too,
    // or where it is told that its name is taken, by itself.
    const bool contended = point == kPutThatLoses || point == kCatchUp ||
                           (point == kReadBack && loss != kAnswer) || random_->Uniform(2) == 0;
    const Plan plan{
        .point = point,
        .loss = loss,
        .times = times[how_long],
        .first_put_too = point == kSecondPut ||
                         (point == kReadBack && (!contended || random_->Uniform(2) == 0))};
    if (!contended) RivalCommits();
    const auto mine = base_;
    if (contended) way_->BeforeFirstPut([this] { RivalCommits(); });
    way_->SetPlan(plan);
    const CommitOutcome outcome = writer_.Commit(mine, Append("mine"));
    const bool lasted = to_the_end;
    const Seen seen = way_->last_read();
    way_->Heal();
    // Before or after what is late arrives: neither may change what was told.
    if (random_->Uniform(2) == 0) way_->Deliver();
    std::string found = Judge(outcome, lasted);
    way_->Deliver();
    found += Judge(outcome, lasted);
    for (int i = 0; i < 2; ++i) RivalCommits();
    found += Judge(outcome, lasted);
    if (way_->num_fired() == 0) found += "the point was not met\n";
    counts->fired += way_->num_fired() > 0 ? 1 : 0;
    ++counts->outcomes[static_cast<size_t>(outcome.state)];
    // Absence proves nothing: the put may still arrive. What stands there does.
    const bool doubtful = seen == Seen::kLost || seen == Seen::kAbsent;
    if (outcome.state == CommitState::kUnknown && !doubtful) {
      found += "unknown although it was read what stands there\n";
    }
    if (outcome.state == CommitState::kUnknown) ++counts->unknown_by[static_cast<size_t>(seen)];
    return found;
  }

 private:
  ManifestStore Store(std::shared_ptr<ObjectClient> way) {
    const auto endpoint = std::make_shared<Endpoint>(
        Endpoint{.health = std::make_shared<EndpointHealth>(BreakerPolicy{}, &timer_),
                 .budget = std::make_shared<RetryBudget>()});
    StoreAddress address;
    address.tuning.skip_probe = true;
    address.manager.uri = "s3://simulated";
    address.manager.features = {.put_if_absent = true, .ordered_listing = false, .durable = true};
    return ManifestStore(ComposeRemote(std::move(way), address, endpoint, &timer_, random_.get()),
                         {.deadline = kDeadline, .clock = &clock_, .random = random_.get()});
  }

  ManifestEdit Append(const std::string& message) {
    return AppendOf(SampleSegment(random_.get()), message);
  }

  int LandedOf(const std::string& message) {
    int landed = 0;
    const uint64_t newest = rival_.FindLatest().ValueOrDie();
    for (uint64_t version = first_judged_; version <= newest; ++version) {
      landed += rival_.Summarize(version)->operation.message == message ? 1 : 0;
    }
    return landed;
  }

  std::string Judge(const CommitOutcome& outcome, bool lasted) {
    const int landed = LandedOf("mine");
    const std::string that =
        landed == 0 ? "did not land" : "landed " + std::to_string(landed) + "x";
    std::string found;
    switch (outcome.state) {
      case CommitState::kCommitted:
        if (landed != 1) found += "a commit that was called done " + that + "\n";
        break;
      case CommitState::kFailed:
      case CommitState::kConflict:
      case CommitState::kExpired:
        if (landed != 0) found += "a commit that was called failed " + that + "\n";
        if (!lasted) found += "given up although faults passed: " + outcome.error.ToString() + "\n";
        break;
      case CommitState::kUnknown: {
        if (landed > 1) found += "an unknown commit " + that + "\n";
        if (!lasted) found += "unknown although faults passed: " + outcome.error.ToString() + "\n";
        const CommitOutcome settled = rival_.Resolve(outcome.token);
        if ((settled.state == CommitState::kCommitted) != (landed == 1)) {
          found += "an unknown commit that " + that + " is resolved as " +
                   std::to_string(static_cast<int>(settled.state)) + "\n";
        }
        break;
      }
    }
    if (LandedOf("rival") != rival_commits_) found += "the other writer's commits are not there\n";
    return found;
  }

  ManualClock clock_{1'700'000'000'000'000};
  ClockTimer timer_{&clock_};
  const std::unique_ptr<Random> random_;
  const std::shared_ptr<SimulatedClient> service_ = std::make_shared<SimulatedClient>();
  const std::shared_ptr<LossyWay> way_;
  ManifestStore writer_;
  ManifestStore rival_;
  std::shared_ptr<const Manifest> base_;
  int rival_commits_ = 0;
  uint64_t first_judged_ = 1;
};

int NumRuns() {
  const char* text = std::getenv("VARVE_COMMIT_RUNS");
  return text == nullptr ? 500 : std::atoi(text);
}

class CommitOutcomeTest : public testing::TestWithParam<Dialect> {
 protected:
  static void TearDownTestSuite() {
    std::cout << R"({"bar": "S2", "seed": )" << kSeed << R"(, "runs": )" << NumRuns()
              << R"(, "points": [)" << told_ << "]}\n";
  }

  static inline std::string told_;
};

TEST_P(CommitOutcomeTest, WhatIsToldIsWhatHappened) {
  const Scene begun(GetParam(), kSeed, nullptr);
  int wrong = 0;
  int unknown = 0;
  for (int point = 0; point < kNumPoints; ++point) {
    Counts counts;
    for (int run = 0; run < NumRuns(); ++run) {
      const uint64_t seed = kSeed + static_cast<uint64_t>(run);
      Scene scene(GetParam(), seed, &begun);
      const std::string found = scene.Run(static_cast<Point>(point), &counts);
      if (found.empty()) continue;
      ++wrong;
      EXPECT_EQ(found, "") << GetParam().name << ", " << kPointNames[point] << ", seed " << seed;
      if (wrong > 5) return RecordProperty("wrong", wrong);
    }
    EXPECT_EQ(counts.fired, NumRuns()) << kPointNames[point];
    using State = CommitState;
    std::ostringstream told;
    told << (told_.empty() ? "" : ", ") << R"({"dialect": ")" << GetParam().name
         << R"(", "point": ")" << kPointNames[point] << R"(", "fired": )" << counts.fired
         << R"(, "wrong": )" << wrong << R"(, "committed": )" << counts.of(State::kCommitted)
         << R"(, "conflict": )" << counts.of(State::kConflict) << R"(, "failed": )"
         << counts.of(State::kFailed) << R"(, "unknown": )" << counts.of(State::kUnknown)
         << R"(, "unknown_read_lost": )" << counts.unknown(Seen::kLost)
         << R"(, "unknown_read_absent": )" << counts.unknown(Seen::kAbsent)
         << R"(, "unknown_read_there": )" << counts.unknown(Seen::kThere) << "}";
    told_ += told.str();
    unknown += counts.of(State::kUnknown);
  }
  RecordProperty("runs", kNumPoints * NumRuns());
  RecordProperty("wrong", wrong);
  RecordProperty("unknown", unknown);
}

void PrintTo(const Dialect& dialect, std::ostream* out) { *out << dialect.name; }

INSTANTIATE_TEST_SUITE_P(Dialects, CommitOutcomeTest, testing::ValuesIn(kDialects),
                         [](const auto& dialect) { return std::string(dialect.param.name); });

}  // namespace
}  // namespace varve::internal
