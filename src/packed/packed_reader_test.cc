// SPDX-License-Identifier: Apache-2.0
// PackedReader over several files: joined, projected, filled in, and mapped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/packed_layout.h"
#include "storage/testing/scratch_directory.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kRows = 20'000;
constexpr int32_t kDim = 24;
constexpr uint64_t kSeed = 20261127;

FieldSchema Field(int64_t id, const std::string& name, DataType type, bool nullable = false) {
  FieldSchema field;
  field.field_id = id;
  field.name = name;
  field.data_type = type;
  field.nullable = nullable;
  if (IsDenseVector(type)) field.dim = kDim;
  return field;
}

std::vector<FieldSchema> SampleFields() {
  return {Field(100, "id", DataType::kInt64), Field(101, "text", DataType::kVarChar, true),
          Field(102, "emb", DataType::kFloatVector), Field(103, "score", DataType::kDouble, true)};
}

std::shared_ptr<arrow::RecordBatch> MakeRows(const CollectionSchema& schema, int64_t rows) {
  const auto random = Random::Seeded(kSeed);
  arrow::Int64Builder id;
  arrow::StringBuilder text;
  arrow::FixedSizeListBuilder emb(arrow::default_memory_pool(),
                                  std::make_shared<arrow::FloatBuilder>(),
                                  schema.fields()[2].arrow_type);
  arrow::DoubleBuilder score;
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(id.Append(row * 7).ok());
    const std::string word = "row " + std::to_string(random->Uniform(1'000'000));
    EXPECT_TRUE((row % 9 == 4 ? text.AppendNull() : text.Append(word)).ok());
    EXPECT_TRUE(emb.Append().ok());
    for (int32_t i = 0; i < kDim; ++i) {
      const auto value = static_cast<float>(random->Uniform(1 << 20));
      EXPECT_TRUE(static_cast<arrow::FloatBuilder*>(emb.value_builder())->Append(value).ok());
    }
    const auto value = static_cast<double>(random->Uniform(1 << 30));
    EXPECT_TRUE((row % 5 == 1 ? score.AppendNull() : score.Append(value)).ok());
  }
  arrow::ArrayVector columns;
  for (arrow::ArrayBuilder* builder :
       std::initializer_list<arrow::ArrayBuilder*>{&id, &text, &emb, &score}) {
    columns.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(schema.ToArrow(), rows, std::move(columns));
}

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://packed-reader-test-" + std::to_string(next++)).ValueOrDie();
}

struct Written {
  std::shared_ptr<ChunkManager> store;
  std::shared_ptr<const CollectionSchema> schema;
  std::shared_ptr<arrow::RecordBatch> rows;
  std::vector<std::string> paths;
  PackedFiles files;
};

// Files "group-0.parquet" and so on; row groups of a few thousand rows, not the same in all files.
Written WriteGroups(std::vector<std::vector<std::string>> groups,
                    std::shared_ptr<ChunkManager> store = NewStore(), int64_t rows = kRows,
                    PackedWriteOptions options = {}) {
  Written written;
  written.store = std::move(store);
  written.schema = CollectionSchema::Make(SampleFields()).ValueOrDie();
  written.rows = MakeRows(*written.schema, rows);
  options.split = SplitPolicy::kExplicit;
  options.groups = std::move(groups);
  options.buffer_bytes = 200'000;
  const auto writer = PackedWriter::Make(written.store, written.schema, options, [](int group) {
                        return "group-" + std::to_string(group) + ".parquet";
                      }).ValueOrDie();
  for (int64_t row = 0; row < rows; row += 1700) {
    EXPECT_TRUE(writer->Write(written.rows->Slice(row, 1700)).ok());
  }
  written.files = writer->Close().ValueOrDie();
  for (const auto& file : written.files) written.paths.push_back(file.path);
  return written;
}

Written WriteThree() { return WriteGroups({{"text", "id"}, {"emb"}, {"score"}}); }

Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(const PackedReader& reader,
                                                    const PackedReadOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto stream, reader.Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
  return table->CombineChunksToBatch();
}

