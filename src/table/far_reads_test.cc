// SPDX-License-Identifier: Apache-2.0
// Reads of a table whose files are far away: how many waves of requests they take, and that they
// give what reads of the same files at hand give.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array/concatenate.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/testing/status_assertions.h"
#include "storage/testing/far_chunk_manager.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::ReadAll;
using testing::SampleLabel;
using testing::SampleReader;
using testing::SampleRows;
using testing::SampleRowsAt;

constexpr uint64_t kSeed = 20261127;
constexpr int64_t kRows = 30'000;

// Counts waves, ranges and bytes of data files, and flips a bit of some.
class Watcher : public StorageInterceptor {
 public:
  Status After(StorageOperation operation, const std::string& path, int64_t ranges,
               int64_t bytes) override {
    if (!path.starts_with("data/")) return Status::OK();
    if (operation != StorageOperation::kReadAt && operation != StorageOperation::kReadRanges) {
      return Status::OK();
    }
    ++waves;
    num_ranges += ranges;
    num_bytes += bytes;
    return Status::OK();
  }
  void ChangeRead(const std::string& path, int64_t offset, std::span<uint8_t> bytes) override {
    if (!path.starts_with(flip_below) || bytes.empty()) return;
    const bool inside =
        flip_at < 0 || (flip_at >= offset && flip_at < offset + static_cast<int64_t>(bytes.size()));
    if (!inside || flips_left <= 0) return;
    --flips_left;
    bytes[flip_at < 0 ? bytes.size() / 2 : static_cast<size_t>(flip_at - offset)] ^= 0x10;
  }
  void Reset() { waves = num_ranges = num_bytes = 0; }

  std::atomic<int64_t> waves{0};
  std::atomic<int64_t> num_ranges{0};
  std::atomic<int64_t> num_bytes{0};
  std::string flip_below = "data/";
  int64_t flip_at = -1;  // -1: in the middle of what is read
  std::atomic<int> flips_left{0};
};

class FarReadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string uri =
        "memory://far-reads-" +
        std::string(::testing::UnitTest::GetInstance()->current_test_info()->name());
    VARVE_ASSERT_OK_AND_ASSIGN(near_, OpenChunkManager(uri));
    far_ = std::make_shared<FarChunkManager>(near_, watcher_);
  }

  // As one segment, or as many.
  void Fill(int64_t num_segments = 1) {
    VARVE_ASSERT_OK_AND_ASSIGN(
        const auto table, Table::Create(near_->uri(), SampleReader(0, kRows / num_segments), "id"));
    for (int64_t i = 1; i < num_segments; ++i) {
      VARVE_ASSERT_OK(
          table->Append(SampleReader(i * (kRows / num_segments), kRows / num_segments)).status());
    }
  }
  std::shared_ptr<const Snapshot> Open() {
    auto table = Table::Open(far_);
    EXPECT_TRUE(table.ok()) << table.status();
    watcher_->Reset();
    return (*table)->snapshot();
  }
  std::shared_ptr<arrow::RecordBatch> Scanned(const Snapshot& snapshot,
                                              const ScanOptions& options) {
    auto scan = snapshot.Scan(options);
    EXPECT_TRUE(scan.ok()) << scan.status();
    return ReadAll(scan->get());
  }
  std::vector<int64_t> RandomRows(size_t count) {
    std::vector<int64_t> rows(count);
    for (auto& row : rows) row = static_cast<int64_t>(random_() % kRows);
    return rows;
  }

  const std::shared_ptr<Watcher> watcher_ = std::make_shared<Watcher>();
  std::shared_ptr<ChunkManager> near_;
  std::shared_ptr<FarChunkManager> far_;
  std::mt19937_64 random_{kSeed};
};

TEST_F(FarReadsTest, VectorsTakeOneWave) {
  Fill();
  const auto snapshot = Open();
  for (const size_t count : {1, 100, 1000}) {
    auto rows = RandomRows(count);
    watcher_->Reset();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, snapshot->Take(rows, {.columns = {"emb"}}));
    EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)->SelectColumns({5}).ValueOrDie()), "");
    EXPECT_EQ(watcher_->waves, 1) << count << " rows";
  }
}

TEST_F(FarReadsTest, AFirstVectorReadsItsBlockAndAPageOfChecksums) {
  Fill();
  const auto snapshot = Open();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, snapshot->Take({kRows / 2}, {.columns = {"emb"}}));
  EXPECT_EQ(Difference(*taken, *SampleRowsAt({kRows / 2})->SelectColumns({5}).ValueOrDie()), "");
  EXPECT_EQ(watcher_->waves, 1);
  EXPECT_EQ(watcher_->num_ranges, 2);
  EXPECT_LE(watcher_->num_bytes, 4096 + 4096);
}

