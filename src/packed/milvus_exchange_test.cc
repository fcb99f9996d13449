// SPDX-License-Identifier: Apache-2.0
// Sets of Milvus read by our own reader, our own files read as sets of Milvus; damage to either.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/random.h"
#include "base/testing/allocation_counter.h"
#include "base/testing/bit_flips.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_values.h"
#include "packed/testing/value_samples.h"
#include "parquet/arrow/writer.h"
#include "schema/convert_array.h"
#include "schema/field_metadata.h"
#include "varve/milvus_packed.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kRows = 3000;
constexpr int32_t kDim = 8;

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://milvus-exchange-test-" + std::to_string(next++)).ValueOrDie();
}

std::shared_ptr<const CollectionSchema> SampleSchema() {
  const auto field = [](int64_t id, const std::string& name, DataType type, bool nullable) {
    FieldSchema schema;
    schema.field_id = id;
    schema.name = name;
    schema.data_type = type;
    schema.nullable = nullable;
    if (IsDenseVector(type)) schema.dim = kDim;
    return schema;
  };
  return CollectionSchema::Make({field(100, "key", DataType::kInt64, false),
                                 field(101, "emb", DataType::kFloatVector, false),
                                 field(102, "maybe", DataType::kFloatVector, true),
                                 field(103, "text", DataType::kVarChar, true),
                                 field(104, "meta", DataType::kJson, false),
                                 field(105, "words", DataType::kSparseFloatVector, false),
                                 field(106, "flag", DataType::kBool, false)})
      .ValueOrDie();
}

std::shared_ptr<arrow::Field> Stored(const FieldSchema& field) {
  return arrow::field(
      field.name, MilvusArrowType(field).ValueOrDie(), field.nullable,
      arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(field.field_id)}));
}

std::shared_ptr<arrow::Schema> StoredSchema(const CollectionSchema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(Stored(field));
  return arrow::schema(std::move(fields));
}

std::string RandomVector(Random* random) {
  std::string bytes;
  for (int32_t i = 0; i < kDim; ++i) {
    const auto value = static_cast<float>(random->Uniform(1000));
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

// The rows in the form in which Milvus stores them.
std::shared_ptr<arrow::RecordBatch> StoredRows(const CollectionSchema& schema,
                                               int64_t num_rows = kRows) {
  const auto random = Random::Seeded(7);
  arrow::Int64Builder key;
  arrow::FixedSizeBinaryBuilder emb(arrow::fixed_size_binary(4 * kDim));
  arrow::BinaryBuilder maybe, meta, words;
  arrow::StringBuilder text;
  arrow::BooleanBuilder flag;
  for (int64_t row = 0; row < num_rows; ++row) {
    EXPECT_TRUE(key.Append(static_cast<int64_t>(random->Next())).ok());
    EXPECT_TRUE(emb.Append(RandomVector(random.get())).ok());
    EXPECT_TRUE(
        (row % 3 == 1 ? maybe.AppendNull() : maybe.Append(RandomVector(random.get()))).ok());
    EXPECT_TRUE(
        (row % 5 == 2 ? text.AppendNull() : text.Append("row " + std::to_string(row))).ok());
    EXPECT_TRUE(meta.Append("{\"row\":" + std::to_string(row) + "}").ok());
    EXPECT_TRUE(words.Append(std::string(8 * (row % 2), '\1')).ok());
    EXPECT_TRUE(flag.Append(random->Uniform(2) == 0).ok());
  }
  arrow::ArrayVector columns;
  for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{
           &key, &emb, &maybe, &text, &meta, &words, &flag}) {
    columns.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(StoredSchema(schema), num_rows, std::move(columns));
}

// The same rows in the form of the schema.
arrow::ArrayVector RowsOf(const CollectionSchema& schema, const arrow::RecordBatch& stored) {
  arrow::ArrayVector columns = stored.columns();
  for (size_t i = 0; i < columns.size(); ++i) {
    const FieldSchema& field = schema.fields()[i];
    columns[i] =
        (IsDenseVector(field.data_type) ? ConvertVectors(field, columns[i])
                                        : ConvertArray(field, columns[i], field.arrow_type))
            .ValueOrDie();
  }
  return columns;
}

const std::vector<std::string> kPaths = {"0/1", "101/2"};

std::shared_ptr<ChunkManager> StoreWithSet(const std::shared_ptr<arrow::RecordBatch>& rows,
                                           int64_t row_group_bytes = 50'000) {
  auto store = NewStore();
  const auto writer = MilvusPackedWriter::Make(store, rows->schema(),
                                               {{.group_id = 0, .columns = {0, 3, 4, 5, 6}},
                                                {.group_id = 101, .columns = {1, 2}}},
                                               kPaths, {.row_group_bytes = row_group_bytes})
                          .ValueOrDie();
  EXPECT_TRUE(writer->Write(rows).ok());
  EXPECT_TRUE(writer->Close().ok());
  return store;
}

Result<std::shared_ptr<arrow::RecordBatch>> Drain(
    const Result<std::shared_ptr<arrow::RecordBatchReader>>& stream) {
  ARROW_RETURN_NOT_OK(stream.status());
  ARROW_ASSIGN_OR_RAISE(const auto table, (*stream)->ToTable());
  ARROW_RETURN_NOT_OK(table->ValidateFull());
  return table->CombineChunksToBatch();
}

void ExpectColumns(const arrow::RecordBatch& found, const arrow::ArrayVector& expected) {
  ASSERT_EQ(found.num_columns(), static_cast<int>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(found.column(static_cast<int>(i))->Equals(*expected[i]))
        << found.column_name(static_cast<int>(i));
  }
}

TEST(MilvusExchangeTest, OurReaderReadsSetsOfMilvus) {
  const auto schema = SampleSchema();
  const auto stored = StoredRows(*schema);
  const auto store = StoreWithSet(stored);
  const auto rows = RowsOf(*schema, *stored);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedReader::Open(store, kPaths, schema));
  EXPECT_EQ(reader->num_rows(), kRows);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, Drain(reader->Scan()));
  ExpectColumns(*found, rows);
  const std::vector<int64_t> picked = {2999, 0, 1, 1, 1500, 4};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, reader->Take(picked));
  for (size_t i = 0; i < picked.size(); ++i) {
    for (int column = 0; column < taken->num_columns(); ++column) {
      EXPECT_TRUE(taken->column(column)
                      ->Slice(static_cast<int64_t>(i), 1)
                      ->Equals(rows[static_cast<size_t>(column)]->Slice(picked[i], 1)))
          << picked[i] << " " << taken->column_name(column);
    }
  }
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(reader->Verify(&problems));
  EXPECT_THAT(problems, ::testing::IsEmpty());
}

