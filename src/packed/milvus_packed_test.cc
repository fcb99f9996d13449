// SPDX-License-Identifier: Apache-2.0
// Packed sets in the layout of Milvus: what is in the files, what is read back, and a real set.
#include "varve/milvus_packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_footer.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "parquet/statistics.h"
#include "storage/testing/counting_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/intercepting_chunk_manager.h"
#include "storage/testing/storage_operation.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr uint64_t kSeed = 20261128;
constexpr int32_t kWidth = 32;

std::shared_ptr<arrow::Field> Field(const std::string& name, std::shared_ptr<arrow::DataType> type,
                                    int64_t id, bool nullable = false) {
  return arrow::field(name, std::move(type), nullable,
                      arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(id)}));
}

// The columns of a small collection, in Milvus' order.
std::shared_ptr<arrow::Schema> SampleSchema() {
  return arrow::schema(
      {Field("key", arrow::int64(), 100), Field("text", arrow::utf8(), 101, /*nullable=*/true),
       Field("emb", arrow::fixed_size_binary(kWidth), 102), Field("meta", arrow::binary(), 103),
       Field("RowID", arrow::int64(), 0), Field("Timestamp", arrow::int64(), 1)});
}

std::vector<ColumnGroup> SampleGroups() {
  return {{.group_id = 0, .columns = {0, 4, 5}},
          {.group_id = 1, .columns = {1, 3}},
          {.group_id = 102, .columns = {2}}};
}

const std::vector<std::string> kPaths = {"seg/0/7", "seg/1/8", "seg/102/9"};

std::shared_ptr<arrow::RecordBatch> SampleRows(int64_t num_rows, uint64_t seed = kSeed) {
  const auto random = Random::Seeded(seed);
  arrow::Int64Builder key, row_id, timestamp;
  arrow::StringBuilder text;
  arrow::BinaryBuilder meta;
  arrow::FixedSizeBinaryBuilder emb(arrow::fixed_size_binary(kWidth));
  for (int64_t row = 0; row < num_rows; ++row) {
    EXPECT_TRUE(key.Append(static_cast<int64_t>(random->Next())).ok());
    EXPECT_TRUE(row_id.Append(row).ok());
    // Hybrid timestamps are unsigned: the upper half is negative here.
    EXPECT_TRUE(timestamp.Append(static_cast<int64_t>(UINT64_MAX - random->Uniform(9))).ok());
    const std::string word(random->Uniform(40), 'x');
    EXPECT_TRUE((row % 7 == 3 ? text.AppendNull() : text.Append(word)).ok());
    EXPECT_TRUE(meta.Append("{\"row\":" + std::to_string(row) + "}").ok());
    std::string vector;
    while (vector.size() < kWidth) vector += static_cast<char>(random->Next());
    EXPECT_TRUE(emb.Append(vector).ok());
  }
  arrow::ArrayVector columns;
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&key, &text, &emb, &meta, &row_id, &timestamp}) {
    columns.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(SampleSchema(), num_rows, std::move(columns));
}

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://milvus-packed-test-" + std::to_string(next++)).ValueOrDie();
}

Result<std::vector<MilvusPackedFile>> WriteSet(const std::shared_ptr<ChunkManager>& store,
                                               const std::shared_ptr<arrow::RecordBatch>& rows,
                                               MilvusPackedWriteOptions options = {},
                                               int64_t batch_rows = 1000,
                                               const std::vector<std::string>& paths = kPaths) {
  ARROW_ASSIGN_OR_RAISE(
      const auto writer,
      MilvusPackedWriter::Make(store, rows->schema(), SampleGroups(), paths, std::move(options)));
  for (int64_t row = 0; row < rows->num_rows(); row += batch_rows) {
    ARROW_RETURN_NOT_OK(writer->Write(rows->Slice(row, batch_rows)));
  }
  return writer->Close();
}

std::shared_ptr<parquet::FileMetaData> Footer(ChunkManager* store, const std::string& path) {
  const auto bytes = store->Read(path).ValueOrDie();
  return parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes))
      ->metadata();
}

std::string Key(const parquet::FileMetaData& footer, const std::string& key) {
  return footer.key_value_metadata()->Get(key).ValueOr("(none)");
}

std::vector<std::pair<std::string, std::string>> Keys(const parquet::FileMetaData& footer) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto& keys = *footer.key_value_metadata();
  for (int64_t i = 0; i < keys.size(); ++i) pairs.emplace_back(keys.key(i), keys.value(i));
  return pairs;
}

Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(const std::shared_ptr<ChunkManager>& store,
                                                    std::vector<std::vector<std::string>> sets,
                                                    const std::shared_ptr<arrow::Schema>& schema,
                                                    const MilvusPackedReadOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto stream,
                        OpenMilvusPackedSets(store, std::move(sets), schema, options));
  ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table->CombineChunksToBatch();
}

std::shared_ptr<arrow::Schema> Only(std::vector<int> columns) {
  arrow::FieldVector fields;
  for (const int column : columns) fields.push_back(SampleSchema()->field(column));
  return arrow::schema(std::move(fields));
}

void ExpectEqual(const arrow::RecordBatch& found, const arrow::RecordBatch& expected) {
  ASSERT_EQ(found.num_rows(), expected.num_rows());
  ASSERT_EQ(found.schema()->field_names(), expected.schema()->field_names());
  for (int i = 0; i < found.num_columns(); ++i) {
    EXPECT_TRUE(found.column(i)->Equals(*expected.column(i))) << found.column_name(i);
  }
}

