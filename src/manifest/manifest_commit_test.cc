// SPDX-License-Identifier: Apache-2.0
// Commits: outcomes, rebasing, lost responses, many writers.
#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/coding.h"
#include "base/stop.h"
#include "base/testing/status_assertions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest.pb.h"
#include "manifest/manifest_codec.h"
#include "manifest/manifest_envelope.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/hooked_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/testing/manual_clock.h"
#include "manifest/version_chain.h"
#include "storage/remote/degrading_chunk_manager.h"
#include "varve/hybrid_timestamp.h"

namespace varve::internal {
namespace {

using Call = HookedStore::Call;
using Moment = HookedStore::Moment;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Status Lost() { return MakeError(ErrorKind::kIo, "connection reset"); }

class ManifestCommitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CommitOutcome outcome = versions_.Create(SampleSchema(), {});
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    base_ = outcome.manifest;
    for (int i = 0; i < 3; ++i) base_ = CommitOk(base_, Append("base"));
  }

  ManifestEdit Append(const std::string& message) {
    return AppendOf(SampleSegment(random_.get()), message);
  }
  // An edit of `kind` that replaces segments by one of as many rows.
  ManifestEdit Compact(std::vector<uint64_t> segments) {
    ManifestEdit edit = AppendOf(
        SampleSegment(random_.get(), static_cast<int64_t>(10 * segments.size())), "compact");
    edit.operation.kind = OperationKind::kCompact;
    edit.removed_segment_ids = std::move(segments);
    return edit;
  }
  ManifestEdit AddColumn(const std::string& name) {
    auto fields = SampleSchema()->fields();
    fields.push_back({.name = name, .data_type = DataType::kInt64, .nullable = true});
    auto schema = CollectionSchema::Make(std::move(fields));
    EXPECT_TRUE(schema.ok()) << schema.status();
    ManifestEdit edit;
    edit.operation.kind = OperationKind::kSchema;
    edit.new_schema = *schema;
    return edit;
  }
  std::shared_ptr<const Manifest> CommitOk(std::shared_ptr<const Manifest> base,
                                           const ManifestEdit& edit) {
    CommitOutcome outcome = versions_.Commit(std::move(base), edit);
    EXPECT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    return outcome.manifest;
  }
  void ExpectConflict(const ManifestEdit& edit, const std::string& why) {
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t before, versions_.FindLatest());
    const CommitOutcome outcome = versions_.Commit(base_, edit);
    ASSERT_EQ(outcome.state, CommitState::kConflict) << outcome.error;
    EXPECT_TRUE(IsCommitConflict(outcome.error)) << outcome.error;
    EXPECT_THAT(outcome.error.ToString(), HasSubstr(why));
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t after, versions_.FindLatest());
    EXPECT_EQ(after, before);
  }
  // How many versions carry this message.
  int CountMessages(const std::string& message) {
    auto latest = versions_.FindLatest();
    EXPECT_TRUE(latest.ok()) << latest.status();
    int count = 0;
    for (uint64_t version = 1; version <= *latest; ++version) {
      auto summary = versions_.Summarize(version);
      EXPECT_TRUE(summary.ok()) << summary.status();
      count += summary->operation.message == message;
    }
    return count;
  }
  // Lets the first `count` puts go wrong.
  void FailPuts(Moment moment, int count, Status error = Lost()) {
    store_->SetHook([moment, count, error](Call call, Moment now, const std::string&) mutable {
      if (call != Call::kPut || now != moment || count == 0) return Status::OK();
      --count;
      return error;
    });
  }

  // Rows that bring their times.
  ManifestEdit AppendWithTimes(uint64_t min_ts, uint64_t max_ts) {
    ManifestEdit edit = Append("with times");
    edit.added_segments[0].min_ts = min_ts;
    edit.added_segments[0].max_ts = max_ts;
    edit.added_segments[0].files[0].field_ids.push_back(kTimestampFieldId);
    return edit;
  }

  static constexpr int64_t kNowMicros = 1'700'000'000'000'000;
  ManualClock clock_{kNowMicros};
  std::unique_ptr<Random> random_ = Random::Seeded(42);
  std::shared_ptr<HookedStore> store_ = std::make_shared<HookedStore>();
  ManifestStore versions_{store_, {.clock = &clock_, .random = random_.get()}};
  std::shared_ptr<const Manifest> base_;
};