TEST(MilvusExchangeTest, OurOwnFilesAreReadAsASetOfMilvus) {
  const auto schema = SampleSchema();
  const auto stored = StoredRows(*schema);
  const auto store = NewStore();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                             PackedWriter::Make(store, schema, {.split = SplitPolicy::kBySchema},
                                                [](int group) { return std::to_string(group); }));
  VARVE_ASSERT_OK(
      writer->Write(arrow::RecordBatch::Make(schema->ToArrow(), kRows, RowsOf(*schema, *stored))));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  ASSERT_GT(files.size(), 2);
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found,
                             Drain(OpenMilvusPackedSets(store, {paths}, stored->schema())));
  ExpectColumns(*found, stored->columns());
}

// Arrays, nullable vectors and all else, as Milvus would have stored them.
TEST(MilvusExchangeTest, OurOwnFilesAreReadInTheFormOfMilvus) {
  const uint64_t seed = Random::System()->Next();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto random = Random::Seeded(seed);
  for (FieldSchema field : SampleFields()) {
    SCOPED_TRACE(Describe(field));
    field.field_id = 101;
    field.name = "value";
    VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, CollectionSchema::Make({field}));
    const FieldSchema& complete = schema->fields().front();
    const auto values = SampleValues(complete, 200, random.get());
    const auto store = NewStore();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                               PackedWriter::Make(store, schema, {}, [](int) { return "own"; }));
    VARVE_ASSERT_OK(writer->Write(arrow::RecordBatch::Make(schema->ToArrow(), 200, {values})));
    VARVE_ASSERT_OK(writer->Close().status());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto type, MilvusArrowType(complete));
    const auto wanted = arrow::schema({arrow::field(
        "value", type, complete.nullable, arrow::key_value_metadata({kFieldIdKey}, {"101"}))});
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found,
                               Drain(OpenMilvusPackedSets(store, {{"own"}}, wanted)));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, EncodeValues(complete, values));
    EXPECT_TRUE(HasSameBits(*found->column(0), *stored));
  }
}