// Notes what its writers are asked for.
class NotingChunkManager : public InterceptingChunkManager {
 public:
  NotingChunkManager()
      : InterceptingChunkManager(NewStore(), std::make_shared<StorageInterceptor>()) {}

  Result<std::unique_ptr<ChunkWriter>> OpenWriter(const std::string& path,
                                                  MakeWriterOptions options) override {
    part_bytes.push_back(options.part_bytes);
    return InterceptingChunkManager::OpenWriter(path, options);
  }

  std::vector<int64_t> part_bytes;
};

TEST(MilvusPackedWriterTest, PartsOfUploadsHaveTheSizeThatIsAskedFor) {
  const auto rows = SampleRows(10);
  constexpr int64_t kLeast = 10 << 20;
  constexpr int64_t kMost = int64_t{5} << 30;
  for (const int64_t part_bytes : {int64_t{0}, kLeast, kMost}) {
    const auto store = std::make_shared<NotingChunkManager>();
    VARVE_ASSERT_OK(WriteSet(store, rows, {.part_bytes = part_bytes}).status());
    EXPECT_THAT(store->part_bytes, ElementsAre(part_bytes, part_bytes, part_bytes));
  }
  for (const int64_t part_bytes : {int64_t{-1}, int64_t{1}, kLeast - 1, kMost + 1}) {
    const auto store = std::make_shared<NotingChunkManager>();
    const Status status = WriteSet(store, rows, {.part_bytes = part_bytes}).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << part_bytes;
    EXPECT_THAT(status.message(), HasSubstr("found " + std::to_string(part_bytes)));
    EXPECT_THAT(store->part_bytes, IsEmpty());
  }
}

TEST(MilvusPackedWriterTest, FilesHaveTheKeysTheIdsAndTheEncodingsOfMilvus) {
  const auto store = NewStore();
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto files,
      WriteSet(store, SampleRows(3000), {.metadata = {{"made by", "a test"}}}, 3000));
  ASSERT_EQ(files.size(), 3);
  const auto first = Footer(store.get(), kPaths[0]);
  EXPECT_THAT(
      Keys(*first),
      ElementsAre(Pair("group_field_id_list", "100,0,1;101,103;102"), Pair("made by", "a test"),
                  Pair("row_group_metadata", "72000|3000|0"), Pair("storage_version", "1.0.0")));
  EXPECT_TRUE(first->created_by().starts_with("parquet-cpp-arrow version ")) << first->created_by();
  const auto& root = *first->schema()->group_node();
  ASSERT_EQ(root.field_count(), 3);
  EXPECT_EQ(root.field(0)->name(), "key");
  EXPECT_EQ(root.field(0)->field_id(), 100);
  EXPECT_EQ(root.field(1)->name(), "RowID");
  EXPECT_EQ(root.field(1)->field_id(), 0);
  EXPECT_EQ(root.field(2)->name(), "Timestamp");
  EXPECT_EQ(root.field(2)->field_id(), 1);
  EXPECT_TRUE(root.field(0)->is_required());

  const auto second = Footer(store.get(), kPaths[1]);
  EXPECT_EQ(Key(*second, "group_field_id_list"), "100,0,1;101,103;102");
  EXPECT_TRUE(second->schema()->group_node()->field(0)->is_optional());
  const auto text = second->RowGroup(0)->ColumnChunk(0);
  EXPECT_EQ(text->compression(), parquet::Compression::ZSTD);
  EXPECT_TRUE(text->is_stats_set());
  const auto meta = second->RowGroup(0)->ColumnChunk(1);
  EXPECT_EQ(meta->compression(), parquet::Compression::ZSTD);
  EXPECT_FALSE(meta->is_stats_set());

  const auto vectors = Footer(store.get(), kPaths[2])->RowGroup(0)->ColumnChunk(0);
  EXPECT_EQ(vectors->type(), parquet::Type::FIXED_LEN_BYTE_ARRAY);
  EXPECT_EQ(vectors->compression(), parquet::Compression::UNCOMPRESSED);
  EXPECT_FALSE(vectors->is_stats_set());
  EXPECT_FALSE(vectors->has_dictionary_page());
}

TEST(MilvusPackedWriterTest, CloseTellsWhatIsInTheFiles) {
  const auto store = NewStore();
  const auto rows = SampleRows(700);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, WriteSet(store, rows));
  const auto& text_bytes = static_cast<const arrow::StringArray&>(*rows->column(1));
  const auto& meta_bytes = static_cast<const arrow::BinaryArray&>(*rows->column(3));
  const std::vector<int64_t> group_ids = {0, 1, 102};
  const std::vector<std::vector<int64_t>> field_ids = {{100, 0, 1}, {101, 103}, {102}};
  const std::vector<std::map<int64_t, int64_t>> nulls = {
      {{100, 0}, {0, 0}, {1, 0}}, {{101, 100}, {103, 0}}, {{102, 0}}};
  const std::vector<int64_t> memory = {
      700 * 3 * 8,
      2 * 701 * 4 + 88 + text_bytes.total_values_length() + meta_bytes.total_values_length(),
      700 * kWidth};
  ASSERT_EQ(files.size(), 3);
  for (size_t i = 0; i < files.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(files[i].path, kPaths[i]);
    EXPECT_EQ(files[i].group_id, group_ids[i]);
    EXPECT_EQ(files[i].field_ids, field_ids[i]);
    EXPECT_EQ(files[i].num_rows, 700);
    EXPECT_EQ(files[i].null_counts, nulls[i]);
    EXPECT_EQ(files[i].memory_bytes, memory[i]);
    VARVE_ASSERT_OK_AND_ASSIGN(const int64_t size, store->Size(kPaths[i]));
    EXPECT_EQ(files[i].file_bytes, size);
  }
}

