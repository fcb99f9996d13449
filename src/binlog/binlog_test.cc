// SPDX-License-Identifier: Apache-2.0
// Whole files: what is written reads back, and is laid out as Milvus lays it out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/io/memory.h"
#include "arrow/ipc/writer.h"
#include "arrow/json/from_string.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/base64.h"
#include "arrow/util/key_value_metadata.h"
#include "base/testing/status_assertions.h"
#include "binlog/event_codec.h"
#include "parquet/arrow/writer.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"
#include "varve/insert_log.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr char kObject[] = "insert_log/7";

std::shared_ptr<arrow::Array> Int64s(std::vector<int64_t> values) {
  const auto length = static_cast<int64_t>(values.size());
  return std::make_shared<arrow::Int64Array>(length, arrow::Buffer::FromVector(std::move(values)));
}

FieldSchema Field(DataType type) {
  FieldSchema field;
  field.field_id = 100;
  field.name = "f";
  field.data_type = type;
  return field;
}

BinlogDescriptor Descriptor() {
  BinlogDescriptor descriptor;
  descriptor.timestamp = 9;
  descriptor.collection_id = 1;
  descriptor.partition_id = 2;
  descriptor.segment_id = 3;
  descriptor.start_timestamp = 5;
  descriptor.end_timestamp = 6;
  return descriptor;
}

// A binlog of Int64 with one event for each of `rows`.
BufferPtr Binlog(const std::vector<std::vector<int64_t>>& rows) {
  BinlogDescriptor descriptor = Descriptor();
  descriptor.payload_type = DataType::kInt64;
  BinlogWriter writer(descriptor);
  for (const auto& values : rows) {
    auto payload = WriteFieldPayload(Field(DataType::kInt64), Int64s(values)).ValueOrDie();
    EXPECT_TRUE(writer.Append(EventType::kInsert, 0, 77, std::move(payload)).ok());
  }
  return writer.Finish().ValueOrDie();
}

TEST(BinlogTest, OneEventReadsBack) {
  const auto values = Int64s({1, -2, INT64_MAX});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                             WriteInsertLog(Field(DataType::kInt64), values, Descriptor()));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  BinlogDescriptor expected = Descriptor();
  expected.field_id = 100;
  expected.payload_type = DataType::kInt64;
  expected.nullable = false;
  expected.original_size = 24;
  EXPECT_EQ(binlog.descriptor(), expected);
  ASSERT_EQ(binlog.events().size(), 1u);
  const Event& event = binlog.events()[0];
  EXPECT_EQ(event.header,
            (EventHeader{.timestamp = 9,
                         .type = EventType::kInsert,
                         .event_length = static_cast<int32_t>(bytes->size() - event.offset),
                         .next_position = static_cast<int32_t>(bytes->size())}));
  EXPECT_EQ(event.start_timestamp, 5u);
  EXPECT_EQ(event.end_timestamp, 6u);
  EXPECT_EQ(event.payload->data(), bytes->data() + event.payload_offset());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
  EXPECT_TRUE(column.values->Equals(values)) << column.values->ToString();
}

TEST(BinlogTest, EventsAreJoined) {
  const auto bytes = Binlog({{1, 2}, {}, {3}});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  EXPECT_EQ(binlog.descriptor().original_size, 24);
  ASSERT_EQ(binlog.events().size(), 3u);
  int64_t position = binlog.events()[0].offset;
  for (const Event& event : binlog.events()) {
    EXPECT_EQ(event.offset, position);
    position += event.header.event_length;
    EXPECT_EQ(event.header.next_position, position);
    // 0 means "not known", which Milvus writes as 1.
    EXPECT_EQ(event.start_timestamp, 1u);
    EXPECT_EQ(event.end_timestamp, 77u);
  }
  EXPECT_EQ(position, bytes->size());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
  EXPECT_TRUE(column.values->Equals(Int64s({1, 2, 3}))) << column.values->ToString();
}