void ExpectEqual(const arrow::RecordBatch& found, const arrow::RecordBatch& expected) {
  ASSERT_EQ(found.num_rows(), expected.num_rows());
  ASSERT_EQ(found.schema()->field_names(), expected.schema()->field_names());
  EXPECT_TRUE(found.ValidateFull().ok());
  for (int i = 0; i < found.num_columns(); ++i) {
    EXPECT_TRUE(found.column(i)->Equals(*expected.column(i))) << found.column_name(i);
  }
}

TEST(PackedReaderTest, JoinsColumnGroupsInRowOrder) {
  SCOPED_TRACE(kSeed);
  const Written written = WriteThree();
  ASSERT_EQ(written.files.size(), 3);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_text,
                             PackedLayout::Decode(written.files[0].layout, "text"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto of_emb,
                             PackedLayout::Decode(written.files[1].layout, "emb"));
  EXPECT_GT(of_text.row_groups.size(), 1);
  EXPECT_NE(of_text.row_groups.front().num_rows, of_emb.row_groups.front().num_rows);
  const std::vector<std::string> reversed(written.paths.rbegin(), written.paths.rend());
  for (const auto& paths : {written.paths, reversed}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                               PackedReader::Open(written.store, paths, written.schema));
    EXPECT_EQ(reader->num_rows(), kRows);
    for (const int64_t batch_size : {int64_t{1000}, int64_t{8192}, int64_t{1} << 40}) {
      for (const bool exact : {false, true}) {
        SCOPED_TRACE(testing::Message() << batch_size << ' ' << exact);
        VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader, {.batch_size = batch_size,
                                                                       .exact_batch_size = exact}));
        ExpectEqual(*found, *written.rows);
      }
    }
  }
}

TEST(PackedReaderTest, WithoutASchemaColumnsAreThoseOfTheFiles) {
  SCOPED_TRACE(kSeed);
  const Written written = WriteThree();
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto reader, PackedReader::Open(written.store, {written.paths[2], written.paths[0]}));
  EXPECT_THAT(reader->schema()->field_names(), ElementsAre("score", "id", "text"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto expected, written.rows->SelectColumns({3, 0, 1}));
  ExpectEqual(*found, *expected);
}

TEST(PackedReaderTest, FieldsThatNoFileHasAreNullOrTheirDefault) {
  SCOPED_TRACE(kSeed);
  const Written written = WriteThree();
  std::vector<FieldSchema> fields = SampleFields();
  fields[1].name = "words";  // the same field by another name
  fields.push_back(Field(104, "stock", DataType::kInt32));
  fields.back().default_value = arrow::MakeScalar(int32_t{-7});
  fields.push_back(Field(105, "title", DataType::kVarChar, true));
  fields.back().default_value = arrow::MakeScalar("untitled");
  fields.push_back(Field(106, "note", DataType::kVarChar, true));
  fields.push_back(Field(107, "other", DataType::kFloatVector, true));
  // Named as one that the files have, but another field.
  fields.push_back(Field(108, "text", DataType::kInt64, true));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make(fields));
  arrow::ArrayVector columns = written.rows->columns();
  for (size_t i = 4; i < fields.size(); ++i) {
    const auto& type = schema->fields()[i].arrow_type;
    const auto value = fields[i].default_value;
    columns.push_back((value != nullptr ? arrow::MakeArrayFromScalar(*value, kRows)
                                        : arrow::MakeArrayOfNull(type, kRows))
                          .ValueOrDie());
  }
  const auto expected = arrow::RecordBatch::Make(schema->ToArrow(), kRows, columns);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedReader::Open(written.store, written.paths, schema));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader));
  ExpectEqual(*found, *expected);
  // Alone, there is no file to say how many rows.
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto alone, ReadAll(*reader, {.columns = {"other", "stock"}, .begin_row = 19'990}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto last, expected->Slice(19'990)->SelectColumns({7, 4}));
  ExpectEqual(*alone, *last);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken,
                             reader->Take({19'999, 0, 0}, {"title", "note", "id"}));
  ASSERT_EQ(taken->num_rows(), 3);
  EXPECT_EQ(taken->column(0)->ToString(), R"([
  "untitled",
  "untitled",
  "untitled"
])");
  EXPECT_EQ(taken->column(1)->null_count(), 3);
  EXPECT_EQ(taken->column(2)->ToString(), "[\n  139993,\n  0,\n  0\n]");
}

