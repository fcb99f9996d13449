// SPDX-License-Identifier: Apache-2.0
// Delta logs in every form: what is written, what is read, what is refused.
#include "varve/delta_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/util.h"
#include "arrow/buffer.h"
#include "arrow/io/memory.h"
#include "arrow/json/from_string.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/random.h"
#include "base/testing/allocation_counter.h"
#include "base/testing/bit_flips.h"
#include "base/testing/status_assertions.h"
#include "binlog/delta_row.h"
#include "parquet/arrow/writer.h"
#include "parquet/file_reader.h"
#include "parquet/metadata.h"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

// Logs of a few hundred bytes are read, damaged or not.
constexpr int64_t kMemoryMax = 1 << 20;
constexpr char kObject[] = "delta_log/7";

ArrayPtr Array(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

DeleteData Deletes(ArrayPtr keys, const std::string& timestamps) {
  return {std::move(keys),
          std::static_pointer_cast<arrow::UInt64Array>(Array(arrow::uint64(), timestamps))};
}

// With every value that a careless parser gets wrong.
DeleteData NumberDeletes() {
  return Deletes(Array(arrow::int64(),
                       "[0, -1, 9223372036854775807, -9223372036854775808, 9007199254740993, 0]"),
                 "[442959098087473153, 0, 18446744073709551615, 9223372036854775808, "
                 "9007199254740993, 442959098087473153]");
}
DeleteData TextDeletes() {
  return Deletes(Array(arrow::utf8(), R"(["a", "", "\"\\\n\u0001", "ключ, {x}", "<&>", "a"])"),
                 "[1, 2, 18446744073709551615, 4, 5, 6]");
}

BinlogDescriptor Descriptor() {
  BinlogDescriptor descriptor;
  descriptor.timestamp = 9;
  descriptor.collection_id = 1;
  descriptor.partition_id = -1;
  descriptor.segment_id = 3;
  return descriptor;
}

void ExpectEqual(const DeleteData& found, const DeleteData& expected) {
  VARVE_ASSERT_OK(found.Validate());
  EXPECT_TRUE(found.primary_keys->Equals(expected.primary_keys)) << found.primary_keys->ToString();
  EXPECT_TRUE(found.timestamps->Equals(*expected.timestamps)) << found.timestamps->ToString();
}

// A delta log of these rows of text.
BufferPtr LogOfRows(const std::string& rows) {
  BinlogDescriptor descriptor = Descriptor();
  descriptor.payload_type = DataType::kString;
  BinlogWriter writer(descriptor);
  EXPECT_TRUE(writer
                  .Append(EventType::kDelete, 1, 1,
                          WriteTextPayload(Array(arrow::utf8(), rows)).ValueOrDie())
                  .ok());
  return writer.Finish().ValueOrDie();
}

TEST(DeltaLogTest, BothFormsReadBack) {
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    for (const DeleteData& deletes : {NumberDeletes(), TextDeletes()}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteDeltaLog(deletes, Descriptor(), form));
      VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadDeltaLog(bytes, kObject));
      ExpectEqual(found, deletes);
    }
  }
}

TEST(DeltaLogTest, JsonRowsAreThoseOfMilvus) {
  const auto deletes = Deletes(Array(arrow::int64(), "[0, -7]"), "[442959098087473153, 3]");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                             WriteDeltaLog(deletes, Descriptor(), DeltaLogForm::kJsonRows));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  BinlogDescriptor expected = Descriptor();
  expected.payload_type = DataType::kString;
  expected.start_timestamp = 3;
  expected.end_timestamp = 442959098087473153;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
  const std::string first = R"({"pk":0,"ts":442959098087473153,"pkType":5})";
  const std::string second = R"({"pk":-7,"ts":3,"pkType":5})";
  const auto& rows = static_cast<const arrow::StringArray&>(*column.values);
  ASSERT_EQ(rows.length(), 2);
  EXPECT_EQ(rows.GetView(0), first);
  EXPECT_EQ(rows.GetView(1), second);
  expected.original_size = static_cast<int64_t>(first.size() + second.size());
  EXPECT_EQ(binlog.descriptor(), expected);
  ASSERT_EQ(binlog.events().size(), 1u);
  EXPECT_EQ(binlog.events()[0].header.type, EventType::kDelete);
  EXPECT_EQ(binlog.events()[0].start_timestamp, 3u);
  EXPECT_EQ(binlog.events()[0].end_timestamp, 442959098087473153u);

  DeltaRow row;
  row.key_type = DataType::kVarChar;
  row.text_key = "a\"b";
  row.timestamp = 1;
  std::string text;
  row.AppendTo(&text);
  EXPECT_EQ(text, R"({"pk":"a\"b","ts":1,"pkType":21})");
}

