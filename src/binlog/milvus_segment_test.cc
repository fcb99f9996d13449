// SPDX-License-Identifier: Apache-2.0
// A real segment that Milvus wrote: six insert logs of 3,000 rows and a delta log of 15 deletes.
//
// What is in them is compared with what pyarrow finds (tests/fixtures/milvus/v1-segment.txt, made
// by tests/compat/milvus_segment_golden.py) and with the metadata of the backup they come from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "base/testing/status_assertions.h"
#include "binlog/testing/golden_segment.h"
#include "nlohmann/json.hpp"
#include "varve/binlog_reader.h"
#include "varve/binlog_writer.h"
#include "varve/delta_log.h"
#include "varve/insert_log.h"

namespace varve::internal {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

BufferPtr ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return arrow::Buffer::FromString(std::string(std::istreambuf_iterator<char>(file), {}));
}

json ReadMeta(const std::string& name) {
  std::ifstream file(GoldenSegmentFolder() / "meta" / name);
  return json::parse(file);
}

// The field as the collection's metadata describes it; system fields are not in there.
FieldSchema FieldOf(int64_t field_id) {
  FieldSchema field;
  field.field_id = field_id;
  field.name = field_id == kRowIdFieldId ? kRowIdFieldName : kTimestampFieldName;
  field.data_type = DataType::kInt64;
  const json meta = ReadMeta("collection_meta.json");
  for (const json& found : meta["infos"][0]["schema"]["fields"]) {
    if (found["fieldID"] != field_id) continue;
    field.name = found["name"];
    field.data_type = static_cast<DataType>(found["data_type"].get<int32_t>());
    field.primary_key = found.value("is_primary_key", false);
    for (const json& param : found.value("type_params", json::array())) {
      if (param["key"] == "dim") field.dim = std::stoi(param["value"].get<std::string>());
    }
  }
  return field;
}

TEST(MilvusSegmentTest, EveryInsertLogHasTheValuesThatPyarrowReads) {
  SKIP_WITHOUT_DATA();
  for (const GoldenLog& golden : GoldenLogs()) {
    SCOPED_TRACE(golden.path);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto binlog,
        BinlogReader::Open(ReadFile(GoldenSegmentFolder() / golden.path), golden.path));
    const BinlogDescriptor& descriptor = binlog.descriptor();
    EXPECT_EQ(descriptor.collection_id, kGoldenCollection);
    EXPECT_EQ(descriptor.partition_id, kGoldenPartition);
    EXPECT_EQ(descriptor.segment_id, kGoldenSegment);
    EXPECT_EQ(descriptor.field_id, golden.field_id);
    EXPECT_EQ(static_cast<int32_t>(descriptor.payload_type), golden.type);
    EXPECT_EQ(descriptor.start_timestamp, 442959097209290755u);
    EXPECT_EQ(descriptor.end_timestamp, 442959097209290755u);
    EXPECT_EQ(descriptor.nullable, std::nullopt);
    ASSERT_EQ(binlog.events().size(), 1u);
    EXPECT_EQ(binlog.events()[0].header.type, EventType::kInsert);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
    VARVE_ASSERT_OK(column.values->ValidateFull());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto type, MilvusArrowType(FieldOf(golden.field_id)));
    EXPECT_TRUE(column.values->type()->Equals(type)) << column.values->type()->ToString();
    ASSERT_EQ(column.values->length(), golden.num_rows);
    EXPECT_EQ(column.values->null_count(), 0);
    EXPECT_EQ(ValuesCrc(*column.values), golden.crc);
    if (column.values->type_id() == arrow::Type::DOUBLE) {
      const auto& doubles = static_cast<const arrow::DoubleArray&>(*column.values);
      EXPECT_EQ(doubles.Value(0), std::stod(golden.first));
      EXPECT_EQ(doubles.Value(golden.num_rows - 1), std::stod(golden.last));
      continue;
    }
    EXPECT_EQ(ShownValue(*column.values, 0), golden.first);
    EXPECT_EQ(ShownValue(*column.values, golden.num_rows - 1), golden.last);
  }
}

