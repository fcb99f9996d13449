// SPDX-License-Identifier: Apache-2.0
// Tables that older versions wrote are read: tests/fixtures/compat/v1/table has layout records of
// form 1.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "base/testing/status_assertions.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

TEST(TableCompatTest, LayoutRecordsOfFormOne) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Table::Open("tests/fixtures/compat/v1/table"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto scan, table->snapshot()->Scan({}));
  const auto rows = testing::ReadAll(scan.get());
  ASSERT_EQ(rows->num_rows(), 12);
  for (int64_t i = 0; i < 12; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(i), i);
    EXPECT_EQ(static_cast<const arrow::Int32Array&>(*rows->column(1)).Value(i), i % 3);
    const auto& text = static_cast<const arrow::StringArray&>(*rows->column(2));
    ASSERT_EQ(text.IsNull(i), i % 5 == 4);
    if (!text.IsNull(i)) {
      EXPECT_EQ(text.GetString(i), "row " + std::to_string(i));
    }
    const auto& tags = static_cast<const arrow::ListArray&>(*rows->column(3));
    ASSERT_EQ(tags.value_length(i), i % 2 == 0 ? 0 : 2);
    const auto& items = static_cast<const arrow::Int64Array&>(*tags.values());
    for (int j = 0; j < tags.value_length(i); ++j) {
      EXPECT_EQ(items.Value(tags.value_offset(i) + j), i + j);
    }
    const auto& emb = static_cast<const arrow::FixedSizeListArray&>(*rows->column(4));
    const auto& elements = static_cast<const arrow::FloatArray&>(*emb.values());
    for (int64_t j = 0; j < 4; ++j) {
      EXPECT_EQ(elements.Value(emb.value_offset(i) + j),
                static_cast<float>(i) + 0.25F * static_cast<float>(j));
    }
  }
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(table->snapshot()->Verify(/*deep=*/true, &problems));
  EXPECT_EQ(problems, std::vector<std::string>());
}

}  // namespace
}  // namespace varve::internal
