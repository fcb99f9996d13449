// SPDX-License-Identifier: Apache-2.0
#include "segment/sync_task.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "base/testing/status_assertions.h"
#include "schema/system_fields.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/intercepting_chunk_manager.h"
#include "varve/bm25_statistics.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"
#include "varve/primary_key_statistics.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kFirstTimestamp;
using testing::SampleSegment;
using ::testing::SizeIs;
using testing::SyncDeletes;
using testing::SyncRows;

constexpr int64_t kSegment = 7;

// Remembers how long it was slept on.
class PausingClock : public Clock {
 public:
  int64_t NowMicros() override { return 1'700'000'000'000'000; }
  int64_t MonotonicNanos() override { return slept.count(); }
  void SleepFor(std::chrono::nanoseconds duration) override { slept += duration; }

  std::chrono::nanoseconds slept{0};
};

// Something happens while a step is being committed.
class MeanwhileMetaWriter : public MemoryMetaWriter {
 public:
  Result<SegmentState> Commit(const SegmentUpdate& update) override {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    auto committed = MemoryMetaWriter::Commit(update);
    if (loses_answers) return MakeError(ErrorKind::kCommitUnknown, "no answer");
    return committed;
  }

  std::function<void()> meanwhile;
  bool loses_answers = false;
};

std::vector<std::string> Names(ChunkManager* store) {
  std::vector<std::string> names;
  for (const ObjectInfo& object : store->List("").ValueOrDie()) names.push_back(object.path);
  return names;
}

class SyncTaskTest : public ::testing::Test {
 protected:
  SyncTaskTest() { cache_->Put(SampleSegment(kSegment, StorageVersion::kV1)); }

  SyncContext Context() {
    SyncContext context;
    context.environment = {.store = store_,
                           .cache = cache_,
                           .writer = writer_,
                           .ids = MakeCountingIdAllocator(next_id_),
                           .options = options_};
    next_id_ += 1000;
    context.clock = &clock_;
    context.random = random_.get();
    return context;
  }
  Result<SyncOutcome> Run(const SyncPack& pack) {
    const SyncContext context = Context();
    return SyncTask(context, pack).Run();
  }

  // A column of the segment, as its logs in the store have it.
  std::shared_ptr<arrow::Array> ReadColumn(const FieldSchema& field) {
    arrow::ArrayVector parts;
    const SegmentState state = writer_->Find(kSegment).value();
    for (const FieldBinlog& logs : state.files.inserts) {
      if (logs.field_id != field.field_id) continue;
      for (const Binlog& log : logs.logs) {
        auto bytes = memory_->Read(log.path).ValueOrDie();
        EXPECT_EQ(bytes->size(), log.file_bytes);
        parts.push_back(ReadInsertLog(field, bytes, log.path).ValueOrDie());
      }
    }
    return arrow::Concatenate(parts).ValueOrDie();
  }
  void ExpectRows(int64_t count) {
    const auto expected = SyncRows(0, count);
    auto fields = cache_->schema()->fields();
    fields.push_back(RowIdField());
    fields.push_back(TimestampField());
    for (const FieldSchema& field : fields) {
      SCOPED_TRACE(field.name);
      EXPECT_TRUE(ReadColumn(field)->Equals(expected->GetColumnByName(field.name)));
    }
  }

  const std::shared_ptr<MemoryChunkManager> memory_ = MemoryChunkManager::Make();
  const std::shared_ptr<FaultyChunkManager> faulty_ = FaultyChunkManager::Make(memory_);
  std::shared_ptr<ChunkManager> store_ = faulty_;
  const std::shared_ptr<MetaCache> cache_ = MakeMemoryMetaCache(testing::SyncSchema());
  const std::shared_ptr<MeanwhileMetaWriter> writer_ = std::make_shared<MeanwhileMetaWriter>();
  SyncOptions options_;
  PausingClock clock_;
  const std::unique_ptr<Random> random_ = Random::Seeded(20261127);
  int64_t next_id_ = 5000;
};

TEST_F(SyncTaskTest, WritesEveryValueStatisticAndDelete) {
  SyncPack pack = testing::SamplePack(kSegment, 0, 30);
  pack.deletes = {SyncDeletes(3, 2), SyncDeletes(9, 1)};
  pack.bm25_fields = {testing::kSparseFieldId};
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(outcome.state, *cache_->Find(kSegment));
  EXPECT_EQ(outcome.state, *writer_->Find(kSegment));
  const SegmentFiles& files = outcome.state.files;
  EXPECT_EQ(files.num_rows, 30);
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kGrowing);
  EXPECT_EQ(outcome.state.checkpoint, pack.checkpoint);
  EXPECT_EQ(outcome.state.start_position, pack.start_position);
  ExpectRows(30);

