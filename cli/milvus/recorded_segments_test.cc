// SPDX-License-Identifier: Apache-2.0
#include "cli/milvus/recorded_segments.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/milvus/milvus_arguments.h"
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

std::shared_ptr<const CollectionSchema> KeySchema() {
  FieldSchema key{.field_id = 100, .name = "pk", .data_type = DataType::kInt64};
  key.primary_key = true;
  return CollectionSchema::Make({key}).ValueOrDie();
}

// One log of rows, or of deletes.
void Record(TableMetaWriter* writer, SegmentState state, bool is_level_zero = false) {
  SegmentUpdate update{.before = state};
  update.after = std::move(state);
  const Binlog log{.path = "files/insert_log/" + std::to_string(update.after.files.segment_id),
                   .log_id = 5,
                   .num_rows = 3,
                   .timestamp_from = 1,
                   .timestamp_to = 3,
                   .file_bytes = 7,
                   .memory_bytes = 7};
  if (is_level_zero) {
    update.after.files.deltas = {{.logs = {log}}};
  } else {
    update.after.files.inserts = {{.field_id = 100, .logs = {log}}};
    update.after.files.num_rows = 3;
  }
  update.after.checkpoint = {.channel = "channel", .message_id = "last", .timestamp = 3};
  update.schema = KeySchema();
  const auto committed = writer->Commit(update);
  ASSERT_TRUE(committed.ok()) << committed.status().ToString();
}

TEST(RecordedSegmentsTest, AreOfTheCollectionThatTheyName) {
  const auto store = OpenChunkManager("memory://recorded-segments").ValueOrDie();
  ASSERT_TRUE(Table::Create(store, KeySchema()).ok());
  EXPECT_FALSE(RecordedCollections(store).ValueOrDie().has_value());

  const auto writer = TableMetaWriter::Make(store, {.adds_rows = false}).ValueOrDie();
  for (const auto& [collection, partition, segment] :
       std::vector<std::tuple<int64_t, int64_t, int64_t>>{
           {2, 20, 200}, {1, 11, 100}, {1, 10, 101}, {2, 20, 202}}) {
    Record(writer.get(), Segment(collection, partition, segment));
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

using Ids = std::vector<int64_t>;

// Of segments, and of those of level zero, that lie at `path` in the table of the next test.
std::pair<Ids, Ids> IdsAt(const std::string& path) {
  const auto found = MilvusArguments().Find("memory://recorded-places/" + path, StoreArguments());
  std::pair<Ids, Ids> ids;
  if (!found.ok()) {
    EXPECT_TRUE(IsNotFound(found.status())) << found.status().ToString();
    return ids;
  }
  for (const MilvusCollection& collection : found->collections) {
    for (const SegmentFiles& files : collection.segments) ids.first.push_back(files.segment_id);
    for (const SegmentFiles& files : collection.level_zero) ids.second.push_back(files.segment_id);
  }
  std::ranges::sort(ids.first);
  std::ranges::sort(ids.second);
  return ids;
}

TEST(RecordedSegmentsTest, ComeWithTheDeletesThatConcernThem) {
  const auto store = OpenChunkManager("memory://recorded-places").ValueOrDie();
  ASSERT_TRUE(Table::Create(store, KeySchema()).ok());
  const auto writer = TableMetaWriter::Make(store, {.adds_rows = false}).ValueOrDie();
  for (const auto& [partition, segment] :
       std::vector<std::pair<int64_t, int64_t>>{{10, 100}, {10, 101}, {11, 110}}) {
    Record(writer.get(), Segment(1, partition, segment));
  }
  for (const auto& [partition, segment] :
       std::vector<std::pair<int64_t, int64_t>>{{10, 900}, {11, 901}, {kAllPartitions, 902}}) {
    Record(writer.get(), Segment(1, partition, segment), /*is_level_zero=*/true);
  }
  EXPECT_EQ(IdsAt(""), std::pair(Ids({100, 101, 110}), Ids({900, 901, 902})));
  EXPECT_EQ(IdsAt("insert_log/1"), std::pair(Ids({100, 101, 110}), Ids({900, 901, 902})));
  EXPECT_EQ(IdsAt("insert_log/1/10"), std::pair(Ids({100, 101}), Ids({900, 902})));
  EXPECT_EQ(IdsAt("insert_log/1/10/100"), std::pair(Ids({100}), Ids({900, 902})));
  EXPECT_EQ(IdsAt("delta_log/1/-1/902"), std::pair(Ids(), Ids({902})));
  EXPECT_EQ(IdsAt("insert_log/1/10/110"), std::pair(Ids(), Ids()));  // of another partition
  EXPECT_EQ(IdsAt("insert_log/2"), std::pair(Ids(), Ids()));
}

}  // namespace
}  // namespace varve::cli
