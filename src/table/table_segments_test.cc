// SPDX-License-Identifier: Apache-2.0
#include "varve/table_segments.h"

#include <gmock/gmock.h>

#include <functional>
#include <latch>
#include <thread>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "table/segment_record.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SampleSegment;
using testing::SyncRows;

constexpr int64_t kSegment = 7;

class TableSegmentsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Sparse vectors are bytes in both forms; all fields can be shown.
    VARVE_ASSERT_OK_AND_ASSIGN(table_, Table::Create(store_, testing::SyncSchema()));
    Open({});
  }

  // As a new process would.
  void Open(const TableSegmentOptions& options) {
    writer_ = TableMetaWriter::Make(store_, options).ValueOrDie();
    cache_ = MakeMemoryMetaCache(testing::SyncSchema());
    for (SegmentState& state : writer_->LoadSegments().ValueOrDie()) cache_->Put(std::move(state));
  }

  Result<SyncOutcome> Run(SyncPack pack) {
    SyncContext context;
    context.environment = {.store = store_,
                           .cache = cache_,
                           .writer = writer_,
                           .ids = MakeCountingIdAllocator(next_id_),
                           .options = {}};
    next_id_ += 1000;
    return SyncTask(context, std::move(pack)).Run();
  }

  // What a scan of the table's newest version shows, compared with rows [0, count).
  void ExpectRows(int64_t count) {
    VARVE_ASSERT_OK(table_->Refresh());
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto stream,
        table_->snapshot()->Scan({.columns = {"pk", "text", "emb", "terms", "Timestamp"}}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
    ASSERT_EQ(rows->num_rows(), count);
    const auto expected = SyncRows(0, count);
    for (const char* column : {"pk", "text", "emb", "terms", "Timestamp"}) {
      const arrow::ChunkedArray wanted(expected->GetColumnByName(column));
      EXPECT_TRUE(rows->GetColumnByName(column)->Equals(wanted)) << column;
    }
  }

  const std::shared_ptr<FaultyChunkManager> faulty_ =
      FaultyChunkManager::Make(MemoryChunkManager::Make());
  const std::shared_ptr<ChunkManager> store_ = faulty_;
  std::shared_ptr<Table> table_;
  std::shared_ptr<TableMetaWriter> writer_;
  std::shared_ptr<MetaCache> cache_;
  int64_t next_id_ = 5000;
};

TEST_F(TableSegmentsTest, AFlushIsOneVersionWhoseRowsTheTableShows) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 20)).status());
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 20, 15)).status());
  ExpectRows(35);
  EXPECT_EQ(table_->snapshot()->version(), 3);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto by_id,
                             table_->snapshot()->TakeRowIds({21}, {.columns = {"pk"}}));
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*by_id->column(0)).Value(0), 21);
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(table_->snapshot()->Verify(/*deep=*/true, &problems));
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(TableSegmentsTest, TheRecordIsTheStateOfTheSegment) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  SyncPack pack = testing::SamplePack(8, 0, 20);
  pack.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome flushed, Run(pack));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 9)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto states, writer_->LoadSegments());
  EXPECT_EQ(states, (std::vector<SegmentState>{first.state, flushed.state}));
  EXPECT_EQ(writer_->LoadSegment(9).ValueOrDie(), std::nullopt);
  const auto& nulls = first.state.files.inserts.back().logs.front().null_counts;
  EXPECT_FALSE(nulls.empty());
}

TEST_F(TableSegmentsTest, AnotherProcessGoesOnWhereTheFirstStopped) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  const SyncPack pack = testing::SamplePack(kSegment, 0, 20);
  VARVE_ASSERT_OK(Run(pack).status());
  Open({});
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 20, 5)).status());
  ExpectRows(25);
}

TEST_F(TableSegmentsTest, ACommitThatTheCacheMissedIsFound) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  const SyncPack pack = testing::SamplePack(kSegment, 0, 20);
  VARVE_ASSERT_OK(Run(pack).status());
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome again, Run(pack));
  EXPECT_EQ(again.result, SyncResult::kAlreadyDone);
  ExpectRows(20);
  // The files of the second run are nobody's.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto orphans,
                             FindSegmentOrphans(store_.get(), 1, cache_->List(), "files", {}));
  std::vector<std::string> paths;
  for (const ObjectInfo& orphan : orphans) paths.push_back(orphan.path);
  EXPECT_THAT(paths,
              ElementsAre("files/insert_log/1/2/7/0/6000", "files/insert_log/1/2/7/1/6001",
                          "files/insert_log/1/2/7/102/6002", "files/insert_log/1/2/7/103/6003",
                          "files/stats_log/1/2/7/100/6004"));
}