  ASSERT_THAT(files.inserts, SizeIs(6));
  const Binlog& keys = files.inserts.front().logs.front();
  EXPECT_EQ(keys.path, "files/insert_log/1/2/7/100/5000");
  EXPECT_EQ(keys.log_id, 5000);
  EXPECT_EQ(keys.num_rows, 30);
  EXPECT_EQ(keys.timestamp_from, kFirstTimestamp);
  EXPECT_EQ(keys.timestamp_to, kFirstTimestamp + 29);
  EXPECT_EQ(keys.memory_bytes, 30 * 8);

  ASSERT_THAT(files.statistics, SizeIs(1));
  const Binlog& statistics = files.statistics.front().logs.front();
  EXPECT_EQ(statistics.path, "files/stats_log/1/2/7/100/5006");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto statistics_bytes, memory_->Read(statistics.path));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto decoded,
      DecodePrimaryKeyStatistics({statistics_bytes->data(), size_t(statistics_bytes->size())},
                                 statistics.path));
  EXPECT_EQ(decoded.min, PrimaryKey(int64_t{0}));
  EXPECT_EQ(decoded.max, PrimaryKey(int64_t{29}));
  for (int64_t key = 0; key < 30; ++key) EXPECT_TRUE(decoded.MayContain(key));

  ASSERT_THAT(files.deltas, SizeIs(1));
  EXPECT_EQ(files.deltas.front().field_id, testing::kKeyFieldId);
  const Binlog& deltas = files.deltas.front().logs.front();
  EXPECT_EQ(deltas.path, "files/delta_log/1/2/7/5007");
  EXPECT_EQ(deltas.memory_bytes, 3 * 24);
  EXPECT_EQ(deltas.file_bytes, 3 * 24 / 4);
  EXPECT_EQ(deltas.timestamp_from, kFirstTimestamp + 3 + (1 << 20));
  EXPECT_EQ(deltas.timestamp_to, kFirstTimestamp + 9 + (1 << 20));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto delta_bytes, memory_->Read(deltas.path));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto deletes, ReadDeltaLog(delta_bytes, deltas.path));
  ASSERT_EQ(deletes.num_rows(), 3);
  const auto& deleted = static_cast<const arrow::Int64Array&>(*deletes.primary_keys);
  EXPECT_THAT(std::vector<int64_t>(deleted.raw_values(), deleted.raw_values() + 3),
              ElementsAre(3, 4, 9));

  ASSERT_THAT(files.bm25, SizeIs(1));
  const Binlog& bm25 = files.bm25.front().logs.front();
  EXPECT_EQ(bm25.path, "files/bm25_stats/1/2/7/103/5008");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bm25_bytes, memory_->Read(bm25.path));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto terms,
      Bm25Statistics::Decode({bm25_bytes->data(), size_t(bm25_bytes->size())}, bm25.path));
  EXPECT_EQ(terms, (Bm25Statistics{.num_rows = 30,
                                   .num_tokens = 60,
                                   .rows_with_token = {{0, 6}, {1, 6}, {2, 6}, {3, 6}, {4, 6}}}));
}

TEST_F(SyncTaskTest, TheBloomFilterIsTheOneAskedFor) {
  constexpr int64_t kRows = 2000;
  int64_t begin = 0;
  for (const BloomFilterType type :
       {BloomFilterType::kBlocked, BloomFilterType::kBasic, BloomFilterType::kAlwaysTrue}) {
    for (const double rate : {0.05, 0.001}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(type)) + " at " + std::to_string(rate));
      options_.bloom_filter_type = type;
      options_.false_positive_rate = rate;
      VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome,
                                 Run(testing::SamplePack(kSegment, begin, kRows)));
      const std::string path = outcome.state.files.statistics.front().logs.back().path;
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, memory_->Read(path));
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto read,
          DecodePrimaryKeyStatistics({bytes->data(), size_t(bytes->size())}, path));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto empty, BloomFilter::Make(type, kRows, rate));
      EXPECT_EQ(read.filter->type(), type);
      EXPECT_EQ(read.filter->num_bits(), empty->num_bits());
      EXPECT_EQ(read.filter->num_hashes(), empty->num_hashes());
      for (int64_t key = begin; key < begin + kRows; ++key) ASSERT_TRUE(read.MayContain(key));
      begin += kRows;
    }
  }
}

