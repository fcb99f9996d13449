// SPDX-License-Identifier: Apache-2.0
// Places, and folders of Milvus that are written here: partitions, level zero, groups, metadata.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "schema/system_fields.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"
#include "varve/milvus.h"

namespace varve::internal {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LocateMilvusTest, LogFoldersNameWhatIsInThem) {
  const auto at = [](const std::string& store, std::optional<int64_t> collection = {},
                     std::optional<int64_t> partition = {}, std::optional<int64_t> segment = {}) {
    return MilvusPlace{store, collection, partition, segment};
  };
  const std::pair<std::string, MilvusPlace> cases[] = {
      {"backup/demo", at("backup/demo")},
      {"backup/demo/", at("backup/demo")},
      {"/", at("/")},
      {"backup/demo/binlogs/insert_log", at("backup/demo")},
      {"backup/demo/binlogs/insert_log/7/8", at("backup/demo", 7, 8)},
      {"backup/demo/binlogs/insert_log/7/8/9/", at("backup/demo", 7, 8, 9)},
      {"backup/demo/binlogs/insert_log/7/8/5/9", at("backup/demo", 7, 8, 9)},
      {"insert_log/7", at(".", 7)},
      {"/insert_log/7", at("/", 7)},
      {"binlogs/delta_log/7/-1", at(".", 7, -1)},
      {"file:///data/files/insert_log/7/8", at("file:///data/files", 7, 8)},
      {"s3://bucket/files/insert_log/7?region=x/y", at("s3://bucket/files?region=x/y", 7)},
      {"s3://bucket/backup?region=x", at("s3://bucket/backup?region=x")},
      {"7/8/9", at("7/8/9")},
      {"insert_log/7/8/9/100/1/2", at("insert_log/7/8/9/100/1/2")},
      {"insert_log/7/x", at("insert_log/7/x")},
  };
  for (const auto& [uri, expected] : cases) {
    const MilvusPlace found = LocateMilvus(uri);
    EXPECT_EQ(found, expected) << uri << ": " << found.store_uri;
  }
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<Value>& values) {
  Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

// A store with collection 1: keys and times in field 100 and Timestamp.
class MilvusCollectionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    store_ = OpenChunkManager(std::string("memory://milvus-") + name).ValueOrDie();
  }

  void Put(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(
        store_->Write(path, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).ok());
  }

  // `folder`: "{partition}/{segment}", or with a group between.
  void PutRows(const std::string& root, const std::string& folder, int64_t log_id,
               const std::vector<int64_t>& keys, int64_t time) {
    const FieldSchema key{.field_id = 100, .name = "key", .data_type = DataType::kInt64};
    const BinlogDescriptor descriptor{.start_timestamp = 1, .end_timestamp = 1};
    const std::string base = root + "insert_log/1/" + folder + "/";
    const auto log = [&](const FieldSchema& field, const std::vector<int64_t>& values) {
      const auto array = ArrayOf<arrow::Int64Builder>(values);
      Put(base + std::to_string(field.field_id) + "/" + std::to_string(log_id),
          WriteInsertLog(field, array, descriptor).ValueOrDie()->ToString());
    };
    log(key, keys);
    log(TimestampField(), std::vector<int64_t>(keys.size(), time));
    log(RowIdField(), keys);
  }

  void PutDeletes(const std::string& root, const std::string& folder, int64_t log_id,
                  const std::vector<int64_t>& keys, uint64_t time) {
    const DeleteData deletes{
        ArrayOf<arrow::Int64Builder>(keys),
        std::static_pointer_cast<arrow::UInt64Array>(
            ArrayOf<arrow::UInt64Builder>(std::vector<uint64_t>(keys.size(), time)))};
    Put(root + "delta_log/1/" + folder + "/" + std::to_string(log_id),
        WriteDeltaLog(deletes, {}, DeltaLogForm::kJsonRows).ValueOrDie()->ToString());
  }

  Result<MilvusCollection> Find(const MilvusPlace& place = {}) {
    ARROW_ASSIGN_OR_RAISE(auto collections, FindMilvusCollections(store_, place));
    EXPECT_EQ(collections.size(), 1u);
    return collections.at(0);
  }

  // Keys of the visible rows, of a collection without metadata.
  Result<std::vector<int64_t>> Keys(const MilvusPlace& place = {}, uint64_t as_of = UINT64_MAX) {
    ARROW_ASSIGN_OR_RAISE(auto collection, Find(place));
    if (collection.schema == nullptr) {
      ARROW_ASSIGN_OR_RAISE(collection.schema,
                            DescribeMilvusSchema(store_, collection, "field_100"));
    }
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          ScanMilvusCollection(store_, collection, {.as_of = as_of}));
    ARROW_ASSIGN_OR_RAISE(const auto table, reader->ToTable());
    std::vector<int64_t> keys;
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto& array = static_cast<const arrow::Int64Array&>(*chunk);
      for (int64_t row = 0; row < array.length(); ++row) keys.push_back(array.Value(row));
    }
    return keys;
  }

  std::shared_ptr<ChunkManager> store_;
};

