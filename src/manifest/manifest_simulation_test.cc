// SPDX-License-Identifier: Apache-2.0
// Many writers, a store that loses requests and responses, and one thread: whenever a writer talks
// to the store, another one may run first. All from a seed, so that a failure can be seen again.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/testing/status_assertions.h"
#include "gtest/gtest.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/hooked_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/testing/manual_clock.h"

namespace varve::internal {
namespace {

using Moment = HookedStore::Moment;

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : random_(Random::Seeded(seed)) {
    const uint64_t kind = random_->Uniform(3);
    store_ = std::make_shared<HookedStore>(ChunkManagerFeatures{
        .put_if_absent = true, .ordered_listing = kind == 1, .mapping = kind == 2});
    fault_rate_ = random_->Uniform(4) * 5;
    switch_rate_ = random_->Uniform(4) * 4;
    for (int i = 0; i < kWriters; ++i) {
      writers_.push_back({.versions = std::make_unique<ManifestStore>(
                              store_, ManifestStoreOptions{.commit_attempts_max = 20,
                                                           .deadline = std::chrono::seconds(5),
                                                           .clock = &clock_,
                                                           .random = random_.get()})});
    }
  }

  void Run() {
    const CommitOutcome created = writers_[0].versions->Create(SampleSchema(), {});
    ASSERT_EQ(created.state, CommitState::kCommitted) << created.error;
    for (Writer& writer : writers_) writer.base = created.manifest;
    store_->SetHook(
        [this](HookedStore::Call, Moment moment, const std::string&) { return Interfere(moment); });
    while (told_.size() < kCommits) Step();
    store_->SetHook(nullptr);
    CheckHistory();
  }

  /// A line a version, and what each writer was told.
  std::string trace() const { return trace_; }

 private:
  static constexpr int kWriters = 5;
  static constexpr size_t kCommits = 60;

  struct Writer {
    std::unique_ptr<ManifestStore> versions;
    std::shared_ptr<const Manifest> base;
    bool busy = false;
  };
  struct Told {
    CommitState state;
    uint64_t version;
    CommitToken token;
  };

  bool Chance(uint64_t percent) { return random_->Uniform(100) < percent; }

  Status Interfere(Moment moment) {
    clock_.Advance(std::chrono::microseconds(random_->Uniform(500)));
    if (Chance(switch_rate_)) Step();
    // Before the effect: a lost request. After it: a lost response.
    if (!Chance(fault_rate_)) return Status::OK();
    return MakeError(ErrorKind::kIo, moment == Moment::kBefore ? "no request" : "no response");
  }

  // Somebody who is not in the middle of something commits.
  void Step() {
    Writer& writer = writers_[random_->Uniform(kWriters)];
    if (writer.busy || told_.size() >= kCommits) return;
    writer.busy = true;
    const std::string message = "commit " + std::to_string(told_.size());
    told_[message] = {.state = CommitState::kFailed};
    ManifestEdit edit = AppendOf(SampleSegment(random_.get()), message);
    if (Chance(25) && !writer.base->segments.empty()) {
      const auto& segments = writer.base->segments;
      const auto& victim = segments[random_->Uniform(segments.size())];
      edit.operation.kind = OperationKind::kCompact;
      edit.removed_segment_ids = {victim->segment_id};
      edit.added_segments[0].first_row_id = victim->first_row_id;
      edit.added_segments[0].min_ts = victim->min_ts;
      edit.added_segments[0].max_ts = victim->max_ts;
    }
    const CommitOutcome outcome = writer.versions->Commit(writer.base, edit);
    Told& told = told_[message];
    told.state = outcome.state;
    told.token = outcome.token;
    if (outcome.state == CommitState::kCommitted) {
      told.version = outcome.manifest->version;
      if (Chance(70)) writer.base = outcome.manifest;
    } else if (outcome.state == CommitState::kConflict || Chance(50)) {
      auto latest = writer.versions->LoadLatest(writer.base.get());
      if (latest.ok()) writer.base = *latest;
    }
    writer.busy = false;
  }

  // Reads every version and compares with what the writers were told.
  void CheckHistory() {
    ManifestStore reader(store_);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, reader.LoadLatest());
    std::map<std::string, uint64_t> history;
    int64_t last_micros = 0;
    uint64_t last_ts = 0;
    uint64_t next_row_id = 0;
    std::set<uint64_t> ids;
    for (uint64_t version = 2; version <= latest->version; ++version) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto manifest, reader.Load(version));
      const OperationRecord& operation = manifest->operation;
      ASSERT_TRUE(history.emplace(operation.message, version).second)
          << operation.message << " is there twice";
      ASSERT_GE(manifest->commit_micros, last_micros);
      ASSERT_GT(manifest->max_ts, last_ts);
      ASSERT_EQ(manifest->parent_version, version - 1);
      for (const uint64_t id : operation.segments_added) ASSERT_TRUE(ids.insert(id).second);
      next_row_id += operation.kind == OperationKind::kAppend ? operation.rows_added : 0;
      ASSERT_EQ(manifest->next_row_id, next_row_id);
      ASSERT_EQ(manifest->num_rows(),
                static_cast<int64_t>(next_row_id));  // 10 for 10 when compacted
      last_micros = manifest->commit_micros;
      last_ts = manifest->max_ts;
      trace_ += std::to_string(version) + " " + operation.message + "\n";
    }
    size_t num_committed = 0;
    for (auto& [message, told] : told_) {
      const auto at = history.find(message);
      const bool there = at != history.end();
      if (told.state == CommitState::kUnknown) {
        const CommitOutcome resolved = reader.Resolve(told.token);
        // Nothing is on its way any more, so absent is absent; but only a later version proves it.
        EXPECT_EQ(resolved.state == CommitState::kCommitted, there) << message;
        if (there) {
          EXPECT_EQ(resolved.manifest->version, at->second);
        }
      } else if (told.state == CommitState::kCommitted) {
        ASSERT_TRUE(there) << message << " was acknowledged";
        EXPECT_EQ(told.version, at->second) << message;
      } else {
        EXPECT_FALSE(there) << message << " was said not to be there";
      }
      num_committed += there;
      trace_ += message + ": " + std::to_string(static_cast<int>(told.state)) + "\n";
    }
    EXPECT_EQ(num_committed, history.size());
  }

  ManualClock clock_{1'700'000'000'000'000};
  std::unique_ptr<Random> random_;
  std::shared_ptr<HookedStore> store_;
  uint64_t fault_rate_ = 0;   // percent, before and after each request
  uint64_t switch_rate_ = 0;  // percent
  std::vector<Writer> writers_;
  std::map<std::string, Told> told_;
  std::string trace_;
};

TEST(ManifestSimulationTest, NothingAcknowledgedIsLostAndNothingLandsTwice) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed);
    simulation.Run();
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ManifestSimulationTest, ASeedRepeatsItself) {
  for (const uint64_t seed : {3, 4, 5}) {
    Simulation one(seed);
    one.Run();
    Simulation two(seed);
    two.Run();
    EXPECT_NE(one.trace(), "");
    EXPECT_EQ(one.trace(), two.trace());
  }
}

}  // namespace
}  // namespace varve::internal