TEST_F(SyncTaskTest, FlushSumsUpTheStatisticsOfAllPacks) {
  SyncPack first = testing::SamplePack(kSegment, 0, 10);
  first.bm25_fields = {testing::kSparseFieldId};
  VARVE_ASSERT_OK(Run(first).status());
  SyncPack last = testing::SamplePack(kSegment, 10, 5);
  last.bm25_fields = {testing::kSparseFieldId};
  last.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(last));
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kFlushed);
  EXPECT_EQ(outcome.state.start_position, first.start_position);
  ExpectRows(15);

  const auto& statistics = outcome.state.files.statistics.front().logs;
  ASSERT_THAT(statistics, SizeIs(3));
  EXPECT_EQ(statistics.front().path, "files/stats_log/1/2/7/100/1");
  EXPECT_EQ(statistics.front().num_rows, 15);
  EXPECT_EQ(statistics.front().timestamp_from, kFirstTimestamp);
  EXPECT_EQ(statistics.front().timestamp_to, kFirstTimestamp + 14);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, memory_->Read(statistics.front().path));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto parts,
      DecodeCompoundPrimaryKeyStatistics({bytes->data(), size_t(bytes->size())}, "compound"));
  ASSERT_THAT(parts, SizeIs(2));
  EXPECT_EQ(parts[0].max, PrimaryKey(int64_t{9}));
  EXPECT_EQ(parts[1].min, PrimaryKey(int64_t{10}));

  const auto& bm25 = outcome.state.files.bm25.front().logs;
  ASSERT_THAT(bm25, SizeIs(3));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto merged_bytes, memory_->Read(bm25.front().path));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto merged,
      Bm25Statistics::Decode({merged_bytes->data(), size_t(merged_bytes->size())}, "merged"));
  EXPECT_EQ(merged.num_rows, 15);
  EXPECT_EQ(merged.rows_with_token.at(4), 3);

  SyncPack more = testing::SamplePack(kSegment, 15, 5);
  EXPECT_THAT(Run(more).status().message(), HasSubstr("has all its rows"));
}

TEST_F(SyncTaskTest, AFlushThatNamesNoBm25FieldSumsUpThoseOfTheSegment) {
  SyncPack first = testing::SamplePack(kSegment, 0, 10);
  first.bm25_fields = {testing::kSparseFieldId};
  VARVE_ASSERT_OK(Run(first).status());
  SyncPack end;
  end.segment_id = kSegment;
  end.checkpoint = first.checkpoint;
  end.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(end));
  const auto& logs = outcome.state.files.bm25.front().logs;
  ASSERT_THAT(logs, SizeIs(2));
  EXPECT_EQ(logs.front().path, "files/bm25_stats/1/2/7/103/1");
  EXPECT_EQ(logs.front().num_rows, 10);
  EXPECT_EQ(memory_->Read(logs[0].path).ValueOrDie()->ToString(),
            memory_->Read(logs[1].path).ValueOrDie()->ToString());
}

// As compaction leaves a segment: what stands for all logs is all there is. What takes its place,
// before anything is committed, must tell of the earlier rows, too.
TEST_F(SyncTaskTest, StatisticsThatStandForAllAreKeptWhereThereAreNoOthers) {
  SyncPack first = testing::SamplePack(kSegment, 0, 10);
  first.bm25_fields = {testing::kSparseFieldId};
  first.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome whole, Run(first));
  SegmentState compacted = whole.state;
  compacted.lifecycle = SegmentLifecycle::kGrowing;
  compacted.files.segment_id = 8;
  for (auto* fields : {&compacted.files.statistics, &compacted.files.bm25}) {
    Binlog all = fields->front().logs.front();
    const auto bytes = memory_->Read(all.path).ValueOrDie();
    all.path.replace(all.path.find("/2/7/"), 5, "/2/8/");
    VARVE_ASSERT_OK(memory_->Write(all.path, {bytes->data(), size_t(bytes->size())}));
    fields->front().logs = {all};
  }
  cache_->Put(compacted);
  SyncPack last = testing::SamplePack(8, 10, 5);
  last.is_flush = true;
  const std::string keys_path = compacted.files.statistics.front().logs.front().path;
  const auto expect_keys = [&](int64_t count) {
    const auto bytes = memory_->Read(keys_path).ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto parts,
        DecodeCompoundPrimaryKeyStatistics({bytes->data(), size_t(bytes->size())}, keys_path));
    for (int64_t key = 0; key < count; ++key) {
      EXPECT_TRUE(std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
        return part.MayContain(key);
      })) << key;
    }
  };
  // The metadata does not take the first try, whose logs are all there by then.
  EXPECT_TRUE(IsCommitConflict(Run(last).status()));
  expect_keys(15);
  VARVE_ASSERT_OK(
      writer_->Commit({.before = SampleSegment(8, StorageVersion::kV1), .after = compacted})
          .status());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(last));
  expect_keys(15);
  EXPECT_EQ(outcome.state.files.statistics.front().logs.front().num_rows, 15);
  const Binlog& terms = outcome.state.files.bm25.front().logs.front();
  EXPECT_EQ(terms.num_rows, 15);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, memory_->Read(terms.path));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto merged,
      Bm25Statistics::Decode({bytes->data(), size_t(bytes->size())}, terms.path));
  EXPECT_EQ(merged.num_rows, 15);  // each row once, although there were two tries
  EXPECT_EQ(merged.rows_with_token.at(4), 3);
}