TEST_F(MilvusCollectionsTest, DeletesOfLevelZeroConcernTheirPartitionOrAll) {
  PutRows("files/", "2/20", 1, {1, 2, 3}, 5);
  PutRows("files/", "2/20", 2, {4, 5}, 5);
  PutRows("files/", "3/30", 1, {1, 2, 3}, 5);
  PutDeletes("files/", "2/20", 9, {5}, 6);   // the segment's own
  PutDeletes("files/", "2/21", 9, {1}, 7);   // of partition 2
  PutDeletes("files/", "-1/90", 9, {2}, 8);  // of all partitions
  VARVE_ASSERT_OK_AND_ASSIGN(const auto keys, Keys());
  EXPECT_THAT(keys, ElementsAre(3, 4, 1, 3));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto earlier, Keys({}, 7));
  EXPECT_THAT(earlier, ElementsAre(2, 3, 4, 1, 2, 3));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_partition, Keys({.partition_id = 3}));
  EXPECT_THAT(of_partition, ElementsAre(1, 3));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_segment,
                             Keys({.collection_id = 1, .partition_id = 2, .segment_id = 20}));
  EXPECT_THAT(of_segment, ElementsAre(3, 4));
}

TEST_F(MilvusCollectionsTest, MetadataSayWhatCounts) {
  // Paths as they were in Milvus; groups in the backup; a segment that was compacted away is no
  // part of it.
  PutRows("binlogs/", "2/20/20", 1, {1, 2, 3}, 5);
  PutRows("binlogs/", "2/25/25", 1, {7, 8}, 5);
  PutDeletes("binlogs/", "2/20/20", 9, {2}, 6);
  PutDeletes("binlogs/", "-1/90", 9, {3}, 6);
  Put("binlogs/insert_log/1/2/notes.txt", "not a log");
  const auto lists = [](const std::string& segment) {
    json found = json::array();
    for (const int field : {0, 1, 100}) {
      json log = {
          {"log_path", "files/insert_log/1/" + segment + "/" + std::to_string(field) + "/1"},
          {"entries_num", 3}};
      found.push_back({{"binlogs", {log}}});
      if (field != 0) found.back()["fieldID"] = field;
    }
    return found;
  };
  const auto deltas = [](const std::string& path) {
    return json::array(
        {json{{"binlogs", {{{"log_path", "files/delta_log/1/" + path}}}}}, json::object()});
  };
  json field = {{"fieldID", 100}, {"name", "key"}, {"data_type", 5}, {"is_primary_key", true}};
  json level_zero = {{"segment_id", 90},
                     {"collection_id", 1},
                     {"partition_id", -1},
                     {"is_l0", true},
                     {"deltalogs", deltas("-1/90/9")}};
  const json collection = {{"collection_id", 1},
                           {"collection_name", "books"},
                           {"schema", {{"fields", {field}}}},
                           {"l0_segments", {level_zero}}};
  const json segment = {{"segment_id", 20},  {"collection_id", 1},
                        {"partition_id", 2}, {"group_id", 20},
                        {"num_of_rows", 3},  {"binlogs", lists("2/20")},
                        {"size", 7},         {"deltalogs", deltas("2/20/9")}};
  Put("meta/collection_meta.json", json{{"infos", {collection}}}.dump());
  Put("meta/segment_meta.json", json{{"infos", {segment}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Find());
  EXPECT_EQ(found.name, "books");
  EXPECT_EQ(found.schema->primary_key()->name, "key");
  ASSERT_EQ(found.segments.size(), 1u);
  EXPECT_EQ(found.segments[0].inserts[2].logs[0].path, "binlogs/insert_log/1/2/20/20/100/1");
  EXPECT_EQ(found.segments[0].inserts[2].logs[0].num_rows, 3);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto keys, Keys());
  EXPECT_THAT(keys, ElementsAre(1));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto before, Keys({}, 5));
  EXPECT_THAT(before, ElementsAre(1, 2, 3));

  // A delta log without entries is a marker, of which there is no object.
  json marked = segment;
  const json marker = {{"log_path", "files/delta_log/1/2/20/11"}, {"entries_num", 0}};
  marked["deltalogs"][0]["binlogs"].push_back(marker);
  marked["deltalogs"].push_back({{"binlogs", {{{"entries_num", 0}}}}});
  Put("meta/segment_meta.json", json{{"infos", {marked}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto unmarked, Find());
  EXPECT_EQ(unmarked.segments[0].deltas, found.segments[0].deltas);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto with_marker, Keys());
  EXPECT_THAT(with_marker, ElementsAre(1));
  // Whether one that tells no number has any, only the object can tell.
  marked["deltalogs"][0]["binlogs"].back().erase("entries_num");
  Put("meta/segment_meta.json", json{{"infos", {marked}}}.dump());
  EXPECT_TRUE(IsNotFound(Keys().status()));

  // Committed later than their timestamps say, the rows outlive earlier deletes.
  json imported = segment;
  imported["commit_timestamp"] = 7;
  Put("meta/segment_meta.json", json{{"infos", {imported}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto late, Keys());
  EXPECT_THAT(late, ElementsAre(1, 2, 3));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto not_yet, Keys({}, 6));
  EXPECT_THAT(not_yet, ElementsAre());
  // That is their time, and what is stored is not.
  const auto times_of = [&](const MilvusCollection& of) {
    const auto reader =
        ScanMilvusCollection(store_, of, {.columns = {"key", "Timestamp"}}).ValueOrDie();
    return reader->ToTable().ValueOrDie()->CombineChunksToBatch().ValueOrDie()->column(1);
  };
  VARVE_ASSERT_OK_AND_ASSIGN(auto committed, Find());
  const std::vector<int64_t> sevens(3, 7), fives(1, 5);
  EXPECT_TRUE(times_of(committed)->Equals(ArrayOf<arrow::Int64Builder>(sevens)));
  committed.segments.push_back(found.segments[0]);  // of the next segment it is not
  const auto times = times_of(committed);
  EXPECT_TRUE(times->Slice(0, 3)->Equals(ArrayOf<arrow::Int64Builder>(sevens)));
  EXPECT_TRUE(times->Slice(3)->Equals(ArrayOf<arrow::Int64Builder>(fives)));
  imported["commit_timestamp"] = -1;
  Put("meta/segment_meta.json", json{{"infos", {imported}}}.dump());
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr("'commit_timestamp'"), HasSubstr("found -1")));

  // Logs may come with ids in place of paths.
  json by_ids = segment;
  for (json& list : by_ids["binlogs"]) list["binlogs"] = json::array({{{"log_id", 1}}});
  Put("meta/segment_meta.json", json{{"infos", {by_ids}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto same, Keys());
  EXPECT_THAT(same, ElementsAre(1));
  Put("meta/segment_meta.json", json{{"infos", {segment, segment}}}.dump());
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr("twice"), HasSubstr("found 20")));
  Put("meta/segment_meta.json", json{{"infos", {segment}}}.dump());

  // Damage of the metadata, member by member.
  const auto error_of = [&](const std::string& path, json document, const std::string& member,
                            const json& value) {
    const std::string good = document.dump();
    document["infos"][0][member] = value;
    Put(path, document.dump());
    const auto broken = FindMilvusCollections(store_, {});
    Put(path, good);
    return broken.ok() ? "no error" : broken.status().ToString();
  };
  const json collections = {{"infos", {collection}}};
  const json segments = {{"infos", {segment}}};
  const std::string collection_meta = "meta/collection_meta.json";
  const std::string segment_meta = "meta/segment_meta.json";
  EXPECT_THAT(error_of(collection_meta, collections, "collection_id", "1"),
              AllOf(HasSubstr(collection_meta), HasSubstr("'collection_id'")));
  EXPECT_THAT(error_of(collection_meta, collections, "schema", nullptr), HasSubstr("'schema'"));
  json nameless = level_zero;
  nameless.erase("segment_id");
  EXPECT_THAT(error_of(collection_meta, collections, "l0_segments", json::array({nameless})),
              AllOf(HasSubstr(collection_meta), HasSubstr("'segment_id'")));
  EXPECT_THAT(error_of(collection_meta, collections, "collection_id", 4),
              AllOf(HasSubstr(segment_meta), HasSubstr("found 1")));
  EXPECT_THAT(error_of(segment_meta, segments, "binlogs", 7),
              AllOf(HasSubstr(segment_meta), HasSubstr("'binlogs'"), HasSubstr("found 7")));
  EXPECT_THAT(error_of(segment_meta, segments, "binlogs", lists("2/21")),
              AllOf(HasSubstr("insert_log/1/2/21/"), HasSubstr("segment 20")));
  EXPECT_THAT(error_of(segment_meta, segments, "storage_version", 3),
              AllOf(HasSubstr("'storage_version'"), HasSubstr("found 3")));
  EXPECT_THAT(error_of(segment_meta, segments, "binlogs",
                       json::array({{{"binlogs", {{{"log_path", "somewhere/else"}}}}}})),
              HasSubstr("'log_path'"));
  Put(segment_meta, "{\"infos\": [");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr(segment_meta), HasSubstr("JSON")));
  VARVE_ASSERT_OK(store_->Remove(segment_meta));
  EXPECT_TRUE(IsNotFound(FindMilvusCollections(store_, {}).status()));
}