TEST_F(ManifestCommitTest, AnExistingTableIsNotCreatedAgain) {
  const CommitOutcome outcome = versions_.Create(SampleSchema(), {});
  EXPECT_EQ(outcome.state, CommitState::kConflict);
  EXPECT_TRUE(IsAlreadyExists(outcome.error)) << outcome.error;
  store_->Erase(VersionPath(1));  // collected
  EXPECT_EQ(versions_.Create(SampleSchema(), {}).state, CommitState::kConflict);
}

TEST_F(ManifestCommitTest, OfTwoCreatorsOneWins) {
  auto store = std::make_shared<HookedStore>();
  ManifestStore one(store, {.clock = &clock_, .random = random_.get()});
  ManifestStore two(store, {.clock = &clock_, .random = random_.get()});
  CommitOutcome inner;
  bool entered = false;
  store->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call == Call::kPut && moment == Moment::kBefore && !std::exchange(entered, true)) {
      inner = two.Create(SampleSchema(), {});
    }
    return Status::OK();
  });
  const CommitOutcome outer = one.Create(SampleSchema(), {});
  EXPECT_EQ(inner.state, CommitState::kCommitted);
  EXPECT_EQ(outer.state, CommitState::kConflict);
  EXPECT_TRUE(IsAlreadyExists(outer.error)) << outer.error;
}

TEST_F(ManifestCommitTest, AppendsOnAnOldVersionAreRebased) {
  ManifestEdit mine = Append("mine");
  CommitOk(base_, Append("theirs"));
  const auto manifest = CommitOk(base_, mine);
  EXPECT_EQ(manifest->version, base_->version + 2);
  ASSERT_EQ(manifest->segments.size(), 5u);
  EXPECT_EQ(manifest->segments[4]->segment_id, 5u);
  EXPECT_EQ(manifest->segments[4]->first_row_id, 40u);
  EXPECT_EQ(manifest->segments[4]->sequence, manifest->version);
  EXPECT_GT(manifest->segments[4]->min_ts, manifest->segments[3]->max_ts);
  EXPECT_EQ(manifest->operation.read_version, base_->version);
  EXPECT_EQ(manifest->parent_version, base_->version + 1);
}

// Appends get times above all that were there, and rows that bring theirs keep them, whichever of
// two commits comes first.
TEST_F(ManifestCommitTest, TheClockFollowsRowsThatBringTheirTimes) {
  const uint64_t now = HybridFromMillis(kNowMicros / 1000);
  const std::shared_ptr<const Manifest> base = base_;
  ASSERT_EQ(base->max_ts, now + 3);
  struct Case {
    uint64_t min_ts, max_ts;  // of the rows
    uint64_t clock;           // after them, if they come first
  };
  const uint64_t hour = HybridFromMillis(3'600'000);
  for (const auto& [min_ts, max_ts, clock] :
       {Case{0, 0, 4}, Case{5, 6, 4}, Case{now - hour, now + 7, 7},
        Case{now - hour, now + hour, hour}, Case{5, now + 24 * hour, 24 * hour}}) {
    for (const bool rows_first : {true, false}) {
      SCOPED_TRACE(std::to_string(max_ts) + (rows_first ? " first" : " second"));
      store_ = std::make_shared<HookedStore>();
      ManifestStore versions(store_, {.clock = &clock_, .random = random_.get()});
      base_ = versions.Create(SampleSchema(), {}).manifest;
      for (int i = 0; i < 3; ++i) base_ = versions.Commit(base_, Append("base")).manifest;
      ManifestEdit rows = AppendWithTimes(min_ts, max_ts);
      ASSERT_NE(versions.Commit(base_, rows_first ? rows : Append("plain")).manifest, nullptr);
      const auto last = versions.Commit(base_, rows_first ? Append("plain") : rows).manifest;
      ASSERT_NE(last, nullptr);
      const SegmentEntry& with_times = *last->segments[rows_first ? 3 : 4];
      const SegmentEntry& plain = *last->segments[rows_first ? 4 : 3];
      EXPECT_EQ(with_times.min_ts, min_ts);
      EXPECT_EQ(with_times.max_ts, max_ts);
      EXPECT_EQ(plain.min_ts, rows_first ? now + clock + 1 : now + 4);
      EXPECT_EQ(plain.max_ts, plain.min_ts);
      EXPECT_EQ(last->max_ts, rows_first ? plain.max_ts : std::max(now + 5, now + clock));
      EXPECT_THAT(last->reader_features, ElementsAre());
    }
  }
}