TEST(MilvusSegmentTest, TheMetadataOfTheBackupAgrees) {
  SKIP_WITHOUT_DATA();
  const json segments = ReadMeta("segment_meta.json")["infos"];
  const json& segment = segments[0];
  EXPECT_EQ(segment["segment_id"], kGoldenSegment);
  EXPECT_EQ(segment["collection_id"], kGoldenCollection);
  EXPECT_EQ(segment["partition_id"], kGoldenPartition);
  ASSERT_EQ(segment["binlogs"].size(), 6u);
  for (const json& list : segment["binlogs"]) {
    ASSERT_EQ(list["binlogs"].size(), 1u);
    const std::string path = list["binlogs"][0]["log_path"].get<std::string>().substr(5);
    SCOPED_TRACE(path);
    const BufferPtr bytes = ReadFile(GoldenSegmentFolder() / path);
    EXPECT_EQ(list["binlogs"][0]["log_size"], bytes->size());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, path));
    EXPECT_EQ(binlog.descriptor().field_id, list.value("fieldID", int64_t{0}));
    EXPECT_EQ(binlog.descriptor().payload_type, FieldOf(binlog.descriptor().field_id).data_type);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
    EXPECT_EQ(segment["num_of_rows"], column.values->length());
  }
}

TEST(MilvusSegmentTest, WrittenAgainItReadsBackEqual) {
  SKIP_WITHOUT_DATA();
  for (const GoldenLog& golden : GoldenLogs()) {
    SCOPED_TRACE(golden.path);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto binlog,
        BinlogReader::Open(ReadFile(GoldenSegmentFolder() / golden.path), golden.path));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, binlog.ReadColumn());
    const FieldSchema field = FieldOf(golden.field_id);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto values,
        ReadInsertLog(field, ReadFile(GoldenSegmentFolder() / golden.path), golden.path));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes,
                               WriteInsertLog(field, values, binlog.descriptor()));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto values_again, ReadInsertLog(field, bytes, "again"));
    EXPECT_TRUE(values_again->Equals(values));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto again, BinlogReader::Open(bytes, "again"));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column_again, again.ReadColumn());
    EXPECT_TRUE(column_again.values->Equals(column.values));
    BinlogDescriptor expected = binlog.descriptor();
    expected.nullable = false;
    // The size is each writer's own notion; what fixed-width values take is beyond dispute.
    expected.original_size = again.descriptor().original_size;
    if (field.data_type == DataType::kInt64 || field.data_type == DataType::kDouble) {
      EXPECT_EQ(expected.original_size, binlog.descriptor().original_size);
    }
    EXPECT_EQ(again.descriptor(), expected);
    EXPECT_EQ(again.events()[0].start_timestamp, binlog.events()[0].start_timestamp);
    EXPECT_EQ(again.events()[0].end_timestamp, binlog.events()[0].end_timestamp);
    EXPECT_EQ(again.events()[0].header.timestamp, binlog.events()[0].header.timestamp);
  }
}

TEST(MilvusSegmentTest, TheDeltaLogHasTheDeletesThatPyarrowReads) {
  SKIP_WITHOUT_DATA();
  const json log = ReadMeta("segment_meta.json")["infos"][0]["deltalogs"][0]["binlogs"][0];
  const std::string path = log["log_path"].get<std::string>().substr(5);
  const BufferPtr bytes = ReadFile(GoldenSegmentFolder() / path);
  EXPECT_EQ(log["log_size"], bytes->size());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto deletes, ReadDeltaLog(bytes, path));
  VARVE_ASSERT_OK(deletes.Validate());
  std::vector<std::pair<int64_t, uint64_t>> found;
  for (int64_t i = 0; i < deletes.num_rows(); ++i) {
    found.emplace_back(static_cast<const arrow::Int64Array&>(*deletes.primary_keys).Value(i),
                       deletes.timestamps->Value(i));
  }
  const auto expected = GoldenDeletes();
  EXPECT_EQ(expected.size(), 15u);
  EXPECT_EQ(found, expected);

  VARVE_ASSERT_OK_AND_ASSIGN(const auto binlog, BinlogReader::Open(bytes, path));
  for (const DeltaLogForm form : {DeltaLogForm::kJsonRows, DeltaLogForm::kMultiField}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto written,
                               WriteDeltaLog(deletes, binlog.descriptor(), form));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto again, ReadDeltaLog(written, "again"));
    EXPECT_TRUE(again.primary_keys->Equals(deletes.primary_keys));
    EXPECT_TRUE(again.timestamps->Equals(*deletes.timestamps));
    if (form == DeltaLogForm::kMultiField) continue;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rewritten, BinlogReader::Open(written, "again"));
    EXPECT_EQ(rewritten.descriptor(), binlog.descriptor());  // all of it, and to the byte in JSON
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows, binlog.ReadColumn());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows_again, rewritten.ReadColumn());
    EXPECT_TRUE(rows_again.values->Equals(rows.values));
  }
}

}  // namespace
}  // namespace varve::internal