TEST_F(SyncTaskTest, TriesAgainWithinTheLimitsAndPausesInBetween) {
  options_.retry = {.attempts_max = 4,
                    .first_pause = std::chrono::milliseconds(200),
                    .longest_pause = std::chrono::milliseconds(300)};
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 2, Status::IOError("reset"),
                    FaultyChunkManager::kBefore, 3);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 12)));
  EXPECT_EQ(outcome.state.files.num_rows, 12);
  ExpectRows(12);
  // 200, 300 and 300 ms, of each the upper half.
  EXPECT_GE(clock_.slept, std::chrono::milliseconds(400));
  EXPECT_LE(clock_.slept, std::chrono::milliseconds(800));
}

TEST_F(SyncTaskTest, APutWhoseAnswerWasLostIsNotAnError) {
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 3, Status::IOError("reset"),
                    FaultyChunkManager::kAfter);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 12)));
  ExpectRows(12);
  auto named = testing::PathsOf(outcome.state.files);
  std::sort(named.begin(), named.end());
  EXPECT_EQ(named, Names(memory_.get()));
}

TEST_F(SyncTaskTest, GivesUpAndLeavesNothingVisible) {
  options_.retry.attempts_max = 2;
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 4, Status::IOError("gone"),
                    FaultyChunkManager::kBefore, 2);
  EXPECT_THAT(Run(testing::SamplePack(kSegment, 0, 12)).status().message(), HasSubstr("gone"));
  EXPECT_EQ(writer_->Find(kSegment), std::nullopt);
  EXPECT_EQ(cache_->Find(kSegment), SampleSegment(kSegment, StorageVersion::kV1));
  EXPECT_THAT(Names(memory_.get()), SizeIs(3));

  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 12)).status());
  ExpectRows(12);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto orphans,
                             FindSegmentOrphans(memory_.get(), 1, cache_->List(), "files", {}));
  std::vector<std::string> paths;
  for (const ObjectInfo& orphan : orphans) paths.push_back(orphan.path);
  EXPECT_THAT(paths,
              ElementsAre("files/insert_log/1/2/7/100/5000", "files/insert_log/1/2/7/101/5001",
                          "files/insert_log/1/2/7/102/5002"));
}

// Before a log that a failed flush left is removed, the next flush may have put its own there.
TEST_F(SyncTaskTest, TheLogThatStandsForAllIsNoOrphanWhileItsSegmentLives) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 12)));
  SyncPack last = testing::SamplePack(kSegment, 12, 3);
  last.is_flush = true;
  writer_->meanwhile = [&] {
    // The states and the listing are those of before the commit.
    VARVE_ASSERT_OK_AND_ASSIGN(const auto orphans,
                               FindSegmentOrphans(memory_.get(), 1, {first.state}, "files", {}));
    std::vector<std::string> paths;
    for (const ObjectInfo& orphan : orphans) paths.push_back(orphan.path);
    EXPECT_THAT(paths, ::testing::Not(::testing::Contains("files/stats_log/1/2/7/100/1")));
    EXPECT_THAT(paths, ::testing::Contains("files/stats_log/1/2/7/100/6006"));
  };
  VARVE_ASSERT_OK_AND_ASSIGN(SyncOutcome flushed, Run(last));
  EXPECT_EQ(flushed.state.files.statistics.front().logs.front().path,
            "files/stats_log/1/2/7/100/1");

  flushed.state.lifecycle = SegmentLifecycle::kDropped;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto dead,
                             CollectSegmentOrphans(memory_.get(), 1, {flushed.state}, "files", {}));
  EXPECT_THAT(dead, SizeIs(testing::PathsOf(flushed.state.files).size()));
  EXPECT_THAT(Names(memory_.get()), IsEmpty());
}

