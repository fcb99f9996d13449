// SPDX-License-Identifier: Apache-2.0
// Insert logs of every data type: what is written reads back to the last bit, and damage is an
// error or harmless.
#include "varve/insert_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/testing/allocation_counter.h"
#include "base/testing/bit_flips.h"
#include "base/testing/status_assertions.h"
#include "binlog/stored_insert_log.h"
#include "packed/milvus_values.h"
#include "packed/testing/value_samples.h"
#include "parquet/arrow/writer.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Logs of a few hundred bytes are read, damaged or not.
constexpr int64_t kMemoryMax = 1 << 20;
constexpr char kObject[] = "insert_log/7";

uint64_t Seed() {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

BinlogDescriptor Descriptor() {
  BinlogDescriptor descriptor;
  descriptor.collection_id = 1;
  descriptor.partition_id = 2;
  descriptor.segment_id = 3;
  descriptor.start_timestamp = 5;
  descriptor.end_timestamp = uint64_t{1} << 63 | 6;
  return descriptor;
}

TEST(InsertLogTest, EveryTypeReadsBackToTheLastBit) {
  const auto random = Random::Seeded(Seed());
  for (const FieldSchema& field : SampleFields()) {
    SCOPED_TRACE(Describe(field));
    for (const int64_t num_rows : {0, 1, 300}) {
      const auto values = SampleValues(field, num_rows, random.get());
      VARVE_ASSERT_OK(values->ValidateFull());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, kObject));
      VARVE_ASSERT_OK(found->ValidateFull());
      EXPECT_TRUE(HasSameBits(*found, *values)) << values->ToString() << found->ToString();
      VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
      EXPECT_EQ(binlog.descriptor().payload_type, field.data_type);
      EXPECT_EQ(binlog.descriptor().nullable, field.nullable);
      EXPECT_EQ(binlog.descriptor().end_timestamp, uint64_t{1} << 63 | 6);
      VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, binlog.ReadColumn());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto type, MilvusArrowType(field));
      EXPECT_TRUE(stored.values->type()->Equals(type)) << stored.values->type()->ToString();
    }
  }
}

TEST(InsertLogTest, SlicesAreWrittenAsTheyAre) {
  const auto random = Random::Seeded(Seed());
  for (const FieldSchema& field : SampleFields()) {
    SCOPED_TRACE(Describe(field));
    const auto values = SampleValues(field, 40, random.get())->Slice(11, 13);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, kObject));
    EXPECT_TRUE(HasSameBits(*found, *values)) << values->ToString() << found->ToString();
  }
}

TEST(InsertLogTest, NothingButNullsReadsBack) {
  for (const FieldSchema& field : SampleFields()) {
    if (!field.nullable) continue;
    SCOPED_TRACE(Describe(field));
    const auto values = arrow::MakeArrayOfNull(field.arrow_type, 9).ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, kObject));
    EXPECT_TRUE(found->Equals(values)) << found->ToString();
    FieldSchema required = field;
    required.nullable = false;
    EXPECT_EQ(KindOf(WriteInsertLog(required, values, Descriptor()).status()), ErrorKind::kInvalid);
    EXPECT_TRUE(IsCorruption(ReadInsertLog(required, bytes, kObject).status()));
  }
}