TEST_F(ManifestCommitTest, TheClockDoesNotFollowIntoAFutureThatNoClockShows) {
  const uint64_t now = HybridFromMillis(kNowMicros / 1000);
  const uint64_t day = HybridFromMillis(86'400'000);
  uint64_t clock = base_->max_ts;
  size_t segments = base_->segments.size();
  for (const uint64_t max_ts :
       {now + day + 1, (uint64_t{1} << 63) - 1, uint64_t{1} << 63, UINT64_MAX}) {
    SCOPED_TRACE(max_ts);
    base_ = CommitOk(base_, AppendWithTimes(now - 1, max_ts));
    EXPECT_EQ(base_->max_ts, ++clock);
    base_ = CommitOk(base_, Append("plain"));
    EXPECT_EQ(base_->max_ts, ++clock);
    // As other processes read it.
    ManifestStore others(store_);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, others.LoadLatest());
    EXPECT_EQ(DumpManifest(*read), DumpManifest(*base_));
    ASSERT_EQ(read->segments.size(), segments + 2);
    EXPECT_EQ(read->segments[segments]->min_ts, now - 1);
    EXPECT_EQ(read->segments[segments]->max_ts, max_ts);
    EXPECT_EQ(read->segments[segments + 1]->min_ts, clock);
    EXPECT_EQ(read->segments[segments + 1]->max_ts, clock);
    // For readers that know of no such rows.
    EXPECT_THAT(read->reader_features, ElementsAre("future-timestamps"));
    segments += 2;
  }
}

TEST_F(ManifestCommitTest, AppendsAreRebasedOverEverything) {
  CommitOk(base_, Compact({1, 2}));
  CommitOk(base_, Append("theirs"));
  const auto latest = CommitOk(CommitOk(base_, Append("theirs")), AddColumn("extra"));
  const auto manifest = CommitOk(base_, Append("mine"));
  EXPECT_EQ(manifest->version, latest->version + 1);
  EXPECT_EQ(manifest->num_rows(), 60);
  EXPECT_EQ(manifest->schemas.size(), 2u);
}

TEST_F(ManifestCommitTest, CompactionsOfOtherSegmentsAreRebased) {
  CommitOk(base_, Compact({3}));
  CommitOk(base_, Append("theirs"));
  const auto manifest = CommitOk(base_, Compact({1, 2}));
  std::vector<uint64_t> ids;
  for (const auto& segment : manifest->segments) ids.push_back(segment->segment_id);
  EXPECT_THAT(ids, ElementsAre(4, 5, 6));
  EXPECT_EQ(manifest->num_rows(), 40);
}

TEST_F(ManifestCommitTest, CompactionsOfTheSameSegmentConflict) {
  CommitOk(base_, Compact({2, 3}));
  ExpectConflict(Compact({1, 2}), "segment 2");
}

TEST_F(ManifestCommitTest, ADeleteConflictsWhereWhatItReadIsGone) {
  CommitOk(base_, Compact({2, 3}));
  ManifestEdit edit;
  edit.operation.kind = OperationKind::kDelete;
  edit.operation.segments_read = {1, 3};
  ExpectConflict(edit, "segment 3");
  edit.operation.segments_read = {1};
  EXPECT_EQ(CommitOk(base_, edit)->version, base_->version + 2);
}

TEST_F(ManifestCommitTest, ChangesOfTheSchemaConflictWithEachOtherAndWithRewrites) {
  CommitOk(base_, AddColumn("theirs"));
  ExpectConflict(AddColumn("mine"), "schema");
  ExpectConflict(Compact({1}), "schema");
}

TEST_F(ManifestCommitTest, UpsertsConflictWithNewRows) {
  CommitOk(base_, Append("theirs"));
  ManifestEdit edit = Append("mine");
  edit.operation.kind = OperationKind::kUpsert;
  ExpectConflict(edit, "same keys");
}

