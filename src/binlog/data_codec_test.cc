// SPDX-License-Identifier: Apache-2.0
// Every kind of data on every kind of storage, and files that are neither.
#include "varve/data_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/json/from_string.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_values.h"
#include "packed/testing/value_samples.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr char kObject[] = "a file";

BinlogDescriptor Descriptor(DataType type) {
  BinlogDescriptor descriptor;
  descriptor.collection_id = 1;
  descriptor.partition_id = 2;
  descriptor.segment_id = 3;
  descriptor.field_id = 100;
  descriptor.start_timestamp = 5;
  descriptor.end_timestamp = 6;
  descriptor.payload_type = type;
  return descriptor;
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

std::string Hex(const BufferPtr& bytes) {
  return ToHex({bytes->data(), static_cast<size_t>(bytes->size())});
}

TEST(DataCodecTest, ColumnsOnEveryStorage) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  for (const FieldSchema& field : SampleFields()) {
    SCOPED_TRACE(Describe(field));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto values,
                               EncodeValues(field, SampleValues(field, 50, random.get())));
    InsertData data{Descriptor(field.data_type), {values, field.dim, field.element_type}};
    data.descriptor.nullable = field.nullable;
    const LocalFile local{data.descriptor, field.dim};
    for (const StorageType storage :
         {StorageType::kMemory, StorageType::kLocalDisk, StorageType::kRemote}) {
      const auto bytes = Serialize(data, storage);
      if (storage != StorageType::kRemote && !bytes.ok()) {
        EXPECT_EQ(KindOf(bytes.status()), ErrorKind::kUnsupported) << bytes.status();
        EXPECT_LE(values->type()->byte_width(), 0);
        EXPECT_FALSE(IsDenseVector(field.data_type));
        continue;
      }
      VARVE_ASSERT_OK(bytes.status());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DeserializeFileData(*bytes, kObject, &local));
      ASSERT_TRUE(std::holds_alternative<InsertData>(found));
      const auto& insert = std::get<InsertData>(found);
      VARVE_ASSERT_OK(insert.column.values->ValidateFull());
      EXPECT_TRUE(HasSameBits(*insert.column.values, *values))
          << insert.column.values->ToString() << values->ToString();
      if (IsDenseVector(field.data_type)) {
        EXPECT_EQ(insert.column.dim, field.dim);
      }
      BinlogDescriptor expected = data.descriptor;
      expected.original_size = insert.descriptor.original_size;
      EXPECT_EQ(insert.descriptor, expected);
    }
  }
}

TEST(DataCodecTest, LocalColumnsAreRowsDimensionAndValues) {
  InsertData data{Descriptor(DataType::kInt16), {Json(arrow::int16(), "[1, -2, null]")}};
  EXPECT_EQ(KindOf(Serialize(data, StorageType::kMemory).status()), ErrorKind::kInvalid);
  data.descriptor.nullable = true;
  VARVE_ASSERT_OK_AND_ASSIGN(auto bytes, Serialize(data, StorageType::kMemory));
  EXPECT_EQ(Hex(bytes),
            "03000000"
            "01000000"
            "0100feff0000"
            "03");

  data = {Descriptor(DataType::kBool), {Json(arrow::boolean(), "[true, false]")}};
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, Serialize(data, StorageType::kLocalDisk));
  EXPECT_EQ(Hex(bytes),
            "02000000"
            "01000000"
            "0100");

  data = {Descriptor(DataType::kBinaryVector),
          {Json(arrow::fixed_size_binary(2), R"(["ab"])"), 16}};
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, Serialize(data, StorageType::kLocalDisk));
  EXPECT_EQ(Hex(bytes),
            "01000000"
            "10000000"
            "6162");
}

TEST(DataCodecTest, DeletesAreDeltaLogsEverywhere) {
  DeltaData data{
      Descriptor(DataType::kString),
      {Json(arrow::int64(), "[7, 8]"), std::static_pointer_cast<arrow::UInt64Array>(
                                           Json(arrow::uint64(), "[1, 18446744073709551615]"))}};
  for (const bool multi_field : {false, true}) {
    if (multi_field) data.descriptor.extras[kVersionExtra] = kMultiFieldVersion;
    for (const StorageType storage : {StorageType::kMemory, StorageType::kRemote}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(data, storage));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DeserializeFileData(bytes, kObject));
      ASSERT_TRUE(std::holds_alternative<DeltaData>(found));
      const auto& delta = std::get<DeltaData>(found);
      EXPECT_TRUE(delta.deletes.primary_keys->Equals(data.deletes.primary_keys));
      EXPECT_TRUE(delta.deletes.timestamps->Equals(*data.deletes.timestamps));
      EXPECT_EQ(delta.descriptor.extras.contains(kVersionExtra), multi_field);
      EXPECT_EQ(delta.descriptor.segment_id, 3);
      EXPECT_EQ(delta.descriptor.field_id, -1);
    }
  }
}

