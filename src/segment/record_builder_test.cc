// SPDX-License-Identifier: Apache-2.0
#include "varve/record_builder.h"

#include <gmock/gmock.h>

#include "arrow/array.h"
#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "base/testing/status_assertions.h"
#include "segment/testing/sync_samples.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

class RecordBuilderTest : public ::testing::Test {
 protected:
  std::vector<std::shared_ptr<arrow::Scalar>> Row(int64_t row) const {
    std::vector<std::shared_ptr<arrow::Scalar>> values;
    for (const auto& column : rows_->columns()) {
      values.push_back(column->GetScalar(row).ValueOrDie());
    }
    return values;
  }

  const std::shared_ptr<arrow::RecordBatch> rows_ = testing::SyncRows(0, 20);
};

TEST_F(RecordBuilderTest, RowsBecomeTheColumnsTheyCameFrom) {
  VARVE_ASSERT_OK_AND_ASSIGN(auto builder, RecordBuilder::Make(rows_->schema(), 12));
  for (int64_t row = 0; row < 12; ++row) VARVE_ASSERT_OK(builder.AppendRow(Row(row)));
  VARVE_ASSERT_OK(builder.AppendBatch(*rows_->Slice(12)));
  EXPECT_EQ(builder.num_rows(), 20);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto batch, builder.Finish());
  EXPECT_TRUE(batch->Equals(*rows_));
  EXPECT_EQ(builder.num_rows(), 0);
}

TEST_F(RecordBuilderTest, WhatIsReservedIsEnough) {
  constexpr int64_t kRows = 5000;
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const auto one = std::vector{arrow::MakeScalar(int64_t{1})};
  VARVE_ASSERT_OK_AND_ASSIGN(auto builder, RecordBuilder::Make(schema, kRows));
  const arrow::MemoryPool& pool = *arrow::default_memory_pool();
  const int64_t before = pool.total_bytes_allocated();
  for (int64_t row = 0; row < kRows; ++row) VARVE_ASSERT_OK(builder.AppendRow(one));
  EXPECT_EQ(pool.total_bytes_allocated(), before);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto batch, builder.Finish());
  EXPECT_EQ(batch->num_rows(), kRows);
}

TEST_F(RecordBuilderTest, ARowThatIsRefusedLeavesNothing) {
  VARVE_ASSERT_OK_AND_ASSIGN(
      auto builder, RecordBuilder::Make(arrow::schema({arrow::field("a", arrow::int64(), false),
                                                       arrow::field("b", arrow::utf8())}),
                                        3));
  const auto one = arrow::MakeScalar(int64_t{1});
  const auto text = arrow::MakeScalar("x");
  VARVE_ASSERT_OK(builder.AppendRow(std::vector{one, text}));
  VARVE_ASSERT_OK(builder.AppendRow(std::vector<std::shared_ptr<arrow::Scalar>>{one, nullptr}));
  EXPECT_THAT(builder.AppendRow(std::vector{one, one}).message(), HasSubstr("'b'"));
  EXPECT_THAT(
      builder.AppendRow(std::vector<std::shared_ptr<arrow::Scalar>>{nullptr, text}).message(),
      HasSubstr("null in a required field"));
  EXPECT_FALSE(builder.AppendRow(std::vector{one}).ok());
  EXPECT_EQ(builder.num_rows(), 2);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto batch, builder.Finish());
  VARVE_ASSERT_OK(batch->ValidateFull());
}

TEST_F(RecordBuilderTest, ColumnsAreFoundByName) {
  std::map<std::string, std::shared_ptr<arrow::Array>> columns;
  for (int i = 0; i < rows_->num_columns(); ++i) columns[rows_->column_name(i)] = rows_->column(i);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto batch, RecordFromColumns(rows_->schema(), columns));
  EXPECT_TRUE(batch->Equals(*rows_));
  columns["pk"] = rows_->column(0)->Slice(1);
  EXPECT_THAT(RecordFromColumns(rows_->schema(), columns).status().message(),
              HasSubstr("different lengths"));
  columns["pk"] = rows_->GetColumnByName("text");
  EXPECT_THAT(RecordFromColumns(rows_->schema(), columns).status().message(),
              HasSubstr("another type"));
  columns.erase("pk");
  EXPECT_THAT(RecordFromColumns(rows_->schema(), columns).status().message(),
              HasSubstr("missing column"));
}

}  // namespace
}  // namespace varve::internal
