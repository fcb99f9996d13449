// SPDX-License-Identifier: Apache-2.0
// A real backup of Milvus: its metadata, and every value of the segment in it at every time,
// compared with what pyarrow finds in the payloads (src/binlog/testing/golden_segment.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/compute/api_vector.h"
#include "arrow/datum.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "binlog/testing/golden_segment.h"
#include "packed/milvus_values.h"
#include "schema/system_fields.h"
#include "segment/packed_rows.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"
#include "varve/milvus.h"
#include "varve/milvus_packed.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The six fields of the segment, in the order of GoldenLogs.
const std::vector<std::string> kColumns = {"RowID",  "Timestamp", "pk",
                                           "random", "var",       "embeddings"};

class MilvusBackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_DATA();
    place_ = LocateMilvus(GoldenSegmentFolder().string());
    store_ = OpenChunkManager(place_.store_uri).ValueOrDie();
    collections_ = FindMilvusCollections(store_, place_).ValueOrDie();
    ASSERT_EQ(collections_.size(), 2u);
  }

  const MilvusCollection& collection() const { return collections_[0]; }

  std::shared_ptr<arrow::RecordBatch> Scan(uint64_t as_of) const {
    const auto reader =
        ScanMilvusCollection(store_, collection(), {.columns = kColumns, .as_of = as_of})
            .ValueOrDie();
    return reader->ToTable().ValueOrDie()->CombineChunksToBatch().ValueOrDie();
  }

  MilvusPlace place_;
  std::shared_ptr<ChunkManager> store_;
  std::vector<MilvusCollection> collections_;
};

TEST_F(MilvusBackupTest, MetadataBecomeSchemaAndFiles) {
  EXPECT_EQ(collection().collection_id, kGoldenCollection);
  EXPECT_EQ(collection().name, "hello_milvus");
  EXPECT_EQ(collection().partitions.at(kGoldenPartition), "_default");
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto schema,
      CollectionSchema::Make(
          {{.field_id = 100, .name = "pk", .data_type = DataType::kInt64, .primary_key = true},
           {.field_id = 101, .name = "random", .data_type = DataType::kDouble},
           {.field_id = 102, .name = "var", .data_type = DataType::kVarChar, .max_length = 65535},
           {.field_id = 103,
            .name = "embeddings",
            .data_type = DataType::kFloatVector,
            .dim = 8}}));
  EXPECT_TRUE(collection().schema->Equals(*schema)) << collection().schema->ToString();
  ASSERT_EQ(collection().segments.size(), 1u);
  const SegmentFiles& files = collection().segments[0];
  EXPECT_EQ(files.segment_id, kGoldenSegment);
  EXPECT_EQ(files.partition_id, kGoldenPartition);
  EXPECT_EQ(files.version, StorageVersion::kV1);
  EXPECT_EQ(files.num_rows, 3000);
  std::vector<std::string> paths, golden_paths;
  for (const FieldBinlog& list : files.inserts) paths.push_back(list.logs[0].path);
  for (const GoldenLog& log : GoldenLogs()) golden_paths.push_back(log.path);
  EXPECT_EQ(paths, golden_paths);
  EXPECT_EQ(files.deltas[0].logs[0].log_id, 442958042415720717);
  EXPECT_EQ(files.deltas[0].logs[0].file_bytes, 654);
  EXPECT_EQ(collections_[1].name, "hello_milvus2");
  EXPECT_EQ(collections_[1].segments.size(), 2u);
}

TEST_F(MilvusBackupTest, BeforeTheDeletesEveryValueIsWhatPyarrowReads) {
  const auto rows = Scan(kGoldenInserted);
  VARVE_ASSERT_OK(rows->ValidateFull());
  const auto logs = GoldenLogs();
  for (size_t i = 0; i < logs.size(); ++i) {
    SCOPED_TRACE(kColumns[i]);
    const FieldSchema* user = collection().schema->FindByName(kColumns[i]);
    const FieldSchema field = user != nullptr ? *user : i == 0 ? RowIdField() : TimestampField();
    EXPECT_EQ(field.field_id, logs[i].field_id);
    const auto column = rows->column(static_cast<int>(i));
    EXPECT_EQ(column->length(), logs[i].num_rows);
    EXPECT_EQ(column->null_count(), 0);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, EncodeValues(field, column));
    EXPECT_EQ(ValuesCrc(*stored), logs[i].crc);
  }
  EXPECT_EQ(Scan(kGoldenInserted - 1)->num_rows(), 0);
}