TEST_F(ManifestCommitTest, PropertiesAndTagsConflictByName) {
  ManifestEdit theirs;
  theirs.operation.kind = OperationKind::kTag;
  theirs.set_properties = {{"a", "1"}};
  theirs.set_tags = {{"release", 2}};
  CommitOk(base_, theirs);

  ManifestEdit same_property;
  same_property.set_properties = {{"a", "2"}};
  ExpectConflict(same_property, "'a'");
  ManifestEdit same_tag;
  same_tag.set_tags = {{"release", 3}};
  ExpectConflict(same_tag, "'release'");

  ManifestEdit others;
  others.set_properties = {{"b", "2"}};
  others.set_tags = {{"nightly", 3}};
  const auto manifest = CommitOk(base_, others);
  EXPECT_THAT(manifest->properties, ElementsAre(std::pair("a", "1"), std::pair("b", "2")));
  EXPECT_THAT(manifest->tags, ElementsAre(TagEntry{"release", 2}, TagEntry{"nightly", 3}));
}

TEST_F(ManifestCommitTest, ImpossibleEditsFailBeforeAnythingIsSent) {
  store_->TakeCalls();
  const auto expect_failed = [&](const ManifestEdit& edit) {
    const CommitOutcome outcome = versions_.Commit(base_, edit);
    EXPECT_EQ(outcome.state, CommitState::kFailed);
    EXPECT_EQ(KindOf(outcome.error), ErrorKind::kInvalid) << outcome.error;
    EXPECT_THAT(store_->TakeCalls(), ElementsAre());
  };
  expect_failed(Compact({9}));
  expect_failed(Compact({1, 1}));
  ManifestEdit rows = Append("");
  rows.added_segments[0].num_rows = -1;
  expect_failed(rows);
  ManifestEdit path = Append("");
  path.added_segments[0].files[0].path = "data/../../x";
  expect_failed(path);
  ManifestEdit bound = Append("");
  bound.added_segments[0].statistics[2].max = 0.0 / 0.0;
  expect_failed(bound);
  ManifestEdit times = Append("");
  times.added_segments[0].min_ts = 2;
  times.added_segments[0].max_ts = 1;
  expect_failed(times);
  ManifestEdit rows_of_nobody = Compact({1});
  rows_of_nobody.added_segments[0].first_row_id = 30;
  expect_failed(rows_of_nobody);
}

TEST_F(ManifestCommitTest, StoresWithoutConditionalPutsAreRefused) {
  auto store = std::make_shared<HookedStore>(ChunkManagerFeatures{});
  ManifestStore versions(store);
  const CommitOutcome outcome = versions.Create(SampleSchema(), {});
  EXPECT_EQ(outcome.state, CommitState::kFailed);
  EXPECT_EQ(KindOf(outcome.error), ErrorKind::kUnsupported) << outcome.error;
}

TEST_F(ManifestCommitTest, TablesOfANewerWriterAreNotWritten) {
  Manifest features = *base_;
  features.writer_features = {"sorted-segments"};
  const CommitOutcome refused =
      versions_.Commit(std::make_shared<const Manifest>(features), Append("mine"));
  EXPECT_EQ(refused.state, CommitState::kFailed);
  EXPECT_EQ(KindOf(refused.error), ErrorKind::kUnsupported);
  EXPECT_THAT(refused.error.ToString(), HasSubstr("'sorted-segments'"));

  // A newer writer came in between: found when we rebase on its version.
  const auto theirs = CommitOk(base_, Append("theirs"));
  const std::string path = VersionPath(theirs->version);
  VARVE_ASSERT_OK_AND_ASSIGN(auto envelope, OpenManifestEnvelope(AsBytes(store_->Get(path)), path));
  AppendVarint(&envelope.payload, 26 << 3);
  AppendVarint(&envelope.payload, 5);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sealed, SealManifest(envelope));
  store_->Set(path, sealed.bytes);
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kFailed);
  EXPECT_EQ(KindOf(outcome.error), ErrorKind::kUnsupported) << outcome.error;
  EXPECT_THAT(outcome.error.ToString(), HasSubstr("newer version"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, versions_.LoadLatest());
  EXPECT_EQ(read->num_rows(), 40);
}

