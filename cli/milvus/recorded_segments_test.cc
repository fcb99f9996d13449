// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/recorded_segments.h"

#include <gmock/gmock.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "varve/table.h"
#include "varve/table_segments.h"

namespace varve::cli {
namespace {

using ::testing::ElementsAre;

SegmentState Segment(int64_t collection_id, int64_t partition_id, int64_t segment_id) {
  SegmentState state;
  state.files.collection_id = collection_id;
  state.files.partition_id = partition_id;
  state.files.segment_id = segment_id;
  state.files.version = StorageVersion::kV1;
  state.channel = "channel";
  return state;
}

TEST(RecordedSegmentsTest, AreOfTheCollectionThatTheyName) {
  const auto store = OpenChunkManager("memory://recorded-segments").ValueOrDie();
  FieldSchema key{.field_id = 100, .name = "pk", .data_type = DataType::kInt64};
  key.primary_key = true;
  const auto schema = CollectionSchema::Make({key}).ValueOrDie();
  ASSERT_TRUE(Table::Create(store, schema).ok());
  EXPECT_FALSE(RecordedCollections(store).ValueOrDie().has_value());

  const auto writer = TableMetaWriter::Make(store, {.adds_rows = false}).ValueOrDie();
  for (const auto& [collection, partition, segment] :
       std::vector<std::tuple<int64_t, int64_t, int64_t>>{
           {2, 20, 200}, {1, 11, 100}, {1, 10, 101}, {2, 20, 202}}) {
    SegmentUpdate update{.before = Segment(collection, partition, segment)};
    update.after = update.before;
    const Binlog log{.path = "files/insert_log/" + std::to_string(segment),
                     .log_id = 5,
                     .num_rows = 3,
                     .timestamp_from = 1,
                     .timestamp_to = 3,
                     .file_bytes = 7,
                     .memory_bytes = 7};
    update.after.files.inserts = {{.field_id = 100, .logs = {log}}};
    update.after.files.num_rows = 3;
    update.after.checkpoint = {.channel = "channel", .message_id = "last", .timestamp = 3};
    update.schema = schema;
    const auto committed = writer->Commit(update);
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  }

  const auto collections = RecordedCollections(store).ValueOrDie().value();
  std::vector<std::pair<int64_t, std::vector<int64_t>>> segments;
  for (const MilvusCollection& collection : collections) {
    segments.emplace_back(collection.collection_id, std::vector<int64_t>{});
    for (const SegmentFiles& files : collection.segments) {
      EXPECT_EQ(files.collection_id, collection.collection_id);
      EXPECT_TRUE(collection.partitions.contains(files.partition_id));
      segments.back().second.push_back(files.segment_id);
    }
    EXPECT_EQ(collection.schema->fields().size(), 1U);
  }
  EXPECT_THAT(segments, ElementsAre(std::pair(1, std::vector<int64_t>{101, 100}),
                                    std::pair(2, std::vector<int64_t>{200, 202})));
  EXPECT_EQ(collections[0].partitions.size(), 2U);
  EXPECT_EQ(collections[1].partitions.size(), 1U);
}

}  // namespace
}  // namespace varve::cli
