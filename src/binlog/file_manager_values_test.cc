// SPDX-License-Identifier: Apache-2.0
// Raw data of both storage versions, by way of a file manager that has no decoder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "arrow/builder.h"
#include "arrow/io/memory.h"
#include "arrow/json/from_string.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "parquet/arrow/writer.h"
#include "storage/memory/memory_chunk_manager.h"
#include "varve/file_manager.h"
#include "varve/insert_log.h"
#include "varve/milvus_packed.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

using ArrayPtr = std::shared_ptr<arrow::Array>;

// Rows of 8 bytes: "row    1", "row    2", …
ArrayPtr Rows(int first, int count) {
  arrow::FixedSizeBinaryBuilder rows(arrow::fixed_size_binary(8));
  for (int row = first; row < first + count; ++row) {
    std::string text = std::to_string(row);
    text.insert(0, 5 - text.size(), ' ');
    EXPECT_TRUE(rows.Append("row" + text).ok());
  }
  return rows.Finish().ValueOrDie();
}

class FileManagerValuesTest : public ::testing::Test {
 protected:
  FileManagerValuesTest()
      : files_(FileManager::Make({.store = store_, .objects_in_flight = 2}).ValueOrDie()) {}

  // A file of a column group, as storage V2 of Milvus has them; row groups of some 100 rows.
  void WriteV2(const std::string& path, const arrow::ArrayVector& columns) {
    arrow::FieldVector fields;
    ColumnGroup group{.group_id = 101};
    for (const ArrayPtr& column : columns) {
      const auto index = static_cast<int>(fields.size());
      fields.push_back(arrow::field(
          "column_" + std::to_string(index), column->type(), true,
          arrow::KeyValueMetadata::Make({"PARQUET:field_id"}, {std::to_string(101 + index)})));
      group.columns.push_back(index);
    }
    const auto schema = arrow::schema(fields);
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto writer,
        MilvusPackedWriter::Make(store_, schema, {group}, {path}, {.row_group_bytes = 800}));
    VARVE_ASSERT_OK(writer->Write(arrow::RecordBatch::Make(schema, columns[0]->length(), columns)));
    VARVE_ASSERT_OK(writer->Close().status());
  }

  void WriteV1(const std::string& path, const ArrayPtr& vectors) {
    const FieldSchema field{
        .field_id = 101, .name = "vector", .data_type = DataType::kBinaryVector, .dim = 64};
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, WriteInsertLog(field, vectors, {}));
    VARVE_ASSERT_OK(store_->Write(path, {bytes->data(), static_cast<size_t>(bytes->size())}));
  }

  std::shared_ptr<ChunkManager> store_ = MemoryChunkManager::Make();
  FileManager files_;
};

TEST_F(FileManagerValuesTest, LogsOfBothVersionsAreReadAlike) {
  ASSERT_NO_FATAL_FAILURE(WriteV1("v1/9", Rows(0, 30)));
  ASSERT_NO_FATAL_FAILURE(WriteV2("v2/10", {Rows(30, 500)}));
  ASSERT_NO_FATAL_FAILURE(WriteV2("v2/11", {Rows(530, 1)}));
  const std::vector<std::string> paths = {"v2/10", "v2/11", "v1/9"};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto arrays, files_.CacheRawDataToMemory(paths));
  ASSERT_EQ(arrays.size(), 3u);
  for (const ArrayPtr& array : arrays) VARVE_ASSERT_OK(array->ValidateFull());
  EXPECT_TRUE(arrays[0]->Equals(Rows(0, 30)));
  EXPECT_TRUE(arrays[1]->Equals(Rows(30, 500)));
  EXPECT_TRUE(arrays[2]->Equals(Rows(530, 1)));

  const auto disk = MemoryChunkManager::Make();
  VARVE_ASSERT_OK(files_.CacheRawDataToDisk(paths, {531, 2}, disk.get(), "raw"));
  std::string expected;
  AppendFixed<uint32_t>(&expected, 531);
  AppendFixed<uint32_t>(&expected, 2);
  for (int row = 0; row < 531; ++row) {
    expected += static_cast<const arrow::FixedSizeBinaryArray&>(*Rows(row, 1)).GetView(0);
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto raw, disk->Read("raw"));
  EXPECT_EQ(raw->ToString(), expected);
}