TEST(DeltaLogTest, MultiFieldIsTwoRequiredColumnsAsTheyAre) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                             WriteDeltaLog(TextDeletes(), Descriptor(), DeltaLogForm::kMultiField));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
  EXPECT_EQ(binlog.descriptor().payload_type, DataType::kInt64);
  EXPECT_EQ(binlog.descriptor().extras,
            (std::map<std::string, std::string>{{"version", "MULTI_FIELD"}}));
  const auto footer = parquet::ParquetFileReader::Open(
                          std::make_shared<arrow::io::BufferReader>(binlog.events()[0].payload))
                          ->metadata();
  ASSERT_EQ(footer->num_columns(), 2);
  EXPECT_EQ(footer->schema()->Column(0)->name(), "pk");
  EXPECT_EQ(footer->schema()->Column(1)->name(), "ts");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(footer->schema()->Column(i)->max_definition_level(), 0);
    EXPECT_EQ(footer->RowGroup(0)->ColumnChunk(i)->compression(),
              parquet::Compression::UNCOMPRESSED);
  }
  EXPECT_EQ(footer->key_value_metadata(), nullptr);
}

TEST(DeltaLogTest, ReadsTheOldestRowsAndWhatIsAmongThem) {
  const auto bytes = LogOfRows(R"(["-5,18446744073709551615", "7,0", )"
                               R"("{\"ts\" :4, \"pkType\":5,\"other\":\"x\", \"pk\":8 }"])");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadDeltaLog(bytes, kObject));
  ExpectEqual(found, Deletes(Array(arrow::int64(), "[-5, 7, 8]"), "[18446744073709551615, 0, 4]"));
}

TEST(DeltaLogTest, EventsAreJoined) {
  BinlogDescriptor descriptor = Descriptor();
  descriptor.payload_type = DataType::kString;
  BinlogWriter writer(descriptor);
  for (const char* rows : {R"(["1,2"])", R"([])", R"(["3,4", "5,6"])"}) {
    VARVE_ASSERT_OK_AND_ASSIGN(auto payload, WriteTextPayload(Array(arrow::utf8(), rows)));
    VARVE_ASSERT_OK(writer.Append(EventType::kDelete, 1, 1, std::move(payload)));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, writer.Finish());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadDeltaLog(bytes, kObject));
  ExpectEqual(found, Deletes(Array(arrow::int64(), "[1, 3, 5]"), "[2, 4, 6]"));
}

TEST(DeltaLogTest, NoRowsAreNoDeletes) {
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    const auto none = Deletes(Array(arrow::int64(), "[]"), "[]");
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteDeltaLog(none, Descriptor(), form));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadDeltaLog(bytes, kObject));
    ExpectEqual(found, none);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, kObject));
    EXPECT_EQ(binlog.events()[0].start_timestamp, 1u);  // 0 is refused by Milvus' writers
  }
}

// The columns of a V3 delta log by their field ids, in whatever order; names are empty there.
TEST(DeltaLogTest, PackedColumnsAreFoundByFieldId) {
  const auto field = [](const std::shared_ptr<arrow::DataType>& type, const char* id) {
    return arrow::field("", type, false, arrow::key_value_metadata({"PARQUET:field_id"}, {id}));
  };
  for (const DeleteData& deletes : {NumberDeletes(), TextDeletes()}) {
    auto bits = deletes.timestamps->data()->Copy();
    bits->type = arrow::int64();
    const auto file = [&](const char* key_id, const char* timestamp_id) {
      const auto table =
          arrow::Table::Make(arrow::schema({field(arrow::int64(), timestamp_id),
                                            field(deletes.primary_keys->type(), key_id)}),
                             {arrow::MakeArray(bits), deletes.primary_keys});
      const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
      EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 1000).ok());
      return out->Finish().ValueOrDie();
    };
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadDeltaLog(file("0", "1"), kObject));
    ExpectEqual(found, deletes);
    EXPECT_TRUE(IsCorruption(ReadDeltaLog(file("100", "101"), kObject).status()));
  }
}

