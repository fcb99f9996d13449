// SPDX-License-Identifier: Apache-2.0
// Rows exported as a collection of Milvus are found and read as one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/iterator.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/testing/value_samples.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "varve/milvus_export.h"
#include "varve/primary_key_statistics.h"

namespace varve::internal {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kRows = 2000;
constexpr uint64_t kTimestamp = 442959097209290755;

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://milvus-export-test-" + std::to_string(next++)).ValueOrDie();
}

// A primary key, and a field of every type in the form that schemas from metadata have.
std::shared_ptr<const CollectionSchema> EverySchema() {
  FieldSchema key;
  key.field_id = kFirstUserFieldId;
  key.name = "key";
  key.data_type = DataType::kInt64;
  key.primary_key = true;
  std::vector<FieldSchema> fields = {key};
  for (FieldSchema field : SampleFields()) {
    FieldSchema plain = field;
    plain.arrow_type = nullptr;
    if (!DefaultArrowType(plain).ValueOrDie()->Equals(field.arrow_type)) continue;
    field.field_id = kFirstUserFieldId + static_cast<int64_t>(fields.size());
    field.name = "f" + std::to_string(field.field_id);
    if (field.data_type == DataType::kVarChar) field.max_length = 300;
    fields.push_back(std::move(field));
  }
  return CollectionSchema::Make(std::move(fields)).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> EveryRow(const CollectionSchema& schema, uint64_t seed) {
  const auto random = Random::Seeded(seed);
  arrow::ArrayVector columns;
  for (const FieldSchema& field : schema.fields()) {
    if (field.primary_key) {
      arrow::Int64Builder keys;
      for (int64_t row = 0; row < kRows; ++row) EXPECT_TRUE(keys.Append(row * 3 - 100).ok());
      columns.push_back(keys.Finish().ValueOrDie());
    } else {
      columns.push_back(SampleValues(field, kRows, random.get()));
    }
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), kRows, std::move(columns));
}

Result<MilvusCollection> Export(const std::shared_ptr<ChunkManager>& store,
                                const std::shared_ptr<const CollectionSchema>& schema,
                                const std::shared_ptr<arrow::RecordBatch>& rows,
                                int64_t segment_bytes = 512 << 20) {
  arrow::RecordBatchVector batches;
  for (int64_t row = 0; row < rows->num_rows(); row += 300) {
    batches.push_back(rows->Slice(row, 300));
  }
  ARROW_ASSIGN_OR_RAISE(const auto stream, arrow::RecordBatchReader::Make(batches, rows->schema()));
  return ExportMilvusCollection(
      store, schema, stream.get(),
      {.collection = "books", .timestamp = kTimestamp, .segment_bytes = segment_bytes});
}

