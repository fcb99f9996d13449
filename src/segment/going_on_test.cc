// SPDX-License-Identifier: Apache-2.0
// Packs for segments that are not as this process left them: other ids, other fields, logs without
// statistics.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "varve/bm25_statistics.h"
#include "varve/primary_key_statistics.h"
#include "varve/segment.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using testing::kKeyFieldId;
using testing::kSparseFieldId;
using testing::kTextFieldId;
using testing::SamplePack;
using testing::SampleSegment;
using testing::SyncRows;
using testing::SyncSchema;

constexpr int64_t kSegment = 7;

class GoingOnTest : public ::testing::TestWithParam<StorageVersion> {
 protected:
  GoingOnTest() {
    cache_->Put(SampleSegment(kSegment, GetParam()));
    options_.retry.first_pause = std::chrono::milliseconds(0);
  }

  Result<SyncOutcome> Run(const SyncPack& pack) {
    SyncContext context;
    context.environment = {
        .store = faulty_, .cache = cache_, .writer = writer_, .ids = ids_, .options = options_};
    return SyncTask(context, pack).Run();
  }
  // Metadata and cache have `state` from now on.
  Status Become(const SegmentState& state, std::shared_ptr<const CollectionSchema> schema) {
    cache_ = MakeMemoryMetaCache(std::move(schema));
    cache_->Put(state);
    return writer_->Commit({.before = *writer_->Find(kSegment), .after = state}).status();
  }
  size_t NumObjects() const { return memory_->List("").ValueOrDie().size(); }
  void ExpectRows(int64_t count) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto reader,
        SegmentReader::Open(memory_, SyncSchema(), writer_->Find(kSegment)->files));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, reader->Scan());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
    const auto expected = SyncRows(0, count);
    for (const std::string& name : rows->ColumnNames()) {
      const arrow::ChunkedArray wanted(expected->GetColumnByName(name));
      EXPECT_TRUE(rows->GetColumnByName(name)->Equals(wanted)) << name;
    }
  }
  std::vector<uint8_t> BytesOf(const Binlog& log) {
    const auto bytes = memory_->Read(log.path).ValueOrDie();
    return {bytes->data(), bytes->data() + bytes->size()};
  }
  std::vector<PrimaryKeyStatistics> CompoundOf(const SegmentFiles& files) {
    const Binlog& log = files.statistics.front().logs.front();
    EXPECT_EQ(log.log_id, 1);
    return DecodeCompoundPrimaryKeyStatistics(BytesOf(log), log.path).ValueOrDie();
  }
  Bm25Statistics Bm25In(const Binlog& log) {
    return Bm25Statistics::Decode(BytesOf(log), log.path).ValueOrDie();
  }

  // Of the rows there are of the field of terms.
  static Bm25Statistics Bm25Of(int64_t begin, int64_t count) {
    Bm25Statistics statistics;
    const auto rows = SyncRows(begin, count);
    const auto& texts = static_cast<const arrow::BinaryArray&>(*rows->GetColumnByName("terms"));
    for (int64_t row = 0; row < texts.length(); ++row) {
      const std::string_view text = texts.GetView(row);
      EXPECT_TRUE(
          statistics.AddRow({reinterpret_cast<const uint8_t*>(text.data()), text.size()}).ok());
    }
    return statistics;
  }

  const std::shared_ptr<MemoryChunkManager> memory_ = MemoryChunkManager::Make();
  const std::shared_ptr<FaultyChunkManager> faulty_ = FaultyChunkManager::Make(memory_);
  std::shared_ptr<MetaCache> cache_ = MakeMemoryMetaCache(SyncSchema());
  const std::shared_ptr<MemoryMetaWriter> writer_ = std::make_shared<MemoryMetaWriter>();
  std::shared_ptr<IdAllocator> ids_ = MakeCountingIdAllocator(5000);
  SyncOptions options_;
};

