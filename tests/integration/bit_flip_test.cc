// SPDX-License-Identifier: Apache-2.0
// One wrong bit anywhere in a table: reads give the right values or an error, and a deep
// verification always finds it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::ReadAll;
using testing::SampleReader;
using testing::SampleRows;
using testing::SampleRowsAt;

constexpr int64_t kRows = 640;

// Three versions: a large one split into column groups, then two of a single file each.
std::shared_ptr<ChunkManager> MakeTable(const std::string& uri) {
  TableOptions options;
  options.write.small_write_bytes = 4096;
  auto table = Table::Create(uri, SampleReader(0, 600), "id", options).ValueOrDie();
  EXPECT_TRUE(table->Append(SampleReader(600, 30)).ok());
  EXPECT_TRUE(table->Append(SampleReader(630, kRows - 630)).ok());
  return OpenChunkManager(uri).ValueOrDie();
}

// Reads the table in every way there is. OK: every value is right. An error: a value could not be
// had. A wrong value fails the test.
Status ReadEverything(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(auto table, Table::Open(uri));
  const auto snapshot = table->snapshot();
  // An older version is a right answer too: a damaged newest manifest must not look like one,
  // though, so it is not accepted.
  EXPECT_EQ(snapshot->version(), 3u);
  EXPECT_EQ(snapshot->num_rows(), kRows);

  ARROW_ASSIGN_OR_RAISE(auto reader, snapshot->Scan());
  ARROW_ASSIGN_OR_RAISE(auto scanned, reader->ToTable());
  ARROW_ASSIGN_OR_RAISE(auto batch, scanned->CombineChunksToBatch());
  EXPECT_EQ(Difference(*batch, *SampleRows(0, kRows)), "");

  const std::vector<int64_t> rows = {0, 599, 17, 600, 639, 17, 300};
  ARROW_ASSIGN_OR_RAISE(auto taken, snapshot->Take(rows));
  EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)), "");

  ARROW_ASSIGN_OR_RAISE(auto hits, snapshot->Scan({.filter = "id = 599 OR text = 'row 46'"}));
  ARROW_ASSIGN_OR_RAISE(auto hits_table, hits->ToTable());
  ARROW_ASSIGN_OR_RAISE(auto hits_batch, hits_table->CombineChunksToBatch());
  EXPECT_EQ(Difference(*hits_batch, *SampleRowsAt({46, 599})), "");
  return Status::OK();
}

bool DeepVerificationComplains(const std::string& uri) {
  auto table = Table::Open(uri);
  if (!table.ok()) return true;
  std::vector<std::string> problems;
  return !(*table)->snapshot()->Verify(/*deep=*/true, &problems).ok() || !problems.empty();
}

TEST(BitFlipTest, GivesRightValuesOrAnErrorAndIsFoundByDeepVerification) {
  const std::string uri = "memory://bit-flip";
  auto store = MakeTable(uri);
  const auto objects = store->List("").ValueOrDie();
  int64_t total_bytes = 0;
  for (const auto& object : objects) total_bytes += object.size;
  ASSERT_TRUE(ReadEverything(uri).ok());
  ASSERT_FALSE(DeepVerificationComplains(uri));

  const char* wanted = std::getenv("VARVE_BIT_FLIPS");
  const int64_t num_flips = wanted == nullptr ? 20000 : std::atoll(wanted);
  std::mt19937_64 random(20261121);
  int64_t unreadable = 0;
  for (int64_t i = 0; i < num_flips && !HasFailure(); ++i) {
    // Every byte of every object is as likely as any other.
    auto position = static_cast<int64_t>(random() % static_cast<uint64_t>(total_bytes));
    size_t object = 0;
    while (position >= objects[object].size) position -= objects[object++].size;
    const std::string& path = objects[object].path;
    const int bit = static_cast<int>(random() % 8);
    SCOPED_TRACE(path + ", byte " + std::to_string(position) + ", bit " + std::to_string(bit));

    const std::string original = store->Read(path).ValueOrDie()->ToString();
    std::string damaged = original;
    damaged[static_cast<size_t>(position)] ^= static_cast<char>(1 << bit);
    const auto put = [&](const std::string& bytes) {
      ASSERT_TRUE(
          store->Write(path, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).ok());
    };
    put(damaged);
    if (!ReadEverything(uri).ok()) ++unreadable;
    EXPECT_TRUE(DeepVerificationComplains(uri));
    put(original);
  }
  RecordProperty("flips", std::to_string(num_flips));
  RecordProperty("unreadable", std::to_string(unreadable));
  EXPECT_GT(unreadable, 0);
  EXPECT_TRUE(ReadEverything(uri).ok());
}

}  // namespace
}  // namespace varve::internal