struct BadRow {
  std::string json;
  std::string message;
};

TEST(DeltaRowTest, SaysWhatIsWrong) {
  constexpr char kNeither[] = "neither a JSON object nor a key and a timestamp";
  const std::vector<BadRow> rows = {
      {"", kNeither},
      {"7", kNeither},
      {"7,", kNeither},
      {"7,-1", kNeither},
      {"7, 1", kNeither},
      {"7,18446744073709551616", kNeither},
      {"9223372036854775808,1", kNeither},
      {"x,1", kNeither},
      {"[1]", kNeither},
      {"true", kNeither},
      {R"({"pk":1,"ts":2,"pkType":5)", "not JSON"},
      {R"({"pk":01,"ts":2,"pkType":5})", "not JSON"},
      {R"({"pk":-01,"ts":2,"pkType":5})", "not JSON"},
      {R"({"pk":1,"ts":02,"pkType":5})", "not JSON"},
      {R"({"pk":+1,"ts":2,"pkType":5})", "not JSON"},
      {R"({"pk":1,"ts":,"pkType":5})", "not JSON"},
      {R"({"pk":1,"ts":2,"pkType":5}x)", "not JSON"},
      {R"({"ts":2,"pkType":5})", "no member 'pk'"},
      {R"({"pk":1,"pkType":5})", "no member 'ts'"},
      {R"({"pk":1,"ts":2})", "'pkType' is neither 5 nor 21"},
      {R"({"pk":1,"ts":2,"pkType":11})", "'pkType' is neither 5 nor 21"},
      {R"({"pk":1,"ts":2,"pkType":21})", "'pk' is no string, though 'pkType' is 21"},
      {R"({"pk":"1","ts":2,"pkType":5})", "'pk' is no number, though 'pkType' is 5"},
      {R"({"pk":9223372036854775808,"ts":2,"pkType":5})", "'pk' does not fit 64 bits"},
      {R"({"pk":1.0,"ts":2,"pkType":5})", "'pk' is neither an integer nor a string"},
      {R"({"pk":null,"ts":2,"pkType":5})", "'pk' is neither an integer nor a string"},
      {R"({"pk":1,"ts":-2,"pkType":5})", "a number below 0"},
      {R"({"pk":1,"ts":18446744073709551616,"pkType":5})", "'ts' is no integer of 64 bits"},
      {R"({"pk":1,"ts":1e3,"pkType":5})", "'ts' is no integer of 64 bits"},
      {R"({"pk":1,"ts":"2","pkType":5})", "'ts' is no integer of 64 bits"},
      {R"({"pk":1,"ts":2,"pkType":true})", "'pkType' is no integer"},
      {R"({"pk":1,"ts":2,"pkType":-5})", "a number below 0"},
      {R"({"pk":1,"ts":2,"pkType":5,"x":{}})", "an object inside the row"},
      {R"({"pk":1,"ts":2,"pkType":5,"x":[]})", "an array inside the row"},
      {"{\"pk\":\"\xff\",\"ts\":2,\"pkType\":21}", "not JSON"},
      {R"({"pk":"\ud800","ts":2,"pkType":21})", "not JSON"},
  };
  for (const BadRow& row : rows) {
    DeltaRow parsed;
    EXPECT_EQ(parsed.Parse(row.json), row.message) << row.json;
  }
}

// Rows to the letter as Milvus writes them take a shorter way than others.
TEST(DeltaRowTest, AnyWayOfWritingARowGivesTheSame) {
  for (const char* key : {"0", "-1", "-0", "10", "9223372036854775807", "-9223372036854775808"}) {
    for (const char* timestamp : {"0", "7", "442959098087473153", "18446744073709551615"}) {
      const std::string usual =
          std::string(R"({"pk":)") + key + R"(,"ts":)" + timestamp + R"(,"pkType":5})";
      const std::string spaced =
          std::string(R"({"pk": )") + key + R"(,"ts":)" + timestamp + R"(,"pkType":5})";
      const std::string turned =
          std::string(R"({"pkType":5,"ts":)") + timestamp + R"(,"pk":)" + key + "}";
      for (const std::string& text : {usual, spaced, turned}) {
        DeltaRow row;
        row.key_type = DataType::kVarChar;
        ASSERT_EQ(row.Parse(text), "") << text;
        EXPECT_EQ(row.key_type, DataType::kInt64) << text;
        EXPECT_EQ(row.key, std::stoll(key)) << text;
        EXPECT_EQ(row.timestamp, std::stoull(timestamp)) << text;
      }
    }
  }
}

