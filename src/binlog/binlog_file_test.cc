// SPDX-License-Identifier: Apache-2.0
// Files of every kind, opened without knowing what they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/testing/value_samples.h"
#include "varve/binlog.h"
#include "varve/binlog_writer.h"
#include "varve/data_codec.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"
#include "varve/payload_writer.h"

namespace varve::internal {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BinlogFileTest : public ::testing::Test {
 protected:
  void SetUp() override { store_ = OpenChunkManager("memory://binlog-file-test").ValueOrDie(); }

  Result<std::unique_ptr<BinlogFile>> OpenWith(const arrow::Buffer& bytes) {
    ARROW_RETURN_NOT_OK(store_->Write("log/7", {bytes.data(), static_cast<size_t>(bytes.size())}));
    return BinlogFile::Open(store_, "log/7");
  }

  std::shared_ptr<ChunkManager> store_;
};

std::shared_ptr<arrow::Array> SampleInt8s() {
  arrow::Int8Builder builder;
  for (int value = -100; value < 100; ++value) {
    EXPECT_TRUE(builder.Append(static_cast<int8_t>(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

TEST_F(BinlogFileTest, InsertLogsOfEveryType) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  int num_compared = 0;
  for (FieldSchema field : SampleFields()) {
    if (field.data_type == DataType::kNone) continue;
    SCOPED_TRACE(Describe(field));
    field.field_id = 100;
    FieldSchema plain = field;
    plain.arrow_type = nullptr;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto type, DefaultArrowType(plain));
    const auto values = SampleValues(field, 20, random.get());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                               WriteInsertLog(field, values,
                                              {.collection_id = 1,
                                               .partition_id = 2,
                                               .segment_id = 3,
                                               .start_timestamp = 5,
                                               .end_timestamp = uint64_t{1} << 63}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto file, OpenWith(*bytes));
    const BinlogInfo& info = file->info();
    EXPECT_EQ(info.file_bytes, bytes->size());
    EXPECT_THAT((std::vector<int64_t>{info.collection_id, info.partition_id, info.segment_id,
                                      info.field_id}),
                ElementsAre(1, 2, 3, 100));
    EXPECT_EQ(info.data_type, field.data_type);
    EXPECT_EQ(info.nullable, field.nullable);
    EXPECT_EQ(info.end_timestamp, uint64_t{1} << 63);
    ASSERT_EQ(info.events.size(), 1u);
    EXPECT_EQ(info.events[0].type, "InsertEvent");
    EXPECT_EQ(info.events[0].num_rows, 20);
    EXPECT_EQ(info.events[0].offset + info.events[0].event_bytes, bytes->size());
    EXPECT_EQ(info.events[0].end_timestamp, uint64_t{1} << 63);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, file->Read());
    EXPECT_THAT(rows->schema()->field_names(), ElementsAre("value"));
    EXPECT_EQ(rows->num_rows(), 20);
    if (field.data_type == DataType::kArray) {
      // Which elements they have is for the schema to say.
      EXPECT_EQ(rows->column(0)->type_id(), arrow::Type::BINARY);
      continue;
    }
    EXPECT_TRUE(rows->column(0)->type()->Equals(*type)) << rows->column(0)->type()->ToString();
    if (!values->type()->Equals(*type)) continue;  // another spelling of the same values
    ++num_compared;
    EXPECT_TRUE(HasSameBits(*rows->column(0), *values)) << rows->ToString();
  }
  EXPECT_GE(num_compared, 30);
}

TEST_F(BinlogFileTest, DeltaLogsAndIndexFiles) {
  arrow::StringBuilder keys;
  arrow::UInt64Builder times;
  VARVE_ASSERT_OK(keys.AppendValues({"a", "b"}));
  VARVE_ASSERT_OK(times.AppendValues(std::vector<uint64_t>{7, UINT64_MAX}));
  const DeleteData deletes{keys.Finish().ValueOrDie(), std::static_pointer_cast<arrow::UInt64Array>(
                                                           times.Finish().ValueOrDie())};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto delta, WriteDeltaLog(deletes, {}, DeltaLogForm::kJsonRows));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto delta_file, OpenWith(*delta));
  EXPECT_EQ(delta_file->info().events[0].type, "DeleteEvent");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, delta_file->Read());
  EXPECT_THAT(rows->schema()->field_names(), ElementsAre("pk", "ts"));
  EXPECT_TRUE(rows->column(0)->Equals(*deletes.primary_keys));
  EXPECT_TRUE(rows->column(1)->Equals(*deletes.timestamps));

  IndexData index{.bytes = arrow::Buffer::FromString("an index")};
  index.descriptor.extras[kIndexBuildIdExtra] = "9";
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, Serialize(index, StorageType::kRemote));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto index_file, OpenWith(*bytes));
  EXPECT_EQ(index_file->info().events[0].num_rows, -1);
  EXPECT_EQ(index_file->info().extras.at(kIndexBuildIdExtra), "9");
  EXPECT_EQ(KindOf(index_file->Read().status()), ErrorKind::kUnsupported);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto blob, index_file->ReadIndex());
  EXPECT_EQ(blob->ToString(), "an index");
  EXPECT_EQ(KindOf(delta_file->ReadIndex().status()), ErrorKind::kUnsupported);
}