TEST_F(TableSegmentsTest, WritersOfOtherSegmentsAndPlainAppendsDoNotDisturbEachOther) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 20)).status());
  const auto first = writer_;
  const auto first_cache = cache_;
  Open({});  // a second process, which adds a segment
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(8, 20, 10)).status());
  writer_ = first;
  cache_ = first_cache;
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 30, 6)).status());
  ExpectRows(36);
}

TEST_F(TableSegmentsTest, ACommitWhoseAnswerWasLostCountsOnce) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  const SyncPack pack = testing::SamplePack(kSegment, 0, 20);
  // The statistics are the first such call of a V2 task, the version the second.
  faulty_->FailCall(StorageOperation::kPutIfAbsent, 2, Status::IOError("reset"),
                    FaultyChunkManager::kAfter);
  VARVE_ASSERT_OK(Run(pack).status());
  EXPECT_EQ(faulty_->num_failures(), 1);
  ExpectRows(20);
}

TEST_F(TableSegmentsTest, TwoWhoFlushTheSamePackAtOncePutItInOnce) {
  constexpr int64_t kRounds = 10;
  constexpr int64_t kRows = 8;
  for (int64_t round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    const SyncPack pack = testing::SamplePack(kSegment, round * kRows, kRows);
    std::latch both(2);
    std::vector<Result<SyncOutcome>> outcomes(2, Status::UnknownError("not run"));
    std::vector<std::thread> processes;
    for (int64_t process = 0; process < 2; ++process) {
      processes.emplace_back([&, process] {
        SyncContext context;
        const auto writer = TableMetaWriter::Make(store_).ValueOrDie();
        context.environment = {.store = store_,
                               .cache = MakeMemoryMetaCache(testing::SyncSchema()),
                               .writer = writer,
                               .ids = MakeCountingIdAllocator(1000 + 100 * (2 * round + process)),
                               .options = {}};
        const auto known = writer->LoadSegment(kSegment).ValueOrDie();
        context.environment.cache->Put(
            known.value_or(SampleSegment(kSegment, StorageVersion::kV2)));
        both.arrive_and_wait();
        outcomes[static_cast<size_t>(process)] = SyncTask(context, pack).Run();
      });
    }
    for (std::thread& process : processes) process.join();
    VARVE_ASSERT_OK(outcomes[0].status());
    VARVE_ASSERT_OK(outcomes[1].status());
    EXPECT_EQ(outcomes[0]->state, outcomes[1]->state);
    EXPECT_NE(outcomes[0]->result, outcomes[1]->result);  // one committed it, one found it done
    ExpectRows((round + 1) * kRows);
  }
}

// Two writers: one ends the segment, while the other still takes it for growing. The step leaves
// files and checkpoint as they were.
TEST_F(TableSegmentsTest, AStaleWriterDoesNotOpenASegmentAgainThatHasEnded) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 20)));
  const auto other = TableMetaWriter::Make(store_).ValueOrDie();
  SegmentUpdate step{.before = first.state, .after = first.state};
  step.after.lifecycle = SegmentLifecycle::kFlushed;
  VARVE_ASSERT_OK(other->Commit(step).status());
  EXPECT_TRUE(IsCommitConflict(Run(testing::SamplePack(kSegment, 20, 5)).status()));
  ExpectRows(20);
  EXPECT_EQ(other->LoadSegment(kSegment).ValueOrDie(), step.after);

  step.before = step.after;
  step.after.lifecycle = SegmentLifecycle::kDropped;
  VARVE_ASSERT_OK(other->Commit(step).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome late, Run(testing::SamplePack(kSegment, 20, 5)));
  EXPECT_EQ(late.result, SyncResult::kMovedAway);
  EXPECT_EQ(other->LoadSegment(kSegment).ValueOrDie(), step.after);
  EXPECT_EQ(other->Commit(step).ValueOrDie(), step.after);  // dropped twice is dropped
  ExpectRows(0);
}