// What may be in a file of its own beside dense vectors: wide fields, sparse and nullable vectors.
// Float vectors of as many dimensions as Milvus takes.
TEST_F(FileManagerValuesTest, TheWidestVectorsAreRead) {
  arrow::FixedSizeBinaryBuilder rows(arrow::fixed_size_binary(4 * 32'768));
  for (const char value : {'a', 'b'}) {
    VARVE_ASSERT_OK(rows.Append(std::string(4 * 32'768, value)));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const ArrayPtr vectors, rows.Finish());
  ASSERT_NO_FATAL_FAILURE(WriteV2("v2/12", {vectors}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto arrays, files_.CacheRawDataToMemory({"v2/12"}));
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_TRUE(arrays[0]->Equals(vectors));
}

TEST_F(FileManagerValuesTest, ValuesHaveTheFormOfTheirColumn) {
  const std::pair<std::shared_ptr<arrow::DataType>, const char*> columns[] = {
      {arrow::boolean(), "[true, null, false]"},
      {arrow::int8(), "[-128, null, 127]"},
      {arrow::int16(), "[-32768, null, 32767]"},
      {arrow::int32(), "[-2147483648, null, 7]"},
      {arrow::int64(), "[-9223372036854775808, null, 7]"},
      {arrow::float32(), "[0.5, null, -1]"},
      {arrow::float64(), "[0.1, null, -1]"},
      {arrow::utf8(), R"(["text", null, ""])"},
      {arrow::binary(), R"(["12345678", null, ""])"},
      {arrow::list(arrow::fixed_size_binary(4)), R"([["abcd", "efgh"], null, []])"}};
  for (const auto& [type, json] : columns) {
    SCOPED_TRACE(type->ToString());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto column, arrow::json::ArrayFromJSONString(type, json));
    const std::string path = "v2/" + std::to_string(type->id());
    ASSERT_NO_FATAL_FAILURE(WriteV2(path, {column}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto arrays, files_.CacheRawDataToMemory({path}));
    ASSERT_EQ(arrays.size(), 1u);
    VARVE_ASSERT_OK(arrays[0]->ValidateFull());
    EXPECT_TRUE(arrays[0]->Equals(column)) << arrays[0]->ToString();
  }
}

TEST_F(FileManagerValuesTest, WhatCannotBeReadNamesTheObject) {
  ASSERT_NO_FATAL_FAILURE(WriteV2("v2/1", {Rows(0, 2), Rows(2, 2)}));
  const Status several = files_.CacheRawDataToMemory({"v2/1"}).status();
  EXPECT_EQ(KindOf(several), ErrorKind::kUnsupported) << several;
  EXPECT_THAT(several.message(), HasSubstr("object 'v2/1', expected one column, found 2"));

  VARVE_ASSERT_OK_AND_ASSIGN(const auto numbers,
                             arrow::json::ArrayFromJSONString(arrow::uint32(), "[1]"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto file, arrow::io::BufferOutputStream::Create());
  VARVE_ASSERT_OK(parquet::arrow::WriteTable(
      *arrow::Table::Make(arrow::schema({arrow::field("numbers", arrow::uint32())}), {numbers}),
      arrow::default_memory_pool(), file));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto foreign, file->Finish());
  VARVE_ASSERT_OK(store_->Write("v2/2", {foreign->data(), static_cast<size_t>(foreign->size())}));
  const Status unknown = files_.CacheRawDataToMemory({"v2/2"}).status();
  EXPECT_EQ(KindOf(unknown), ErrorKind::kUnsupported) << unknown;
  EXPECT_THAT(unknown.message(), HasSubstr("object 'v2/2', found uint32"));

  ASSERT_NO_FATAL_FAILURE(WriteV2("v2/3", {Rows(0, 2)}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto sound, store_->Read("v2/3"));
  const std::string bytes = sound->ToString();
  VARVE_ASSERT_OK(store_->Write("v2/3", AsBytes("PARE" + bytes.substr(4))));
  const Status encrypted = files_.CacheRawDataToMemory({"v2/3"}).status();
  EXPECT_EQ(KindOf(encrypted), ErrorKind::kUnsupported) << encrypted;
  EXPECT_THAT(encrypted.message(), HasSubstr("encrypted: object 'v2/3'"));

  for (const size_t length : {size_t{4}, size_t{11}, bytes.size() - 1}) {
    VARVE_ASSERT_OK(store_->Write("v2/3", AsBytes(bytes.substr(0, length))));
    const Status cut = files_.CacheRawDataToMemory({"v2/3"}).status();
    EXPECT_TRUE(IsCorruption(cut)) << cut;
    EXPECT_THAT(cut.message(), HasSubstr("object 'v2/3'")) << length;
  }
  for (const std::string none : {"", "P", "PAR"}) {
    VARVE_ASSERT_OK(store_->Write("v2/3", AsBytes(none)));
    EXPECT_TRUE(IsCorruption(files_.CacheRawDataToMemory({"v2/3"}).status())) << none;
  }
}

}  // namespace
}  // namespace varve::internal