TEST(MilvusPackedWriterTest, RowGroupsAreCutByMemory) {
  const auto store = NewStore();
  const auto rows = SampleRows(100);
  VARVE_ASSERT_OK(WriteSet(store, rows, {.row_group_bytes = 1000}, 100).status());
  // 1000 / 24 rows fit; one more, and the limit is reached.
  EXPECT_EQ(Key(*Footer(store.get(), kPaths[0]), "row_group_metadata"),
            "1008|42|0;1008|42|42;384|16|84");
  // 32 bytes a row: 31 rows fit.
  EXPECT_EQ(Key(*Footer(store.get(), kPaths[2]), "row_group_metadata"),
            "1024|32|0;1024|32|32;1024|32|64;128|4|96");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths}, SampleSchema()));
  ExpectEqual(*found, *rows);
}

// A slice brings its whole buffers: 5 rows of an array of 100 take what all of them take.
TEST(MilvusPackedWriterTest, SlicesCountWithTheirWholeBuffers) {
  const auto store = NewStore();
  VARVE_ASSERT_OK(WriteSet(store, SampleRows(100)->Slice(0, 10), {}, 5).status());
  EXPECT_EQ(Key(*Footer(store.get(), kPaths[0]), "row_group_metadata"), "4800|10|0");
}

TEST(MilvusPackedWriterTest, ABufferCountsOnceHoweverManyColumnsItHas) {
  const auto store = NewStore();
  auto rows = SampleRows(100);
  auto columns = rows->columns();
  columns[5] = columns[4];
  rows = arrow::RecordBatch::Make(rows->schema(), 100, columns);
  VARVE_ASSERT_OK(WriteSet(store, rows).status());
  EXPECT_EQ(Key(*Footer(store.get(), kPaths[0]), "row_group_metadata"), "1600|100|0");
}

TEST(MilvusPackedWriterTest, HowMuchIsBufferedDoesNotMoveRowGroups) {
  const auto rows = SampleRows(5000);
  std::vector<std::string> expected;
  for (const int64_t buffer_bytes : {0, 1, 100'000, 1'000'000, 1 << 30}) {
    SCOPED_TRACE(buffer_bytes);
    const auto store = NewStore();
    // Batches that are no slices of one: their sizes are their own.
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto writer,
        MilvusPackedWriter::Make(store, rows->schema(), SampleGroups(), kPaths,
                                 {.buffer_bytes = buffer_bytes, .row_group_bytes = 20'000}));
    for (uint64_t i = 0; i < 10; ++i) VARVE_ASSERT_OK(writer->Write(SampleRows(500, i)));
    VARVE_ASSERT_OK(writer->Close().status());
    std::vector<std::string> found;
    for (const auto& path : kPaths) {
      found.push_back(Key(*Footer(store.get(), path), "row_group_metadata"));
    }
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected);
  }
  EXPECT_THAT(expected[0], HasSubstr("20016|834|0;20016|834|834;"));
}

TEST(MilvusPackedWriterTest, NothingIsThereBeforeCloseNorAfterAbort) {
  const auto store = NewStore();
  const auto rows = SampleRows(50'000);
  const auto make = [&] {
    return MilvusPackedWriter::Make(store, rows->schema(), SampleGroups(), kPaths).ValueOrDie();
  };
  const auto listed = [&] { return store->List("").ValueOrDie(); };
  {
    const auto writer = make();
    VARVE_ASSERT_OK(writer->Write(rows));
    EXPECT_THAT(listed(), IsEmpty());
    VARVE_ASSERT_OK(writer->Abort());
    EXPECT_THAT(listed(), IsEmpty());
    EXPECT_EQ(KindOf(writer->Write(rows)), ErrorKind::kInvalid);
    EXPECT_EQ(KindOf(writer->Close().status()), ErrorKind::kInvalid);
  }
  {
    const auto writer = make();
    VARVE_ASSERT_OK(writer->Write(rows));
  }
  EXPECT_THAT(listed(), IsEmpty());
}

TEST(MilvusPackedWriterTest, AFileThatCannotBePublishedTakesTheOthersWithIt) {
  for (const bool names_are_fresh : {false, true}) {
    const auto store = NewStore();
    const auto rows = SampleRows(10);
    const auto make = [&] {
      return MilvusPackedWriter::Make(store, rows->schema(), SampleGroups(), kPaths,
                                      {.names_are_fresh = names_are_fresh});
    };
    VARVE_ASSERT_OK_AND_ASSIGN(const auto writer, make());
    const std::string text = "in the way";
    VARVE_ASSERT_OK(store->Write(kPaths[1], {reinterpret_cast<const uint8_t*>(text.data()), 10}));
    VARVE_ASSERT_OK(writer->Write(rows));
    const auto files = writer->Close();
    EXPECT_TRUE(IsAlreadyExists(files.status())) << files.status().ToString();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto listed, store->List(""));
    ASSERT_EQ(listed.size(), 1);
    EXPECT_EQ(listed.front().path, kPaths[1]);
    EXPECT_EQ(listed.front().size, 10);

    // One that is there before is told before a row is written, unless nobody is to ask.
    const Status again = make().status();
    EXPECT_EQ(IsAlreadyExists(again), !names_are_fresh) << again.ToString();
    if (!names_are_fresh) {
      EXPECT_THAT(again.message(), HasSubstr("object '" + kPaths[1] + "'"));
    }
  }
}

// Whichever call to the store fails: an error that says so, and nothing is left.
TEST(MilvusPackedWriterTest, AStoreThatFailsLeavesNothingBehind) {
  const auto rows = SampleRows(400);
  for (const auto operation : {StorageOperation::kStat, StorageOperation::kOpenWriter,
                               StorageOperation::kWriterWrite, StorageOperation::kWriterClose}) {
    for (const auto when : {FaultyChunkManager::kBefore, FaultyChunkManager::kAfter}) {
      for (int64_t nth = 1;; ++nth) {
        SCOPED_TRACE(std::string(StorageOperationName(operation)) + " " + std::to_string(nth));
        const auto store = NewStore();
        const auto faulty = FaultyChunkManager::Make(store);
        faulty->FailCall(operation, nth, Status::IOError("the cable is out"), when);
        const auto files = WriteSet(faulty, rows, {.row_group_bytes = 5000}, 200);
        if (faulty->num_failures() == 0) {
          VARVE_ASSERT_OK(files.status());
          EXPECT_GT(nth, 3);  // a call a file, at least
          break;
        }
        ASSERT_FALSE(files.ok());
        EXPECT_THAT(files.status().message(), HasSubstr("the cable is out"));
        if (operation == StorageOperation::kWriterClose && when == FaultyChunkManager::kAfter) {
          // It is there, though nobody could know; it is whole, and alone.
          VARVE_ASSERT_OK_AND_ASSIGN(const auto listed, store->List(""));
          EXPECT_LE(listed.size(), 1);
        } else {
          EXPECT_THAT(store->List("").ValueOrDie(), IsEmpty());
        }
      }
    }
  }
}

TEST(MilvusPackedWriterTest, ASetWithoutRowsIsASet) {
  const auto store = NewStore();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, WriteSet(store, SampleRows(0)));
  EXPECT_EQ(files[0].num_rows, 0);
  EXPECT_EQ(Key(*Footer(store.get(), kPaths[0]), "row_group_metadata"), "");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths, kPaths}, SampleSchema()));
  EXPECT_EQ(found->num_rows(), 0);
}