TEST_F(ManifestCommitTest, LostResponsesAreFoundToBeCommits) {
  for (int lost = 1; lost <= 5; ++lost) {
    FailPuts(Moment::kAfter, lost);
    const std::string message = "lost " + std::to_string(lost);
    base_ = CommitOk(base_, Append(message));
    EXPECT_EQ(CountMessages(message), 1);
  }
}

TEST_F(ManifestCommitTest, LostRequestsAreSentAgain) {
  FailPuts(Moment::kBefore, 4);
  const auto manifest = CommitOk(base_, Append("mine"));
  EXPECT_EQ(manifest->version, base_->version + 1);
  EXPECT_EQ(CountMessages("mine"), 1);
}

TEST_F(ManifestCommitTest, ALostRequestThatSomebodyOvertookIsRebased) {
  bool entered = false;
  store_->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call != Call::kPut || moment != Moment::kBefore || std::exchange(entered, true)) {
      return Status::OK();
    }
    CommitOk(base_, Append("theirs"));
    return Lost();
  });
  const auto manifest = CommitOk(base_, Append("mine"));
  EXPECT_EQ(manifest->version, base_->version + 2);
  EXPECT_EQ(CountMessages("mine"), 1);
  EXPECT_EQ(CountMessages("theirs"), 1);
}

TEST_F(ManifestCommitTest, ASilentStoreLeavesAnUnknownOutcomeThatResolves) {
  // The object lands, but nothing is heard of it until long after the deadline.
  bool silent = true;
  store_->SetHook([&](Call call, Moment moment, const std::string&) {
    if (!silent || (call == Call::kPut && moment == Moment::kBefore)) return Status::OK();
    return Lost();
  });
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  ASSERT_EQ(outcome.state, CommitState::kUnknown);
  EXPECT_TRUE(IsCommitUnknown(outcome.error)) << outcome.error;
  EXPECT_THAT(outcome.error.ToString(), HasSubstr(outcome.token.Encode()));
  EXPECT_EQ(versions_.Resolve(outcome.token).state, CommitState::kUnknown);

  silent = false;
  VARVE_ASSERT_OK_AND_ASSIGN(const CommitToken token, CommitToken::Decode(outcome.token.Encode()));
  const CommitOutcome resolved = versions_.Resolve(token);
  ASSERT_EQ(resolved.state, CommitState::kCommitted) << resolved.error;
  EXPECT_EQ(resolved.manifest->version, base_->version + 1);
  EXPECT_EQ(resolved.manifest->operation.message, "mine");
}

// A put that does not come back is left while there is time to ask what came of it.
TEST_F(ManifestCommitTest, APutHasHalfOfTheTimeThatIsLeft) {
  constexpr std::chrono::nanoseconds kHalf = std::chrono::seconds(30);
  ManifestStore versions(
      store_, {.deadline = std::chrono::seconds(60), .clock = &clock_, .random = random_.get()});
  const int64_t begin = clock_.MonotonicNanos();
  int64_t left_after = 0;
  store_->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call != Call::kPut || moment != Moment::kAfter || left_after != 0) return Status::OK();
    // Whether to stop is asked now and then: within milliseconds of real time.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Status stopped;
    for (int second = 0; stopped.ok() && std::chrono::steady_clock::now() < give_up;) {
      if (++second <= 31) clock_.SleepFor(std::chrono::seconds(1));
      stopped = CheckStopped();
    }
    left_after = clock_.MonotonicNanos() - begin;
    return stopped;
  });
  const CommitOutcome outcome = versions.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
  EXPECT_EQ(CountMessages("mine"), 1);
  EXPECT_GE(left_after, kHalf.count());
  EXPECT_LT(left_after, 2 * kHalf.count());
}