TEST_F(SyncTaskTest, ErrorsThatCannotPassAreNotTriedAgain) {
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 1,
                    MakeError(ErrorKind::kDenied, "no such right"));
  EXPECT_EQ(KindOf(Run(testing::SamplePack(kSegment, 0, 12)).status()), ErrorKind::kDenied);
  EXPECT_EQ(clock_.slept.count(), 0);
}

TEST_F(SyncTaskTest, AnIdThatWasUsedBeforeDestroysNothing) {
  VARVE_ASSERT_OK(memory_->Write("files/insert_log/1/2/7/100/5000", {}));
  EXPECT_TRUE(IsAlreadyExists(Run(testing::SamplePack(kSegment, 0, 12)).status()));
  EXPECT_EQ(memory_->Size("files/insert_log/1/2/7/100/5000").ValueOrDie(), 0);
}

// A store that has no writes of which exactly one wins.
class PlainChunkManager : public InterceptingChunkManager {
 public:
  explicit PlainChunkManager(std::shared_ptr<ChunkManager> store)
      : InterceptingChunkManager(std::move(store), std::make_shared<StorageInterceptor>()) {}
  ChunkManagerFeatures features() const override { return {}; }
  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options = {}) override {
    options.replace = true;
    return InterceptingChunkManager::OpenWriter(path, options);
  }
};

TEST_F(SyncTaskTest, NorDoesItWhereTheStoreWouldReplaceTheLog) {
  store_ = std::make_shared<PlainChunkManager>(memory_);
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  for (const int64_t segment : {int64_t{8}, kSegment}) {
    SCOPED_TRACE(segment);
    const SyncPack pack = testing::SamplePack(segment, 0, 12);
    const std::string folder = "files/insert_log/1/2/" + std::to_string(segment);
    const std::string path = folder + (segment == 8 ? "/0/" : "/100/") + std::to_string(next_id_);
    VARVE_ASSERT_OK(memory_->Write(path, {}));
    EXPECT_TRUE(IsAlreadyExists(Run(pack).status()));
    EXPECT_EQ(memory_->Size(path).ValueOrDie(), 0);
    VARVE_ASSERT_OK(Run(pack).status());
  }
  ExpectRows(12);
}

TEST_F(SyncTaskTest, UnusedIdsAreBeyondThoseOfLogsThatAreNamedOrLie) {
  const auto next = [&](const std::vector<SegmentState>& states, const std::string& root) {
    return MakeUnusedIdAllocator(memory_.get(), states, root).ValueOrDie()->Next().ValueOrDie();
  };
  EXPECT_EQ(next({}, "files"), 2);
  VARVE_ASSERT_OK(memory_->Write("files/delta_log/9/2/7/40", {}));
  VARVE_ASSERT_OK(memory_->Write("files/stats_log/1/2/7/100/50", {}));
  VARVE_ASSERT_OK(memory_->Write("files/insert_log/1/2/7/notes", {}));  // nobody's log
  VARVE_ASSERT_OK(memory_->Write("insert_log/1/2/7/100/7000", {}));     // below another root
  EXPECT_EQ(next({}, "files"), 51);
  EXPECT_EQ(next({}, ""), 7001);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome named, Run(testing::SamplePack(kSegment, 0, 12)));
  for (const std::string& path : testing::PathsOf(named.state.files)) {
    VARVE_ASSERT_OK(memory_->Remove(path));
  }
  EXPECT_EQ(next({named.state}, "files"), 5007);
  VARVE_ASSERT_OK(memory_->Write("files/insert_log/1/2/7/100/9223372036854775807", {}));
  EXPECT_EQ(KindOf(MakeUnusedIdAllocator(memory_.get(), {}).status()),
            ErrorKind::kResourceExhausted);
}

TEST_F(SyncTaskTest, APackThatIsInTheSegmentIsNotWrittenAgain) {
  const SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  VARVE_ASSERT_OK(Run(pack).status());
  const auto names = Names(memory_.get());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);
  EXPECT_EQ(again.state, *writer_->Find(kSegment));
  EXPECT_EQ(Names(memory_.get()), names);

  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 12, 6)).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome late, Run(pack));
  EXPECT_EQ(late.result, SyncResult::kAlreadyDone);
  ExpectRows(18);
}