TEST(MilvusPackedWriterTest, AGroupWithoutColumnsHasNoFile) {
  const auto store = NewStore();
  auto groups = SampleGroups();
  groups.insert(groups.begin(), ColumnGroup{.group_id = 5});
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto writer,
      MilvusPackedWriter::Make(store, SampleSchema(), groups, {"none", "a", "b", "c"}));
  VARVE_ASSERT_OK(writer->Write(SampleRows(10)));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  ASSERT_EQ(files.size(), 3);
  EXPECT_EQ(files[0].path, "a");
  EXPECT_EQ(Key(*Footer(store.get(), "a"), "group_field_id_list"), "100,0,1;101,103;102");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {{"a", "b", "c"}}, SampleSchema()));
  ExpectEqual(*found, *SampleRows(10));
}

TEST(MilvusPackedWriterTest, MistakesAreNamed) {
  const auto store = NewStore();
  const auto make = [&](std::shared_ptr<arrow::Schema> schema, std::vector<ColumnGroup> groups,
                        std::vector<std::string> paths) {
    return MilvusPackedWriter::Make(store, std::move(schema), std::move(groups), std::move(paths))
        .status()
        .message();
  };
  const auto schema = SampleSchema();
  const auto groups = SampleGroups();
  EXPECT_THAT(make(schema, groups, {"a", "b"}), HasSubstr("not as many paths"));
  EXPECT_THAT(make(schema, groups, {"a", "b", "a"}),
              HasSubstr("two column groups have one path: object 'a'"));
  EXPECT_THAT(make(schema, {groups[0], groups[1]}, {"a", "b"}),
              HasSubstr("in no group: field 'emb'"));
  EXPECT_THAT(make(schema, {groups[0], groups[1], groups[2], groups[2]}, {"a", "b", "c", "d"}),
              HasSubstr("in two groups: field 'emb'"));
  EXPECT_THAT(make(schema, {{.columns = {0, 1, 2, 3, 4, 5, 6}}}, {"a"}),
              HasSubstr("is not there: expected below 6, found 6"));
  EXPECT_THAT(make(schema, {{.columns = {1, 0, 2, 3, 4, 5}}}, {"a"}), HasSubstr("order"));
  EXPECT_THAT(make(arrow::schema({arrow::field("x", arrow::int8())}), {{.columns = {0}}}, {"a"}),
              HasSubstr("no id of its own: field 'x'"));
  EXPECT_THAT(make(arrow::schema({Field("x", arrow::int8(), 7), Field("y", arrow::int8(), 7)}),
                   {{.columns = {0, 1}}}, {"a"}),
              HasSubstr("two fields have one id: field 'y', found 7"));
  for (const auto& type :
       {arrow::large_utf8(), arrow::utf8_view(), arrow::uint8(), arrow::uint32(), arrow::uint64(),
        arrow::float16(), arrow::date32(), arrow::date64(),
        arrow::timestamp(arrow::TimeUnit::SECOND), arrow::duration(arrow::TimeUnit::MICRO),
        arrow::time64(arrow::TimeUnit::MICRO), arrow::decimal128(9, 2),
        arrow::list(arrow::list(arrow::int8())), arrow::list(arrow::uint64()),
        arrow::fixed_size_list(arrow::float32(), 4), arrow::null()}) {
    EXPECT_THAT(make(arrow::schema({Field("x", type, 7)}), {{.columns = {0}}}, {"a"}),
                HasSubstr("no such type: field 'x', found " + type->ToString()));
  }
  EXPECT_THAT(make(arrow::schema(arrow::FieldVector{}), {}, {}), HasSubstr("at least one field"));

  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                             MilvusPackedWriter::Make(store, schema, groups, kPaths));
  const auto rows = SampleRows(10);
  auto columns = rows->columns();
  std::swap(columns[1], columns[3]);
  EXPECT_THAT(writer->Write(arrow::RecordBatch::Make(schema, 10, columns)).message(),
              HasSubstr("wrong type: field 'text'"));
  columns = rows->columns();
  columns[0] = arrow::MakeArrayOfNull(arrow::int64(), 10).ValueOrDie();
  EXPECT_THAT(writer->Write(arrow::RecordBatch::Make(schema, 10, columns)).message(),
              HasSubstr("null in a required field: field 'key'"));
  // The writer is none the worse.
  VARVE_ASSERT_OK(writer->Write(rows));
  VARVE_ASSERT_OK(writer->Close().status());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths}, schema));
  ExpectEqual(*found, *rows);
}