TEST_F(MilvusBackupTest, DeletesAreAppliedAsOfEveryTime) {
  const auto all = Scan(kGoldenInserted);
  const auto& keys = static_cast<const arrow::Int64Array&>(*all->GetColumnByName("pk"));
  const auto deletes = GoldenDeletes();
  std::set<uint64_t> times = {UINT64_MAX};
  for (const auto& [key, time] : deletes) times.insert({time - 1, time, time + 1});
  ASSERT_EQ(times.count(442959098087473153), 1u);
  std::set<int64_t> counts;
  for (const uint64_t as_of : times) {
    SCOPED_TRACE(as_of);
    arrow::BooleanBuilder mask;
    for (int64_t row = 0; row < keys.length(); ++row) {
      VARVE_ASSERT_OK(mask.Append(std::ranges::none_of(deletes, [&](const auto& one) {
        return one.first == keys.Value(row) && one.second <= as_of;
      })));
    }
    const auto expected =
        arrow::compute::Filter(all, mask.Finish().ValueOrDie()).ValueOrDie().record_batch();
    const auto rows = Scan(as_of);
    EXPECT_TRUE(rows->Equals(*expected));
    counts.insert(rows->num_rows());
  }
  // 15 deletes of ten keys, in two runs: of the keys 0 to 4, then of 0 to 9.
  EXPECT_THAT(counts, ElementsAre(2990, 2995, 3000));
}

TEST_F(MilvusBackupTest, WrittenAgainAsV1AndV2ItReadsBackEqual) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager("memory://milvus-backup-again"));
  const auto put = [&](const std::string& path, const arrow::Buffer& bytes) {
    return store->Write(path, {bytes.data(), static_cast<size_t>(bytes.size())});
  };
  const auto all = Scan(kGoldenInserted);
  const std::vector<FieldSchema> fields = PackedFields(*collection().schema);
  SegmentFiles v1{.segment_id = 1, .version = StorageVersion::kV1, .num_rows = 3000};
  SegmentFiles v2{.segment_id = 2, .version = StorageVersion::kV2, .num_rows = 3000};
  // System fields and the key; scalars; the vector.
  const std::vector<ColumnGroup> groups = {{.group_id = 0, .columns = {0, 4, 5}},
                                           {.group_id = 1, .columns = {1, 2}},
                                           {.group_id = 103, .columns = {3}}};
  for (const FieldSchema& field : fields) v1.inserts.push_back({.field_id = field.field_id});
  for (const ColumnGroup& group : groups) v2.inserts.push_back({.field_id = group.group_id});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto packed_schema, PackedSchema(fields));
  for (int64_t chunk = 0; chunk < 3; ++chunk) {
    const auto rows = all->Slice(chunk * 1000, 1000);
    arrow::ArrayVector columns;
    for (size_t i = 0; i < fields.size(); ++i) {
      columns.push_back(rows->GetColumnByName(fields[i].name));
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto bytes,
          WriteInsertLog(fields[i], columns[i], {.start_timestamp = 1, .end_timestamp = 1}));
      const std::string path = "v1/" + fields[i].name + std::to_string(chunk);
      VARVE_ASSERT_OK(put(path, *bytes));
      v1.inserts[i].logs.push_back({.path = path, .log_id = chunk, .file_bytes = bytes->size()});
    }
    std::vector<std::string> paths;
    for (size_t i = 0; i < groups.size(); ++i) {
      paths.push_back("v2/" + std::to_string(i) + "/" + std::to_string(chunk));
      v2.inserts[i].logs.push_back({.path = paths[i], .log_id = chunk});
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                               MilvusPackedWriter::Make(store, packed_schema, groups, paths));
    const auto batch = arrow::RecordBatch::Make(packed_schema, 1000, columns);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto packed, EncodePackedRows(fields, *batch));
    VARVE_ASSERT_OK(writer->Write(packed));
    VARVE_ASSERT_OK(writer->Close().status());
  }
  const std::string log = collection().segments[0].deltas[0].logs[0].path;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto log_bytes, store_->Read(log));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto deletes, ReadDeltaLog(log_bytes, log));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto multi,
                             WriteDeltaLog(deletes, {}, DeltaLogForm::kMultiField));
  VARVE_ASSERT_OK(put("delta", *multi));
  v1.deltas = v2.deltas = {{.field_id = 1, .logs = {{.path = "delta", .log_id = 1}}}};
  for (const SegmentFiles& files : {v1, v2}) {
    SCOPED_TRACE(files.segment_id);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto segment,
                               SegmentReader::Open(store, collection().schema, files));
    for (const uint64_t as_of :
         {kGoldenInserted - 1, kGoldenInserted, uint64_t{442959098087473153}, UINT64_MAX}) {
      SCOPED_TRACE(as_of);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                                 segment->Scan({.columns = kColumns, .as_of = as_of}));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto table, stream->ToTable());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, table->CombineChunksToBatch());
      EXPECT_TRUE(rows->Equals(*Scan(as_of)));
    }
  }
}

