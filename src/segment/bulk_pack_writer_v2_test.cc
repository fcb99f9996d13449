// SPDX-License-Identifier: Apache-2.0
#include "segment/bulk_pack_writer_v2.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/chunked_array.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/util/key_value_metadata.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_footer.h"
#include "packed/packed_file_reader.h"
#include "parquet/metadata.h"
#include "segment/packed_rows.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "varve/segment.h"

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

  // Rows [0, count), after which metadata and cache are such as Milvus had once.
  Result<SegmentState> FlushAsMetadataWithoutChildFields(int64_t count) {
    ARROW_ASSIGN_OR_RAISE(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, count)));
    SegmentState old = first.state;
    for (FieldBinlog& group : old.files.inserts) group.child_fields.clear();
    cache_->Put(old);
    return writer_->Commit({.before = first.state, .after = old});
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
  std::shared_ptr<MetaCache> cache_ = MakeMemoryMetaCache(testing::SyncSchema());
  const std::shared_ptr<MemoryMetaWriter> writer_ = std::make_shared<MemoryMetaWriter>();
  std::shared_ptr<IdAllocator> ids_ = MakeCountingIdAllocator(5000);
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

// However the rows come, 24 bytes of a row are in group 0: row groups end at the first row beyond
// 1 MiB.
TEST_F(BulkPackWriterV2Test, RowGroupsAreCutByTheBytesOfTheirRowsAlone) {
  constexpr int64_t kRows = 300'000;  // in a batch of more than 16 MiB
  constexpr int64_t kGroupRows = 43'691;
  std::string expected;
  for (int64_t row = 0; row < kRows; row += kGroupRows) {
    const int64_t length = std::min(kGroupRows, kRows - row);
    expected += (row == 0 ? "" : ";") + std::to_string(length * 24) + "|" + std::to_string(length) +
                "|" + std::to_string(row);
  }
  const auto rows = SyncRows(0, kRows);
  SyncPack pack = testing::SamplePack(kSegment, 0, kRows);
  for (const int64_t batch_rows : {kRows, int64_t{100'000}}) {
    SCOPED_TRACE(batch_rows);
    pack.inserts.clear();
    for (int64_t row = 0; row < kRows; row += batch_rows) {
      pack.inserts.push_back(rows->Slice(row, batch_rows));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto file,
        PackedFileReader::Open(memory_, outcome.state.files.inserts[0].logs.back().path));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto footer, file->Footer());
    EXPECT_EQ(footer->key_value_metadata()->Get(kRowGroupsKey).ValueOr("(none)"), expected);
    pack.checkpoint.timestamp += 1;  // a pack of its own
  }
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

// The fields of SyncSchema and those, added later.
std::shared_ptr<const CollectionSchema> SchemaWith(const std::vector<FieldSchema>& added) {
  auto fields = testing::SyncSchema()->fields();
  fields.insert(fields.end(), added.begin(), added.end());
  return CollectionSchema::Make(std::move(fields)).ValueOrDie();
}

TEST_F(BulkPackWriterV2Test, FieldsThatWereAddedGetGroupsOfTheirOwn) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome first, Run(testing::SamplePack(kSegment, 0, 10)));
  FieldSchema note{.field_id = 104, .name = "note", .data_type = DataType::kVarChar};
  note.nullable = true;
  note.max_length = 64;
  FieldSchema number{.field_id = 105, .name = "number", .data_type = DataType::kInt32};
  number.nullable = true;
  FieldSchema terms{.field_id = 106, .name = "more", .data_type = DataType::kSparseFloatVector};
  terms.nullable = true;
  cache_ = MakeMemoryMetaCache(SchemaWith({note, number, terms}));
  cache_->Put(first.state);
  SyncPack pack = testing::SamplePack(kSegment, 10, 5);
  arrow::Int32Builder numbers;
  VARVE_ASSERT_OK(numbers.AppendValues({10, 11, 12, 13, 14}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto values, numbers.Finish());
  int64_t row = 0;
  for (auto& batch : pack.inserts) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        batch, batch->AddColumn(0, "number", values->Slice(row, batch->num_rows())));
    row += batch->num_rows();
  }
  pack.is_flush = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  std::vector<std::pair<int64_t, std::vector<int64_t>>> groups;
  for (const FieldBinlog& group : outcome.state.files.inserts) {
    groups.emplace_back(group.field_id, group.child_fields);
  }
  EXPECT_THAT(groups, ElementsAre(Pair(0, ElementsAre(100, 0, 1)), Pair(1, ElementsAre(101)),
                                  Pair(102, ElementsAre(102)), Pair(103, ElementsAre(103)),
                                  Pair(2, ElementsAre(104, 105)), Pair(106, ElementsAre(106))));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             SegmentReader::Open(memory_, cache_->schema(), outcome.state.files));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, reader->Scan());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
  const auto expected = SyncRows(0, 15);
  for (const char* name : {"pk", "text", "emb", "terms"}) {
    const arrow::ChunkedArray wanted(expected->GetColumnByName(name));
    EXPECT_TRUE(rows->GetColumnByName(name)->Equals(wanted)) << name;
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto nulls, arrow::MakeArrayOfNull(arrow::int32(), 10));
  EXPECT_TRUE(rows->GetColumnByName("number")->Equals(
      arrow::ChunkedArray({nulls, values}, arrow::int32())));
  EXPECT_EQ(rows->GetColumnByName("note")->null_count(), 15);
  EXPECT_EQ(rows->GetColumnByName("more")->null_count(), 15);
}