// A replica may not have it yet: what is absent there was not collected.
TEST_F(ManifestCommitTest, WhatWasCommittedIsAskedOfTheStoreThatIsWrittenTo) {
  const auto behind = std::make_shared<HookedStore>();
  ManifestStore elsewhere(behind, {.clock = &clock_, .random = random_.get()});
  ASSERT_EQ(elsewhere.Create(SampleSchema(), {}).state, CommitState::kCommitted);
  const auto committed = CommitOk(base_, Append("mine"));
  // The replica has versions beyond, as if the one asked for had been collected there.
  auto newest = elsewhere.Load(1).ValueOrDie();
  for (uint64_t i = 0; i <= committed->version; ++i) {
    newest = elsewhere.Commit(newest, Append("theirs")).manifest;
  }
  behind->Erase(VersionPath(committed->version));

  const auto degraded = std::make_shared<DegradingChunkManager>(
      store_, std::vector<std::shared_ptr<ChunkManager>>{behind}, [] { return true; });
  ManifestStore versions(degraded, {.clock = &clock_, .random = random_.get()});
  EXPECT_TRUE(IsNotFound(versions.Summarize(committed->version).status()) ||
              IsCorruption(versions.Summarize(committed->version).status()));
  const CommitOutcome outcome =
      versions.Resolve({.commit_id = committed->commit_id, .versions_tried = {committed->version}});
  ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
  EXPECT_EQ(outcome.manifest->version, committed->version);
  EXPECT_EQ(outcome.manifest->operation.message, "mine");
}

TEST_F(ManifestCommitTest, AnUnknownCommitThatOthersOvertookHasFailed) {
  FailPuts(Moment::kBefore, INT_MAX);
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  ASSERT_EQ(outcome.state, CommitState::kUnknown);
  store_->SetHook(nullptr);
  EXPECT_EQ(versions_.Resolve(outcome.token).state, CommitState::kUnknown);
  CommitOk(base_, Append("theirs"));
  const CommitOutcome resolved = versions_.Resolve(outcome.token);
  EXPECT_EQ(resolved.state, CommitState::kFailed);
  EXPECT_EQ(CountMessages("mine"), 0);
}

TEST_F(ManifestCommitTest, AnUnknownCommitAmongCollectedVersionsHasExpired) {
  const CommitToken token{.commit_id = random_->NextUuid(), .versions_tried = {2}};
  store_->Erase(VersionPath(1));
  store_->Erase(VersionPath(2));
  const CommitOutcome outcome = versions_.Resolve(token);
  EXPECT_EQ(outcome.state, CommitState::kExpired);
  EXPECT_TRUE(IsNotFound(outcome.error)) << outcome.error;
}

TEST_F(ManifestCommitTest, RefusalsOfTheStoreFailAtOnce) {
  const int64_t before = clock_.MonotonicNanos();
  FailPuts(Moment::kBefore, 1, MakeError(ErrorKind::kResourceExhausted, "disk full"));
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kFailed);
  EXPECT_EQ(KindOf(outcome.error), ErrorKind::kResourceExhausted) << outcome.error;
  EXPECT_EQ(clock_.MonotonicNanos(), before);
  EXPECT_EQ(CountMessages("mine"), 0);
}

TEST_F(ManifestCommitTest, ARefusalAfterALostResponseIsNotAFailure) {
  // Both answers are errors, but the first request had landed.
  int puts = 0;
  store_->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call == Call::kRead && puts == 1) return Lost();
    if (call != Call::kPut) return Status::OK();
    if (moment == Moment::kAfter) return ++puts == 1 ? Lost() : Status::OK();
    return puts == 1 ? MakeError(ErrorKind::kResourceExhausted, "disk full") : Status::OK();
  });
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kUnknown) << outcome.error;
  store_->SetHook(nullptr);
  EXPECT_EQ(versions_.Resolve(outcome.token).state, CommitState::kCommitted);
}

TEST_F(ManifestCommitTest, ADamagedVersionIsNotBuiltUpon) {
  store_->Set(VersionPath(base_->version + 1), "damaged");
  const CommitOutcome outcome = versions_.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kFailed);
  EXPECT_TRUE(IsCorruption(outcome.error)) << outcome.error;
}

TEST_F(ManifestCommitTest, AWriterThatAlwaysLosesGivesUp) {
  ManifestStore limited(store_,
                        {.commit_attempts_max = 5, .clock = &clock_, .random = random_.get()});
  bool inside = false;
  store_->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call == Call::kPut && moment == Moment::kBefore && !std::exchange(inside, true)) {
      CommitOk(base_, Append("theirs"));
      inside = false;
    }
    return Status::OK();
  });
  const CommitOutcome outcome = limited.Commit(base_, Append("mine"));
  EXPECT_EQ(outcome.state, CommitState::kConflict);
  EXPECT_TRUE(IsCommitConflict(outcome.error)) << outcome.error;
  store_->SetHook(nullptr);
  EXPECT_EQ(CountMessages("mine"), 0);
  EXPECT_EQ(CountMessages("theirs"), 5);
}