TEST_F(TableSegmentsTest, ASegmentOfAnotherChannelIsSomebodyElses) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 20)));
  SegmentState moved = first.state;
  moved.channel = "another channel";
  cache_->Put(moved);
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome late, Run(testing::SamplePack(kSegment, 20, 5)));
  EXPECT_EQ(late.result, SyncResult::kMovedAway);
  EXPECT_EQ(writer_->LoadSegment(kSegment).ValueOrDie(), first.state);
}

TEST_F(TableSegmentsTest, WhatAScanCannotShowIsRefused) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  cache_->Put(SampleSegment(8, StorageVersion::kV1));
  SyncPack pack = testing::SamplePack(kSegment, 0, 20);
  pack.deletes = {testing::SyncDeletes(0, 3)};
  EXPECT_EQ(KindOf(Run(pack).status()), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Run(testing::SamplePack(8, 0, 20)).status()), ErrorKind::kUnsupported);
  ExpectRows(0);
  EXPECT_THAT(store_->List("files/").ValueOrDie(), IsEmpty());  // before anything was written

  Open({.adds_rows = false});
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  cache_->Put(SampleSegment(8, StorageVersion::kV1));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome v2, Run(pack));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome v1, Run(testing::SamplePack(8, 0, 20)));
  EXPECT_EQ(writer_->LoadSegments().ValueOrDie(), (std::vector<SegmentState>{v2.state, v1.state}));
  ExpectRows(0);
}

// The table's own fields with what `change` makes of them, under the table's ids.
std::shared_ptr<const CollectionSchema> ChangedSchema(
    const std::function<void(std::vector<FieldSchema>*)>& change) {
  std::vector<FieldSchema> fields = testing::SyncSchema()->fields();
  change(&fields);
  return CollectionSchema::Make(std::move(fields)).ValueOrDie();
}

TEST_F(TableSegmentsTest, RowsWhoseFieldsAreNotThoseOfTheTableAreRefused) {
  const auto refusal = [&](const std::shared_ptr<const CollectionSchema>& schema, auto change) {
    cache_ = MakeMemoryMetaCache(schema);
    cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
    SyncPack pack = testing::SamplePack(kSegment, 0, 20);
    for (auto& batch : pack.inserts) batch = change(batch);
    const Status refused = Run(pack).status();
    EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid) << refused.ToString();
    return refused.message();
  };
  using Batch = std::shared_ptr<arrow::RecordBatch>;
  const auto without = [](const char* name) {
    return [name](const Batch& batch) {
      return batch->RemoveColumn(batch->schema()->GetFieldIndex(name)).ValueOrDie();
    };
  };
  const auto as_they_are = [](const Batch& batch) { return batch; };
  EXPECT_THAT(refusal(ChangedSchema([](auto* fields) { fields->erase(fields->begin() + 2); }),
                      without("emb")),
              AllOf(HasSubstr("field 'emb'"), HasSubstr("expected FloatVector(4), id 102"),
                    HasSubstr("found none")));
  EXPECT_THAT(refusal(ChangedSchema([](auto* fields) {
                        fields->push_back({.field_id = 104,
                                           .name = "extra",
                                           .data_type = DataType::kInt32,
                                           .nullable = true});
                      }),
                      as_they_are),
              AllOf(HasSubstr("field 'extra'"), HasSubstr("found Int32, nullable, id 104")));
  // With a scan, numbers as the texts of a field of the same name.
  EXPECT_THAT(refusal(ChangedSchema([](auto* fields) {
                        (*fields)[1] = {.field_id = testing::kTextFieldId,
                                        .name = "text",
                                        .data_type = DataType::kInt64,
                                        .nullable = true};
                      }),
                      [&](const Batch& batch) {
                        const int text = batch->schema()->GetFieldIndex("text");
                        return batch
                            ->SetColumn(text, arrow::field("text", arrow::int64()),
                                        batch->GetColumnByName("pk"))
                            .ValueOrDie();
                      }),
              AllOf(HasSubstr("expected VarChar, nullable, id 101"),
                    HasSubstr("found Int64, nullable, id 101")));
  EXPECT_THAT(
      refusal(ChangedSchema([](auto* fields) { (*fields)[2].nullable = true; }), as_they_are),
      AllOf(HasSubstr("field 'emb'"), HasSubstr("found FloatVector(4), nullable")));
  EXPECT_THAT(store_->List("files/").ValueOrDie(), IsEmpty());  // before anything was written
  ExpectRows(0);
}