TEST(BinlogTest, NextPositionIsNotLookedAt) {
  const auto bytes = Binlog({{1}, {2}});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  std::string changed = bytes->ToString();
  for (const int64_t event : {int64_t{4}, binlog.events()[0].offset, binlog.events()[1].offset}) {
    changed.replace(static_cast<size_t>(event) + 13, 4, "\xff\xff\xff\xff");
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto again,
                             BinlogReader::Open(arrow::Buffer::FromString(changed), kObject));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, again.ReadColumn());
  EXPECT_TRUE(column.values->Equals(Int64s({1, 2})));
}

TEST(BinlogTest, EveryEventTypeIsKnown) {
  BinlogWriter writer(Descriptor());
  std::vector<EventType> types;
  for (int code = 1; code <= 7; ++code) {
    types.push_back(static_cast<EventType>(code));
    VARVE_ASSERT_OK(writer.Append(types.back(), 1, 1, {arrow::Buffer::FromString("bytes"), 5}));
  }
  EXPECT_EQ(KindOf(writer.Append(EventType::kDescriptor, 1, 1, {arrow::Buffer::FromString(""), 0})),
            ErrorKind::kInvalid);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  ASSERT_EQ(binlog.events().size(), types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    EXPECT_EQ(binlog.events()[i].header.type, types[i]);
    EXPECT_EQ(binlog.events()[i].payload->ToString(), "bytes");
  }
  EXPECT_EQ(binlog.descriptor().original_size, 35);
}

TEST(BinlogTest, EncryptedFilesAreRefused) {
  BinlogDescriptor descriptor = Descriptor();
  descriptor.encrypted_key = "a key";
  descriptor.encryption_zone = 1;
  std::string bytes;
  VARVE_ASSERT_OK(EncodeDescriptor(descriptor, &bytes));
  bytes += "bytes that only the key makes events of";
  const Status status = BinlogReader::Open(arrow::Buffer::FromString(bytes), kObject).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("the binlog is encrypted: object 'insert_log/7'"));
}

TEST(BinlogTest, ImpossibleEventsAreCorruption) {
  const std::string good = Binlog({{1}, {2}})->ToString();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog,
                             BinlogReader::Open(arrow::Buffer::FromString(good), kObject));
  const auto second = static_cast<size_t>(binlog.events()[1].offset);
  const auto open = [&](size_t at, std::string_view with) {
    std::string bytes = good;
    bytes.replace(at, with.size(), with);
    return BinlogReader::Open(arrow::Buffer::FromString(bytes), kObject).status();
  };
  const auto offset = [](size_t at) { return "offset " + std::to_string(at); };
  const Status descriptor = open(second + 8, std::string_view("\0\x70", 2));
  EXPECT_TRUE(IsCorruption(descriptor));
  EXPECT_THAT(descriptor.message(), HasSubstr("a second descriptor"));
  const Status type = open(second + 8, "\x08");
  EXPECT_TRUE(IsCorruption(type));
  EXPECT_THAT(type.message(), HasSubstr(offset(second + 8) + ", expected 0 to 7, found 8"));
  const Status length = open(second + 9, "\xff\xff\xff\x7f");
  EXPECT_TRUE(IsCorruption(length));
  EXPECT_THAT(length.message(),
              HasSubstr(offset(second + 9) + ", expected at most " +
                        std::to_string(good.size() - second) + ", found 2147483647"));
  const Status shorter = open(second + 9, std::string_view("\x20\0\0\0", 4));
  EXPECT_TRUE(IsCorruption(shorter));
  EXPECT_THAT(shorter.message(), HasSubstr("expected at least 33, found 32"));
  EXPECT_TRUE(
      IsCorruption(BinlogReader::Open(arrow::Buffer::FromString(good + "x"), kObject).status()));
}

TEST(BinlogTest, NoEventIsNoEmptyColumn) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(Binlog({}), kObject));
  EXPECT_TRUE(IsCorruption(binlog.ReadColumn().status()));
}

