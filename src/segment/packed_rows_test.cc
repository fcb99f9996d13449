// SPDX-License-Identifier: Apache-2.0
#include "segment/packed_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "arrow/util/key_value_metadata.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FieldSchema Field(int64_t id, const std::string& name, DataType type, bool nullable = false) {
  FieldSchema field;
  field.field_id = id;
  field.name = name;
  field.data_type = type;
  field.nullable = nullable;
  if (IsDenseVector(type)) field.dim = 2;
  return field;
}

std::vector<FieldSchema> Complete(std::vector<FieldSchema> fields) {
  return CollectionSchema::Make(std::move(fields)).ValueOrDie()->fields();
}

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://packed-rows-test-" + std::to_string(next++)).ValueOrDie();
}

Status WriteSet(const std::shared_ptr<ChunkManager>& store, const std::string& path,
                const std::shared_ptr<arrow::RecordBatch>& stored) {
  ColumnGroup group;
  for (int i = 0; i < stored->num_columns(); ++i) group.columns.push_back(i);
  ARROW_ASSIGN_OR_RAISE(const auto writer,
                        MilvusPackedWriter::Make(store, stored->schema(), {group}, {path}));
  ARROW_RETURN_NOT_OK(writer->Write(stored));
  return writer->Close().status();
}

std::shared_ptr<arrow::Array> Integers(std::vector<int64_t> values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Batch(const std::vector<FieldSchema>& fields,
                                          arrow::ArrayVector columns) {
  arrow::FieldVector arrow_fields;
  for (const auto& field : fields) {
    arrow_fields.push_back(arrow::field(field.name, field.arrow_type, field.nullable));
  }
  const int64_t num_rows = columns.front()->length();
  return arrow::RecordBatch::Make(arrow::schema(arrow_fields), num_rows, std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(const std::shared_ptr<ChunkManager>& store,
                                                    std::vector<std::vector<std::string>> sets,
                                                    std::vector<FieldSchema> fields) {
  ARROW_ASSIGN_OR_RAISE(const auto stream,
                        OpenPackedRows(store, std::move(sets), std::move(fields)));
  ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
  return table->CombineChunksToBatch();
}

TEST(PackedRowsTest, SystemFieldsComeLast) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto schema, CollectionSchema::Make({Field(100, "key", DataType::kInt64),
                                                 Field(101, "emb", DataType::kFloatVector),
                                                 Field(102, "maybe", DataType::kFloatVector, true),
                                                 Field(103, "meta", DataType::kJson, true)}));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto packed, PackedSchema(PackedFields(*schema)));
  EXPECT_THAT(packed->field_names(),
              ElementsAre("key", "emb", "maybe", "meta", "RowID", "Timestamp"));
  std::vector<std::string> ids;
  std::vector<std::string> types;
  for (const auto& field : packed->fields()) {
    ids.push_back(field->metadata()->Get("PARQUET:field_id").ValueOrDie());
    types.push_back(field->type()->ToString() + (field->nullable() ? "?" : ""));
  }
  EXPECT_THAT(ids, ElementsAre("100", "101", "102", "103", "0", "1"));
  EXPECT_THAT(types,
              ElementsAre("int64", "fixed_size_binary[8]", "binary?", "binary?", "int64", "int64"));
}

TEST(PackedRowsTest, AFieldThatASetLacksHasItsDefault) {
  const auto store = NewStore();
  const auto old = Complete({Field(100, "key", DataType::kInt64)});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto first,
                             EncodePackedRows(old, *Batch(old, {Integers({1, 2})})));
  VARVE_ASSERT_OK(WriteSet(store, "a", first));
  auto with_default = Field(101, "count", DataType::kInt64);
  with_default.default_value = arrow::MakeScalar(int64_t{7});
  const auto fields = Complete({Field(100, "key", DataType::kInt64), with_default,
                                Field(102, "note", DataType::kVarChar, true)});
  arrow::StringBuilder notes;
  VARVE_ASSERT_OK(notes.AppendNull());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto note, notes.Finish());
  VARVE_ASSERT_OK_AND_ASSIGN(
      const auto second,
      EncodePackedRows(fields, *Batch(fields, {Integers({3}), Integers({8}), note})));
  VARVE_ASSERT_OK(WriteSet(store, "b", second));

  VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadAll(store, {{"a"}, {"b"}}, fields));
  ASSERT_EQ(found->num_rows(), 3);
  EXPECT_TRUE(found->column(0)->Equals(*Integers({1, 2, 3})));
  EXPECT_TRUE(found->column(1)->Equals(*Integers({7, 7, 8})));
  EXPECT_EQ(found->column(2)->null_count(), 3);

  // Rows are rows, even where none of the fields was there when they were written.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto counts, ReadAll(store, {{"a"}, {"b"}}, {fields[1]}));
  EXPECT_TRUE(counts->column(0)->Equals(*Integers({7, 7, 8})));

  auto required = fields;
  required[2].nullable = false;
  const auto missing = ReadAll(store, {{"a"}}, required).status();
  EXPECT_TRUE(IsCorruption(missing)) << missing.ToString();
  EXPECT_THAT(missing.message(), HasSubstr("lacks a required field that has no default: object "
                                           "'a', field 'note'"));
}

TEST(PackedRowsTest, ValuesThatBreakTheRulesAreDamage) {
  const auto store = NewStore();
  const auto fields = Complete({Field(100, "meta", DataType::kJson)});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto schema, PackedSchema(fields));
  arrow::BinaryBuilder builder;
  VARVE_ASSERT_OK(builder.Append("{}"));
  VARVE_ASSERT_OK(builder.Append("{"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto values, builder.Finish());
  VARVE_ASSERT_OK(WriteSet(store, "a", arrow::RecordBatch::Make(schema, 2, {values})));
  const auto found = ReadAll(store, {{"a"}}, fields).status();
  EXPECT_TRUE(IsCorruption(found)) << found.ToString();
  EXPECT_THAT(found.message(), HasSubstr("object 'a'"));
  EXPECT_THAT(found.message(), HasSubstr("row 1: not JSON"));
  // Rows of a later batch are counted from its first one.
  const auto stream = OpenPackedRows(store, {{"a"}}, fields, {.batch_rows = 1}).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  VARVE_ASSERT_OK(stream->ReadNext(&batch));
  EXPECT_THAT(stream->ReadNext(&batch).message(),
              HasSubstr("row 0: not JSON: field 'meta': object 'a', rows counted from row 1"));
  const auto encoded = EncodePackedRows(fields, *Batch(fields, {values})).status();
  EXPECT_EQ(KindOf(encoded), ErrorKind::kInvalid) << encoded.ToString();
  EXPECT_THAT(encoded.message(), HasSubstr("row 1: not JSON"));
}

}  // namespace
}  // namespace varve::internal