// As of a writer that did not ask, or asked an older version of the table.
TEST_F(TableSegmentsTest, ACommitComparesTheFieldsToo) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 20)));
  SegmentUpdate step{.before = first.state, .after = first.state};
  step.after.files.num_rows += 5;
  step.after.checkpoint.timestamp += 5;
  const Status unknown = writer_->Commit(step).status();
  EXPECT_EQ(KindOf(unknown), ErrorKind::kInvalid);
  EXPECT_THAT(unknown.message(), HasSubstr("schema"));
  step.schema = ChangedSchema([](auto* fields) { fields->pop_back(); });
  EXPECT_THAT(writer_->Commit(step).status().message(), HasSubstr("field 'terms'"));
  EXPECT_EQ(writer_->LoadSegment(kSegment).ValueOrDie(), first.state);
}

// A field that the table has and the rows lack shows as nulls, as in rows older than it.
TEST_F(TableSegmentsTest, RowsMayLackAFieldThatMayBeNull) {
  cache_ =
      MakeMemoryMetaCache(ChangedSchema([](auto* fields) { fields->erase(fields->begin() + 1); }));
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  SyncPack pack = testing::SamplePack(kSegment, 0, 20);
  for (auto& batch : pack.inserts) {
    batch = batch->RemoveColumn(batch->schema()->GetFieldIndex("text")).ValueOrDie();
  }
  VARVE_ASSERT_OK(Run(pack).status());
  VARVE_ASSERT_OK(table_->Refresh());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                             table_->snapshot()->Scan({.columns = {"pk", "text"}}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
  EXPECT_TRUE(rows->GetColumnByName("pk")->Equals(
      arrow::ChunkedArray(SyncRows(0, 20)->GetColumnByName("pk"))));
  EXPECT_EQ(rows->GetColumnByName("text")->null_count(), 20);
}

TEST_F(TableSegmentsTest, ADroppedSegmentTakesItsRowsWithIt) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(8, 0, 10)).status());
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 10, 20)).status());
  SyncPack drop = testing::SamplePack(kSegment, 30, 5);
  drop.is_drop = true;
  VARVE_ASSERT_OK(Run(drop).status());
  ExpectRows(10);
  EXPECT_EQ(writer_->LoadSegment(kSegment).ValueOrDie()->lifecycle, SegmentLifecycle::kDropped);
}

TEST_F(TableSegmentsTest, ADropTakesTheRowsThatTheCacheMissed) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 20)).status());
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  SyncPack drop = testing::SamplePack(kSegment, 20, 5);
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(drop));
  EXPECT_EQ(outcome.result, SyncResult::kCommitted);
  EXPECT_EQ(writer_->LoadSegment(kSegment).ValueOrDie(), outcome.state);
  EXPECT_EQ(outcome.state.files.num_rows, 20);
  ExpectRows(0);
}

// Nothing of the segment is left that a scan would look for.
TEST_F(TableSegmentsTest, ADropTakesTheRowsOfAWriterThatAddedThem) {
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(8, 0, 10)).status());
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 10, 12)).status());
  Open({.adds_rows = false});
  SyncPack drop = testing::SamplePack(kSegment, 22, 5);
  drop.is_drop = true;
  VARVE_ASSERT_OK(Run(drop).status());
  VARVE_ASSERT_OK(
      CollectSegmentOrphans(store_.get(), 1, writer_->LoadSegments().ValueOrDie(), "files", {})
          .status());
  ExpectRows(10);
}

TEST_F(TableSegmentsTest, ASegmentKeepsToOneChoiceWhetherTheTableShowsItsRows) {
  const auto expect_refused = [&](const SyncPack& pack) {
    const auto files = store_->List("files/").ValueOrDie().size();
    const auto record = writer_->LoadSegment(pack.segment_id).ValueOrDie();
    const Status refused = Run(pack).status();
    EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid) << refused.ToString();
    EXPECT_THAT(refused.message(), HasSubstr("adds_rows"));
    EXPECT_EQ(store_->List("files/").ValueOrDie().size(), files);  // before anything was written
    EXPECT_EQ(writer_->LoadSegment(pack.segment_id).ValueOrDie(), record);
  };
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 12)).status());
  Open({.adds_rows = false});
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(8, 0, 5)).status());
  expect_refused(testing::SamplePack(kSegment, 12, 5));
  SyncPack deletes;
  deletes.segment_id = kSegment;
  deletes.deletes = {testing::SyncDeletes(0, 3)};
  deletes.checkpoint = testing::SamplePack(kSegment, 12, 5).checkpoint;
  expect_refused(deletes);
  Open({});
  expect_refused(testing::SamplePack(8, 5, 12));
  ExpectRows(12);
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 12, 5)).status());
  ExpectRows(17);
}