TEST(MilvusExportTest, WhatIsWrittenIsFoundAndRead) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto store = NewStore();
  const auto schema = EverySchema();
  const auto rows = EveryRow(*schema, seed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, Export(store, schema, rows, 400'000));
  EXPECT_GT(written.segments.size(), 2);

  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, FindMilvusCollections(store, {}));
  ASSERT_EQ(found.size(), 1);
  const MilvusCollection& collection = found.front();
  EXPECT_EQ(collection.name, "books");
  EXPECT_EQ(collection.collection_id, written.collection_id);
  EXPECT_EQ(collection.partitions, written.partitions);
  EXPECT_TRUE(collection.schema->Equals(*written.schema)) << collection.schema->ToString();
  ASSERT_EQ(collection.segments.size(), written.segments.size());
  int64_t num_rows = 0;
  for (size_t i = 0; i < written.segments.size(); ++i) {
    const SegmentFiles& segment = written.segments[i];
    EXPECT_EQ(segment.version, StorageVersion::kV2);
    for (const FieldBinlog& group : segment.inserts) {
      EXPECT_THAT(group.child_fields, Not(IsEmpty()));
      EXPECT_EQ(group.logs.front().timestamp_to, kTimestamp);
      EXPECT_EQ(group.logs.front().null_counts.size(), group.child_fields.size());
    }
    EXPECT_TRUE(collection.segments[i] == segment) << i;
    ASSERT_EQ(segment.statistics.size(), 1);
    const std::string path = segment.statistics.front().logs.front().path;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store->Read(path));
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto statistics,
        DecodePrimaryKeyStatistics({bytes->data(), static_cast<size_t>(bytes->size())}, path));
    EXPECT_EQ(statistics.min, PrimaryKey(num_rows * 3 - 100));
    num_rows += segment.num_rows;
    EXPECT_EQ(statistics.max, PrimaryKey((num_rows - 1) * 3 - 100));
    EXPECT_TRUE(statistics.MayContain(PrimaryKey((num_rows - 1) * 3 - 100)));
  }
  EXPECT_EQ(num_rows, kRows);

  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, ScanMilvusCollection(store, collection));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, stream->ToTable());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, table->CombineChunksToBatch());
  ASSERT_EQ(read->num_rows(), kRows);
  ASSERT_EQ(read->num_columns(), rows->num_columns());
  for (int i = 0; i < rows->num_columns(); ++i) {
    EXPECT_TRUE(HasSameBits(*read->column(i), *rows->column(i)))
        << Describe(schema->fields()[static_cast<size_t>(i)]);
  }
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto system,
      ScanMilvusCollection(store, collection, {.columns = {"RowID", "Timestamp"}}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto system_table, system->ToTable());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto system_rows, system_table->CombineChunksToBatch());
  for (int64_t row = 0; row < kRows; ++row) {
    ASSERT_EQ(static_cast<const arrow::Int64Array&>(*system_rows->column(0)).Value(row), row);
    ASSERT_EQ(static_cast<const arrow::Int64Array&>(*system_rows->column(1)).Value(row),
              static_cast<int64_t>(kTimestamp));
  }
}

// Those that bring timestamps have them in Milvus, whatever bits these are.
TEST(MilvusExportTest, RowsKeepTheTimestampsThatTheyBring) {
  FieldSchema key{.field_id = 100, .name = "key", .data_type = DataType::kInt64};
  key.primary_key = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make({key}));
  arrow::Int64Builder keys, times;
  std::vector<uint64_t> expected;
  for (int64_t row = 0; row < 900; ++row) {
    VARVE_ASSERT_OK(keys.Append(row));
    // The first 300 rows are all below 2^63, the next on both sides, the last above.
    const uint64_t high = uint64_t{1} << 63;
    const uint64_t base = row < 300 ? kTimestamp : row < 600 ? high - 450 : UINT64_MAX - 900;
    expected.push_back(base + static_cast<uint64_t>(row));
    VARVE_ASSERT_OK(times.Append(static_cast<int64_t>(expected.back())));
  }
  const auto with_times = [&](const std::shared_ptr<arrow::Array>& column) {
    const auto type =
        arrow::schema({arrow::field("Timestamp", column->type()), schema->ToArrow()->field(0)});
    return arrow::RecordBatch::Make(type, 900, {column, keys.Finish().ValueOrDie()});
  };
  const auto rows = with_times(times.Finish().ValueOrDie());
  const auto store = NewStore();
  VARVE_ASSERT_OK(Export(store, schema, rows, /*segment_bytes=*/1).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, FindMilvusCollections(store, {}));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto stream, ScanMilvusCollection(store, found[0], {.columns = {"Timestamp", "key"}}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, stream->ToTable());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, table->CombineChunksToBatch());
  EXPECT_TRUE(read->column(0)->Equals(rows->column(0)));
  EXPECT_TRUE(read->column(1)->Equals(rows->column(1)));

  // Of each segment of 300 rows, the metadata tell the first and the last.
  const json segments =
      json::parse(store->Read("meta/segment_meta.json").ValueOrDie()->ToString()).at("infos");
  ASSERT_EQ(segments.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    for (const char* kind : {"binlogs", "statslogs"}) {
      const json& log = segments[i].at(kind).at(0).at("binlogs").at(0);
      EXPECT_EQ(log.at("timestamp_from"), expected[300 * i]);
      EXPECT_EQ(log.at("timestamp_to"), expected[300 * i + 299]);
    }
  }

  ASSERT_TRUE(keys.AppendValues(std::vector<int64_t>(900)).ok());
  ASSERT_TRUE(times.AppendValues(std::vector<int64_t>(899)).ok() && times.AppendNull().ok());
  const auto nulls = with_times(times.Finish().ValueOrDie());
  EXPECT_EQ(Export(NewStore(), schema, nulls).status().message(),
            "row 299: null in a required field: field 'Timestamp'");
  ASSERT_TRUE(keys.AppendValues(std::vector<int64_t>(900)).ok());
  const auto texts =
      with_times(arrow::MakeArrayFromScalar(arrow::StringScalar("now"), 900).ValueOrDie());
  const Status wrong = Export(NewStore(), schema, texts).status();
  EXPECT_EQ(KindOf(wrong), ErrorKind::kInvalid);
  EXPECT_THAT(wrong.message(), HasSubstr("field 'Timestamp', expected int64, found string"));
}