// What readers decode of one row group they bound, by what it is stored in; these are stored in
// next to nothing, but for the last.
TEST(InsertLogTest, ValuesThatTakeNextToNothingAreCutIntoRowGroups) {
  const FieldSchema vectors{
      .field_id = 101, .name = "v", .data_type = DataType::kFloatVector, .dim = 1024};
  const FieldSchema texts{.field_id = 102, .name = "t", .data_type = DataType::kVarChar};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto vector_type, DefaultArrowType(vectors));
  VARVE_ASSERT_OK_AND_ASSIGN(auto zeros, arrow::AllocateBuffer(40'000 * 4096));
  std::memset(zeros->mutable_data(), 0, static_cast<size_t>(zeros->size()));
  const auto floats = arrow::MakeArray(
      arrow::ArrayData::Make(arrow::float32(), 40'000 * 1024,
                             {nullptr, std::shared_ptr<arrow::Buffer>(std::move(zeros))}, 0));
  const auto vector_values =
      arrow::MakeArray(arrow::ArrayData::Make(vector_type, 40'000, {nullptr}, {floats->data()}, 0));
  arrow::StringBuilder builder;
  for (int row = 0; row < 45; ++row) {
    VARVE_ASSERT_OK(builder.Append(row < 5 ? "" : std::string(1 << 20, 'x')));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto text_values, builder.Finish());
  const FieldSchema bits{
      .field_id = 103, .name = "b", .data_type = DataType::kBinaryVector, .dim = 8192};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bits_type, DefaultArrowType(bits));
  const auto random = Random::Seeded(Seed());
  std::vector<uint64_t> words(40'000 * 1024 / sizeof(uint64_t));
  for (uint64_t& word : words) word = random->Next();
  const auto bits_values = arrow::MakeArray(arrow::ArrayData::Make(
      bits_type, 40'000, {nullptr, arrow::Buffer::FromVector(std::move(words))}, 0));
  struct Case {
    FieldSchema field;
    std::shared_ptr<arrow::Array> values;
    std::vector<int64_t> rows;  // of its row groups
  };
  for (const Case& one : {Case{vectors, vector_values, {8192, 8192, 8192, 8192, 7232}},
                          Case{texts, text_values, {37, 8}}, Case{bits, bits_values, {40'000}}}) {
    SCOPED_TRACE(one.field.name);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                               WriteInsertLog(one.field, one.values, Descriptor()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
    const auto payload = parquet::ParquetFileReader::Open(
        std::make_shared<arrow::io::BufferReader>(binlog.events().front().payload));
    std::vector<int64_t> rows;
    for (int group = 0; group < payload->metadata()->num_row_groups(); ++group) {
      rows.push_back(payload->metadata()->RowGroup(group)->num_rows());
    }
    EXPECT_EQ(rows, one.rows);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(one.field, bytes, kObject));
    EXPECT_TRUE(found->Equals(one.values));
  }
}

// A field that was added later, and has no values yet, in a flush like any other.
TEST(InsertLogTest, ManyNullVectorsReadBack) {
  FieldSchema field{.field_id = 101, .name = "v", .data_type = DataType::kFloatVector, .dim = 768};
  field.nullable = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto type, DefaultArrowType(field));
  const auto nulls = arrow::MakeArrayOfNull(type, 60'000).ValueOrDie();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, nulls, Descriptor()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, kObject));
  EXPECT_TRUE(found->Equals(nulls));
  // Not so many, though, that a few bytes fill the memory.
  field.dim = 32'768;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto wide, MilvusArrowType(field));
  const auto stored = arrow::MakeArrayOfNull(wide, 40'000).ValueOrDie();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto wide_bytes,
                             WriteStoredInsertLog(field, stored, Descriptor()));
  const Status status = ReadInsertLog(field, wide_bytes, kObject).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kResourceExhausted) << status;
  EXPECT_THAT(status.message(), HasSubstr("expected at most 32768 of 32768 dimensions"));
}

// Milvus' stream writer: the field id is the column's name, every column is OPTIONAL, and the Arrow
// schema is not stored.
TEST(InsertLogTest, ReadsWhatTheStreamWriterWrites) {
  const auto random = Random::Seeded(Seed());
  for (const FieldSchema& field : SampleFields()) {
    // Of a nullable dense vector the dimension is in the schema alone then.
    SCOPED_TRACE(Describe(field));
    const auto values = SampleValues(field, 30, random.get());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored, EncodeValues(field, values));
    const auto table =
        arrow::Table::Make(arrow::schema({arrow::field("100", stored->type())}), {stored});
    VARVE_ASSERT_OK_AND_ASSIGN(const auto out, arrow::io::BufferOutputStream::Create());
    VARVE_ASSERT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 11));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto payload, out->Finish());
    BinlogDescriptor descriptor = Descriptor();
    descriptor.field_id = field.field_id;
    descriptor.payload_type = field.data_type;
    BinlogWriter writer(descriptor);
    VARVE_ASSERT_OK(writer.Append(EventType::kInsert, 1, 1, {payload, 1}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, kObject));
    EXPECT_TRUE(HasSameBits(*found, *values)) << values->ToString() << found->ToString();
  }
}

TEST(InsertLogTest, TheLogOfAnotherFieldIsRefused) {
  const auto random = Random::Seeded(1);
  FieldSchema field = SampleFields().front();
  const auto values = SampleValues(field, 3, random.get());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
  field.field_id = 101;
  Status status = ReadInsertLog(field, bytes, kObject).status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(), HasSubstr("expected field 101, found 100"));
  field.field_id = 100;
  field.data_type = DataType::kInt8;
  field.arrow_type = nullptr;
  status = ReadInsertLog(field, bytes, kObject).status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(), HasSubstr("of another data type"));
}

TEST(InsertLogTest, EveryTruncationIsAnError) {
  const auto random = Random::Seeded(Seed());
  for (const FieldSchema& field : SampleFields()) {
    SCOPED_TRACE(Describe(field));
    const auto values = SampleValues(field, 5, random.get());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
    for (int64_t length = 0; length < bytes->size(); ++length) {
      const AllocationCounter counter;
      const Status status =
          ReadInsertLog(field, arrow::SliceBuffer(bytes, 0, length), kObject).status();
      ASSERT_LE(counter.bytes(), kMemoryMax) << length;
      ASSERT_TRUE(IsCorruption(status)) << length << ": " << status;
      ASSERT_THAT(status.message(), HasSubstr(kObject));
    }
  }
}

TEST(InsertLogTest, FlippedBitsNeverChangeValues) {
  const auto random = Random::Seeded(Seed());
  const auto fields = SampleFields();
  const int64_t flips = NumBitFlips() / static_cast<int64_t>(fields.size()) + 1;  // of each type
  for (const FieldSchema& field : fields) {
    SCOPED_TRACE(Describe(field));
    const auto values = SampleValues(field, 20, random.get());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, values, Descriptor()));
    for (int64_t i = 0; i < flips; ++i) {
      std::string damaged = bytes->ToString();
      const uint64_t bit = random->Uniform(damaged.size() * 8);
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const AllocationCounter counter;
      const auto found = ReadInsertLog(field, arrow::Buffer::FromString(damaged), kObject);
      EXPECT_LE(counter.bytes(), kMemoryMax) << "bit " << bit;
      if (!found.ok()) continue;
      VARVE_ASSERT_OK((*found)->ValidateFull());
      EXPECT_TRUE(HasSameBits(**found, *values))
          << "bit " << bit % 8 << " of byte " << bit / 8 << " of " << damaged.size();
    }
  }
}

}  // namespace
}  // namespace varve::internal
