// SPDX-License-Identifier: Apache-2.0
// When pages are compared with their checksums: mapped ones when this process first touches them,
// others each time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "base/testing/status_assertions.h"
#include "storage/testing/scratch_directory.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::ReadAll;
using testing::SampleReader;
using testing::SampleRows;

constexpr int64_t kRows = 3000;

class VerifiedPagesTest : public ::testing::Test {
 protected:
  VerifiedPagesTest() {
    EXPECT_TRUE(Table::Create(folder_.path() + "/t", SampleReader(0, kRows), "id").ok());
    // What the last vector holds, wherever it lies.
    const auto table = Open();
    const std::vector<int64_t> rows = {kRows - 1};
    const auto last = table->snapshot()->Take(rows, {.columns = {"emb"}}).ValueOrDie();
    const auto& vectors =
        static_cast<const arrow::FixedSizeListArray&>(*last->GetColumnByName("emb"));
    const auto& values = static_cast<const arrow::FloatArray&>(*vectors.values());
    vector_.assign(reinterpret_cast<const char*>(values.raw_values()),
                   static_cast<size_t>(values.length()) * sizeof(float));
  }

  std::shared_ptr<Table> Open(bool map = true) {
    return Table::Open(folder_.path() + "/t", {.table = {.map_files = map}}).ValueOrDie();
  }
  // One bit of the last vector; a second call makes it good.
  void FlipABit() {
    int found = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder_.path() + "/t/data")) {
      std::fstream file(each.path(), std::ios::in | std::ios::out | std::ios::binary);
      std::string bytes{std::istreambuf_iterator<char>(file), {}};
      size_t at = at_ == std::string::npos ? bytes.find(vector_) : at_;
      if (at == std::string::npos) continue;
      at_ = at;
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(bytes[at] ^ 1));
      ++found;
    }
    ASSERT_EQ(found, 1);
  }
  static Status Scan(const Table& table) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, table.snapshot()->Scan({.columns = {"emb"}}));
    return reader->ToTable().status();
  }

  ScratchDirectory folder_;
  std::string vector_;
  size_t at_ = std::string::npos;
};

TEST_F(VerifiedPagesTest, TablesOfAProcessShareWhatTheyHaveVerified) {
  auto table = Open();
  VARVE_ASSERT_OK(Scan(*table));
  FlipABit();
  auto other = Open();
  VARVE_ASSERT_OK(Scan(*other));
  table = nullptr;
  VARVE_ASSERT_OK(Scan(*other));
  other = nullptr;
  // What is opened anew when all are closed looks for itself.
  EXPECT_TRUE(IsCorruption(Scan(*Open())));
}

TEST_F(VerifiedPagesTest, WhatIsNotMappedIsVerifiedEachTime) {
  const auto table = Open(/*map=*/false);
  VARVE_ASSERT_OK(Scan(*table));
  FlipABit();
  EXPECT_TRUE(IsCorruption(Scan(*table)));
  const std::vector<int64_t> rows = {kRows - 1};
  EXPECT_TRUE(IsCorruption(table->snapshot()->Take(rows, {.columns = {"emb"}}).status()));
  FlipABit();
  VARVE_ASSERT_OK(Scan(*table));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto all, table->snapshot()->Scan({}));
  EXPECT_EQ(Difference(*ReadAll(all.get()), *SampleRows(0, kRows)), "");
}

}  // namespace
}  // namespace varve::internal