TEST(BinlogTest, OfAnotherTypeIsUnsupported) {
  for (const int code : {0, 11, 21, 27, 101, 106, 200, -5}) {
    BinlogDescriptor descriptor = Descriptor();
    descriptor.payload_type = static_cast<DataType>(code);
    BinlogWriter writer(descriptor);
    VARVE_ASSERT_OK_AND_ASSIGN(auto payload,
                               WriteFieldPayload(Field(DataType::kInt64), Int64s({1})));
    VARVE_ASSERT_OK(writer.Append(EventType::kInsert, 1, 1, std::move(payload)));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
    const Status status = binlog.ReadColumn().status();
    EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported) << code << status;
    EXPECT_THAT(status.message(), HasSubstr(kObject));
  }
}

// The footer of the payload of `field`.
std::shared_ptr<parquet::FileMetaData> FooterOf(const FieldSchema& field,
                                                const std::shared_ptr<arrow::Array>& values) {
  const auto payload = WriteFieldPayload(field, values).ValueOrDie();
  return parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(payload.bytes))
      ->metadata();
}

TEST(PayloadWriterTest, WritesAsMilvusDoes) {
  FieldSchema field = Field(DataType::kInt64);
  auto footer = FooterOf(field, Int64s({1, 1, 1}));
  ASSERT_EQ(footer->num_columns(), 1);
  EXPECT_EQ(footer->schema()->Column(0)->name(), "val");
  EXPECT_EQ(footer->schema()->Column(0)->max_definition_level(), 0);
  EXPECT_EQ(footer->key_value_metadata(), nullptr);
  auto chunk = footer->RowGroup(0)->ColumnChunk(0);
  EXPECT_EQ(chunk->compression(), parquet::Compression::ZSTD);
  EXPECT_TRUE(chunk->has_dictionary_page());

  field.primary_key = true;
  EXPECT_FALSE(
      FooterOf(field, Int64s({1, 1, 1}))->RowGroup(0)->ColumnChunk(0)->has_dictionary_page());

  field = Field(DataType::kInt64);
  field.nullable = true;
  EXPECT_EQ(FooterOf(field, Int64s({1}))->schema()->Column(0)->max_definition_level(), 1);

  field = Field(DataType::kFloatVector);
  field.dim = 2;
  const auto vectors =
      arrow::json::ArrayFromJSONString(arrow::fixed_size_binary(8), R"(["12345678"])");
  footer = FooterOf(field, vectors.ValueOrDie());
  EXPECT_EQ(footer->schema()->Column(0)->physical_type(), parquet::Type::FIXED_LEN_BYTE_ARRAY);
  EXPECT_EQ(footer->schema()->Column(0)->type_length(), 8);
  EXPECT_EQ(footer->key_value_metadata(), nullptr);

  field.nullable = true;
  footer = FooterOf(
      field, std::make_shared<arrow::BinaryArray>(1, arrow::Buffer::FromVector<int32_t>({0, 8}),
                                                  arrow::Buffer::FromString("12345678")));
  EXPECT_EQ(footer->schema()->Column(0)->physical_type(), parquet::Type::BYTE_ARRAY);
  EXPECT_TRUE(footer->key_value_metadata()->Contains("ARROW:schema"));
}

TEST(PayloadWriterTest, RefusesValuesOfAnotherTypeAndNullsInRequiredFields) {
  Status status = WriteFieldPayload(Field(DataType::kDouble), Int64s({1})).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("field 'f', expected double, found int64"));
  const auto with_null = arrow::MakeArrayOfNull(arrow::int64(), 2).ValueOrDie();
  status = WriteFieldPayload(Field(DataType::kInt64), with_null).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("null in a required field: field 'f'"));
}

TEST(PayloadReaderTest, TakesSeveralRowGroups) {
  std::vector<int64_t> values((1 << 20) + 3);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int64_t>(i / 1000);
  const auto array = Int64s(values);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto payload, WriteFieldPayload(Field(DataType::kInt64), array));
  const auto file =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(payload.bytes));
  ASSERT_EQ(file->metadata()->num_row_groups(), 2);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PayloadReader::Open(payload.bytes, kObject));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader->Read(0, DataType::kInt64));
  EXPECT_TRUE(column.values->Equals(array));
}