// And none but those is written, as MistakesAreNamed says.
TEST(MilvusPackedWriterTest, EveryTypeOfMilvusComesBack) {
  const std::pair<std::shared_ptr<arrow::DataType>, std::string> columns[] = {
      {arrow::boolean(), "[true, null, false]"},
      {arrow::int8(), "[-128, null, 127]"},
      {arrow::int16(), "[-32768, null, 32767]"},
      {arrow::int32(), "[-2147483648, null, 7]"},
      {arrow::int64(), "[-9223372036854775808, null, 7]"},
      {arrow::float32(), "[0.5, null, -1.25]"},
      {arrow::float64(), "[0.1, null, -1e300]"},
      {arrow::utf8(), R"(["a", null, ""])"},
      {arrow::binary(), R"(["a", null, ""])"},
      {arrow::fixed_size_binary(2), R"(["ab", null, "cd"])"},
  };
  for (const auto& [element, json] : columns) {
    for (const bool is_list : {false, true}) {
      const auto type = is_list ? arrow::list(element) : element;
      SCOPED_TRACE(type->ToString());
      const auto store = NewStore();
      const auto schema = arrow::schema({Field("x", type, 100, /*nullable=*/true)});
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto values,
          arrow::json::ArrayFromJSONString(type, is_list ? "[" + json + ", null, []]" : json));
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto writer, MilvusPackedWriter::Make(store, schema, {{.columns = {0}}}, {"f"}));
      VARVE_ASSERT_OK(writer->Write(arrow::RecordBatch::Make(schema, 3, {values})));
      VARVE_ASSERT_OK(writer->Close().status());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {{"f"}}, schema));
      EXPECT_TRUE(found->column(0)->Equals(*values)) << found->column(0)->ToString();
    }
  }
}

TEST(MilvusPackedReaderTest, RowsComeInOrderWhereverRowGroupsEnd) {
  SCOPED_TRACE(kSeed);
  const auto store = NewStore();
  const auto rows = SampleRows(20'000);
  VARVE_ASSERT_OK(WriteSet(store, rows, {.row_group_bytes = 40'000}, 20'000).status());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                             OpenMilvusPackedSets(store, {kPaths}, SampleSchema()));
  std::set<int64_t> ends;
  for (const auto& path : kPaths) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto groups,
        ParseRowGroups(Key(*Footer(store.get(), path), "row_group_metadata"), path));
    EXPECT_GT(groups.size(), 5);
    for (const auto& group : groups) ends.insert(group.first_row + group.num_rows);
  }
  arrow::RecordBatchVector batches;
  int64_t row = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    VARVE_ASSERT_OK(stream->ReadNext(&batch));
    if (batch == nullptr) break;
    ASSERT_GT(batch->num_rows(), 0);
    EXPECT_LE(batch->num_rows(), 1024);
    // No row group ends within a batch.
    EXPECT_EQ(ends.upper_bound(row), ends.lower_bound(row + batch->num_rows()));
    row += batch->num_rows();
    batches.push_back(std::move(batch));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, arrow::Table::FromRecordBatches(batches));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, table->CombineChunksToBatch());
  ExpectEqual(*found, *rows);
}

TEST(MilvusPackedReaderTest, FieldsAreFoundByIdUnderAnyNameInAnyOrder) {
  const auto store = NewStore();
  const auto rows = SampleRows(500);
  VARVE_ASSERT_OK(WriteSet(store, rows).status());
  const auto schema =
      arrow::schema({Field("renamed", arrow::binary(), 103), Field("t", arrow::int64(), 1),
                     Field("key", arrow::utf8(), 101, true)});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths}, schema));
  EXPECT_EQ(found->schema()->field_names(), (std::vector<std::string>{"renamed", "t", "key"}));
  EXPECT_TRUE(found->column(0)->Equals(*rows->column(3)));
  EXPECT_TRUE(found->column(1)->Equals(*rows->column(5)));
  EXPECT_TRUE(found->column(2)->Equals(*rows->column(1)));
}

