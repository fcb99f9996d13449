// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/testing/status_assertions.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "varve/stop.h"
#include "varve/sync.h"

namespace varve {
namespace {

using internal::FaultyChunkManager;
using internal::MemoryChunkManager;
using internal::StorageOperation;
using internal::testing::SamplePack;
using internal::testing::SampleSegment;
using ::testing::HasSubstr;

class SyncManagerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    environment_.options.retry.attempts_max = 1;
    for (int64_t segment = 1; segment <= 6; ++segment) {
      environment_.cache->Put(
          SampleSegment(segment, segment % 2 == 0 ? StorageVersion::kV1 : StorageVersion::kV2));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(manager_, SyncManager::Make(environment_));
  }

  const std::shared_ptr<FaultyChunkManager> faulty_ =
      FaultyChunkManager::Make(MemoryChunkManager::Make());
  const std::shared_ptr<MemoryMetaWriter> writer_ = std::make_shared<MemoryMetaWriter>();
  SyncEnvironment environment_{.store = faulty_,
                               .cache = MakeMemoryMetaCache(internal::testing::SyncSchema()),
                               .writer = writer_,
                               .ids = MakeCountingIdAllocator(1000),
                               .options = {}};
  std::unique_ptr<SyncManager> manager_;
};

TEST_F(SyncManagerTest, SegmentsAreFilledSideBySideEachInOrder) {
  constexpr int64_t kPacks = 12;
  std::mutex mutex;
  int64_t done = 0;
  for (int64_t pack = 0; pack < kPacks; ++pack) {
    for (int64_t segment = 1; segment <= 6; ++segment) {
      manager_->Submit(SamplePack(segment, pack * 10, 10), [&](const auto& outcome) {
        const std::lock_guard lock(mutex);
        done += outcome.ok() && outcome->result == SyncResult::kCommitted ? 1 : 0;
      });
    }
  }
  VARVE_ASSERT_OK(manager_->Drain());
  EXPECT_EQ(done, 6 * kPacks);
  std::map<int64_t, std::vector<uint64_t>> checkpoints;
  for (const SegmentUpdate& update : writer_->updates()) {
    checkpoints[update.after.files.segment_id].push_back(update.after.checkpoint.timestamp);
    EXPECT_EQ(update.rows_added(), 10);
  }
  for (int64_t segment = 1; segment <= 6; ++segment) {
    EXPECT_EQ(writer_->Find(segment)->files.num_rows, 10 * kPacks);
    ASSERT_EQ(checkpoints[segment].size(), kPacks);
    EXPECT_TRUE(std::is_sorted(checkpoints[segment].begin(), checkpoints[segment].end()));
  }
}

TEST_F(SyncManagerTest, NothingGoesPastAPackThatFailed) {
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 1, Status::IOError("gone"));
  EXPECT_THAT(manager_->Sync(SamplePack(2, 0, 10)).status().message(), HasSubstr("gone"));
  SyncPack end = SamplePack(2, 10, 10);
  EXPECT_THAT(manager_->Sync(end).status().message(), HasSubstr("submit it again"));
  SyncPack flush;
  flush.segment_id = 2;
  flush.checkpoint = SamplePack(2, 0, 10).checkpoint;
  flush.is_flush = true;
  EXPECT_THAT(manager_->Sync(flush).status().message(), HasSubstr("submit it again"));
  EXPECT_EQ(writer_->Find(2), std::nullopt);
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(4, 0, 10)).status());  // another segment
  EXPECT_THAT(manager_->Drain().message(), HasSubstr("gone"));
  VARVE_ASSERT_OK(manager_->Drain());

  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 0, 10)).status());
  VARVE_ASSERT_OK(manager_->Sync(end).status());
  EXPECT_EQ(writer_->Find(2)->files.num_rows, 20);
}

// A producer that does not wait has queued later packs before it hears of the first failure.
TEST_F(SyncManagerTest, EveryPackThatFailedComesBeforeThoseBehindIt) {
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 1, Status::IOError("gone"));
  std::vector<Result<SyncOutcome>> outcomes;
  const auto done = [&](const auto& outcome) { outcomes.push_back(outcome); };
  manager_->Submit(SamplePack(2, 0, 10), done);
  manager_->Submit(SamplePack(2, 10, 10), done);
  manager_->Submit(SamplePack(2, 0, 10), done);
  manager_->Submit(SamplePack(2, 20, 10), done);
  EXPECT_THAT(manager_->Drain().message(), HasSubstr("gone"));
  ASSERT_EQ(outcomes.size(), 4);
  EXPECT_THAT(outcomes[0].status().message(), HasSubstr("gone"));
  EXPECT_THAT(outcomes[1].status().message(), HasSubstr("submit it again"));
  VARVE_ASSERT_OK(outcomes[2].status());
  EXPECT_THAT(outcomes[3].status().message(), HasSubstr("submit it again"));
  EXPECT_EQ(writer_->Find(2)->files.num_rows, 10);

  for (const int64_t begin : {10, 20}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, manager_->Sync(SamplePack(2, begin, 10)));
    EXPECT_EQ(outcome.result, SyncResult::kCommitted);
    EXPECT_EQ(outcome.state.files.num_rows, begin + 10);
  }
}