TEST(PayloadReaderTest, TellsTheDimensionOfNullableVectors) {
  FieldSchema field = Field(DataType::kFloat16Vector);
  field.nullable = true;
  field.dim = 3;
  const auto values = arrow::MakeArrayOfNull(arrow::binary(), 2).ValueOrDie();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto payload, WriteFieldPayload(field, values));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PayloadReader::Open(payload.bytes, kObject));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, reader->Read(0, DataType::kFloat16Vector));
  EXPECT_EQ(column.dim, 3);
  EXPECT_TRUE(column.values->Equals(values)) << column.values->ToString();
}

// A payload of binary whose Arrow schema is `schema`.
BufferPtr WithArrowSchema(const std::string& schema, int64_t num_rows = 2) {
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("val", arrow::binary())}),
                         {arrow::MakeArrayOfNull(arrow::binary(), num_rows).ValueOrDie()});
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer = parquet::arrow::FileWriter::Open(*table->schema(), arrow::default_memory_pool(),
                                                 out, parquet::default_writer_properties(),
                                                 parquet::default_arrow_writer_properties())
                    .ValueOrDie();
  EXPECT_TRUE(writer->WriteTable(*table, num_rows).ok());
  EXPECT_TRUE(
      writer->AddKeyValueMetadata(arrow::key_value_metadata({"ARROW:schema"}, {schema})).ok());
  EXPECT_TRUE(writer->Close().ok());
  return out->Finish().ValueOrDie();
}

std::string EncodedSchema(const arrow::FieldVector& fields) {
  return arrow::util::base64_encode(
      arrow::ipc::SerializeSchema(*arrow::schema(fields)).ValueOrDie()->ToString());
}

TEST(PayloadReaderTest, AnArrowSchemaThatMakesNoSenseIsCorruption) {
  const auto field = [](const std::string& dim) {
    return arrow::field("val", arrow::int8(), arrow::key_value_metadata({"dim"}, {dim}));
  };
  const auto read = [](const std::string& schema) -> Result<StoredValues> {
    ARROW_ASSIGN_OR_RAISE(const auto reader, PayloadReader::Open(WithArrowSchema(schema), kObject));
    return reader->Read(0, DataType::kFloatVector);
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto good, read(EncodedSchema({field("7")})));
  EXPECT_EQ(good.dim, 7);
  for (const std::string& schema :
       {std::string(), std::string("not base64 !"), std::string("AAAA"), EncodedSchema({}),
        EncodedSchema({field("")}), EncodedSchema({field("0")}), EncodedSchema({field("-1")}),
        EncodedSchema({field("7x")}), EncodedSchema({field("2147483648")})}) {
    EXPECT_TRUE(IsCorruption(read(schema).status())) << schema << read(schema).status();
  }
}

TEST(PayloadReaderTest, DimensionsAreThoseThatMilvusTakes) {
  const auto read = [](DataType type, int32_t dim, int64_t num_rows) -> Result<StoredValues> {
    const auto keys = arrow::key_value_metadata({"dim"}, {std::to_string(dim)});
    const auto schema = EncodedSchema({arrow::field("val", arrow::binary(), keys)});
    ARROW_ASSIGN_OR_RAISE(const auto reader,
                          PayloadReader::Open(WithArrowSchema(schema, num_rows), kObject));
    return reader->Read(0, type);
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto floats, read(DataType::kFloatVector, 32768, 2));
  EXPECT_EQ(floats.dim, 32768);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bits, read(DataType::kBinaryVector, 262144, 2));
  EXPECT_EQ(bits.dim, 262144);
  EXPECT_TRUE(IsCorruption(read(DataType::kFloatVector, 32769, 2).status()));
  EXPECT_TRUE(IsCorruption(read(DataType::kBinaryVector, 262145, 2).status()));
}

TEST(PayloadReaderTest, AColumnThatIsNotThereIsCorruption) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto payload,
                             WriteFieldPayload(Field(DataType::kInt64), Int64s({1})));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PayloadReader::Open(payload.bytes, kObject));
  EXPECT_TRUE(IsCorruption(reader->Read(1, DataType::kInt64).status()));
  EXPECT_TRUE(
      IsCorruption(PayloadReader::Open(arrow::Buffer::FromString("PAR1PAR1"), kObject).status()));
}

}  // namespace
}  // namespace varve::internal
