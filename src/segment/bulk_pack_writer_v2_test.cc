// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer_v2.h"

#include <gmock/gmock.h>

#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "segment/packed_rows.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using testing::kFirstTimestamp;
using ::testing::Pair;
using testing::SampleSegment;
using testing::SyncRows;

constexpr int64_t kSegment = 7;

class BulkPackWriterV2Test : public ::testing::Test {
 protected:
  BulkPackWriterV2Test() {
    cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
    options_.retry.first_pause = std::chrono::milliseconds(0);
  }

  Result<SyncOutcome> Run(const SyncPack& pack) {
    SyncContext context;
    context.environment = {
        .store = faulty_, .cache = cache_, .writer = writer_, .ids = ids_, .options = options_};
    return SyncTask(context, pack).Run();
  }

  void ExpectRows(const SegmentFiles& files, int64_t count) {
    std::vector<std::vector<std::string>> sets;
    for (const FieldBinlog& group : files.inserts) {
      sets.resize(std::max(sets.size(), group.logs.size()));
      for (size_t i = 0; i < group.logs.size(); ++i) sets[i].push_back(group.logs[i].path);
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                               OpenPackedRows(memory_, sets, PackedFields(*cache_->schema())));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
    ASSERT_EQ(rows->num_rows(), count);
    const auto expected = SyncRows(0, count);
    for (const std::string& name : rows->ColumnNames()) {
      const arrow::ChunkedArray wanted(expected->GetColumnByName(name));
      EXPECT_TRUE(rows->GetColumnByName(name)->Equals(wanted)) << name;
    }
  }

  const std::shared_ptr<MemoryChunkManager> memory_ = MemoryChunkManager::Make();
  const std::shared_ptr<FaultyChunkManager> faulty_ = FaultyChunkManager::Make(memory_);
  const std::shared_ptr<MetaCache> cache_ = MakeMemoryMetaCache(testing::SyncSchema());
  const std::shared_ptr<MemoryMetaWriter> writer_ = std::make_shared<MemoryMetaWriter>();
  const std::shared_ptr<IdAllocator> ids_ = MakeCountingIdAllocator(5000);
  SyncOptions options_;
};

TEST_F(BulkPackWriterV2Test, APackIsOneFileAColumnGroup) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 40)));
  const SegmentFiles& files = outcome.state.files;
  std::vector<std::pair<int64_t, std::vector<int64_t>>> groups;
  for (const FieldBinlog& group : files.inserts) {
    groups.emplace_back(group.field_id, group.child_fields);
    const Binlog& log = group.logs.front();
    EXPECT_EQ(log.file_bytes, memory_->Size(log.path).ValueOrDie());
    EXPECT_EQ(log.num_rows, 40);
    EXPECT_EQ(log.timestamp_from, kFirstTimestamp);
    EXPECT_EQ(log.timestamp_to, kFirstTimestamp + 39);
  }
  EXPECT_THAT(groups, ElementsAre(Pair(0, ElementsAre(100, 0, 1)), Pair(1, ElementsAre(101)),
                                  Pair(102, ElementsAre(102)), Pair(103, ElementsAre(103))));
  EXPECT_EQ(files.inserts[0].logs[0].path, "files/insert_log/1/2/7/0/5000");
  EXPECT_EQ(files.inserts[0].logs[0].memory_bytes, 40 * 3 * 8);
  EXPECT_THAT(files.inserts[1].logs[0].null_counts, ElementsAre(Pair(101, 6)));
  EXPECT_EQ(files.inserts[2].logs[0].memory_bytes, 40 * testing::kSyncDim * 4);
  ExpectRows(files, 40);
}

TEST_F(BulkPackWriterV2Test, ASegmentKeepsItsSplit) {
  options_.split.system_columns = false;
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 10)).status());
  options_.split.system_columns = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 10, 5)));
  std::vector<std::pair<int64_t, size_t>> groups;
  for (const FieldBinlog& group : outcome.state.files.inserts) {
    groups.emplace_back(group.field_id, group.logs.size());
  }
  EXPECT_THAT(groups, ElementsAre(Pair(0, 2), Pair(102, 2), Pair(103, 2)));
  ExpectRows(outcome.state.files, 15);
}

