// SPDX-License-Identifier: Apache-2.0
#include "varve/milvus_metadata.h"

#include <gmock/gmock.h>

#include "base/testing/status_assertions.h"
#include "milvus/save_binlog_paths.pb.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using testing::kFirstTimestamp;
using testing::SampleSegment;

constexpr int64_t kSegment = 7;

class MilvusMetaWriterTest : public ::testing::Test {
 protected:
  Result<SyncOutcome> Run(const SyncPack& pack) {
    SyncContext context;
    context.environment = {
        .store = store_, .cache = cache_, .writer = writer_, .ids = ids_, .options = {}};
    context.environment.options.retry.first_pause = std::chrono::milliseconds(0);
    return SyncTask(context, pack).Run();
  }
  milvus::SaveBinlogPathsRequest Last() const {
    milvus::SaveBinlogPathsRequest request;
    EXPECT_TRUE(request.ParseFromString(requests_.back()));
    return request;
  }
  static std::vector<int64_t> Starting(const milvus::SaveBinlogPathsRequest& request) {
    std::vector<int64_t> segments;
    for (const auto& start : request.start_positions()) segments.push_back(start.segmentid());
    return segments;
  }

  const std::shared_ptr<MemoryChunkManager> store_ = MemoryChunkManager::Make();
  const std::shared_ptr<MetaCache> cache_ = MakeMemoryMetaCache(testing::SyncSchema());
  const std::shared_ptr<IdAllocator> ids_ = MakeCountingIdAllocator(5000);
  std::vector<std::string> requests_;
  Status answer_;
  const std::shared_ptr<MetaWriter> writer_ =
      MakeMilvusMetaWriter(cache_, [this](const std::string& request) {
        requests_.push_back(request);
        return std::exchange(answer_, Status::OK());
      });
};

TEST_F(MilvusMetaWriterTest, ARequestNamesAllLogsOfTheSegment) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 10)).status());
  SyncPack pack = testing::SamplePack(kSegment, 10, 5);
  pack.deletes = {testing::SyncDeletes(2, 3)};
  pack.bm25_fields = {testing::kSparseFieldId};
  pack.is_flush = true;
  VARVE_ASSERT_OK(Run(pack).status());
  const auto request = Last();
  EXPECT_EQ(request.segmentid(), kSegment);
  EXPECT_EQ(request.collectionid(), 1);
  EXPECT_EQ(request.partitionid(), 2);
  EXPECT_EQ(request.storageversion(), 2);
  EXPECT_EQ(request.channel(), "channel");
  EXPECT_EQ(request.seg_level(), 2);
  EXPECT_TRUE(request.flushed());
  EXPECT_FALSE(request.dropped());
  EXPECT_TRUE(request.with_full_binlogs());
  ASSERT_EQ(request.checkpoints_size(), 1);
  EXPECT_EQ(request.checkpoints(0).num_of_rows(), 15);
  EXPECT_EQ(request.checkpoints(0).position().timestamp(), kFirstTimestamp + 15);
  EXPECT_EQ(request.checkpoints(0).position().msgid(), "last");

  ASSERT_EQ(request.field2binlogpaths_size(), 4);
  const auto& texts = request.field2binlogpaths(1);
  EXPECT_EQ(texts.fieldid(), 1);
  EXPECT_THAT(texts.child_fields(), ElementsAre(testing::kTextFieldId));
  ASSERT_EQ(texts.binlogs_size(), 2);
  EXPECT_EQ(texts.binlogs(0).log_path(), "files/insert_log/1/2/7/1/5001");
  EXPECT_EQ(texts.binlogs(0).logid(), 5001);
  EXPECT_EQ(texts.binlogs(0).entries_num(), 10);
  EXPECT_EQ(texts.binlogs(1).timestamp_from(), kFirstTimestamp + 10);
  EXPECT_EQ(texts.binlogs(1).timestamp_to(), kFirstTimestamp + 14);
  EXPECT_EQ(texts.binlogs(0).log_size(),
            store_->Size("files/insert_log/1/2/7/1/5001").ValueOrDie());
  const auto& nulls = texts.binlogs(0).field_null_counts();
  EXPECT_EQ(nulls.size(), 1);
  EXPECT_EQ(nulls.at(testing::kTextFieldId), 1);
  EXPECT_EQ(request.field2statslogpaths(0).binlogs_size(), 3);
  EXPECT_EQ(request.field2statslogpaths(0).binlogs(0).logid(), 1);
  EXPECT_EQ(request.deltalogs(0).fieldid(), testing::kKeyFieldId);
  EXPECT_EQ(request.deltalogs(0).binlogs(0).entries_num(), 3);
  EXPECT_EQ(request.field2bm25logpaths(0).fieldid(), testing::kSparseFieldId);
}

