// SPDX-License-Identifier: Apache-2.0
// Every data type, required and nullable, through every form in which rows are stored: a V1 insert
// log a field, a packed set of Milvus, packed files of our own profile. What comes back is the same
// to the last bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_split.h"
#include "packed/testing/value_samples.h"
#include "segment/packed_rows.h"
#include "varve/insert_log.h"
#include "varve/packed.h"

namespace varve::internal {
namespace {

constexpr int64_t kRows = 10'000;

std::shared_ptr<ChunkManager> NewStore() {
  static int next = 0;
  return OpenChunkManager("memory://storage-round-trip-" + std::to_string(next++)).ValueOrDie();
}

// Timestamps are unsigned: those from 2^63 on are negative here.
std::shared_ptr<arrow::Array> SampleTimestamps() {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < kRows; ++row) {
    const uint64_t edges[] = {0, uint64_t{1} << 63, UINT64_MAX - static_cast<uint64_t>(row)};
    EXPECT_TRUE(builder.Append(static_cast<int64_t>(edges[row % 3])).ok());
  }
  return builder.Finish().ValueOrDie();
}

class StorageRoundTripTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::cout << "seed " << seed_ << std::endl;
    std::vector<FieldSchema> fields = SampleFields();
    for (size_t i = 0; i < fields.size(); ++i) {
      fields[i].field_id = kFirstUserFieldId + static_cast<int64_t>(i);
      fields[i].name = "f" + std::to_string(fields[i].field_id);
      // The longest of the sample texts.
      if (fields[i].data_type == DataType::kVarChar) fields[i].max_length = 300;
    }
    schema_ = CollectionSchema::Make(std::move(fields)).ValueOrDie();
    const auto random = Random::Seeded(seed_);
    for (const FieldSchema& field : schema_->fields()) {
      columns_.push_back(SampleValues(field, kRows, random.get()));
    }
  }

  void ExpectSame(const FieldSchema& field, const arrow::Array& found,
                  const arrow::Array& expected) {
    ASSERT_EQ(found.length(), expected.length()) << Describe(field);
    VARVE_ASSERT_OK(found.ValidateFull());
    if (HasSameBits(found, expected)) return;
    int64_t row = 0;
    while (HasSameBits(*found.Slice(row, 1), *expected.Slice(row, 1))) ++row;
    ADD_FAILURE() << Describe(field) << ", seed " << seed_ << ", row " << row << ": found "
                  << found.Slice(row, 1)->ToString() << ", expected "
                  << expected.Slice(row, 1)->ToString();
  }

  // The columns of `stream`, which are `fields`, against what was written.
  void ExpectRows(arrow::RecordBatchReader* stream, const std::vector<FieldSchema>& fields,
                  const arrow::ArrayVector& expected) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto table, stream->ToTable());
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, table->CombineChunksToBatch());
    ASSERT_EQ(found->num_columns(), static_cast<int>(expected.size()));
    for (size_t i = 0; i < expected.size(); ++i) {
      ExpectSame(fields[i], *found->column(static_cast<int>(i)), *expected[i]);
    }
  }

  const uint64_t seed_ = Random::System()->Next();
  std::shared_ptr<const CollectionSchema> schema_;
  arrow::ArrayVector columns_;
};

TEST_F(StorageRoundTripTest, InsertLogsOfV1) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const FieldSchema& field = schema_->fields()[i];
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto bytes, WriteInsertLog(field, columns_[i],
                                         {.collection_id = 1, .partition_id = 2, .segment_id = 3}));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto found, ReadInsertLog(field, bytes, "log"));
    ExpectSame(field, *found, *columns_[i]);
  }
}

TEST_F(StorageRoundTripTest, PackedSetsOfV2) {
  const auto store = NewStore();
  const auto fields = PackedFields(*schema_);
  arrow::ArrayVector expected = columns_;
  arrow::Int64Builder row_ids;
  for (int64_t row = 0; row < kRows; ++row) VARVE_ASSERT_OK(row_ids.Append(row));
  VARVE_ASSERT_OK_AND_ASSIGN(auto row_id, row_ids.Finish());
  expected.push_back(std::move(row_id));
  expected.push_back(SampleTimestamps());

  arrow::FieldVector arrow_fields = schema_->ToArrow()->fields();
  arrow_fields.push_back(arrow::field("RowID", arrow::int64(), false));
  arrow_fields.push_back(arrow::field("Timestamp", arrow::int64(), false));
  const auto rows = arrow::RecordBatch::Make(arrow::schema(arrow_fields), kRows, expected);

  const auto groups = SplitMilvusColumns(fields, std::vector<double>(fields.size(), 8.0));
  ASSERT_GT(groups.size(), 10);
  std::vector<std::string> paths;
  for (const auto& group : groups) paths.push_back(std::to_string(group.group_id) + "/1");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto packed, PackedSchema(fields));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                             MilvusPackedWriter::Make(store, packed, groups, paths));
  for (int64_t row = 0; row < kRows; row += 3001) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stored,
                               EncodePackedRows(fields, *rows->Slice(row, 3001)));
    VARVE_ASSERT_OK(writer->Write(stored));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  for (const auto& file : files) {
    for (const auto& [id, null_count] : file.null_counts) {
      for (size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].field_id != id) continue;
        EXPECT_EQ(null_count, expected[i]->null_count()) << Describe(fields[i]);
      }
    }
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, OpenPackedRows(store, {paths}, fields));
  ExpectRows(stream.get(), fields, expected);
}

TEST_F(StorageRoundTripTest, PackedFilesOfOurOwn) {
  const auto store = NewStore();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto writer,
                             PackedWriter::Make(store, schema_, {.split = SplitPolicy::kBySchema},
                                                [](int group) { return std::to_string(group); }));
  const auto rows = arrow::RecordBatch::Make(schema_->ToArrow(), kRows, columns_);
  for (int64_t row = 0; row < kRows; row += 3001) {
    VARVE_ASSERT_OK(writer->Write(rows->Slice(row, 3001)));
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto files, writer->Close());
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto reader, PackedReader::Open(store, paths, schema_));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, reader->Scan());
  ExpectRows(stream.get(), schema_->fields(), columns_);
  // The other side reads them as well.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto set, OpenPackedRows(store, {paths}, schema_->fields()));
  ExpectRows(set.get(), schema_->fields(), columns_);
}

}  // namespace
}  // namespace varve::internal