TEST(MilvusPackedReaderTest, AFieldThatASetLacksIsNull) {
  const auto store = NewStore();
  const auto rows = SampleRows(500);
  const auto later = SampleRows(300, kSeed + 1);
  VARVE_ASSERT_OK(WriteSet(store, rows).status());
  // The second set has a field more.
  auto fields = SampleSchema()->fields();
  fields.push_back(Field("added", arrow::int64(), 104));
  const auto schema = arrow::schema(fields);
  auto columns = later->columns();
  columns.push_back(later->column(0));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto writer,
      MilvusPackedWriter::Make(store, schema, {{.columns = {0, 1, 2, 3, 4, 5, 6}}}, {"later"}));
  VARVE_ASSERT_OK(writer->Write(arrow::RecordBatch::Make(schema, 300, columns)));
  VARVE_ASSERT_OK(writer->Close().status());

  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths, {"later"}}, schema));
  ASSERT_EQ(found->num_rows(), 800);
  EXPECT_TRUE(found->schema()->field(6)->nullable());
  EXPECT_FALSE(found->schema()->field(0)->nullable());
  EXPECT_TRUE(found->column(0)->Slice(0, 500)->Equals(*rows->column(0)));
  EXPECT_TRUE(found->column(0)->Slice(500)->Equals(*later->column(0)));
  EXPECT_EQ(found->column(6)->Slice(0, 500)->null_count(), 500);
  EXPECT_TRUE(found->column(6)->Slice(500)->Equals(*later->column(0)));

  // A set with none of the fields has no rows of them.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto added,
                             ReadAll(store, {kPaths, {"later"}}, arrow::schema({fields[6]})));
  EXPECT_TRUE(added->column(0)->Equals(*later->column(0)));
}

TEST(MilvusPackedReaderTest, ASetIsOpenedWhenItsRowsAreAskedFor) {
  const auto store = CountingChunkManager::Make(NewStore());
  const auto rows = SampleRows(100);
  std::vector<std::vector<std::string>> sets;
  for (const std::string name : {"a", "b", "c"}) {
    sets.push_back({name + "/0", name + "/1", name + "/2"});
    VARVE_ASSERT_OK(WriteSet(store, rows, {}, 1000, sets.back()).status());
  }
  store->Reset();
  const auto num_opened = [&] { return store->count(StorageOperation::kOpenReader).calls; };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, OpenMilvusPackedSets(store, sets, SampleSchema()));
  for (int64_t set = 1; set <= 3; ++set) {
    std::shared_ptr<arrow::RecordBatch> batch;
    VARVE_ASSERT_OK(stream->ReadNext(&batch));
    ExpectEqual(*batch, *rows);
    EXPECT_EQ(num_opened(), 3 * set);
  }
}

// Which columns have nulls is said before the first row.
TEST(MilvusPackedReaderTest, ALaterSetWithFewerFieldsHasThemAsNullsIfTheyMayBe) {
  const auto store = NewStore();
  const auto rows = SampleRows(20);
  VARVE_ASSERT_OK(WriteSet(store, rows).status());
  const auto fewer = rows->SelectColumns({0}).ValueOrDie();
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto writer,
      MilvusPackedWriter::Make(store, fewer->schema(), {{.columns = {0}}}, {"fewer"}));
  VARVE_ASSERT_OK(writer->Write(fewer));
  VARVE_ASSERT_OK(writer->Close().status());
  const auto refused = ReadAll(store, {kPaths, {"fewer"}}, Only({0, 4})).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("object 'fewer', field 'RowID'"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths, {"fewer"}}, Only({0, 1})));
  EXPECT_EQ(found->num_rows(), 40);
  EXPECT_TRUE(found->column(1)->Slice(0, 20)->Equals(*rows->column(1)));
  EXPECT_EQ(found->column(1)->Slice(20)->null_count(), 20);
}

TEST(MilvusPackedReaderTest, FilesThatAreNotNeededNeedNotBeThere) {
  const auto store = NewStore();
  const auto rows = SampleRows(100);
  VARVE_ASSERT_OK(WriteSet(store, rows).status());
  VARVE_ASSERT_OK(store->Remove(kPaths[1]));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths}, Only({2, 0})));
  EXPECT_TRUE(found->column(0)->Equals(*rows->column(2)));
  EXPECT_TRUE(found->column(1)->Equals(*rows->column(0)));
  EXPECT_TRUE(IsNotFound(ReadAll(store, {kPaths}, Only({1})).status()));
}

TEST(MilvusPackedReaderTest, TypesAreNotCast) {
  const auto store = NewStore();
  VARVE_ASSERT_OK(WriteSet(store, SampleRows(10)).status());
  for (const auto& field :
       {Field("key", arrow::int32(), 100), Field("text", arrow::binary(), 101, true),
        Field("emb", arrow::fixed_size_binary(16), 102), Field("emb", arrow::binary(), 102)}) {
    const auto found = ReadAll(store, {kPaths}, arrow::schema({field}));
    EXPECT_EQ(KindOf(found.status()), ErrorKind::kUnsupported) << field->ToString();
    EXPECT_THAT(found.status().message(), HasSubstr("stored as another type: object 'seg/"));
  }
}