TEST(PackedReaderTest, ARequiredFieldThatNoFileHasIsAnError) {
  const Written written = WriteThree();
  std::vector<FieldSchema> fields = SampleFields();
  fields.push_back(Field(104, "stock", DataType::kInt32));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make(fields));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedReader::Open(written.store, written.paths, schema));
  const auto refused = reader->Scan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_EQ(ContextOf(refused.status())->object, "group-0.parquet");
  EXPECT_EQ(ContextOf(refused.status())->field, "stock");
  EXPECT_FALSE(reader->Take({0}).ok());
  // The others are there.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader, {.columns = {"score"}}));
  EXPECT_TRUE(found->column(0)->Equals(*written.rows->column(3)));
}

TEST(PackedReaderTest, FilesThatDifferInTheirRowsAreRefused) {
  const Written written = WriteThree();
  const Written shorter =
      WriteGroups({{"id", "text", "emb", "score"}}, NewStore(), /*rows=*/kRows - 1);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, shorter.store->Read("group-0.parquet"));
  VARVE_ASSERT_OK(
      written.store->Write("short.parquet", {bytes->data(), static_cast<size_t>(bytes->size())}));
  const auto refused = PackedReader::Open(written.store, {"group-1.parquet", "short.parquet"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  EXPECT_EQ(ContextOf(refused.status())->object, "short.parquet");
  EXPECT_EQ(ContextOf(refused.status())->expected, "20000 rows, as in 'group-1.parquet'");
  EXPECT_EQ(ContextOf(refused.status())->found, "19999");
}

TEST(PackedReaderTest, ProjectsInTheOrderAskedFor) {
  SCOPED_TRACE(kSeed);
  const Written written = WriteThree();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedReader::Open(written.store, written.paths, written.schema));
  const std::vector<std::vector<int>> projections = {{0}, {2}, {3, 0}, {2, 1, 0}, {0, 1, 2, 3}};
  for (const auto& indices : projections) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto expected, written.rows->SelectColumns(indices));
    const auto names = expected->schema()->field_names();
    SCOPED_TRACE(testing::PrintToString(names));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader, {.columns = names}));
    ExpectEqual(*found, *expected);
  }
  const auto unknown = reader->Scan({.columns = {"id", "scor"}});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(ContextOf(unknown.status())->field, "scor");
  EXPECT_THAT(unknown.status().message(), HasSubstr("score"));
}

TEST(PackedReaderTest, ReadsRowRanges) {
  SCOPED_TRACE(kSeed);
  const Written written = WriteThree();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedReader::Open(written.store, written.paths, written.schema));
  const auto random = Random::Seeded(kSeed);
  std::vector<std::pair<int64_t, int64_t>> ranges = {
      {0, 1}, {0, kRows}, {kRows - 1, kRows}, {8191, 8193}, {kRows, kRows}, {kRows, INT64_MAX},
      {5, 5}, {7, 3},     {17, INT64_MAX}};
  for (int i = 0; i < 20; ++i) {
    const auto begin = static_cast<int64_t>(random->Uniform(kRows));
    ranges.emplace_back(begin, begin + static_cast<int64_t>(random->Uniform(6000)));
  }
  for (const auto& [begin, end] : ranges) {
    SCOPED_TRACE(testing::Message() << begin << ' ' << end);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto found,
        ReadAll(*reader, {.begin_row = begin, .end_row = end, .batch_size = 3000}));
    const int64_t count = std::max<int64_t>(0, std::min(end, kRows) - begin);
    ExpectEqual(*found, *written.rows->Slice(begin, count));
  }
  const auto negative = reader->Scan({.begin_row = -1});
  EXPECT_EQ(KindOf(negative.status()), ErrorKind::kInvalid);
  EXPECT_EQ(ContextOf(negative.status())->found, "-1");
  const auto empty = reader->Scan({.batch_size = 0});
  EXPECT_EQ(KindOf(empty.status()), ErrorKind::kInvalid);
  EXPECT_EQ(ContextOf(empty.status())->found, "0");
}