TEST_F(SyncManagerTest, APackWithoutACheckpointHoldsNobodyUp) {
  SyncPack nowhere = SamplePack(2, 0, 10);
  nowhere.checkpoint = {};
  EXPECT_THAT(manager_->Sync(nowhere).status().message(), HasSubstr("checkpoint"));
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 0, 10)).status());
}

TEST_F(SyncManagerTest, ASegmentMayForgetAPackThatCanNeverSucceed) {
  SyncPack never = SamplePack(2, 0, 10);
  never.bm25_fields = {internal::testing::kTextFieldId};  // of no sparse field
  EXPECT_THAT(manager_->Sync(never).status().message(), HasSubstr("BM25"));
  EXPECT_THAT(manager_->Sync(SamplePack(2, 10, 10)).status().message(),
              HasSubstr("submit it again"));
  manager_->Forget(2);
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 10, 10)).status());
  EXPECT_EQ(writer_->Find(2)->files.num_rows, 10);
}

// Its rows are not needed any more, nor are those of the packs that failed.
TEST_F(SyncManagerTest, ASegmentIsDroppedWhateverFailedBefore) {
  SyncPack never = SamplePack(2, 0, 10);
  never.bm25_fields = {internal::testing::kTextFieldId};  // of no sparse field
  EXPECT_THAT(manager_->Sync(never).status().message(), HasSubstr("BM25"));
  SyncPack drop;
  drop.segment_id = 2;
  drop.checkpoint = SamplePack(2, 10, 10).checkpoint;
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, manager_->Sync(drop));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(writer_->Find(2)->lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(environment_.cache->Find(2), std::nullopt);
  // Nothing is remembered of it.
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome late, manager_->Sync(SamplePack(2, 20, 10)));
  EXPECT_EQ(late.result, SyncResult::kNoSegment);
}

// The coordinator does not know the segment, once.
class AwayOnceMetaWriter : public MemoryMetaWriter {
 public:
  Result<SegmentState> Commit(const SegmentUpdate& update) override {
    if (std::exchange(is_away_, false)) return MakeError(ErrorKind::kNotFound, "no such segment");
    return MemoryMetaWriter::Commit(update);
  }

 private:
  bool is_away_ = true;
};

TEST_F(SyncManagerTest, NothingGoesPastThePackOfASegmentThatMovedAway) {
  const auto writer = std::make_shared<AwayOnceMetaWriter>();
  environment_.writer = writer;
  VARVE_ASSERT_OK_AND_ASSIGN(manager_, SyncManager::Make(environment_));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome away, manager_->Sync(SamplePack(2, 0, 10)));
  EXPECT_EQ(away.result, SyncResult::kMovedAway);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome next, manager_->Sync(SamplePack(2, 10, 10)));
  EXPECT_EQ(next.result, SyncResult::kNoSegment);
  EXPECT_EQ(writer->Find(2), std::nullopt);

  // Back here, it is filled from where the metadata has it.
  environment_.cache->Put(SampleSegment(2, StorageVersion::kV1));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome back, manager_->Sync(SamplePack(2, 0, 20)));
  EXPECT_EQ(back.result, SyncResult::kCommitted);
  EXPECT_EQ(back.state.files.num_rows, 20);
}

class ThrowingIdAllocator : public IdAllocator {
 public:
  Result<int64_t> Next() override {
    ++asked_;
    if (asked_ == 1) throw std::bad_alloc();
    if (asked_ == 2) throw std::runtime_error("no connection");
    return 1000 + asked_;
  }

 private:
  std::atomic<int64_t> asked_{0};
};

TEST_F(SyncManagerTest, AnExceptionIsAnErrorOfItsTask) {
  environment_.ids = std::make_shared<ThrowingIdAllocator>();
  VARVE_ASSERT_OK_AND_ASSIGN(manager_, SyncManager::Make(environment_));
  EXPECT_EQ(KindOf(manager_->Sync(SamplePack(2, 0, 10)).status()), ErrorKind::kResourceExhausted);
  EXPECT_THAT(manager_->Sync(SamplePack(2, 10, 10)).status().message(),
              HasSubstr("submit it again"));
  const Status thrown = manager_->Sync(SamplePack(2, 0, 10)).status();
  EXPECT_EQ(KindOf(thrown), ErrorKind::kInternal);
  EXPECT_THAT(thrown.message(), HasSubstr("no connection"));
  for (const int64_t begin : {0, 10}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, manager_->Sync(SamplePack(2, begin, 10)));
    EXPECT_EQ(outcome.state.files.num_rows, begin + 10);
  }
}

// Tells when it was asked first; every commit fails while it is down.
class DownMetaWriter : public MemoryMetaWriter {
 public:
  Result<SegmentState> Commit(const SegmentUpdate& update) override {
    if (!is_down) return MemoryMetaWriter::Commit(update);
    if (!was_asked_.exchange(true)) was_asked_.notify_all();
    return MakeError(ErrorKind::kIo, "the coordinator is down");
  }

  void WaitUntilAsked() { was_asked_.wait(false); }