TEST(DeltaLogTest, ARowThatMakesNoSenseIsNamed) {
  Status status = ReadDeltaLog(LogOfRows(R"(["1,2", "1;2"])"), kObject).status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(),
              HasSubstr("timestamp: object 'delta_log/7', field 'row 1', found 1;2"));
  status = ReadDeltaLog(LogOfRows(R"(["1,2", "{\"pk\":\"a\",\"ts\":1,\"pkType\":21}"])"), kObject)
               .status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(), HasSubstr("keys of different types"));
}

TEST(DeltaLogTest, OtherFilesAreRefused) {
  BinlogDescriptor descriptor = Descriptor();
  descriptor.payload_type = DataType::kString;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto payload,
                             WriteTextPayload(Array(arrow::utf8(), R"(["1,2"])")));
  BinlogWriter insert(descriptor);
  VARVE_ASSERT_OK(insert.Append(EventType::kInsert, 1, 1, payload));
  VARVE_ASSERT_OK_AND_ASSIGN(auto bytes, insert.Finish());
  Status status = ReadDeltaLog(bytes, kObject).status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_THAT(status.message(), HasSubstr("expected DeleteEvent, found InsertEvent"));

  descriptor.extras["version"] = "NEWER";
  BinlogWriter newer(descriptor);
  VARVE_ASSERT_OK(newer.Append(EventType::kDelete, 1, 1, payload));
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, newer.Finish());
  status = ReadDeltaLog(bytes, kObject).status();
  EXPECT_EQ(KindOf(status), ErrorKind::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("expected MULTI_FIELD, found NEWER"));

  BinlogWriter none(Descriptor());
  VARVE_ASSERT_OK_AND_ASSIGN(bytes, none.Finish());
  EXPECT_TRUE(IsCorruption(ReadDeltaLog(bytes, kObject).status()));
}

TEST(DeltaLogTest, DeletesThatCannotBeWritten) {
  const auto write = [](const DeleteData& deletes) {
    return WriteDeltaLog(deletes, Descriptor(), DeltaLogForm::kJsonRows).status();
  };
  EXPECT_EQ(KindOf(write(Deletes(Array(arrow::int32(), "[1]"), "[1]"))), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(write(Deletes(Array(arrow::int64(), "[1]"), "[]"))), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(write(Deletes(Array(arrow::int64(), "[null]"), "[1]"))), ErrorKind::kInvalid);
  const auto not_text = std::make_shared<arrow::StringArray>(
      1, arrow::Buffer::FromVector<int32_t>({0, 1}), arrow::Buffer::FromString("\xff"));
  EXPECT_EQ(KindOf(write(Deletes(not_text, "[1]"))), ErrorKind::kInvalid);
}

TEST(DeltaLogTest, EveryTruncationIsAnError) {
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    for (const DeleteData& deletes : {NumberDeletes(), TextDeletes()}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteDeltaLog(deletes, Descriptor(), form));
      for (int64_t length = 0; length < bytes->size(); ++length) {
        const AllocationCounter counter;
        const Status status = ReadDeltaLog(arrow::SliceBuffer(bytes, 0, length), kObject).status();
        ASSERT_LE(counter.bytes(), kMemoryMax) << length;
        ASSERT_TRUE(IsCorruption(status)) << length << ": " << status;
        ASSERT_THAT(status.message(), HasSubstr(kObject));
      }
    }
  }
}

TEST(DeltaLogTest, FlippedBitsNeverChangeDeletes) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  const int64_t flips = NumBitFlips() / 10;
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    for (const DeleteData& deletes : {NumberDeletes(), TextDeletes()}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteDeltaLog(deletes, Descriptor(), form));
      for (int64_t i = 0; i < flips; ++i) {
        std::string damaged = bytes->ToString();
        const uint64_t bit = random->Uniform(damaged.size() * 8);
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        const AllocationCounter counter;
        const auto found = ReadDeltaLog(arrow::Buffer::FromString(damaged), kObject);
        EXPECT_LE(counter.bytes(), kMemoryMax) << "bit " << bit;
        if (!found.ok()) continue;
        SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
        ExpectEqual(*found, deletes);
      }
    }
  }
}

}  // namespace
}  // namespace varve::internal