TEST_F(FarReadsTest, WithoutVerificationNothingButTheRowsIsRead) {
  Fill();
  const auto snapshot = Open();
  const std::set<int64_t> distinct = [&] {
    const auto rows = RandomRows(200);
    return std::set<int64_t>(rows.begin(), rows.end());
  }();
  const std::vector<int64_t> rows(distinct.begin(), distinct.end());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken,
                             snapshot->Take(rows, {.columns = {"emb"}, .verify = false}));
  EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)->SelectColumns({5}).ValueOrDie()), "");
  EXPECT_EQ(watcher_->num_bytes, static_cast<int64_t>(rows.size()) * testing::kSampleDim * 4);
}

TEST_F(FarReadsTest, WholeRowsTakeTwoWavesWhateverTheSegments) {
  for (const int64_t segments : {1, 30}) {
    SCOPED_TRACE(segments);
    ASSERT_NO_FATAL_FAILURE(SetUp());
    for (const auto& object : *near_->List("")) VARVE_ASSERT_OK(near_->Remove(object.path));
    Fill(segments);
    const auto snapshot = Open();
    const auto rows = RandomRows(300);
    VARVE_ASSERT_OK_AND_ASSIGN(auto taken, snapshot->Take(rows, {}));
    EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)), "");
    EXPECT_LE(watcher_->waves, 2);
    // What is known of the files is kept.
    const auto others = RandomRows(300);
    watcher_->Reset();
    VARVE_ASSERT_OK_AND_ASSIGN(taken, snapshot->Take(others, {}));
    EXPECT_EQ(Difference(*taken, *SampleRowsAt(others)), "");
    EXPECT_EQ(watcher_->waves, 1);
  }
}

TEST_F(FarReadsTest, NarrowColumnsAreScannedInOneWave) {
  Fill();
  const auto scanned = Scanned(*Open(), {.columns = {"id", "label"}});
  EXPECT_EQ(Difference(*scanned, *SampleRows(0, kRows)->SelectColumns({0, 2}).ValueOrDie()), "");
  EXPECT_EQ(watcher_->waves, 1);
  EXPECT_LE(watcher_->num_ranges, 4);
}

TEST_F(FarReadsTest, AFilterTakesTwoWaves) {
  Fill();
  std::vector<int64_t> matching;
  for (int64_t row = 0; row < kRows; ++row) {
    if (SampleLabel(row) == 7 && row % 37 == 0) matching.push_back(row);
  }
  const auto found = Scanned(*Open(), {.columns = {"id", "emb"}, .filter = "label = 7"});
  std::vector<int64_t> expected;
  for (int64_t row = 0; row < kRows; ++row) {
    if (SampleLabel(row) == 7) expected.push_back(row);
  }
  EXPECT_EQ(Difference(*found, *SampleRowsAt(expected)->SelectColumns({0, 5}).ValueOrDie()), "");
  EXPECT_LE(watcher_->waves, 2);
  EXPECT_EQ(*Open()->Count("label = 7"), static_cast<int64_t>(expected.size()));
  EXPECT_EQ(watcher_->waves, 1);
}

// Of a column that lies at known addresses, too, the bounds of its pages are fetched first.
TEST_F(FarReadsTest, BoundsComeWithTheFirstWave) {
  Fill(10);
  const auto snapshot = Open();
  const auto found = Scanned(*snapshot, {.columns = {"emb"}, .filter = "id = 12345"});
  EXPECT_EQ(Difference(*found, *SampleRowsAt({12345})->SelectColumns({5}).ValueOrDie()), "");
  EXPECT_LE(watcher_->waves, 2);
  watcher_->Reset();
  EXPECT_EQ(*Open()->Count("score > 0.5"), *Open()->Count("NOT (score <= 0.5)"));
  EXPECT_LE(watcher_->waves, 2);
}

TEST_F(FarReadsTest, RowsOfSmallFilesTakeOneWave) {
  Fill(300);
  const auto rows = RandomRows(40);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, Open()->Take(rows, {}));
  EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)), "");
  EXPECT_EQ(watcher_->waves, 1);
}

TEST_F(FarReadsTest, ScansGiveEveryRowWithinTheirMemory) {
  Fill(3);
  for (const int64_t bytes : {int64_t{1} << 12, int64_t{1} << 18, int64_t{64} << 20}) {
    SCOPED_TRACE(bytes);
    const auto scanned = Scanned(*Open(), {.prefetch_bytes = bytes});
    EXPECT_EQ(Difference(*scanned, *SampleRows(0, kRows)), "");
  }
  const auto some =
      Scanned(*Open(), {.columns = {"text", "emb"}, .filter = "id >= 12345 AND id < 23456"});
  EXPECT_EQ(
      Difference(*some, *SampleRows(12345, 23456 - 12345)->SelectColumns({4, 5}).ValueOrDie()), "");
}