TEST_F(SyncTaskTest, APackThatComesAgainAsTheLastOneStillEndsItsSegment) {
  SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  pack.deletes = {SyncDeletes(3, 2)};
  VARVE_ASSERT_OK(Run(pack).status());
  pack.is_flush = true;  // the segment was sealed before the process began again
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome flushed, Run(pack));
  EXPECT_EQ(flushed.result, SyncResult::kCommitted);
  EXPECT_EQ(flushed.state.lifecycle, SegmentLifecycle::kFlushed);
  EXPECT_EQ(flushed.state.files.num_rows, 12);
  EXPECT_THAT(flushed.state.files.deltas.front().logs, SizeIs(1));
  EXPECT_EQ(flushed.state.files.statistics.front().logs.front().path,
            "files/stats_log/1/2/7/100/1");
  ExpectRows(12);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);

  pack.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome dropped, Run(pack));
  EXPECT_EQ(dropped.result, SyncResult::kCommitted);
  EXPECT_EQ(writer_->Find(kSegment)->lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(cache_->Find(kSegment), std::nullopt);
}

TEST_F(SyncTaskTest, APackThatACommitNobodyKnewOfHasDoneIsNotDoneTwice) {
  const SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  VARVE_ASSERT_OK(Run(pack).status());
  // As after a crash between the commit and the cache.
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);
  EXPECT_EQ(again.state.files.num_rows, 12);
  EXPECT_EQ(cache_->Find(kSegment), writer_->Find(kSegment));
  EXPECT_THAT(writer_->updates(), SizeIs(1));
  ExpectRows(12);
}

// The step was made, and all tries to hear of it failed: the cache is behind.
TEST_F(SyncTaskTest, ASegmentIsDroppedAfterACommitWhoseAnswerWasLost) {
  const SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  writer_->loses_answers = true;
  EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kCommitUnknown);
  writer_->loses_answers = false;
  EXPECT_EQ(cache_->Find(kSegment)->files.num_rows, 0);
  const SegmentState stored = *writer_->Find(kSegment);
  SyncPack drop;
  drop.segment_id = kSegment;
  drop.checkpoint = testing::SamplePack(kSegment, 12, 3).checkpoint;
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(drop));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  SegmentState dropped = stored;
  dropped.lifecycle = SegmentLifecycle::kDropped;
  dropped.checkpoint = drop.checkpoint;
  EXPECT_EQ(writer_->Find(kSegment), dropped);
  EXPECT_EQ(cache_->Find(kSegment), std::nullopt);
}

TEST_F(SyncTaskTest, ASegmentIsEndedByThePackWhoseAnswerWasLost) {
  for (const int64_t segment : {kSegment, int64_t{8}}) {
    SCOPED_TRACE(segment);
    cache_->Put(
        SampleSegment(segment, segment == kSegment ? StorageVersion::kV1 : StorageVersion::kV2));
    SyncPack pack = testing::SamplePack(segment, 0, 12);
    writer_->loses_answers = true;
    EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kCommitUnknown);
    writer_->loses_answers = false;
    const SegmentState stored = *writer_->Find(segment);
    pack.is_flush = true;  // sealed meanwhile
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
    EXPECT_EQ(outcome.result, SyncResult::kCommitted);
    EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kFlushed);
    EXPECT_EQ(outcome.state.files.num_rows, 12);
    EXPECT_EQ(outcome.state.files.inserts, stored.files.inserts);
    const auto& statistics = outcome.state.files.statistics.front().logs;
    ASSERT_THAT(statistics, SizeIs(2));
    EXPECT_EQ(statistics.front().num_rows, 12);
    EXPECT_EQ(cache_->Find(segment), writer_->Find(segment));
  }
}

TEST_F(SyncTaskTest, AnotherPackOfTheSameCheckpointIsRefused) {
  SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  VARVE_ASSERT_OK(Run(pack).status());
  SyncPack other = testing::SamplePack(kSegment, 12, 12);  // as many
  other.checkpoint = pack.checkpoint;
  EXPECT_EQ(KindOf(Run(other).status()), ErrorKind::kInvalid);
  pack.inserts.pop_back();
  EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kInvalid);
  pack.inserts.clear();
  pack.is_flush = true;  // no rows: the segment only ends
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome ended, Run(pack));
  EXPECT_EQ(ended.state.lifecycle, SegmentLifecycle::kFlushed);
  ExpectRows(12);
}