TEST_F(MilvusCollectionsTest, FieldsThatSomeRowsLackAreNullable) {
  PutRows("", "2/20", 1, {1, 2}, 5);
  PutRows("", "2/20", 2, {3}, 5);
  const FieldSchema added{.field_id = 101, .name = "added", .data_type = DataType::kInt64};
  Put("insert_log/1/2/20/101/2",
      WriteInsertLog(added, ArrayOf<arrow::Int64Builder>(std::vector<int64_t>{8}),
                     {.start_timestamp = 1, .end_timestamp = 1})
          .ValueOrDie()
          ->ToString());
  Put("stats_log/1/2/20/100/3", "{}");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto collection, Find());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, DescribeMilvusSchema(store_, collection));
  EXPECT_EQ(schema->primary_key()->name, "field_100");
  EXPECT_FALSE(schema->fields()[0].nullable);
  EXPECT_TRUE(schema->fields()[1].nullable);
}

TEST_F(MilvusCollectionsTest, WhatIsNoLogIsAnError) {
  EXPECT_THAT(Find().status().ToString(),
              AllOf(HasSubstr("'insert_log/'"), HasSubstr("'files/delta_log/'")));
  PutRows("", "2/20", 1, {1, 2}, 5);
  Put("insert_log/1/2/20/100/7.tmp", "x");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              HasSubstr("insert_log/1/2/20/100/7.tmp"));
  VARVE_ASSERT_OK(store_->Remove("insert_log/1/2/20/100/7.tmp"));
  Put("insert_log/1/2/22/_metadata/manifest-1.avro", "x");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(), HasSubstr("V3"));
  VARVE_ASSERT_OK(store_->Remove("insert_log/1/2/22/_metadata/manifest-1.avro"));
  Put("insert_log/1/2/20/0/1", "no log");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr("insert_log/1/2/20/0/1"), HasSubstr("found 6e6f206c")));
  Put("insert_log/1/2/20/0/1", "PARE and so on");
  const Status encrypted = FindMilvusCollections(store_, {}).status();
  EXPECT_EQ(KindOf(encrypted), ErrorKind::kUnsupported) << encrypted;
  EXPECT_THAT(encrypted.message(),
              AllOf(HasSubstr("insert_log/1/2/20/0/1"), HasSubstr("encrypted")));
  Put("insert_log/1/2/20/0/1", "no");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr("insert_log/1/2/20/0/1"), HasSubstr("2 bytes")));
}

}  // namespace
}  // namespace varve::internal