TEST(PackedReaderTest, ReadsFieldsOfEveryCodec) {
  SCOPED_TRACE(kSeed);
  for (const auto codec : {Compression::kZstd, Compression::kLz4, Compression::kSnappy,
                           Compression::kGzip, Compression::kNone}) {
    SCOPED_TRACE(static_cast<int>(codec));
    PackedWriteOptions options;
    for (const char* name : {"id", "text", "score"}) options.fields[name].compression = codec;
    const Written written =
        WriteGroups({{"id", "text", "emb", "score"}}, NewStore(), kRows, std::move(options));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                               PackedReader::Open(written.store, written.paths, written.schema));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(*reader));
    ExpectEqual(*found, *written.rows);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, reader->Take({19'999, 8192, 8191, 0, 8192}));
    int64_t at = 0;
    for (const int64_t row : {19'999, 8192, 8191, 0, 8192}) {
      EXPECT_TRUE(taken->Slice(at++, 1)->Equals(*written.rows->Slice(row, 1))) << row;
    }
    std::vector<std::string> problems;
    VARVE_ASSERT_OK(reader->Verify(&problems));
    EXPECT_THAT(problems, ElementsAre());
  }
}

struct Mapping {
  uintptr_t begin = 0;
  uintptr_t end = 0;
  uintptr_t offset = 0;
};

// Where this process has mapped the file at `path`.
std::vector<Mapping> MappingsOf(const std::string& path) {
  std::vector<Mapping> mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(" " + path)) continue;
    Mapping mapping;
    char dash = 0;
    std::string rights;
    std::istringstream(line) >> std::hex >> mapping.begin >> dash >> mapping.end >> rights >>
        mapping.offset;
    mappings.push_back(mapping);
  }
  return mappings;
}

TEST(PackedReaderTest, BatchesOfAMappedFilePointIntoTheMapping) {
  SCOPED_TRACE(kSeed);
  const ScratchDirectory folder;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager(folder.path(), {.sync = false}));
  if (!store->features().mapping) GTEST_SKIP() << "files are not mapped in " << folder.path();
  const Written written = WriteGroups({{"emb"}, {"id", "text", "score"}}, store);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto layout, PackedLayout::Decode(written.files[0].layout, "a"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader,
                             PackedReader::Open(store, written.paths, written.schema));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, reader->Scan({.columns = {"emb"}}));
  int64_t row = 0;
  for (const auto& group : layout.row_groups) {
    const int64_t group_begin = row;
    ASSERT_TRUE(group.columns[0].addressable());
    while (row < group_begin + group.num_rows) {
      std::shared_ptr<arrow::RecordBatch> batch;
      VARVE_ASSERT_OK(stream->ReadNext(&batch));
      ASSERT_NE(batch, nullptr);
      const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(*batch->column(0));
      ASSERT_EQ(vectors.offset(), 0);
      const auto address = reinterpret_cast<uintptr_t>(
          static_cast<const arrow::FloatArray&>(*vectors.values()).raw_values());
      const auto offset = static_cast<uintptr_t>(group.columns[0].OffsetOf(row - group_begin));
      bool mapped = false;
      for (const Mapping& mapping : MappingsOf(folder.path() + "/" + written.paths[0])) {
        mapped |= address == mapping.begin + (offset - mapping.offset) &&
                  address + static_cast<uintptr_t>(batch->num_rows()) * kDim * 4 <= mapping.end;
      }
      EXPECT_TRUE(mapped) << "row " << row;
      EXPECT_TRUE(
          batch->column(0)->Equals(*written.rows->column(2)->Slice(row, batch->num_rows())));
      row += batch->num_rows();
    }
  }
  EXPECT_EQ(row, kRows);
}

}  // namespace
}  // namespace varve::internal