TEST_F(SyncTaskTest, OtherDeletesOfTheSameCheckpointAreRefused) {
  SyncPack pack;
  pack.segment_id = kSegment;
  pack.deletes = {SyncDeletes(6, 1), SyncDeletes(3, 1)};
  pack.checkpoint.timestamp = kFirstTimestamp;
  VARVE_ASSERT_OK(Run(pack).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);
  pack.deletes = {SyncDeletes(3, 2)};
  EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kInvalid);
  EXPECT_THAT(writer_->Find(kSegment)->files.deltas.front().logs, SizeIs(1));
}

// Of a process whose cache is behind: what stands is compared, too.
TEST_F(SyncTaskTest, AsManyRowsOfTheSameCheckpointAreAConflictWhereTheCacheMissedThem) {
  const SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  VARVE_ASSERT_OK(Run(pack).status());
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  SyncPack other = testing::SamplePack(kSegment, 12, 12);
  other.checkpoint = pack.checkpoint;
  EXPECT_TRUE(IsCommitConflict(Run(other).status()));
  ExpectRows(12);
}

TEST_F(SyncTaskTest, ASegmentThatIsNotThereIsNoError) {
  cache_->Remove(kSegment);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 12)));
  EXPECT_EQ(outcome.result, SyncResult::kNoSegment);
  EXPECT_THAT(Names(memory_.get()), IsEmpty());
}

TEST_F(SyncTaskTest, ADroppedSegmentLeavesTheCache) {
  SyncPack pack = testing::SamplePack(kSegment, 0, 12);
  pack.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(cache_->Find(kSegment), std::nullopt);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kNoSegment);
}

// Its rows are not needed any more, and nothing about them is in the way.
TEST_F(SyncTaskTest, ASegmentIsDroppedWhateverRowsCome) {
  SyncPack last = testing::SamplePack(kSegment, 0, 12);
  last.is_flush = true;
  VARVE_ASSERT_OK(Run(last).status());
  auto flushed = *writer_->Find(kSegment);
  cache_->Put(flushed);
  SyncPack drop = testing::SamplePack(kSegment, 12, 3);
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(drop));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(outcome.state.files.num_rows, 12);
  EXPECT_EQ(outcome.state.files.inserts, flushed.files.inserts);
}

// A partition is dropped while the last rows of a segment are flushed: it is still to be dropped
// afterwards, and what came for it until then is not needed any more.
TEST_F(SyncTaskTest, ASegmentThatWasDroppedDuringItsFlushIsDroppedNext) {
  writer_->meanwhile = [&] {
    cache_->Update(kSegment,
                   [](SegmentState* state) { state->lifecycle = SegmentLifecycle::kDropped; });
  };
  SyncPack last = testing::SamplePack(kSegment, 0, 12);
  last.is_flush = true;
  VARVE_ASSERT_OK(Run(last).status());
  EXPECT_EQ(writer_->Find(kSegment)->lifecycle, SegmentLifecycle::kFlushed);
  EXPECT_EQ(cache_->Find(kSegment)->lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(cache_->Find(kSegment)->files, writer_->Find(kSegment)->files);

  SyncPack drop = testing::SamplePack(kSegment, 12, 3);
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(drop));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(writer_->Find(kSegment)->lifecycle, SegmentLifecycle::kDropped);
  EXPECT_EQ(writer_->Find(kSegment)->files.num_rows, 12);
  EXPECT_TRUE(writer_->updates().back().is_drop);
  EXPECT_EQ(cache_->Find(kSegment), std::nullopt);
}

TEST_F(SyncTaskTest, ASegmentThatWasSealedDuringAFlushStaysSealed) {
  writer_->meanwhile = [&] {
    cache_->Update(kSegment,
                   [](SegmentState* state) { state->lifecycle = SegmentLifecycle::kSealed; });
  };
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 12)).status());
  EXPECT_EQ(cache_->Find(kSegment)->lifecycle, SegmentLifecycle::kSealed);
}

// The metadata that a process loads has it still.
TEST_F(SyncTaskTest, ADroppedSegmentTakesNothingMore) {
  SegmentState dropped = SampleSegment(kSegment, StorageVersion::kV1);
  dropped.lifecycle = SegmentLifecycle::kDropped;
  cache_->Put(dropped);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 12)));
  EXPECT_EQ(outcome.result, SyncResult::kNoSegment);
  EXPECT_THAT(Names(memory_.get()), IsEmpty());
}