  std::atomic<bool> is_down{true};

 private:
  std::atomic<bool> was_asked_{false};
};

// Where tasks would try for ever.
class SyncManagerStopTest : public SyncManagerTest {
 protected:
  void SetUp() override {
    SyncManagerTest::SetUp();
    environment_.writer = down_;
    environment_.options.retry = {.attempts_max = 0,
                                  .first_pause = std::chrono::milliseconds(1),
                                  .longest_pause = std::chrono::milliseconds(2)};
    VARVE_ASSERT_OK_AND_ASSIGN(manager_, SyncManager::Make(environment_));
  }

  const std::shared_ptr<DownMetaWriter> down_ = std::make_shared<DownMetaWriter>();
};

TEST_F(SyncManagerStopTest, TasksAtWorkAndQueuedOnesEndWithCancelled) {
  std::vector<Status> ended(3);
  for (const size_t pack : {0, 1}) {
    manager_->Submit(SamplePack(2, static_cast<int64_t>(pack) * 10, 10),
                     [&, pack](const auto& outcome) { ended[pack] = outcome.status(); });
  }
  SyncPack drop = SamplePack(2, 20, 10);
  drop.is_drop = true;
  manager_->Submit(drop, [&](const auto& outcome) { ended[2] = outcome.status(); });
  down_->WaitUntilAsked();
  manager_->Stop();
  EXPECT_EQ(KindOf(manager_->Drain()), ErrorKind::kCancelled);
  EXPECT_EQ(KindOf(ended[0]), ErrorKind::kCancelled);
  EXPECT_THAT(ended[0].message(), HasSubstr("the coordinator is down"));
  EXPECT_THAT(ended[0].message(), HasSubstr("segment 2"));
  for (const size_t pack : {1, 2}) {
    EXPECT_EQ(KindOf(ended[pack]), ErrorKind::kCancelled);
    EXPECT_THAT(ended[pack].message(), HasSubstr("before it began"));
  }
  EXPECT_EQ(KindOf(manager_->Sync(SamplePack(4, 0, 10)).status()), ErrorKind::kCancelled);
  EXPECT_EQ(down_->Find(2), std::nullopt);
  EXPECT_EQ(down_->Find(4), std::nullopt);
  manager_.reset();  // returns

  // Another manager goes on from there.
  down_->is_down = false;
  VARVE_ASSERT_OK_AND_ASSIGN(manager_, SyncManager::Make(environment_));
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 0, 10)).status());
  EXPECT_EQ(down_->Find(2)->files.num_rows, 10);
}

TEST_F(SyncManagerStopTest, TheCallersScopeStopsSync) {
  {
    const StopScope scope([&] {
      down_->WaitUntilAsked();
      return true;
    });
    const Status stopped = manager_->Sync(SamplePack(2, 0, 10)).status();
    EXPECT_EQ(KindOf(stopped), ErrorKind::kCancelled);
    EXPECT_THAT(stopped.message(), HasSubstr("the coordinator is down"));
  }
  // The manager itself was not stopped, and the pack may come again.
  down_->is_down = false;
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 0, 10)).status());
  VARVE_ASSERT_OK(manager_->Sync(SamplePack(2, 10, 10)).status());
  EXPECT_EQ(down_->Find(2)->files.num_rows, 20);
}

TEST_F(SyncManagerTest, WhatIsMissingOrOutOfRangeIsNamed) {
  const auto message = [&](auto change) {
    SyncEnvironment environment = environment_;
    change(&environment);
    return SyncManager::Make(environment).status().message();
  };
  EXPECT_THAT(message([](auto* e) { e->store = nullptr; }), HasSubstr("store"));
  EXPECT_THAT(message([](auto* e) { e->cache = nullptr; }), HasSubstr("cache"));
  EXPECT_THAT(message([](auto* e) { e->writer = nullptr; }), HasSubstr("writer"));
  EXPECT_THAT(message([](auto* e) { e->ids = nullptr; }), HasSubstr("ids"));
  EXPECT_THAT(message([](auto* e) { e->options.max_running = -1; }), HasSubstr("max_running"));
  EXPECT_THAT(message([](auto* e) { e->options.retry.attempts_max = -1; }),
              HasSubstr("attempts_max"));
  EXPECT_THAT(
      message([](auto* e) { e->options.bloom_filter_type = BloomFilterType::kUnsupported; }),
      HasSubstr("bloom_filter_type"));
  for (const double rate : {0.0, 1.0, -0.5, std::nan("")}) {
    EXPECT_THAT(message([&](auto* e) { e->options.false_positive_rate = rate; }),
                HasSubstr("false_positive_rate"));
  }
  EXPECT_THAT(message([](auto* e) { e->options.part_bytes = 1; }), HasSubstr("part_bytes"));
  EXPECT_THAT(message([](auto* e) { e->options.root = "files/"; }), HasSubstr("files/"));
  SyncPack pack;
  pack.segment_id = 1;
  pack.inserts = {nullptr};
  EXPECT_THAT(manager_->Sync(pack).status().message(), HasSubstr("null"));
}

}  // namespace
}  // namespace varve