TEST(CommitTokenTest, ComesBackFromText) {
  const auto random = Random::Seeded(5);
  const CommitToken token{.commit_id = random->NextUuid(), .versions_tried = {5, 7, 4'000'000'000}};
  const std::string text = token.Encode();
  EXPECT_EQ(text, ToHex(token.commit_id) + ":5,7,4000000000");
  VARVE_ASSERT_OK_AND_ASSIGN(const CommitToken again, CommitToken::Decode(text));
  EXPECT_EQ(again.commit_id, token.commit_id);
  EXPECT_EQ(again.versions_tried, token.versions_tried);
}

TEST(CommitTokenTest, RefusesOtherText) {
  const std::string id(32, 'a');
  for (const std::string& text :
       {std::string(), std::string("x"), id, id + ":", id + ":0", id + ":1,", id + ":,1", id + ":x",
        id + ":1;2", id + ":-1", id + ":99999999999999999999999", std::string(32, 'g') + ":1",
        std::string(31, 'a') + ":1"}) {
    const Status status = CommitToken::Decode(text).status();
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << text;
  }
}

// What must hold after any number of writers: nothing lost, nothing twice, ids in order.
void ExpectSoundHistory(ManifestStore* versions, const std::multiset<std::string>& messages) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions->LoadLatest());
  std::multiset<std::string> found;
  std::set<Uuid> commit_ids;
  for (uint64_t version = 2; version <= latest->version; ++version) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto summary, versions->Summarize(version));
    found.insert(summary.operation.message);
    commit_ids.insert(summary.commit_id);
  }
  EXPECT_EQ(found, messages);
  EXPECT_EQ(commit_ids.size(), messages.size());
  uint64_t next_row_id = 0;
  uint64_t next_segment_id = 1;
  uint64_t last_ts = 0;
  for (const auto& segment : latest->segments) {
    EXPECT_EQ(segment->segment_id, next_segment_id++);
    EXPECT_EQ(segment->first_row_id, next_row_id);
    EXPECT_EQ(segment->sequence, segment->segment_id + 1);
    EXPECT_GT(segment->min_ts, last_ts);
    last_ts = segment->max_ts;
    next_row_id += static_cast<uint64_t>(segment->num_rows);
  }
  EXPECT_EQ(latest->segments.size(), messages.size());
  EXPECT_EQ(latest->next_row_id, next_row_id);
}

TEST(ManifestConcurrencyTest, SixteenThreadsAllLand) {
  constexpr int kThreads = 16;
  constexpr int kCommits = 25;
  // However slow the machine is.
  const ManifestStoreOptions options{.deadline = std::chrono::hours(1)};
  auto store = std::make_shared<HookedStore>();
  ManifestStore versions(store, options);
  const CommitOutcome created = versions.Create(SampleSchema(), {});
  ASSERT_EQ(created.state, CommitState::kCommitted) << created.error;
  std::vector<std::thread> threads;
  std::vector<std::string> errors(kThreads);
  for (int writer = 0; writer < kThreads; ++writer) {
    threads.emplace_back([&, writer] {
      ManifestStore own(store, options);
      // Half of them share one object.
      ManifestStore* mine = writer % 2 == 0 ? &versions : &own;
      auto base = created.manifest;
      for (int i = 0; i < kCommits; ++i) {
        const CommitOutcome outcome =
            mine->Commit(base, AppendOf(SampleSegment(Random::System()),
                                        std::to_string(writer) + "/" + std::to_string(i)));
        if (outcome.state != CommitState::kCommitted) {
          errors[writer] += outcome.error.ToString() + "\n";
          return;
        }
        if (i % 3 != 0) base = outcome.manifest;  // now and then from an old version
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::multiset<std::string> messages;
  for (int writer = 0; writer < kThreads; ++writer) {
    EXPECT_EQ(errors[writer], "");
    for (int i = 0; i < kCommits; ++i) {
      messages.insert(std::to_string(writer) + "/" + std::to_string(i));
    }
  }
  ExpectSoundHistory(&versions, messages);
}

}  // namespace
}  // namespace varve::internal