// Rows of a field are those of its logs in the order of their ids.
TEST_P(GoingOnTest, IdsThatDoNotAscendEndATaskBeforeItWrites) {
  VARVE_ASSERT_OK(Run(SamplePack(kSegment, 0, 10)).status());
  const size_t objects = NumObjects();
  ids_ = MakeCountingIdAllocator(100);
  const Status status = Run(SamplePack(kSegment, 10, 10)).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("found 100"));
  EXPECT_EQ(NumObjects(), objects);
  ExpectRows(10);
  ids_ = MakeCountingIdAllocator(6000);
  VARVE_ASSERT_OK(Run(SamplePack(kSegment, 10, 10)).status());
  ExpectRows(20);
}

TEST_P(GoingOnTest, AFieldThatEarlierRowsNeedIsRefused) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(SamplePack(kSegment, 0, 10)));
  auto fields = SyncSchema()->fields();
  fields.push_back({.field_id = 104, .name = "number", .data_type = DataType::kInt64});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make(std::move(fields)));
  VARVE_ASSERT_OK(Become(first.state, schema));
  const size_t objects = NumObjects();
  SyncPack pack = SamplePack(kSegment, 10, 10);
  for (auto& batch : pack.inserts) {
    VARVE_ASSERT_OK_AND_ASSIGN(batch, batch->AddColumn(0, "number", batch->GetColumnByName("pk")));
  }
  const Status status = Run(pack).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("'number'"));
  EXPECT_EQ(NumObjects(), objects);
  ExpectRows(10);
}

// Also one of a column group of which other fields are left.
TEST_P(GoingOnTest, AFieldThatIsGoneIsRefused) {
  auto fields = SyncSchema()->fields();
  fields.push_back(
      {.field_id = 104, .name = "number", .data_type = DataType::kInt64, .nullable = true});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto wider, CollectionSchema::Make(std::move(fields)));
  cache_ = MakeMemoryMetaCache(wider);
  cache_->Put(SampleSegment(kSegment, GetParam()));
  SyncPack pack = SamplePack(kSegment, 0, 10);
  for (auto& batch : pack.inserts) {
    VARVE_ASSERT_OK_AND_ASSIGN(batch, batch->AddColumn(0, "number", batch->GetColumnByName("pk")));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(pack));
  VARVE_ASSERT_OK(Become(first.state, SyncSchema()));
  const size_t objects = NumObjects();
  const Status status = Run(SamplePack(kSegment, 10, 10)).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << status;
  EXPECT_THAT(status.message(), HasSubstr("found id 104"));
  EXPECT_EQ(NumObjects(), objects);
  ExpectRows(10);
}

// The filter that stands for all is the only one that is loaded then.
TEST_P(GoingOnTest, StatisticsTellOfRowsThatCameWithoutAny) {
  SyncPack pack = SamplePack(kSegment, 0, 20);
  VARVE_ASSERT_OK(Run(pack).status());
  VARVE_ASSERT_OK_AND_ASSIGN(SyncOutcome second, Run(SamplePack(kSegment, 20, 20)));
  second.state.files.statistics.clear();
  VARVE_ASSERT_OK(Become(second.state, SyncSchema()));
  pack = SamplePack(kSegment, 40, 5);
  pack.bm25_fields = {kSparseFieldId};  // nor were there any of these
  pack.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  const SegmentFiles& files = outcome.state.files;
  ExpectRows(45);

  ASSERT_EQ(files.statistics.front().logs.size(), 3);
  EXPECT_EQ(files.statistics.front().field_id, kKeyFieldId);
  EXPECT_EQ(files.statistics.front().logs[0].num_rows, 45);
  EXPECT_EQ(files.statistics.front().logs[1].num_rows, 40);
  EXPECT_EQ(files.statistics.front().logs[1].timestamp_to, testing::kFirstTimestamp + 39);
  EXPECT_EQ(files.statistics.front().logs[2].num_rows, 5);
  const auto parts = CompoundOf(files);
  ASSERT_EQ(parts.size(), 2);
  for (int64_t key = 0; key < 45; ++key) {
    EXPECT_TRUE(parts[0].MayContain(key) || parts[1].MayContain(key)) << key;
  }
  EXPECT_EQ(parts[0].max, PrimaryKey(int64_t{39}));

  ASSERT_EQ(files.bm25.front().logs.size(), 3);
  EXPECT_EQ(Bm25In(files.bm25.front().logs.front()), Bm25Of(0, 45));
  EXPECT_EQ(files.bm25.front().logs.front().num_rows, 45);
}