TEST_F(BulkPackWriterV2Test, AFormatThatIsNotParquetIsRefused) {
  SegmentState state = SampleSegment(kSegment, StorageVersion::kV2);
  FieldBinlog group;
  group.child_fields = {100, 101, 102, 103, 0, 1};
  group.format = "vortex";
  group.logs.emplace_back().log_id = 17;
  state.files.inserts = {group};
  state.files.statistics = {{.field_id = testing::kKeyFieldId, .logs = group.logs}};
  cache_->Put(state);
  const Status refused = Run(testing::SamplePack(kSegment, 0, 10)).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kUnsupported);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("vortex"));
  EXPECT_TRUE(memory_->List("files/").ValueOrDie().empty());

  state.files.inserts.front().format = "parquet";
  cache_->Put(state);
  VARVE_ASSERT_OK(
      writer_->Commit({.before = SampleSegment(kSegment, StorageVersion::kV2), .after = state})
          .status());
  VARVE_ASSERT_OK(Run(testing::SamplePack(kSegment, 0, 10)).status());
}

// In memory 200 numbers are 1,600 bytes, as Milvus stores them a byte each: a short column.
TEST_F(BulkPackWriterV2Test, TheSplitGoesByBytesAsTheyAreStored) {
  FieldSchema array{.field_id = 104, .name = "numbers", .data_type = DataType::kArray};
  array.element_type = DataType::kInt64;
  array.max_capacity = 256;
  cache_ = MakeMemoryMetaCache(SchemaWith({array}));
  cache_->Put(SampleSegment(kSegment, StorageVersion::kV2));
  SyncPack pack = testing::SamplePack(kSegment, 0, 6);
  for (auto& batch : pack.inserts) {
    auto values = std::make_shared<arrow::Int64Builder>();
    arrow::ListBuilder lists(arrow::default_memory_pool(), values);
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      VARVE_ASSERT_OK(lists.Append());
      for (int64_t i = 0; i < 200; ++i) VARVE_ASSERT_OK(values->Append(i % 100));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, lists.Finish());
    VARVE_ASSERT_OK_AND_ASSIGN(batch, batch->AddColumn(0, "numbers", column));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(pack));
  std::vector<int64_t> groups;
  for (const FieldBinlog& group : outcome.state.files.inserts) groups.push_back(group.field_id);
  EXPECT_THAT(groups, ElementsAre(0, 1, 102, 103));
  EXPECT_THAT(outcome.state.files.inserts[1].child_fields, ElementsAre(101, 104));
}

TEST_F(BulkPackWriterV2Test, AnOldSegmentWithoutChildFieldsHasTheLegacySplit) {
  options_.split.system_columns = false;
  VARVE_ASSERT_OK_AND_ASSIGN(const SegmentState old, FlushAsMetadataWithoutChildFields(10));
  options_.split.system_columns = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 10, 5)));
  std::vector<std::pair<int64_t, size_t>> groups;
  for (const FieldBinlog& group : outcome.state.files.inserts) {
    groups.emplace_back(group.field_id, group.logs.size());
  }
  EXPECT_THAT(groups, ElementsAre(Pair(0, 2), Pair(102, 2), Pair(103, 2)));
  ExpectRows(outcome.state.files, 15);
}

