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
      {"backup/demo/binlogs", at("backup/demo/binlogs")},
      {"binlogs/insert_log", at(".")},
      {"/binlogs/insert_log", at("/")},
      {"backup/binlogs/7", at("backup/binlogs/7")},
      {"s3://bucket/demo/binlogs/insert_log?region=x", at("s3://bucket/demo?region=x")},
      {"s3://bucket/binlogs/insert_log", at("s3://bucket")},
      {"s3://binlogs/insert_log/7", at("s3://binlogs", 7)},
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

  static std::vector<std::pair<int64_t, StorageVersion>> Versions(
      const MilvusCollection& collection) {
    std::vector<std::pair<int64_t, StorageVersion>> versions;
    for (const SegmentFiles& files : collection.segments) {
      versions.emplace_back(files.segment_id, files.version);
    }
    return versions;
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
  // Of one that is there, a zero may mean that nobody counted.
  json uncounted = segment;
  uncounted["deltalogs"][0]["binlogs"][0]["entries_num"] = 0;
  Put("meta/segment_meta.json", json{{"infos", {uncounted}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto with_uncounted, Keys());
  EXPECT_THAT(with_uncounted, ElementsAre(1));
  // Go leaves out the zero. One that has a size and no object is missing.
  json& last = marked["deltalogs"][0]["binlogs"].back();
  last.erase("entries_num");
  Put("meta/segment_meta.json", json{{"infos", {marked}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto without_zeros, Find());
  EXPECT_EQ(without_zeros.segments[0].deltas, found.segments[0].deltas);
  last["memory_size"] = 24;
  Put("meta/segment_meta.json", json{{"infos", {marked}}}.dump());
  EXPECT_TRUE(IsNotFound(Keys().status()));

  for (const int64_t count : {int64_t{-1}, int64_t{1} << 60}) {
    for (const char* name : {"entries_num", "log_size", "memory_size"}) {
      json wrong = segment;
      wrong["binlogs"][0]["binlogs"][0][name] = count;
      Put("meta/segment_meta.json", json{{"infos", {wrong}}}.dump());
      const Status status = Find().status();
      EXPECT_TRUE(IsCorruption(status)) << status;
      EXPECT_THAT(status.message(),
                  AllOf(HasSubstr(name), HasSubstr("found " + std::to_string(count))));
    }
  }

  json twice = segment;
  twice["binlogs"].push_back(twice["binlogs"][0]);
  Put("meta/segment_meta.json", json{{"infos", {twice}}}.dump());
  const Status listed_twice = Find().status();
  EXPECT_TRUE(IsCorruption(listed_twice)) << listed_twice;
  EXPECT_THAT(listed_twice.message(), HasSubstr("meta/segment_meta.json"));

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
  // All 64 bits are a timestamp's.
  imported["commit_timestamp"] = (uint64_t{1} << 63) + 100;
  Put("meta/segment_meta.json", json{{"infos", {imported}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto far, Find());
  EXPECT_EQ(far.segments[0].commit_timestamp, (uint64_t{1} << 63) + 100);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto nearly, Keys({}, (uint64_t{1} << 63) + 99));
  EXPECT_THAT(nearly, ElementsAre());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto then, Keys({}, (uint64_t{1} << 63) + 100));
  EXPECT_THAT(then, ElementsAre(1, 2, 3));
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
  EXPECT_THAT(error_of(collection_meta, collections, "collection_id", "one"),
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
  const auto with_list = [&](const char* member, const json& value) {
    json list = {{"binlogs", {{{"log_id", 1}}}}};
    (std::string_view(member) == "child_fields" ? list : list["binlogs"][0])[member] = value;
    return error_of(segment_meta, segments, "binlogs", json::array({list}));
  };
  EXPECT_THAT(with_list("child_fields", 7),
              AllOf(HasSubstr("'child_fields'"), HasSubstr("found 7")));
  EXPECT_THAT(with_list("child_fields", {"x"}),
              AllOf(HasSubstr("'child_fields'"), HasSubstr("field ids")));
  EXPECT_THAT(with_list("timestamp_to", -1),
              AllOf(HasSubstr("'timestamp_to'"), HasSubstr("found -1")));
  EXPECT_THAT(with_list("field_null_counts", {{"x", 1}}),
              AllOf(HasSubstr("'field_null_counts'"), HasSubstr("\"x\"")));
  EXPECT_THAT(with_list("field_null_counts", {{"100", "many"}}), HasSubstr("'100'"));
  EXPECT_THAT(error_of(segment_meta, segments, "storage_version", -4),
              AllOf(HasSubstr("'storage_version'"), HasSubstr("found -4")));
  EXPECT_THAT(error_of(segment_meta, segments, "binlogs",
                       json::array({{{"binlogs", {{{"log_path", "somewhere/else"}}}}}})),
              HasSubstr("'log_path'"));
  Put(segment_meta, "{\"infos\": [");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              AllOf(HasSubstr(segment_meta), HasSubstr("JSON")));
  VARVE_ASSERT_OK(store_->Remove(segment_meta));
  EXPECT_TRUE(IsNotFound(FindMilvusCollections(store_, {}).status()));
}

TEST_F(MilvusCollectionsTest, MetadataAloneAreACollection) {
  const json field = {{"fieldID", 100}, {"name", "key"}, {"data_type", 5}};
  json collection = {{"collection_id", 1}, {"schema", {{"fields", {field}}}}};
  Put("meta/collection_meta.json", json{{"infos", {collection}}}.dump());
  Put("meta/segment_meta.json", R"({"infos": []})");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto empty, Keys());
  EXPECT_THAT(empty, ElementsAre());
  const json log = {{"log_path", "files/insert_log/1/2/20/100/1"}};
  const json segment = {{"segment_id", 20},
                        {"collection_id", 1},
                        {"partition_id", 2},
                        {"binlogs", {{{"fieldID", 100}, {"binlogs", {log}}}}}};
  Put("meta/segment_meta.json", json{{"infos", {segment}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Find());
  EXPECT_THAT(Versions(found), ElementsAre(std::pair(20, StorageVersion::kV1)));
  const Status read = Keys().status();
  EXPECT_TRUE(IsNotFound(read)) << read.ToString();
  EXPECT_THAT(read.message(), HasSubstr("insert_log/1/2/20/100/1"));
}

TEST_F(MilvusCollectionsTest, APlaceThatNothingHasIsNotFound) {
  PutRows("files/", "2/20", 1, {1, 2}, 5);
  PutDeletes("files/", "2/21", 9, {1}, 7);
  PutDeletes("files/", "-1/90", 9, {2}, 8);
  const auto error_of = [&](const MilvusPlace& place) {
    const Status status = FindMilvusCollections(store_, place).status();
    EXPECT_TRUE(IsNotFound(status)) << status.ToString();
    return status.ToString();
  };
  // The folder of a log list looks like that of a segment in a group.
  const MilvusPlace of_list = LocateMilvus("files/insert_log/1/2/20/100");
  for (const bool with_metadata : {false, true}) {
    SCOPED_TRACE(with_metadata);
    EXPECT_THAT(error_of({.collection_id = 2}), HasSubstr(with_metadata ? "collection 2" : "/2/"));
    EXPECT_THAT(error_of({.collection_id = 1, .partition_id = 3}), HasSubstr("partition 3"));
    EXPECT_THAT(error_of({.collection_id = 1, .partition_id = 2, .segment_id = 999}),
                HasSubstr("segment 999"));
    EXPECT_THAT(error_of(of_list), HasSubstr("segment 100"));
    const auto is_there = [&](const MilvusPlace& place) {
      VARVE_ASSERT_OK(FindMilvusCollections(store_, place).status());
    };
    is_there({.collection_id = 1, .partition_id = 2, .segment_id = 20});
    is_there({.collection_id = 1, .partition_id = 2, .segment_id = 21});
    is_there({.collection_id = 1, .partition_id = -1});
    const auto lists = [](const char* path) {
      return json{{{"fieldID", 100}, {"binlogs", {{{"log_path", path}}}}}};
    };
    const json field = {{"fieldID", 100}, {"name", "key"}, {"data_type", 5}};
    const json collection = {{"collection_id", 1}, {"schema", {{"fields", {field}}}}};
    const auto segment = [](int id, int partition, const char* name, const json& logs) {
      return json{
          {"segment_id", id}, {"collection_id", 1}, {"partition_id", partition}, {name, logs}};
    };
    Put("meta/collection_meta.json", json{{"infos", {collection}}}.dump());
    Put("meta/segment_meta.json",
        json{{"infos",
              {segment(20, 2, "binlogs", lists("insert_log/1/2/20/100/1")),
               segment(21, 2, "deltalogs", lists("delta_log/1/2/21/9")),
               segment(90, -1, "deltalogs", lists("delta_log/1/-1/90/9"))}}}
            .dump());
  }
}

TEST_F(MilvusCollectionsTest, SegmentsOfV3AreShownAndRefusedWhenRead) {
  PutRows("files/", "2/20", 1, {1, 2}, 5);
  Put("files/insert_log/1/2/22/_metadata/manifest-1.avro", "x");
  Put("files/insert_log/1/2/22/_data/0_01234567-89ab-cdef-0123-456789abcdef.parquet", "x");
  Put("files/insert_log/1/2/22/_stats/bloom_filter.100/5", "x");
  Put("files/insert_log/1/2/7/23/_metadata/manifest-1.avro", "x");  // of group 7
  Put("files/insert_log/1/2/lobs/101/_data/01234567-89ab-cdef-0123-456789abcdef.vx", "x");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Find());
  EXPECT_THAT(Versions(found),
              ElementsAre(std::pair(20, StorageVersion::kV1), std::pair(22, StorageVersion::kV3),
                          std::pair(23, StorageVersion::kV3)));
  const Status read = Keys().status();
  EXPECT_EQ(KindOf(read), ErrorKind::kUnsupported) << read.ToString();
  EXPECT_THAT(read.message(), AllOf(HasSubstr("segment 22"), HasSubstr("found V3")));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto beside,
                             Keys({.collection_id = 1, .partition_id = 2, .segment_id = 20}));
  EXPECT_THAT(beside, ElementsAre(1, 2));
}

TEST_F(MilvusCollectionsTest, MetadataOfV3HinderNobodyElse) {
  PutRows("files/", "2/20", 1, {1, 2}, 5);
  const json fields = {
      {{"fieldID", 100}, {"name", "key"}, {"data_type", 5}, {"is_primary_key", true}}};
  const auto collection = [&](int id) {
    return json{{"collection_id", id}, {"schema", {{"fields", fields}}}};
  };
  json inserts = json::array();
  for (const int field : {0, 1, 100}) {
    inserts.push_back({{"fieldID", field}, {"binlogs", {{{"log_id", 1}}}}});
  }
  const json old = {
      {"segment_id", 20}, {"collection_id", 1}, {"partition_id", 2}, {"binlogs", inserts}};
  // Its logs have no paths that name an object.
  const json log = {{"log_path", "insert_log/9/2/30/0/1731000000000000000"}, {"log_size", 0}};
  json manifest = {{"segment_id", 30},
                   {"collection_id", 9},
                   {"partition_id", 2},
                   {"num_of_rows", 8},
                   {"storage_version", 3},
                   {"manifest_path", "…"},
                   {"binlogs", {{{"binlogs", {log}}}}}};
  Put("meta/collection_meta.json", json{{"infos", {collection(1), collection(9)}}}.dump());
  Put("meta/segment_meta.json", json{{"infos", {old, manifest}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, FindMilvusCollections(store_, {}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(Versions(found[1]), ElementsAre(std::pair(30, StorageVersion::kV3)));
  EXPECT_EQ(found[1].segments[0].num_rows, 8);
  EXPECT_THAT(found[1].segments[0].inserts, ::testing::IsEmpty());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto keys, Keys({.collection_id = 1}));
  EXPECT_THAT(keys, ElementsAre(1, 2));
  EXPECT_EQ(KindOf(Keys({.collection_id = 9}).status()), ErrorKind::kUnsupported);

  // Deletes that a manifest names would be missed.
  manifest["collection_id"] = 1;
  manifest["is_l0"] = true;
  Put("meta/segment_meta.json", json{{"infos", {old, manifest}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto with_deletes, Find({.collection_id = 1}));
  EXPECT_THAT(Versions(with_deletes), ElementsAre(std::pair(20, StorageVersion::kV1)));
  EXPECT_THAT(Keys({.collection_id = 1}).status().message(), HasSubstr("segment 30"));
}

TEST_F(MilvusCollectionsTest, SegmentsInPartitionsNeedNotNameThem) {
  PutRows("files/", "2/20", 1, {1, 2, 3, 4}, 5);
  PutDeletes("files/", "2/20", 9, {2}, 6);
  PutDeletes("files/", "-1/90", 9, {3}, 6);
  const json fields = {
      {{"fieldID", 100}, {"name", "key"}, {"data_type", 5}, {"is_primary_key", true}}};
  const json log = json::array({json{{"log_id", 1}}});
  json inserts = json::array();
  for (const int field : {0, 1, 100}) inserts.push_back({{"fieldID", field}, {"binlogs", log}});
  json deltas = json::array();
  deltas.push_back({{"fieldID", 100}, {"binlogs", json::array({json{{"log_id", 9}}})}});
  const json segment = {{"segment_id", 20}, {"binlogs", inserts}, {"deltalogs", deltas}};
  const json level_zero = {{"segment_id", 90}, {"deltalogs", deltas}};
  const json partition = {{"partition_id", 2}, {"segment_backups", {segment}}};
  const json collection = {{"collection_id", 1},
                           {"schema", {{"fields", fields}}},
                           {"partition_backups", {partition}},
                           {"l0_segments", {level_zero}}};
  Put("meta/full_meta.json", json{{"collection_backups", {collection}}}.dump());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Find());
  ASSERT_EQ(found.segments.size(), 1u);
  EXPECT_EQ(found.segments[0].collection_id, 1);
  EXPECT_EQ(found.segments[0].partition_id, 2);
  ASSERT_EQ(found.level_zero.size(), 1u);
  EXPECT_EQ(found.level_zero[0].collection_id, 1);
  EXPECT_EQ(found.level_zero[0].partition_id, -1);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto keys, Keys({.partition_id = 2}));
  EXPECT_THAT(keys, ElementsAre(1, 4));
}

TEST_F(MilvusCollectionsTest, FieldsThatSomeRowsLackAreNullable) {
  PutRows("", "2/20", 1, {1, 2}, 5);
  PutRows("", "2/20", 2, {3}, 5);
  // Of a writer that was told no id of the field: the path has it.
  const FieldSchema added{.field_id = -1, .name = "added", .data_type = DataType::kInt64};
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
  EXPECT_EQ(schema->fields()[1].field_id, 101);
  EXPECT_EQ(schema->fields()[1].name, "field_101");
  EXPECT_TRUE(schema->fields()[1].nullable);
}

TEST_F(MilvusCollectionsTest, WhatIsNoLogIsAnError) {
  EXPECT_THAT(Find().status().ToString(),
              AllOf(HasSubstr("'insert_log/'"), HasSubstr("'files/insert_log/'")));
  PutRows("", "2/20", 1, {1, 2}, 5);
  Put("insert_log/1/2/20/100/7.tmp", "x");
  EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(),
              HasSubstr("insert_log/1/2/20/100/7.tmp"));
  VARVE_ASSERT_OK(store_->Remove("insert_log/1/2/20/100/7.tmp"));
  // What lies elsewhere does not concern a partition or a segment.
  for (const char* path : {"insert_log/1/3/20/100/7.tmp", "insert_log/1/2/21/notes.txt"}) {
    Put(path, "x");
    EXPECT_THAT(FindMilvusCollections(store_, {}).status().ToString(), HasSubstr(path));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto keys,
                               Keys({.collection_id = 1, .partition_id = 2, .segment_id = 20}));
    EXPECT_THAT(keys, ElementsAre(1, 2));
    VARVE_ASSERT_OK(store_->Remove(path));
  }
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