// Sums of some rows alone cannot be added to: nobody knows which rows they lack.
TEST_P(GoingOnTest, SumsThatLackRowsAreCountedAnew) {
  SyncPack pack = SamplePack(kSegment, 0, 20);
  pack.bm25_fields = {kSparseFieldId};
  VARVE_ASSERT_OK(Run(pack).status());
  pack = SamplePack(kSegment, 20, 20);
  pack.bm25_fields = {kSparseFieldId};
  VARVE_ASSERT_OK_AND_ASSIGN(SyncOutcome second, Run(pack));
  auto& logs = second.state.files.bm25.front().logs;
  ASSERT_EQ(logs.size(), 2);
  EXPECT_EQ(Bm25In(logs.back()), Bm25Of(20, 20));
  logs.pop_back();
  VARVE_ASSERT_OK(Become(second.state, SyncSchema()));
  pack = SamplePack(kSegment, 40, 5);
  pack.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  const auto& merged = outcome.state.files.bm25.front().logs.front();
  EXPECT_EQ(merged.log_id, 1);
  EXPECT_EQ(merged.num_rows, 45);
  EXPECT_EQ(merged.timestamp_to, testing::kFirstTimestamp + 44);
  EXPECT_EQ(Bm25In(merged), Bm25Of(0, 45));
}

// Nor do all metadata tell how many rows there are.
TEST_P(GoingOnTest, StatisticsTellOfRowsThatNobodyCounted) {
  VARVE_ASSERT_OK_AND_ASSIGN(SyncOutcome first, Run(SamplePack(kSegment, 0, 20)));
  SegmentFiles& untold = first.state.files;
  untold.statistics.clear();
  untold.num_rows = 0;
  for (FieldBinlog& field : untold.inserts) field.logs.front().num_rows = 0;
  VARVE_ASSERT_OK(Become(first.state, SyncSchema()));
  SyncPack pack = SamplePack(kSegment, 20, 5);
  pack.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  const auto parts = CompoundOf(outcome.state.files);
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[0].min, PrimaryKey(int64_t{0}));
  EXPECT_EQ(parts[0].max, PrimaryKey(int64_t{19}));
  for (int64_t key = 0; key < 20; ++key) EXPECT_TRUE(parts[0].MayContain(key)) << key;
}

TEST_P(GoingOnTest, AStoreThatIsThrottledIsAskedAgain) {
  faulty_->FailCall(GetParam() == StorageVersion::kV1 ? StorageOperation::kPutIfAbsent
                                                      : StorageOperation::kOpenWriter,
                    1, MakeError(ErrorKind::kResourceExhausted, "slow down"),
                    FaultyChunkManager::kBefore, 3);
  VARVE_ASSERT_OK(Run(SamplePack(kSegment, 0, 10)).status());
  EXPECT_EQ(faulty_->num_failures(), 3);
  ExpectRows(10);
}

INSTANTIATE_TEST_SUITE_P(Versions, GoingOnTest,
                         ::testing::Values(StorageVersion::kV1, StorageVersion::kV2),
                         [](const auto& version) {
                           return version.param == StorageVersion::kV1 ? std::string("V1")
                                                                       : std::string("V2");
                         });

}  // namespace
}  // namespace varve::internal
