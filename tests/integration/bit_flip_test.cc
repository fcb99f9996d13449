// SPDX-License-Identifier: Apache-2.0
// One wrong bit anywhere in a table: reads give the right values or an error, and a deep
// verification always finds it.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
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
using testing::SampleReader;
using testing::SampleRowsAt;

constexpr int64_t kRows = 640;
constexpr uint64_t kVersions = 3;
constexpr int64_t kFailuresMax = 50;  // enough to see what is wrong

// Three versions: a large one split into column groups, then two of a single file each.
std::shared_ptr<ChunkManager> MakeTable(const std::string& uri) {
  TableOptions options;
  options.write.small_write_bytes = 4096;
  auto table = Table::Create(uri, SampleReader(0, 600), "id", options).ValueOrDie();
  EXPECT_TRUE(table->Append(SampleReader(600, 30)).ok());
  EXPECT_TRUE(table->Append(SampleReader(630, kRows - 630)).ok());
  return OpenChunkManager(uri).ValueOrDie();
}

// Reads the table in every way there is. "" if every value is right, else what is wrong. An error:
// a value could not be had.
Result<std::string> WhatIsWrong(const std::string& uri) {
  ARROW_ASSIGN_OR_RAISE(auto table, Table::Open(uri));
  const auto snapshot = table->snapshot();
  // A damaged newest manifest must not look like an older version.
  if (snapshot->version() != kVersions) return "version " + std::to_string(snapshot->version());
  if (snapshot->num_rows() != kRows) return "rows: " + std::to_string(snapshot->num_rows());

  const auto compare = [](arrow::RecordBatchReader* reader,
                          const std::vector<int64_t>& rows) -> Result<std::string> {
    ARROW_ASSIGN_OR_RAISE(auto read, reader->ToTable());
    ARROW_ASSIGN_OR_RAISE(auto batch, read->CombineChunksToBatch());
    return Difference(*batch, *SampleRowsAt(rows));
  };
  std::vector<int64_t> all(kRows);
  std::iota(all.begin(), all.end(), 0);
  ARROW_ASSIGN_OR_RAISE(auto scan, snapshot->Scan());
  ARROW_ASSIGN_OR_RAISE(std::string wrong, compare(scan.get(), all));
  if (!wrong.empty()) return "scan: " + wrong;

  const std::vector<int64_t> rows = {0, 599, 17, 600, 639, 17, 300};
  ARROW_ASSIGN_OR_RAISE(auto taken, snapshot->Take(rows));
  wrong = Difference(*taken, *SampleRowsAt(rows));
  if (!wrong.empty()) return "take: " + wrong;

  ARROW_ASSIGN_OR_RAISE(auto hits, snapshot->Scan({.filter = "id = 599 OR text = 'row 46'"}));
  ARROW_ASSIGN_OR_RAISE(wrong, compare(hits.get(), {46, 599}));
  return wrong.empty() ? wrong : "filter: " + wrong;
}

bool DeepVerificationComplains(const std::string& uri) {
  auto table = Table::Open(uri);
  if (!table.ok()) return true;
  std::vector<std::string> problems;
  return !(*table)->snapshot()->Verify(/*deep=*/true, &problems).ok() || !problems.empty();
}

void Put(ChunkManager* store, const std::string& path, const std::string& bytes) {
  ASSERT_TRUE(
      store->Write(path, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).ok());
}

// What became of all flips; one line of JSON, which `make bench` reads.
struct Outcomes {
  int64_t flips = 0;
  int64_t errors = 0;
  int64_t wrong = 0;
  int64_t undetected = 0;  // by a deep verification
};

void Print(const Outcomes& outcomes) {
  std::printf(R"({"flips": %lld, "errors": %lld, "wrong": %lld, "undetected": %lld})"
              "\n",
              static_cast<long long>(outcomes.flips), static_cast<long long>(outcomes.errors),
              static_cast<long long>(outcomes.wrong), static_cast<long long>(outcomes.undetected));
}

TEST(BitFlipTest, GivesRightValuesOrAnErrorAndIsFoundByDeepVerification) {
  const std::string uri = "memory://bit-flip";
  auto store = MakeTable(uri);
  const auto objects = store->List("").ValueOrDie();
  int64_t total_bytes = 0;
  for (const auto& object : objects) total_bytes += object.size;
  ASSERT_EQ(WhatIsWrong(uri).ValueOrDie(), "");
  ASSERT_FALSE(DeepVerificationComplains(uri));

  const char* wanted = std::getenv("VARVE_BIT_FLIPS");
  const int64_t num_flips = wanted == nullptr ? 20000 : std::atoll(wanted);
  std::mt19937_64 random(20261121);
  Outcomes outcomes;
  while (outcomes.flips < num_flips && outcomes.wrong + outcomes.undetected < kFailuresMax) {
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
    Put(store.get(), path, damaged);
    ++outcomes.flips;
    const auto wrong = WhatIsWrong(uri);
    if (!wrong.ok()) {
      ++outcomes.errors;
    } else if (!wrong->empty()) {
      ++outcomes.wrong;
      ADD_FAILURE() << *wrong;
    }
    if (!DeepVerificationComplains(uri)) {
      ++outcomes.undetected;
      ADD_FAILURE() << "deep verification finds nothing";
    }
    Put(store.get(), path, original);
  }
  Print(outcomes);
  EXPECT_GT(outcomes.errors, 0);
  EXPECT_EQ(WhatIsWrong(uri).ValueOrDie(), "");
}

// The digits that are left out of the checksum they state.
TEST(BitFlipTest, IsFoundInTheTailsOwnChecksum) {
  const std::string uri = "memory://bit-flip-in-digits";
  auto store = MakeTable(uri);
  const std::string key = "varve.tail_crc32c\x18\x08";
  for (const auto& object : store->List("data/").ValueOrDie()) {
    const std::string original = store->Read(object.path).ValueOrDie()->ToString();
    const size_t digits = original.rfind(key) + key.size();
    ASSERT_LT(digits, original.size()) << object.path;
    for (size_t bit = 0; bit < 64; ++bit) {
      SCOPED_TRACE(object.path + ", bit " + std::to_string(bit) + " of the digits");
      std::string damaged = original;
      damaged[digits + bit / 8] ^= static_cast<char>(1 << bit % 8);
      Put(store.get(), object.path, damaged);
      EXPECT_TRUE(DeepVerificationComplains(uri));
    }
    Put(store.get(), object.path, original);
  }
}

}  // namespace
}  // namespace varve::internal