// As of a writer that asked an older version of the table.
TEST_F(TableSegmentsTest, ACommitComparesTheRowsThatTheTableShows) {
  const auto early = TableMetaWriter::Make(store_).ValueOrDie();
  Open({.adds_rows = false});
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 12)));
  SegmentUpdate step{.before = first.state, .after = first.state, .is_flush = true};
  step.after.lifecycle = SegmentLifecycle::kFlushed;
  VARVE_ASSERT_OK(early->CheckPlan(step));
  const Status refused = early->Commit(step).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("adds_rows"));
  EXPECT_EQ(early->LoadSegment(kSegment).ValueOrDie(), first.state);
}

TEST_F(TableSegmentsTest, ATableThatIsGoneIsAnError) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto versions, store_->List("_versions/"));
  for (const ObjectInfo& version : versions) VARVE_ASSERT_OK(store_->Remove(version.path));
  // Not well, as for a segment that is somebody else's.
  EXPECT_TRUE(IsCorruption(Run(testing::SamplePack(kSegment, 0, 20)).status()));
}

TEST_F(TableSegmentsTest, OneWithoutATableIsNotFound) {
  EXPECT_TRUE(IsNotFound(TableMetaWriter::Make(MemoryChunkManager::Make()).status()));
}

TEST(SegmentRecordTest, DamageIsFoundAndNamed) {
  SegmentState state = SampleSegment(kSegment, StorageVersion::kV2);
  Binlog log;
  log.path = "files/insert_log/1/2/7/0/5000";
  log.num_rows = 3;
  FieldBinlog field;
  field.logs = {log};
  state.files.inserts = {field};
  state.files.commit_timestamp = uint64_t{1} << 63;
  const std::string key = SegmentPropertyKey(kSegment);
  const std::string record = EncodeSegmentRecord(state);
  EXPECT_EQ(DecodeSegmentRecord(key, record).ValueOrDie(), state);
  EXPECT_TRUE(IsCorruption(DecodeSegmentRecord(SegmentPropertyKey(8), record).status()));
  EXPECT_TRUE(IsCorruption(DecodeSegmentRecord(key, record.substr(0, 20)).status()));
  const auto damaged = [&](auto change) {
    SegmentState other = state;
    change(&other);
    return DecodeSegmentRecord(key, EncodeSegmentRecord(other)).status();
  };
  EXPECT_THAT(
      damaged([](SegmentState* s) { s->files.version = static_cast<StorageVersion>(1); }).message(),
      HasSubstr("storage_version"));
  EXPECT_THAT(
      damaged([](SegmentState* s) { s->lifecycle = static_cast<SegmentLifecycle>(9); }).message(),
      HasSubstr("lifecycle"));
  EXPECT_THAT(damaged([](SegmentState* s) { s->level = static_cast<SegmentLevel>(-1); }).message(),
              HasSubstr("level"));
  EXPECT_THAT(damaged([](SegmentState* s) { s->files.num_rows = -1; }).message(),
              HasSubstr("num_rows"));
  EXPECT_THAT(
      damaged([](SegmentState* s) { s->files.inserts[0].logs[0].path = "../up"; }).message(),
      HasSubstr("path"));
  EXPECT_THAT(
      damaged([](SegmentState* s) { s->files.inserts[0].logs[0].file_bytes = -1; }).message(),
      HasSubstr("file_bytes"));
}

TEST(SegmentRecordTest, KeysAreThoseOfSegments) {
  EXPECT_EQ(SegmentOfPropertyKey("varve.segment.7"), 7);
  EXPECT_EQ(SegmentOfPropertyKey("varve.segment."), std::nullopt);
  EXPECT_EQ(SegmentOfPropertyKey("varve.segment.7x"), std::nullopt);
  EXPECT_EQ(SegmentOfPropertyKey("varve.split"), std::nullopt);
}

}  // namespace
}  // namespace varve::internal