// What verify is for: nothing passes that was not decoded.
TEST_F(BinlogFileTest, VerifyDecodesEveryKindOfFile) {
  const auto verify = [&](EventType type, const BinlogDescriptor& descriptor, Payload payload) {
    BinlogWriter writer(descriptor);
    ARROW_RETURN_NOT_OK(writer.Append(type, 1, 1, std::move(payload)));
    ARROW_ASSIGN_OR_RAISE(const auto bytes, writer.Finish());
    ARROW_ASSIGN_OR_RAISE(const auto file, OpenWith(*bytes));
    return file->Verify();
  };
  FieldSchema field{.field_id = 100, .name = "value", .data_type = DataType::kInt8};
  const auto sound = WriteFieldPayload(field, SampleInt8s()).ValueOrDie();
  BinlogDescriptor index;
  index.payload_type = DataType::kInt8;
  index.extras[kIndexBuildIdExtra] = "9";
  VARVE_ASSERT_OK(verify(EventType::kIndexFile, index, sound));
  std::string damaged = sound.bytes->ToString();
  damaged[damaged.size() / 4] ^= 1;  // within its only page
  Status status =
      verify(EventType::kIndexFile, index, {arrow::Buffer::FromString(std::move(damaged)), 1});
  EXPECT_TRUE(IsCorruption(status)) << status;
  BinlogDescriptor floats = index;
  floats.payload_type = DataType::kDouble;
  status = verify(EventType::kIndexFile, floats, sound);
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported) << status;
  BinlogDescriptor nameless = index;
  nameless.extras.clear();
  status = verify(EventType::kIndexFile, nameless, sound);
  EXPECT_TRUE(IsCorruption(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(kIndexBuildIdExtra));

  BinlogDescriptor insert;
  insert.payload_type = DataType::kInt8;
  VARVE_ASSERT_OK(verify(EventType::kInsert, insert, sound));
  insert.payload_type = static_cast<DataType>(99);
  status = verify(EventType::kInsert, insert, sound);
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported) << status;
  EXPECT_THAT(status.message(), HasSubstr("found 99"));
}

// A binary vector has whole bytes.
TEST_F(BinlogFileTest, ADimensionThatATypeCannotHaveIsCorruption) {
  std::ifstream seed("tests/fixtures/fuzz/binlog/four_dimensions-BinaryVector", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(seed), {}};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto file, OpenWith(*arrow::Buffer::FromString(bytes)));
  for (const Status& status : {file->Read().status(), file->Verify()}) {
    EXPECT_TRUE(IsCorruption(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("found 4"));
  }
}

// Logs of data definition: the requests are protobufs under the type String.
TEST_F(BinlogFileTest, RequestsOfDataDefinitionAreNoText) {
  const std::string request("\x0a\x05hello\x18\xff\xfe\x01\0", 12);
  const auto text = std::make_shared<arrow::StringArray>(
      1, arrow::Buffer::FromVector<int32_t>({0, static_cast<int32_t>(request.size())}),
      arrow::Buffer::FromString(request));
  BinlogDescriptor descriptor;
  descriptor.payload_type = DataType::kString;
  VARVE_ASSERT_OK_AND_ASSIGN(const Payload payload, WriteTextPayload(text));
  for (const EventType type : {EventType::kCreateCollection, EventType::kDropCollection,
                               EventType::kCreatePartition, EventType::kDropPartition}) {
    SCOPED_TRACE(std::string(EventTypeName(type)));
    BinlogWriter writer(descriptor);
    VARVE_ASSERT_OK(writer.Append(type, 1, 1, payload));
    VARVE_ASSERT_OK(writer.Append(type, 2, 2, payload));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto file, OpenWith(*bytes));
    VARVE_ASSERT_OK(file->Verify());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, file->Read());
    ASSERT_EQ(rows->column(0)->type_id(), arrow::Type::BINARY);
    const auto& found = static_cast<const arrow::BinaryArray&>(*rows->column(0));
    ASSERT_EQ(found.length(), 2);
    EXPECT_EQ(found.GetString(0), request);
    EXPECT_EQ(found.GetString(1), request);
  }
  // In an insert log the same bytes are damage.
  BinlogWriter writer(descriptor);
  VARVE_ASSERT_OK(writer.Append(EventType::kInsert, 1, 1, payload));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto file, OpenWith(*bytes));
  EXPECT_TRUE(IsCorruption(file->Verify()));
}

TEST_F(BinlogFileTest, WhatIsNoBinlogIsNamed) {
  EXPECT_TRUE(IsNotFound(BinlogFile::Open(store_, "absent").status()));
  for (const std::string text : {"", "PAR1PAR1", "bc"}) {
    const auto file = OpenWith(*arrow::Buffer::FromString(text));
    EXPECT_TRUE(IsCorruption(file.status()));
    EXPECT_THAT(file.status().ToString(), AllOf(HasSubstr("log/7"), HasSubstr("offset")));
  }
}

}  // namespace
}  // namespace varve::internal