// Parquet of others without the keys is no set, nor is a file that is not Parquet.
TEST(MilvusExchangeTest, WhatIsNoSetIsRefused) {
  const auto schema = SampleSchema();
  const auto stored = StoredRows(*schema)->SelectColumns({0}).ValueOrDie();
  const auto store = NewStore();
  const auto write = [&](std::vector<std::pair<std::string, std::string>> keys) {
    const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
    const auto writer =
        parquet::arrow::FileWriter::Open(*stored->schema(), arrow::default_memory_pool(), sink)
            .ValueOrDie();
    EXPECT_TRUE(writer->WriteRecordBatch(*stored).ok());
    const auto metadata = std::make_shared<arrow::KeyValueMetadata>();
    for (const auto& [key, value] : keys) metadata->Append(key, value);
    EXPECT_TRUE(writer->AddKeyValueMetadata(metadata).ok());
    EXPECT_TRUE(writer->Close().ok());
    const auto bytes = sink->Finish().ValueOrDie();
    EXPECT_TRUE(store->Write("f", {bytes->data(), static_cast<size_t>(bytes->size())}).ok());
    return Drain(OpenMilvusPackedSets(store, {{"f"}}, stored->schema()));
  };
  const std::pair<std::string, std::string> groups = {"group_field_id_list", "100"};
  const std::pair<std::string, std::string> row_groups = {"row_group_metadata", "24000|3000|0"};
  const std::pair<std::string, std::string> version = {"storage_version", "1.0.0"};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, write({version, groups, row_groups}));
  ExpectColumns(*found, stored->columns());

  const std::pair<std::vector<std::pair<std::string, std::string>>, std::string> mistakes[] = {
      {{}, "a footer key is missing: object 'f', field 'group_field_id_list'"},
      {{groups, row_groups}, "a footer key is missing: object 'f', field 'storage_version'"},
      {{groups, version}, "a footer key is missing: object 'f', field 'row_group_metadata'"},
      {{groups, {"row_group_metadata", "24000|3000"}, version}, "has not three parts"},
      {{groups, {"row_group_metadata", "1|1500|0;1|1500|1500"}, version},
       "disagree on row groups: object 'f', field 'row_group_metadata', expected 1, found 2"},
      {{groups, {"row_group_metadata", "24000|2999|0"}, version},
       "disagree on the rows of a row group: object 'f', field 'row_group_metadata', expected "
       "3000, found 2999"},
      {{{"group_field_id_list", "100;x"}, row_groups, version}, "not a number in a footer key"},
      {{{"group_field_id_list", "99,100"}, row_groups, version},
       "another number of columns than its set says"},
  };
  for (const auto& [keys, message] : mistakes) {
    const Status status = write(keys).status();
    EXPECT_TRUE(IsCorruption(status)) << message << ": " << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
  const std::string text = "not Parquet at all";
  VARVE_ASSERT_OK(store->Write("f", {reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  EXPECT_TRUE(IsCorruption(OpenMilvusPackedSets(store, {{"f"}}, stored->schema()).status()));
}

// A small set of several row groups, to be damaged.
class MilvusSetDamageTest : public ::testing::Test {
 protected:
  // What the set is, with `bytes` in place of the file at `path`. It takes no more memory than a
  // sound set of so few rows may.
  Result<std::shared_ptr<arrow::RecordBatch>> ReadWith(const std::string& path,
                                                       const std::string& bytes) {
    ARROW_RETURN_NOT_OK(
        store_->Write(path, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
    const AllocationCounter counter;
    auto found = Drain(OpenMilvusPackedSets(store_, {kPaths}, stored_->schema()));
    EXPECT_LE(counter.bytes(), kMemoryMax);
    EXPECT_GT(counter.bytes(), 0) << "nothing is counted";
    return found;
  }

  static constexpr int64_t kMemoryMax = 4 << 20;

  const std::shared_ptr<const CollectionSchema> schema_ = SampleSchema();
  const std::shared_ptr<arrow::RecordBatch> stored_ = StoredRows(*schema_, 100);
  const std::shared_ptr<ChunkManager> store_ = StoreWithSet(stored_, 2000);
};

// Wherever a byte changes: an error, or the rows that were written, never others.
TEST_F(MilvusSetDamageTest, FlippedBitsAreFoundOrHarmless) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  const int64_t flips = NumBitFlips() / static_cast<int64_t>(kPaths.size()) + 1;
  for (const auto& path : kPaths) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto whole, store_->Read(path));
    const std::string bytes = whole->ToString();
    int64_t found_errors = 0;
    for (int64_t i = 0; i < flips; ++i) {
      std::string damaged = bytes;
      // Half of the flips in the footer, where the other half would hardly come.
      const size_t tail = std::min<size_t>(bytes.size(), 2000);
      const size_t at =
          i % 2 == 0 ? random->Uniform(bytes.size()) : bytes.size() - 1 - random->Uniform(tail);
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random->Uniform(8)));
      SCOPED_TRACE("seed " + std::to_string(seed) + ", byte " + std::to_string(at) + " of " + path);
      const auto found = ReadWith(path, damaged);
      if (found.ok()) {
        // Whether a column may hold nulls is for the file to say, whichever way it is turned.
        ExpectColumns(**found, stored_->columns());
      } else {
        ++found_errors;
        EXPECT_THAT(found.status().message(), HasSubstr(path));
      }
      if (HasFailure()) return;
    }
    EXPECT_GT(found_errors, flips / 2);
    VARVE_ASSERT_OK(store_->Write(path, {whole->data(), static_cast<size_t>(whole->size())}));
  }
}

TEST_F(MilvusSetDamageTest, EveryTruncationIsAnError) {
  for (const auto& path : kPaths) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto whole, store_->Read(path));
    const std::string bytes = whole->ToString();
    for (size_t length = 0; length < bytes.size(); ++length) {
      const Status status = ReadWith(path, bytes.substr(0, length)).status();
      ASSERT_TRUE(IsCorruption(status)) << length << " of " << path << ": " << status;
      ASSERT_THAT(status.message(), HasSubstr(path)) << length;
      if (HasFailure()) return;
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadWith(path, bytes));
    ExpectColumns(*found, stored_->columns());
  }
}

}  // namespace
}  // namespace varve::internal