TEST_F(SyncTaskTest, AFlushedSegmentTakesDeletesAndStaysFlushed) {
  SyncPack last = testing::SamplePack(kSegment, 0, 12);
  last.is_flush = true;
  VARVE_ASSERT_OK(Run(last).status());
  SyncPack late;
  late.segment_id = kSegment;
  late.deletes = {SyncDeletes(3, 2)};
  late.checkpoint.timestamp = last.checkpoint.timestamp + 1;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(late));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kFlushed);
  EXPECT_EQ(writer_->Find(kSegment)->files.deltas.front().logs.front().num_rows, 2);
}

// Out of the cache: nothing asks for its flush any more, and no later pack goes past these rows.
TEST_F(SyncTaskTest, ASegmentThatMovedAwayEndsWellAndLeavesTheCache) {
  writer_->MoveAway(kSegment);
  for (const bool is_drop : {false, true}) {
    SCOPED_TRACE(is_drop);
    cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
    SyncPack pack = testing::SamplePack(kSegment, 0, 12);
    pack.is_flush = !is_drop;
    pack.is_drop = is_drop;
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
    EXPECT_EQ(outcome.result, SyncResult::kMovedAway);
    EXPECT_EQ(cache_->Find(kSegment), std::nullopt);
  }
}

TEST_F(SyncTaskTest, AnL0SegmentHoldsDeletesAndIsFlushedAtOnce) {
  SegmentState state = SampleSegment(8, StorageVersion::kV1);
  state.level = SegmentLevel::kL0;
  cache_->Put(state);
  SyncPack pack;
  pack.segment_id = 8;
  pack.deletes = {SyncDeletes(0, 4)};
  pack.checkpoint.timestamp = kFirstTimestamp + 4;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  EXPECT_EQ(outcome.state.lifecycle, SegmentLifecycle::kFlushed);
  EXPECT_THAT(Names(memory_.get()), ElementsAre("files/delta_log/1/2/8/5000"));
  SyncPack rows = testing::SamplePack(8, 0, 3);
  EXPECT_EQ(KindOf(Run(rows).status()), ErrorKind::kInvalid);
}

TEST_F(SyncTaskTest, DeletesThatAreNoneAreRefusedBeforeAnythingIsWritten) {
  for (const DeleteData& deletes :
       {DeleteData{}, DeleteData{SyncDeletes(3, 2).primary_keys, nullptr},
        DeleteData{SyncDeletes(3, 2).primary_keys, SyncDeletes(3, 1).timestamps}}) {
    SyncPack pack = testing::SamplePack(kSegment, 0, 12);
    pack.deletes = {SyncDeletes(0, 1), deletes};
    EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kInvalid);
    EXPECT_THAT(Names(memory_.get()), IsEmpty());
  }
}

TEST_F(SyncTaskTest, RowsThatDoNotFitAreRefusedBeforeAnythingIsWritten) {
  SyncPack without_times = testing::SamplePack(kSegment, 0, 9);
  without_times.inserts[1] = *without_times.inserts[1]->RemoveColumn(0);
  EXPECT_THAT(Run(without_times).status().message(), HasSubstr("Timestamp"));
  SyncPack outside = testing::SamplePack(kSegment, 0, 9);
  outside.timestamp_from = kFirstTimestamp + 1;
  outside.timestamp_to = kFirstTimestamp + 9;
  EXPECT_THAT(Run(outside).status().message(), HasSubstr("outside the time range"));
  SyncPack nowhere = testing::SamplePack(kSegment, 0, 9);
  nowhere.checkpoint = {};
  EXPECT_THAT(Run(nowhere).status().message(), HasSubstr("checkpoint"));
  EXPECT_THAT(Names(memory_.get()), IsEmpty());
}

TEST_F(SyncTaskTest, LogsHaveTheTimesOfTheirRows) {
  SyncPack wider = testing::SamplePack(kSegment, 0, 9);
  wider.timestamp_from = kFirstTimestamp - 100;
  wider.timestamp_to = kFirstTimestamp + 100;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto outcome, Run(wider));
  for (const FieldBinlog& list : outcome.state.files.inserts) {
    EXPECT_EQ(list.logs.front().timestamp_from, kFirstTimestamp);
    EXPECT_EQ(list.logs.front().timestamp_to, kFirstTimestamp + 8);
  }
  EXPECT_EQ(outcome.state.files.statistics.front().logs.front().timestamp_to, kFirstTimestamp + 8);
}

TEST_F(SyncTaskTest, SomebodyElsesRowsAreAConflict) {
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 12)).status());
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  EXPECT_TRUE(IsCommitConflict(Run(testing::SamplePack(kSegment, 0, 15)).status()));
  ExpectRows(12);
}

}  // namespace
}  // namespace varve::internal