// Its groups are 0, 1, 102 and 103: a set in the legacy split, without group 1, would make all of
// the segment unreadable.
TEST_F(BulkPackWriterV2Test, AnotherSplitWithoutChildFieldsIsRefusedBeforeAnythingIsWritten) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SegmentState old, FlushAsMetadataWithoutChildFields(10));
  const auto objects = memory_->List("").ValueOrDie().size();
  const Status refused = Run(testing::SamplePack(kSegment, 10, 5)).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("a file for group 1"));
  EXPECT_EQ(memory_->List("").ValueOrDie().size(), objects);
  EXPECT_EQ(writer_->Find(kSegment), old);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             SegmentReader::Open(memory_, cache_->schema(), old.files));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, reader->Scan({.columns = {"text"}}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, stream->ToTable());
  EXPECT_TRUE(rows->GetColumnByName("text")->Equals(
      arrow::ChunkedArray(SyncRows(0, 10)->GetColumnByName("text"))));
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

class DownIdAllocator : public IdAllocator {
 public:
  Result<int64_t> Next() override {
    ++asked;
    return Status::IOError("down");
  }

  int64_t asked = 0;
};

TEST_F(BulkPackWriterV2Test, AnAllocatorThatIsDownIsAskedAsOftenAsThePolicySays) {
  options_.retry.attempts_max = 4;
  cache_->Put(SampleSegment(8, StorageVersion::kV1));
  for (const int64_t segment : {kSegment, int64_t{8}}) {
    SCOPED_TRACE(segment);
    const auto down = std::make_shared<DownIdAllocator>();
    ids_ = down;
    EXPECT_THAT(Run(testing::SamplePack(segment, 0, 20)).status().message(),
                ::testing::HasSubstr("down"));
    EXPECT_EQ(down->asked, 4);
  }
}

// By one rule (section 6.7), whichever version a segment has.
TEST_F(BulkPackWriterV2Test, MemoryIsCountedAsInV1) {
  cache_->Put(SampleSegment(8, StorageVersion::kV1));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome packed, Run(testing::SamplePack(kSegment, 0, 30)));
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome binlogs, Run(testing::SamplePack(8, 0, 30)));
  std::map<int64_t, int64_t> bytes;
  for (const FieldBinlog& field : binlogs.state.files.inserts) {
    bytes[field.field_id] = field.logs.front().memory_bytes;
  }
  for (const FieldBinlog& group : packed.state.files.inserts) {
    int64_t sum = 0;
    for (const int64_t field : group.child_fields) sum += bytes[field];
    EXPECT_EQ(group.logs.front().memory_bytes, sum) << group.field_id;
  }
  const auto texts = SyncRows(0, 30)->GetColumnByName("text");
  // Batches of 10 and 20: of each a bitmap and the offsets.
  EXPECT_EQ(
      bytes[testing::kTextFieldId],
      2 + 3 + 4 * (11 + 21) + static_cast<const arrow::StringArray&>(*texts).total_values_length());
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

// The next flush puts it there again, maybe while orphans are collected.
TEST_F(BulkPackWriterV2Test, TheNameThatIsUsedAgainIsNoOrphanUnlessItsSegmentIsGone) {
  VARVE_ASSERT_OK_AND_ASSIGN(const SyncOutcome outcome, Run(testing::SamplePack(kSegment, 0, 20)));
  const std::string used_again = "files/stats_log/1/2/7/100/1";
  const std::string of_another = "files/stats_log/1/2/9/100/1";
  VARVE_ASSERT_OK(memory_->Write(used_again, {}));
  VARVE_ASSERT_OK(memory_->Write(of_another, {}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto removed,
                             CollectSegmentOrphans(memory_.get(), 1, {outcome.state}, "files", {}));
  ASSERT_EQ(removed.size(), 1);
  EXPECT_EQ(removed[0].path, of_another);
  EXPECT_TRUE(memory_->Exist(used_again).ValueOrDie());

  SegmentState dropped = outcome.state;
  dropped.lifecycle = SegmentLifecycle::kDropped;
  VARVE_ASSERT_OK(CollectSegmentOrphans(memory_.get(), 1, {dropped}, "files", {}).status());
  EXPECT_FALSE(memory_->Exist(used_again).ValueOrDie());
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