TEST_F(FarReadsTest, ManySmallSegmentsAreOpenedTogether) {
  Fill(100);
  const auto scanned = Scanned(*Open(), {.columns = {"label", "text"}});
  EXPECT_EQ(Difference(*scanned, *SampleRows(0, kRows)->SelectColumns({2, 4}).ValueOrDie()), "");
  EXPECT_LE(watcher_->waves, 4);
}

TEST_F(FarReadsTest, AFewRowsAreNotPaidWithManyBytes) {
  Fill();
  const auto head = Scanned(*Open(), {.columns = {"emb"}, .limit = 5});
  EXPECT_EQ(Difference(*head, *SampleRows(0, 5)->SelectColumns({5}).ValueOrDie()), "");
  EXPECT_LE(watcher_->num_bytes, 64 << 10);
}

TEST_F(FarReadsTest, ABitFlippedOnTheWayIsReadOnceMore) {
  Fill(2);
  const auto rows = RandomRows(50);
  for (int flips = 1; flips <= 2; ++flips) {
    SCOPED_TRACE(flips);
    for (const char* column : {"emb", "text", "id", "score"}) {
      const auto snapshot = Open();
      watcher_->flips_left = 1;
      VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, snapshot->Take(rows, {.columns = {column}}));
      const int index = SampleRows(0, 1)->schema()->GetFieldIndex(column);
      EXPECT_EQ(Difference(*taken, *SampleRowsAt(rows)->SelectColumns({index}).ValueOrDie()), "")
          << column;
      EXPECT_EQ(watcher_->flips_left, 0);
      watcher_->flips_left = 1;
      const auto scanned = Scanned(*Open(), {.columns = {column}});
      EXPECT_EQ(Difference(*scanned, *SampleRows(0, kRows)->SelectColumns({index}).ValueOrDie()),
                "")
          << column;
    }
  }
}

// Where nulls are must be known before the values can be asked for: the first wave is the one that
// is damaged here.
TEST_F(FarReadsTest, AFlipAmongTheNullsIsReadOnceMore) {
  auto items = std::make_shared<arrow::FloatBuilder>();
  const auto type = arrow::fixed_size_list(arrow::field("item", arrow::float32(), false), 32);
  arrow::FixedSizeListBuilder builder(arrow::default_memory_pool(), items, type);
  for (int row = 0; row < 5000; ++row) {
    if (row % 3 == 0) {
      VARVE_ASSERT_OK(builder.AppendNull());
      continue;
    }
    VARVE_ASSERT_OK(builder.Append());
    for (int i = 0; i < 32; ++i) {
      VARVE_ASSERT_OK(items->Append(static_cast<float>(row) + 0.001F * static_cast<float>(i)));
    }
  }
  const auto schema = arrow::schema({arrow::field("v", type, true)});
  const auto rows = arrow::RecordBatch::Make(schema, 5000, {builder.Finish().ValueOrDie()});
  VARVE_ASSERT_OK_AND_ASSIGN(const auto data, arrow::RecordBatchReader::Make({rows}));
  VARVE_ASSERT_OK(Table::Create(near_->uri(), data, "").status());
  for (const bool takes : {true, false}) {
    const auto snapshot = Open();
    watcher_->flips_left = 1;
    if (takes) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, snapshot->Take({4, 3, 4001}, {}));
      const auto wanted = arrow::RecordBatch::Make(
          schema, 3,
          {arrow::Concatenate({rows->column(0)->Slice(4, 1), rows->column(0)->Slice(3, 1),
                               rows->column(0)->Slice(4001, 1)})
               .ValueOrDie()});
      EXPECT_EQ(Difference(*taken, *wanted), "");
    } else {
      EXPECT_EQ(Difference(*Scanned(*snapshot, {}), *rows), "");
    }
    EXPECT_EQ(watcher_->flips_left, 0);
  }
}

TEST_F(FarReadsTest, WhatStaysDamagedIsCorruption) {
  Fill();
  const auto snapshot = Open();
  watcher_->flips_left = 1'000'000;
  for (const char* column : {"emb", "text", "id"}) {
    const auto taken = snapshot->Take({17, 4711}, {.columns = {column}});
    ASSERT_FALSE(taken.ok()) << column;
    EXPECT_TRUE(IsCorruption(taken.status())) << taken.status();
    EXPECT_TRUE(ContextOf(taken.status())->object.starts_with("data/")) << taken.status();
  }
}

TEST_F(FarReadsTest, AManifestFlippedOnTheWayIsReadOnceMore) {
  Fill(3);
  watcher_->flip_below = "_versions/";
  watcher_->flips_left = 1;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Table::Open(far_));
  EXPECT_EQ(table->snapshot()->num_rows(), kRows);
  EXPECT_EQ(watcher_->flips_left, 0);
  watcher_->flips_left = 1'000'000;
  const auto damaged = Table::Open(far_);
  ASSERT_FALSE(damaged.ok());
  EXPECT_TRUE(IsCorruption(damaged.status())) << damaged.status();
}

}  // namespace
}  // namespace varve::internal