// The tags are the coordinator's: bytes, not only members.
TEST_F(MilvusMetaWriterTest, MembersHaveMilvusTags) {
  SegmentUpdate update;
  update.after.files.collection_id = 1;
  update.after.files.partition_id = 2;
  update.after.files.segment_id = 3;
  update.after.files.version = StorageVersion::kV2;
  update.after.files.num_rows = 4;
  update.after.level = SegmentLevel::kL0;
  update.after.lifecycle = SegmentLifecycle::kFlushed;
  update.is_flush = true;
  update.after.channel = "c";
  update.after.checkpoint = {.channel = "c", .message_id = "m", .timestamp = 5};
  const std::string expected(
      "\x10\x03"  // 2: segment
      "\x18\x01"  // 3: collection
      "\x2a\x0e\x08\x03\x12\x08\x0a\x01"
      "c"
      "\x12\x01"
      "m"
      "\x20\x05\x18\x04"  // 5: checkpoint
      "\x38\x01"          // 7: flushed
      "\x62\x01"
      "c"              // 12: channel
      "\x68\x01"       // 13: level
      "\x70\x02"       // 14: partition
      "\x78\x02"       // 15: storage version
      "\x88\x01\x01",  // 17: all logs
      2 + 2 + 16 + 2 + 3 + 2 + 2 + 2 + 3);
  EXPECT_EQ(EncodeSaveBinlogPaths(update, {}), expected);
}

TEST_F(MilvusMetaWriterTest, FlushedAndDroppedAreWhatThePackSays) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  SyncPack pack = testing::SamplePack(kSegment, 0, 10);
  pack.is_flush = true;
  VARVE_ASSERT_OK(Run(pack).status());
  EXPECT_TRUE(Last().flushed());
  SyncPack late;  // deletes for a segment that was flushed before
  late.segment_id = kSegment;
  late.deletes = {testing::SyncDeletes(2, 3)};
  late.checkpoint.timestamp = pack.checkpoint.timestamp + 1;
  VARVE_ASSERT_OK(Run(late).status());
  EXPECT_FALSE(Last().flushed());
  EXPECT_FALSE(Last().dropped());
  SyncPack drop;
  drop.segment_id = kSegment;
  drop.checkpoint.timestamp = late.checkpoint.timestamp;
  drop.is_flush = true;
  drop.is_drop = true;
  VARVE_ASSERT_OK(Run(drop).status());
  EXPECT_TRUE(Last().flushed());
  EXPECT_TRUE(Last().dropped());
}

TEST_F(MilvusMetaWriterTest, StartPositionsAreToldUntilTheyWereTaken) {
  SegmentState growing = SampleSegment(8, StorageVersion::kV1);
  growing.start_position.timestamp = 33;
  cache_->Put(growing);
  SegmentState flushed = SampleSegment(9, StorageVersion::kV1);
  flushed.start_position.timestamp = 34;
  flushed.lifecycle = SegmentLifecycle::kFlushed;
  cache_->Put(flushed);
  cache_->Put(SampleSegment(10, StorageVersion::kV1));  // without rows
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  answer_ = Status::IOError("reset");  // of the first request
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 10)).status());
  ASSERT_EQ(requests_.size(), 2);
  EXPECT_EQ(requests_[0], requests_[1]);
  EXPECT_THAT(Starting(Last()), ElementsAre(kSegment, 8));
  EXPECT_EQ(Last().start_positions(0).start_position().msgid(), "first");
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 10, 10)).status());
  EXPECT_THAT(Starting(Last()), ElementsAre());
}

TEST_F(MilvusMetaWriterTest, ASegmentThatIsSomebodyElsesEndsTheTask) {
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV1));
  answer_ = MakeError(ErrorKind::kNotFound, "channel not found");
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 10)));
  EXPECT_EQ(outcome.result, SyncResult::kMovedAway);
  EXPECT_EQ(requests_.size(), 1);
}

}  // namespace
}  // namespace varve::internal