TEST_F(BulkPackWriterV2Test, AnOldSegmentWithoutChildFieldsHasTheLegacySplit) {
  SegmentState old = SampleSegment(kSegment, StorageVersion::kV2);
  FieldBinlog group;
  group.field_id = 0;
  Binlog log;
  log.path = "files/insert_log/1/2/7/0/17";
  log.log_id = 17;
  group.logs = {log};
  old.files.inserts = {group};
  cache_->Put(old);
  VARVE_ASSERT_OK(
      writer_->Commit({.before = SampleSegment(kSegment, StorageVersion::kV2), .after = old})
          .status());
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 10)));
  std::vector<int64_t> groups;
  for (const FieldBinlog& field : outcome.state.files.inserts) groups.push_back(field.field_id);
  EXPECT_THAT(groups, ElementsAre(0, 102, 103));
}

TEST_F(BulkPackWriterV2Test, AfterATryThatFailedTheNextHasNewNames) {
  faulty_->FailCall(StorageOperation::kWriterClose, 3, Status::IOError("reset"));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 20)));
  EXPECT_EQ(faulty_->num_failures(), 1);
  for (const FieldBinlog& group : outcome.state.files.inserts) {
    EXPECT_GE(group.logs.front().log_id, 5004);
  }
  ExpectRows(outcome.state.files, 20);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto orphans,
                             FindSegmentOrphans(memory_.get(), 1, {outcome.state}, "files", {}));
  // What the writer could not take back; it may have taken back everything.
  for (const ObjectInfo& orphan : orphans) {
    EXPECT_LT(std::stoll(orphan.path.substr(orphan.path.rfind('/') + 1)), 5004) << orphan.path;
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto objects, memory_->List("files/"));
  EXPECT_EQ(objects.size(), testing::PathsOf(outcome.state.files).size() + orphans.size());
}

TEST_F(BulkPackWriterV2Test, YoungFilesMayBeThoseOfATaskAtWork) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 20)));
  const std::string path = "files/insert_log/1/2/7/0/4999";
  VARVE_ASSERT_OK(memory_->Write(path, {}));
  VARVE_ASSERT_OK(memory_->Write("files/insert_log/1/2/7/notes", {}));    // nobody's log
  VARVE_ASSERT_OK(memory_->Write("files/insert_log/10/2/7/0/4999", {}));  // another collection's
  EXPECT_THAT(FindSegmentOrphans(memory_.get(), 1, {outcome.state}).ValueOrDie(), ElementsAre());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto orphans,
                             FindSegmentOrphans(memory_.get(), 1, {outcome.state}, "files", {}));
  ASSERT_EQ(orphans.size(), 1);
  EXPECT_EQ(orphans[0].path, path);
}

TEST_F(BulkPackWriterV2Test, OrphansOfAFirstFlushAndOfADroppedSegmentAreCollected) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome stays, Run(testing::SamplePack(kSegment, 0, 20)));
  cache_->Put(SampleSegment(8, StorageVersion::kV2));
  SyncPack drop = testing::SamplePack(8, 0, 10);
  drop.is_drop = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome dropped, Run(drop));
  const std::string first = "files/delta_log/1/2/9/4999";  // no metadata knows the segment
  VARVE_ASSERT_OK(memory_->Write(first, {}));
  const std::vector<SegmentState> states = {stays.state, dropped.state};
  EXPECT_THAT(CollectSegmentOrphans(memory_.get(), 1, states).ValueOrDie(), ElementsAre());

  VARVE_ASSERT_OK_AND_ASSIGN(const auto removed,
                             CollectSegmentOrphans(memory_.get(), 1, states, "files", {}));
  std::vector<std::string> paths;
  for (const ObjectInfo& orphan : removed) paths.push_back(orphan.path);
  std::vector<std::string> expected = testing::PathsOf(dropped.state.files);
  expected.push_back(first);
  EXPECT_THAT(paths, ::testing::UnorderedElementsAreArray(expected));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto left, memory_->List("files/"));
  paths.clear();
  for (const ObjectInfo& object : left) paths.push_back(object.path);
  EXPECT_THAT(paths, ::testing::UnorderedElementsAreArray(testing::PathsOf(stays.state.files)));
}

}  // namespace
}  // namespace varve::internal