TEST(DataCodecTest, IndexFilesInEveryForm) {
  const BufferPtr blob = arrow::Buffer::FromString(std::string("\0\xff index", 8));
  for (const DataType type : {DataType::kNone, DataType::kInt8}) {
    IndexData data{Descriptor(type), blob};
    EXPECT_EQ(KindOf(Serialize(data, StorageType::kRemote).status()), ErrorKind::kInvalid);
    data.descriptor.extras = {{kIndexBuildIdExtra, "42"}, {"indexName", "hnsw"}};
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(data, StorageType::kRemote));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DeserializeFileData(bytes, kObject));
    ASSERT_TRUE(std::holds_alternative<IndexData>(found));
    EXPECT_EQ(std::get<IndexData>(found).bytes->ToString(), blob->ToString());
    data.descriptor.original_size = blob->size();
    EXPECT_EQ(std::get<IndexData>(found).descriptor, data.descriptor);
  }
  // The oldest form: one row of a String column, whatever the bytes.
  BinlogDescriptor descriptor = Descriptor(DataType::kString);
  descriptor.extras[kIndexBuildIdExtra] = "42";
  for (const std::string rows : {R"(["an index"])", R"(["two", "rows"])", "[]"}) {
    BinlogWriter writer(descriptor);
    VARVE_ASSERT_OK_AND_ASSIGN(auto payload, WriteTextPayload(Json(arrow::utf8(), rows)));
    VARVE_ASSERT_OK(writer.Append(EventType::kIndexFile, 1, 1, std::move(payload)));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
    const auto found = DeserializeFileData(bytes, kObject);
    if (rows != R"(["an index"])") {
      EXPECT_TRUE(IsCorruption(found.status())) << rows;
      continue;
    }
    VARVE_ASSERT_OK(found.status());
    EXPECT_EQ(std::get<IndexData>(*found).bytes->ToString(), "an index");
  }
}

TEST(DataCodecTest, LocalIndexFilesAreSizeDegreeAndBytes) {
  const IndexData data{Descriptor(DataType::kNone), arrow::Buffer::FromString("index"), 56};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(data, StorageType::kLocalDisk));
  EXPECT_EQ(Hex(bytes),
            "0500000000000000"
            "38000000"
            "696e646578");
  const LocalFile local{data.descriptor};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, DeserializeFileData(bytes, kObject, &local));
  ASSERT_TRUE(std::holds_alternative<IndexData>(found));
  EXPECT_EQ(std::get<IndexData>(found).bytes->ToString(), "index");
  EXPECT_EQ(std::get<IndexData>(found).degree, 56u);
  EXPECT_EQ(std::get<IndexData>(found).descriptor, data.descriptor);
}

TEST(DataCodecTest, LocalFilesOfAnotherLengthAreCorruption) {
  for (const FieldSchema& field : SampleFields()) {
    const auto random = Random::Seeded(7);
    if (!IsDenseVector(field.data_type) && field.data_type != DataType::kInt64) continue;
    SCOPED_TRACE(Describe(field));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto values,
                               EncodeValues(field, SampleValues(field, 9, random.get())));
    InsertData data{Descriptor(field.data_type), {values, field.dim}};
    data.descriptor.nullable = field.nullable;
    const LocalFile local{data.descriptor, field.dim};
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(data, StorageType::kLocalDisk));
    for (int64_t length = 0; length < bytes->size(); ++length) {
      EXPECT_TRUE(IsCorruption(
          DeserializeFileData(arrow::SliceBuffer(bytes, 0, length), kObject, &local).status()));
    }
    std::string more = bytes->ToString() + "x";
    EXPECT_TRUE(IsCorruption(
        DeserializeFileData(arrow::Buffer::FromString(more), kObject, &local).status()));
    std::string less_than_none = bytes->ToString();
    less_than_none[3] = '\xff';
    EXPECT_TRUE(IsCorruption(
        DeserializeFileData(arrow::Buffer::FromString(less_than_none), kObject, &local).status()));
    const LocalFile other{data.descriptor, field.dim + 8};
    if (IsDenseVector(field.data_type)) {
      EXPECT_TRUE(IsCorruption(DeserializeFileData(bytes, kObject, &other).status()));
    }
  }
  const LocalFile index{Descriptor(DataType::kNone)};
  for (const std::string& bytes : {std::string(11, '\0'), std::string(13, '\0'), std::string()}) {
    EXPECT_TRUE(IsCorruption(
        DeserializeFileData(arrow::Buffer::FromString(bytes), kObject, &index).status()));
  }
}

TEST(DataCodecTest, OtherFilesAreRefused) {
  const Status neither =
      DeserializeFileData(arrow::Buffer::FromString("PAR1 and so on"), kObject).status();
  EXPECT_TRUE(IsCorruption(neither));
  EXPECT_THAT(neither.message(), HasSubstr("not a binlog"));
  const Payload payload{arrow::Buffer::FromString("x"), 1};
  BinlogWriter log(Descriptor(DataType::kInt64));
  VARVE_ASSERT_OK(log.Append(EventType::kCreateCollection, 1, 1, payload));
  VARVE_ASSERT_OK_AND_ASSIGN(auto bytes, log.Finish());
  EXPECT_EQ(KindOf(DeserializeFileData(bytes, kObject).status()), ErrorKind::kUnsupported);
  BinlogWriter mixed(Descriptor(DataType::kInt64));
  VARVE_ASSERT_OK(mixed.Append(EventType::kInsert, 1, 1, payload));
  VARVE_ASSERT_OK(mixed.Append(EventType::kDelete, 1, 1, payload));
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, mixed.Finish());
  EXPECT_TRUE(IsCorruption(DeserializeFileData(bytes, kObject).status()));
  BinlogWriter none(Descriptor(DataType::kInt64));
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, none.Finish());
  EXPECT_TRUE(IsCorruption(DeserializeFileData(bytes, kObject).status()));
}

// What the fuzzer starts from is good, so that it gets somewhere, but for files that say otherwise
// in their names: those are refused.
TEST(DataCodecTest, SeedsOfTheFuzzTargetAreGoodFilesOrSaySo) {
  int good = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fixtures/fuzz/binlog")) {
    SCOPED_TRACE(entry.path());
    const bool damaged = entry.path().filename().string().starts_with("damaged-");
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto data = DeserializeFileData(arrow::Buffer::FromString(bytes), entry.path().string());
    EXPECT_EQ(data.ok(), !damaged) << data.status();
    if (data.ok()) ++good;
  }
  EXPECT_GT(good, 20);
}

}  // namespace
}  // namespace varve::internal