// Lists are what they hold: writers differ in what they call elements, and in what these may be.
TEST(MilvusPackedReaderTest, ListsHaveElementsOfAnyNameAndNullability) {
  const auto required = arrow::list(arrow::field("element", arrow::int16(), /*nullable=*/false));
  const auto optional = arrow::list(arrow::field("item", arrow::int16()));
  const auto read = [&](const std::shared_ptr<arrow::DataType>& stored, const std::string& json,
                        const std::shared_ptr<arrow::DataType>& wanted) {
    const auto store = NewStore();
    const auto schema = arrow::schema({Field("list", stored, 100, /*nullable=*/true)});
    const auto writer =
        MilvusPackedWriter::Make(store, schema, {{.columns = {0}}}, {"f"}).ValueOrDie();
    const auto values = arrow::json::ArrayFromJSONString(stored, json).ValueOrDie();
    EXPECT_TRUE(writer->Write(arrow::RecordBatch::Make(schema, values->length(), {values})).ok());
    EXPECT_TRUE(writer->Close().ok());
    return ReadAll(store, {{"f"}}, arrow::schema({Field("list", wanted, 100, /*nullable=*/true)}));
  };
  const std::string json = "[[1, -2], [], null, [3]]";
  for (const auto& stored : {required, optional}) {
    for (const auto& wanted : {required, optional}) {
      SCOPED_TRACE(stored->ToString() + " as " + wanted->ToString());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, read(stored, json, wanted));
      const auto& column = found->column(0);
      VARVE_ASSERT_OK(column->ValidateFull());
      EXPECT_TRUE(column->type()->Equals(*wanted));
      EXPECT_TRUE(column->Equals(*arrow::json::ArrayFromJSONString(wanted, json).ValueOrDie()))
          << column->ToString();
    }
  }
  const Status null_element = read(optional, "[[1, null]]", required).status();
  EXPECT_TRUE(IsCorruption(null_element)) << null_element.ToString();
  EXPECT_THAT(null_element.message(), HasSubstr("null in a required field: object 'f'"));
  const auto other = read(optional, json, arrow::list(arrow::int32())).status();
  EXPECT_EQ(KindOf(other), ErrorKind::kUnsupported) << other.ToString();
}

TEST(MilvusPackedReaderTest, ANullElementConcernsTheBatchThatHasIt) {
  const auto store = NewStore();
  const auto optional = arrow::list(arrow::field("element", arrow::int16()));
  const auto required = arrow::list(arrow::field("element", arrow::int16(), /*nullable=*/false));
  const auto stored = arrow::schema({Field("list", optional, 100)});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                             MilvusPackedWriter::Make(store, stored, {{.columns = {0}}}, {"f"}));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto values, arrow::json::ArrayFromJSONString(optional, "[[1, -2], [4], [5, null]]"));
  VARVE_ASSERT_OK(writer->Write(arrow::RecordBatch::Make(stored, 3, {values})));
  VARVE_ASSERT_OK(writer->Close().status());

  const auto wanted = arrow::schema({Field("list", required, 100)});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             OpenMilvusPackedSets(store, {{"f"}}, wanted, {.batch_rows = 2}));
  std::shared_ptr<arrow::RecordBatch> batch;
  VARVE_ASSERT_OK(reader->ReadNext(&batch));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto expected,
                             arrow::json::ArrayFromJSONString(required, "[[1, -2], [4]]"));
  EXPECT_TRUE(batch->column(0)->Equals(*expected)) << batch->ToString();
  EXPECT_TRUE(IsCorruption(reader->ReadNext(&batch)));
}

// A set whose second file is that of another one.
TEST(MilvusPackedReaderTest, FilesThatDoNotBelongTogetherAreRefused) {
  const auto store = NewStore();
  VARVE_ASSERT_OK(WriteSet(store, SampleRows(10)).status());
  VARVE_ASSERT_OK(WriteSet(store, SampleRows(11), {}, 1000, {"x", "y", "z"}).status());
  const auto rows = ReadAll(store, {{kPaths[0], kPaths[1], "z"}}, SampleSchema()).status();
  EXPECT_TRUE(IsCorruption(rows)) << rows.ToString();
  EXPECT_THAT(rows.message(), HasSubstr("number of rows: object 'z', expected 10, found 11"));
  const auto swapped = ReadAll(store, {{kPaths[0], kPaths[2], kPaths[1]}}, SampleSchema()).status();
  EXPECT_TRUE(IsCorruption(swapped)) << swapped.ToString();
  EXPECT_THAT(swapped.message(), HasSubstr("another number of columns than its set says"));
  const auto few = ReadAll(store, {{kPaths[0]}}, SampleSchema()).status();
  EXPECT_EQ(KindOf(few), ErrorKind::kInvalid);
  EXPECT_THAT(few.message(), HasSubstr("more files than were named"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto enough, ReadAll(store, {{kPaths[0]}}, Only({0})));
  EXPECT_EQ(enough->num_rows(), 10);
  EXPECT_EQ(KindOf(ReadAll(store, {{}}, SampleSchema()).status()), ErrorKind::kInvalid);
}

// What this version wrote is read by every later one.
TEST(MilvusPackedCompatTest, ASetOfThisVersion) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store,
                             OpenChunkManager("tests/fixtures/compat/v1/milvus-packed"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {kPaths}, SampleSchema()));
  ExpectEqual(*found, *SampleRows(50));
}

// The real set, as the files name their columns.
const std::vector<std::string> kRealPaths = {"column_group_0.parquet", "column_group_1.parquet",
                                             "column_group_2.parquet"};

std::shared_ptr<arrow::Schema> RealSchema() {
  return arrow::schema({Field("id", arrow::int64(), 100), Field("name", arrow::utf8(), 101),
                        Field("value", arrow::float64(), 102),
                        Field("vector", arrow::list(arrow::float32()), 103)});
}

std::shared_ptr<ChunkManager> RealStore() {
  auto store = NewStore();
  for (const auto& path : kRealPaths) {
    std::ifstream file("tests/fixtures/milvus/v2/" + path, std::ios::binary);
    EXPECT_TRUE(file.good()) << path;
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    EXPECT_TRUE(
        store->Write(path, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).ok());
  }
  return store;
}