// As milvus-backup writes it, with sizes that are those of the objects.
TEST(MilvusExportTest, TheMetadataAreThoseOfABackup) {
  FieldSchema key{.field_id = 100, .name = "key", .data_type = DataType::kInt64};
  key.primary_key = true;
  FieldSchema text{.field_id = 101, .name = "text", .data_type = DataType::kVarChar};
  text.nullable = true;
  text.max_length = 10;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make({key, text}));
  arrow::Int64Builder keys;
  arrow::StringBuilder texts;
  for (int64_t row = 0; row < 700; ++row) {
    VARVE_ASSERT_OK(keys.Append(row));
    VARVE_ASSERT_OK(row % 7 == 0 ? texts.AppendNull() : texts.Append("text"));
  }
  const auto store = NewStore();
  const auto rows = arrow::RecordBatch::Make(
      schema->ToArrow(), 700, {keys.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
  VARVE_ASSERT_OK(Export(store, schema, rows).status());
  const auto read = [&](const std::string& name) {
    return json::parse(store->Read("meta/" + name + "_meta.json").ValueOrDie()->ToString());
  };
  const json segment = read("segment").at("infos").at(0);
  int64_t bytes = 0;
  for (const json& list : segment.at("binlogs")) {
    const json& log = list.at("binlogs").at(0);
    bytes += store->Size(log.at("log_path").get<std::string>()).ValueOrDie();
  }
  EXPECT_EQ(segment.at("size"), bytes);
  EXPECT_EQ(read("partition").at("infos").at(0).at("size"), bytes);
  const json collection = read("collection").at("infos").at(0);
  EXPECT_EQ(collection.at("size"), bytes);
  EXPECT_EQ(collection.at("backup_timestamp"), kTimestamp);
  const auto milliseconds = static_cast<int64_t>(kTimestamp >> 18);
  EXPECT_EQ(read("backup"),
            (json{{"id", std::to_string(collection.at("collection_id").get<int64_t>())},
                  {"state_code", 2},
                  {"start_time", milliseconds},
                  {"end_time", milliseconds},
                  {"name", "books"},
                  {"backup_timestamp", milliseconds},
                  {"size", bytes}}));
  const json& keys_log = segment.at("binlogs").at(0).at("binlogs").at(0);
  EXPECT_EQ(keys_log.at("memory_size"), 700 * 3 * 8);
  EXPECT_EQ(keys_log.at("field_null_counts"), (json{{"0", 0}, {"1", 0}, {"100", 0}}));
  const json& texts_log = segment.at("binlogs").at(1).at("binlogs").at(0);
  // Three batches of 300, 300 and 100 rows: bitmap, offsets, four bytes of all but 100 rows.
  EXPECT_EQ(texts_log.at("memory_size"), (38 + 38 + 13) + 4 * (700 + 3) + 4 * 600);
  EXPECT_EQ(texts_log.at("field_null_counts"), (json{{"101", 100}}));
}

TEST(MilvusExportTest, DefaultsAndLimitsAreKept) {
  const auto field = [](int64_t id, DataType type, std::shared_ptr<arrow::Scalar> value) {
    FieldSchema schema;
    schema.field_id = id;
    schema.name = "f" + std::to_string(id);
    schema.data_type = type;
    schema.default_value = std::move(value);
    return schema;
  };
  auto key = field(100, DataType::kVarChar, nullptr);
  key.primary_key = true;
  key.max_length = 20;
  auto words = field(101, DataType::kArray, nullptr);
  words.element_type = DataType::kVarChar;
  words.max_length = 30;
  words.max_capacity = 5;
  words.params = {{"mmap.enabled", "true"}};
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto schema,
      CollectionSchema::Make(
          {key, words, field(102, DataType::kBool, arrow::MakeScalar(true)),
           field(103, DataType::kInt8, arrow::MakeScalar(int8_t{-5})),
           field(104, DataType::kInt16, arrow::MakeScalar(int16_t{-500})),
           field(105, DataType::kInt32, arrow::MakeScalar(int32_t{-50'000})),
           field(106, DataType::kInt64, arrow::MakeScalar(INT64_MIN)),
           field(107, DataType::kFloat, arrow::MakeScalar(-0.5F)),
           field(108, DataType::kDouble, arrow::MakeScalar(0.25)),
           field(109, DataType::kText, arrow::MakeScalar(std::string("é"))),
           field(110, DataType::kTimestamptz, arrow::MakeScalar(int64_t{1'700'000'000'000'000}))}));
  const auto store = NewStore();
  const auto none = arrow::RecordBatch::MakeEmpty(schema->ToArrow()).ValueOrDie();
  VARVE_ASSERT_OK(Export(store, schema, none).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store->Read("meta/collection_meta.json"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, MilvusSchemaFromJson(bytes->ToString(), "meta"));
  ASSERT_EQ(found->fields().size(), schema->fields().size());
  for (size_t i = 0; i < found->fields().size(); ++i) {
    EXPECT_TRUE(found->fields()[i] == schema->fields()[i]) << schema->fields()[i].name;
  }
}

TEST(MilvusExportTest, WhatFieldsAreToMilvusIsGivenBack) {
  const auto field = [](int64_t id, DataType type, const std::string& flag) {
    FieldSchema schema;
    schema.field_id = id;
    schema.name = "f" + std::to_string(id);
    schema.data_type = type;
    schema.params = {{"milvus." + flag, "true"}};
    return schema;
  };
  auto key = field(100, DataType::kInt64, "autoID");
  key.primary_key = true;
  const auto tenant = field(101, DataType::kInt64, "is_partition_key");
  const auto year = field(102, DataType::kInt64, "is_clustering_key");
  auto words = field(103, DataType::kSparseFloatVector, "is_function_output");
  words.params.emplace_back("milvus.function", R"({"input_field_names":["f101"],"name":"bm25",)"
                                               R"("output_field_names":["f103","f105"]})");
  const auto more_words = field(105, DataType::kSparseFloatVector, "is_function_output");
  const auto meta = field(104, DataType::kJson, "is_dynamic");
  const auto described = [&](const std::vector<FieldSchema>& fields) {
    const auto schema = CollectionSchema::Make(fields).ValueOrDie();
    const auto store = NewStore();
    EXPECT_TRUE(
        Export(store, schema, arrow::RecordBatch::MakeEmpty(schema->ToArrow()).ValueOrDie()).ok());
    const std::string text = store->Read("meta/collection_meta.json").ValueOrDie()->ToString();
    const auto found = MilvusSchemaFromJson(text, "meta");
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return std::pair(json::parse(text).at("infos").at(0).at("schema"), *found);
  };
  const auto [all, found] = described({key, tenant, year, words, meta, more_words});
  EXPECT_EQ(all.at("enable_dynamic_field"), true);
  EXPECT_EQ(all.at("functions"), json::array({{{"input_field_names", {"f101"}},
                                               {"name", "bm25"},
                                               {"output_field_names", {"f103", "f105"}}}}));
  const std::pair<size_t, const char*> flags[] = {{0, "autoID"},
                                                  {1, "is_partition_key"},
                                                  {2, "is_clustering_key"},
                                                  {3, "is_function_output"},
                                                  {4, "is_dynamic"},
                                                  {5, "is_function_output"}};
  for (const auto& [i, flag] : flags) {
    EXPECT_EQ(all.at("fields").at(i).at(flag), true) << flag;
    EXPECT_FALSE(all.at("fields").at(i).contains("type_params")) << flag;
  }
  EXPECT_EQ(found->fields()[1].params, tenant.params);

  // Another key, and a function whose input stays behind, or one of its outputs.
  auto plain_key = key;
  plain_key.primary_key = false;
  auto tenant_key = tenant;
  tenant_key.primary_key = true;
  tenant_key.name = "tenant";
  const auto some = described({plain_key, tenant_key, words}).first;
  EXPECT_FALSE(some.at("fields").at(0).contains("autoID"));
  EXPECT_FALSE(some.at("fields").at(1).contains("is_partition_key"));
  EXPECT_FALSE(some.at("fields").at(2).contains("is_function_output"));
  EXPECT_FALSE(some.contains("functions"));
  const auto fewer = described({key, tenant, words}).first;
  EXPECT_FALSE(fewer.at("fields").at(2).contains("is_function_output"));
  EXPECT_FALSE(fewer.contains("functions"));
  EXPECT_FALSE(some.contains("enable_dynamic_field"));
}

TEST(MilvusExportTest, KeysThatTheSchemaMarksStandInTheFirstGroup) {
  FieldSchema key{.field_id = 100, .name = "key", .data_type = DataType::kInt64};
  key.primary_key = true;
  FieldSchema year{.field_id = 101, .name = "year", .data_type = DataType::kInt64};
  FieldSchema tenant{.field_id = 102, .name = "tenant", .data_type = DataType::kInt64};
  tenant.params = {{"milvus.is_partition_key", "true"}};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make({key, year, tenant}));
  arrow::Int64Builder builder;
  VARVE_ASSERT_OK(builder.AppendValues({1, 2, 3}));
  const auto values = builder.Finish().ValueOrDie();
  const auto rows = arrow::RecordBatch::Make(schema->ToArrow(), 3, {values, values, values});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto written, Export(NewStore(), schema, rows));
  const auto& groups = written.segments.at(0).inserts;
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].child_fields, ::testing::UnorderedElementsAre(0, 1, 100, 102));
  EXPECT_THAT(groups[1].child_fields, ::testing::ElementsAre(101));
}

TEST(MilvusExportTest, WhatMilvusCannotHaveIsRefusedBeforeAnythingIsWritten) {
  FieldSchema key;
  key.field_id = 100;
  key.name = "key";
  key.data_type = DataType::kInt64;
  FieldSchema other;
  other.field_id = 101;
  other.name = "pair";
  other.arrow_type = arrow::struct_({arrow::field("x", arrow::int64())});
  const auto store = NewStore();
  const auto refused = [&](const std::vector<FieldSchema>& fields) {
    const auto schema = CollectionSchema::Make(fields).ValueOrDie();
    const auto none = arrow::RecordBatch::MakeEmpty(schema->ToArrow()).ValueOrDie();
    const Status status = Export(store, schema, none).status();
    EXPECT_THAT(store->List("").ValueOrDie(), IsEmpty());
    return status;
  };
  EXPECT_THAT(refused({key}).message(), HasSubstr("without a primary key"));
  key.primary_key = true;
  const Status unknown = refused({key, other});
  EXPECT_EQ(KindOf(unknown), ErrorKind::kUnsupported) << unknown.ToString();
  EXPECT_THAT(unknown.message(), HasSubstr("field 'pair'"));
}

TEST(MilvusExportTest, TextsWithoutALimitGetThatOfMilvus) {
  FieldSchema key;
  key.field_id = 100;
  key.name = "key";
  key.data_type = DataType::kVarChar;
  key.primary_key = true;
  const auto schema = CollectionSchema::Make({key}).ValueOrDie();
  const auto rows = [&](size_t length) {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.Append("short").ok());
    EXPECT_TRUE(builder.Append(std::string(length, 'x')).ok());
    return arrow::RecordBatch::Make(schema->ToArrow(), 2, {builder.Finish().ValueOrDie()});
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto collection, Export(NewStore(), schema, rows(65535)));
  EXPECT_EQ(collection.schema->fields().front().max_length, 65535);
  const auto store = NewStore();
  const Status longer = Export(store, schema, rows(65536)).status();
  EXPECT_EQ(KindOf(longer), ErrorKind::kInvalid) << longer.ToString();
  EXPECT_THAT(longer.message(), HasSubstr("row 1"));
  EXPECT_THAT(store->List("").ValueOrDie(), IsEmpty());
}

TEST(MilvusExportTest, ABackupIsNotOverwritten) {
  const auto store = NewStore();
  const auto schema = EverySchema();
  const auto none = arrow::RecordBatch::MakeEmpty(schema->ToArrow()).ValueOrDie();
  VARVE_ASSERT_OK(Export(store, schema, none).status());
  const Status again = Export(store, schema, none).status();
  EXPECT_TRUE(IsAlreadyExists(again)) << again.ToString();
}

TEST(MilvusExportTest, WhatAnExportWouldHideKeepsItOut) {
  const auto schema = EverySchema();
  const auto none = arrow::RecordBatch::MakeEmpty(schema->ToArrow()).ValueOrDie();
  for (const char* path :
       {"meta/full_meta.json", "meta/segment_meta.json", "binlogs/insert_log/1/2/3/100/4",
        "insert_log/1/2/3/100/4", "files/delta_log/1/2/3/4"}) {
    const auto store = NewStore();
    VARVE_ASSERT_OK(store->Write(path, {}));
    const Status status = Export(store, schema, none).status();
    EXPECT_TRUE(IsAlreadyExists(status)) << path << ": " << status.ToString();
    EXPECT_EQ(store->List("").ValueOrDie().size(), 1) << path;
  }
}

TEST(MilvusExportTest, AnExportThatFailsLeavesNothing) {
  const auto schema = EverySchema();
  const auto rows = EveryRow(*schema, 20261128);
  const auto memory = NewStore();
  VARVE_ASSERT_OK(Export(memory, schema, rows, 400'000).status());
  const auto num_objects = static_cast<int64_t>(memory->List("").ValueOrDie().size());
  for (const auto when : {FaultyChunkManager::kBefore, FaultyChunkManager::kAfter}) {
    for (const auto operation : {StorageOperation::kWrite, StorageOperation::kWriterClose,
                                 StorageOperation::kPutIfAbsent}) {
      int64_t failures = 0;
      for (int64_t nth = 1; nth <= num_objects; nth *= 3) {
        const auto store = FaultyChunkManager::Make(NewStore());
        store->FailCall(operation, nth, Status::IOError("disk full"), when);
        const Status status = Export(store, schema, rows, 400'000).status();
        if (store->num_failures() == 0) break;
        ++failures;
        EXPECT_THAT(status.message(), HasSubstr("disk full"));
        EXPECT_THAT(store->List("").ValueOrDie(), IsEmpty()) << nth;
      }
      EXPECT_GE(failures, operation == StorageOperation::kPutIfAbsent ? 1 : 3);
    }
  }
}

// Another one that comes while this one reads its rows, with the same ids, leaves all as it is.
TEST(MilvusExportTest, OfTwoExportsToOnePlaceTheFirstToComeHasIt) {
  const auto schema = EverySchema();
  const auto rows = EveryRow(*schema, 20261129);
  const auto store = NewStore();
  Status another;
  auto batches = arrow::MakeFunctionIterator(
      [&, left = rows]() mutable -> Result<std::shared_ptr<arrow::RecordBatch>> {
        another = Export(store, schema, rows).status();
        return std::exchange(left, nullptr);
      });
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, arrow::RecordBatchReader::MakeFromIterator(
                                                    std::move(batches), rows->schema()));
  VARVE_ASSERT_OK(ExportMilvusCollection(store, schema, stream.get(),
                                         {.collection = "books", .timestamp = kTimestamp})
                      .status());
  EXPECT_TRUE(IsAlreadyExists(another)) << another.ToString();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, FindMilvusCollections(store, {}));
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].segments.front().num_rows, kRows);
  EXPECT_THAT(found[0].missing, IsEmpty());
}

TEST(MilvusExportTest, NamesAreThoseThatMilvusTakes) {
  const auto schema = EverySchema();
  for (const char* name : {"", "a b/c", "books-2024", "1st", "bücher"}) {
    const auto store = NewStore();
    const auto none = arrow::RecordBatchReader::Make({}, schema->ToArrow()).ValueOrDie();
    const Status status =
        ExportMilvusCollection(store, schema, none.get(), {.collection = name}).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << name;
    EXPECT_THAT(store->List("").ValueOrDie(), IsEmpty());
  }
}

}  // namespace
}  // namespace varve::internal