TEST_F(MilvusBackupTest, ASegmentFolderIsReadByItsPathsAlone) {
  const MilvusPlace place =
      LocateMilvus((GoldenSegmentFolder() / "insert_log" / std::to_string(kGoldenCollection) /
                    std::to_string(kGoldenPartition) / std::to_string(kGoldenSegment))
                       .string());
  EXPECT_EQ(place, (MilvusPlace{GoldenSegmentFolder().string(), kGoldenCollection, kGoldenPartition,
                                kGoldenSegment}));
  // The same logs in a store without metadata.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bare, OpenChunkManager("memory://milvus-backup-bare"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto objects, store_->List(""));
  for (const ObjectInfo& object : objects) {
    if (object.path.starts_with("meta/")) continue;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store_->Read(object.path));
    VARVE_ASSERT_OK(
        bare->Write("files/" + object.path, {bytes->data(), static_cast<size_t>(bytes->size())}));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(auto collections, FindMilvusCollections(bare, place));
  ASSERT_EQ(collections.size(), 1u);
  EXPECT_EQ(collections[0].schema, nullptr);
  EXPECT_EQ(collections[0].segments.size(), 1u);
  VARVE_ASSERT_OK_AND_ASSIGN(collections[0].schema,
                             DescribeMilvusSchema(bare, collections[0], "field_100"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, ScanMilvusCollection(bare, collections[0]));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, reader->ToTable());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, table->CombineChunksToBatch());
  EXPECT_THAT(rows->schema()->field_names(),
              ElementsAre("field_100", "field_101", "field_102", "field_103"));
  const auto expected = Scan(UINT64_MAX);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(rows->column(i)->Equals(expected->column(i + 2)));

  // Without a key, the deletes cannot be applied.
  VARVE_ASSERT_OK_AND_ASSIGN(collections[0].schema, DescribeMilvusSchema(bare, collections[0]));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto keyless, ScanMilvusCollection(bare, collections[0]));
  std::shared_ptr<arrow::RecordBatch> batch;
  EXPECT_THAT(keyless->ReadNext(&batch).ToString(), HasSubstr("primary key"));
  EXPECT_THAT(DescribeMilvusSchema(bare, collections[0], "pk").status().ToString(),
              HasSubstr("one of field_100, field_101"));
}

TEST_F(MilvusBackupTest, LogsThatAreNotThereAreErrorsThatNameThem) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, ScanMilvusCollection(store_, collections_[1]));
  std::shared_ptr<arrow::RecordBatch> batch;
  const Status status = reader->ReadNext(&batch);
  EXPECT_TRUE(IsNotFound(status));
  EXPECT_THAT(status.ToString(),
              HasSubstr("insert_log/442958042415717600/442958042415717601/442958042415717609/"));
  EXPECT_THAT(collections_[0].missing, IsEmpty());
  std::set<std::string> named;
  for (const SegmentFiles& files : collections_[1].segments) {
    for (const auto* lists : {&files.inserts, &files.deltas, &files.statistics, &files.bm25}) {
      for (const FieldBinlog& list : *lists) {
        for (const Binlog& log : list.logs) named.insert(log.path);
      }
    }
  }
  EXPECT_FALSE(named.empty());
  EXPECT_EQ(collections_[1].missing, named);
}

}  // namespace
}  // namespace varve::internal