TEST(MilvusRealSetTest, ItsRowsAreRead) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(RealStore(), {kRealPaths}, RealSchema()));
  ASSERT_EQ(found->num_rows(), 100);
  const auto& ids = static_cast<const arrow::Int64Array&>(*found->column(0));
  const auto& names = static_cast<const arrow::StringArray&>(*found->column(1));
  const auto& values = static_cast<const arrow::DoubleArray&>(*found->column(2));
  const auto& vectors = static_cast<const arrow::ListArray&>(*found->column(3));
  const auto& floats = static_cast<const arrow::FloatArray&>(*vectors.values());
  for (int64_t row = 0; row < 100; ++row) {
    EXPECT_EQ(ids.Value(row), row);
    EXPECT_EQ(names.GetString(row), "name_" + std::to_string(row));
    EXPECT_EQ(values.Value(row), 1.5 * static_cast<double>(row));
    ASSERT_EQ(vectors.value_length(row), 4);
    for (int32_t i = 0; i < 4; ++i) {
      EXPECT_FLOAT_EQ(floats.Value(vectors.value_offset(row) + i),
                      static_cast<float>(row) * 0.1F + static_cast<float>(i));
    }
  }
}

// The same rows, as the schema of a collection has them; and, without one, as the files do.
TEST(MilvusRealSetTest, PackedReaderReadsItsRows) {
  const auto store = RealStore();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, ReadAll(store, {kRealPaths}, RealSchema()));
  const auto read = [&](std::shared_ptr<const CollectionSchema> schema)
      -> Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          PackedReader::Open(store, kRealPaths, std::move(schema)));
    ARROW_ASSIGN_OR_RAISE(const auto stream, reader->Scan());
    ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
    return table->CombineChunksToBatch();
  };
  FieldSchema vector{.field_id = 103, .name = "vector", .data_type = DataType::kFloatVector};
  vector.dim = 4;
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto schema,
      CollectionSchema::Make({{.field_id = 100, .name = "id", .data_type = DataType::kInt64},
                              {.field_id = 101, .name = "name", .data_type = DataType::kVarChar},
                              {.field_id = 102, .name = "value", .data_type = DataType::kDouble},
                              vector}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, read(schema));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto plain, read(nullptr));
  for (const char* column : {"id", "name", "value"}) {
    EXPECT_TRUE(found->GetColumnByName(column)->Equals(stored->GetColumnByName(column))) << column;
    EXPECT_TRUE(plain->GetColumnByName(column)->Equals(stored->GetColumnByName(column))) << column;
  }
  EXPECT_TRUE(plain->GetColumnByName("vector")->Equals(stored->GetColumnByName("vector")));
  const auto& vectors =
      static_cast<const arrow::FixedSizeListArray&>(*found->GetColumnByName("vector"));
  const auto& lists = static_cast<const arrow::ListArray&>(*stored->GetColumnByName("vector"));
  ASSERT_EQ(vectors.length(), 100);
  for (int64_t row = 0; row < 100; ++row) {
    EXPECT_TRUE(vectors.value_slice(row)->Equals(lists.value_slice(row))) << row;
  }
}

TEST(MilvusRealSetTest, WrittenAgainItHasTheSameKeys) {
  const auto store = RealStore();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, ReadAll(store, {kRealPaths}, RealSchema()));
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto writer,
      MilvusPackedWriter::Make(
          store, RealSchema(),
          {{.columns = {0, 2}}, {.group_id = 1, .columns = {1}}, {.group_id = 2, .columns = {3}}},
          {"again/0", "again/1", "again/2"}));
  VARVE_ASSERT_OK(writer->Write(rows));
  VARVE_ASSERT_OK(writer->Close().status());
  for (size_t i = 0; i < 3; ++i) {
    SCOPED_TRACE(kRealPaths[i]);
    const auto real = Footer(store.get(), kRealPaths[i]);
    const auto again = Footer(store.get(), "again/" + std::to_string(i));
    auto expected = Keys(*real);
    ASSERT_EQ(expected.size(), 3);
    EXPECT_EQ(expected[1].first, "row_group_metadata");
    // The set is older than the rule that the elements of lists count: 404 are its offsets alone.
    // Elements are 400 floats, and the bitmap that read elements have where they might be null.
    if (i == 2) {
      EXPECT_EQ(expected[1].second, "404|100|0");
      expected[1].second = std::to_string(404 + 1600 + 50) + "|100|0";
    }
    EXPECT_EQ(Keys(*again), expected);
    EXPECT_TRUE(again->schema()->Equals(*real->schema()))
        << again->schema()->ToString() << real->schema()->ToString();
    ASSERT_EQ(again->num_row_groups(), real->num_row_groups());
    EXPECT_EQ(again->RowGroup(0)->num_rows(), real->RowGroup(0)->num_rows());
    for (int column = 0; column < real->num_columns(); ++column) {
      const auto a = again->RowGroup(0)->ColumnChunk(column);
      const auto b = real->RowGroup(0)->ColumnChunk(column);
      EXPECT_EQ(a->compression(), b->compression());
      EXPECT_EQ(a->num_values(), b->num_values());
      EXPECT_EQ(a->has_dictionary_page(), b->has_dictionary_page());
      EXPECT_EQ(a->statistics()->EncodeMin(), b->statistics()->EncodeMin());
      EXPECT_EQ(a->statistics()->EncodeMax(), b->statistics()->EncodeMax());
      EXPECT_EQ(a->statistics()->null_count(), b->statistics()->null_count());
    }
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found,
                             ReadAll(store, {{"again/0", "again/1", "again/2"}}, RealSchema()));
  ExpectEqual(*found, *rows);
}

}  // namespace
}  // namespace varve::internal
