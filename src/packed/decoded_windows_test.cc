// SPDX-License-Identifier: Apache-2.0
#include "packed/decoded_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <utility>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "base/testing/status_assertions.h"

namespace varve::internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr int64_t kRows = 20'000;

// Row i holds i * factor. Notes what is read.
class Multiples : public PackedColumnReader {
 public:
  explicit Multiples(int64_t factor) : factor_(factor) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t end, bool) const override {
    reads.emplace_back(begin, end);
    if (fails_at >= begin && fails_at < end) {
      fails_at = -1;
      return MakeError(ErrorKind::kCorruption, "as told");
    }
    arrow::Int64Builder builder;
    for (int64_t row = begin; row < end; ++row) ARROW_RETURN_NOT_OK(builder.Append(row * factor_));
    return builder.Finish();
  }
  Result<std::shared_ptr<arrow::Array>> Take(std::span<const int64_t>, bool) const override {
    return Status::NotImplemented("none");
  }
  Status TakeInto(std::span<const int64_t>, std::span<const int64_t>, uint8_t*,
                  bool) const override {
    return Status::NotImplemented("none");
  }
  int64_t fixed_width() const override { return 0; }
  bool IsReady(int64_t, int64_t) const override { return true; }
  void MakeReady(int64_t, int64_t) const override {}
  int64_t NaturalEnd(int64_t begin) const override { return (begin / 5000 + 1) * 5000; }
  Result<std::vector<PageZone>> Zones() const override { return std::vector<PageZone>{}; }
  Result<std::vector<bool>> MayContain(const StatisticValue&) const override {
    return std::vector<bool>{};
  }

  mutable std::vector<std::pair<int64_t, int64_t>> reads;
  mutable int64_t fails_at = -1;

 private:
  const int64_t factor_;
  const std::shared_ptr<arrow::DataType> type_ = arrow::int64();
};

// Runs what is spawned when a test says so.
class HeldExecutor : public Executor {
 public:
  int parallelism() const override { return 2; }
  Status ParallelFor(int64_t count, const std::function<Status(int64_t)>& task) override {
    return Executor::Inline()->ParallelFor(count, task);
  }
  void Spawn(std::function<void()> task) override { held.push_back(std::move(task)); }

  void RunOne() {
    held.front()();
    held.pop_front();
  }
  std::deque<std::function<void()>> held;
};

class DecodedWindowsTest : public testing::Test {
 protected:
  DecodedWindows Make(int64_t ahead_bytes, Executor* executor) {
    return DecodedWindows({one_, seven_}, ahead_bytes, /*verify=*/true, executor);
  }
  // Rows [begin, e) of both columns are right.
  void ExpectRows(const DecodedWindows& windows, int64_t begin, int64_t end) {
    for (const auto& [column, factor] : {std::pair(0, 1), std::pair(1, 7)}) {
      const auto values = std::static_pointer_cast<arrow::Int64Array>(
          windows.Slice(static_cast<size_t>(column), begin, end));
      ASSERT_EQ(values->length(), end - begin);
      for (int64_t i = 0; i < values->length(); ++i) {
        ASSERT_EQ(values->Value(i), (begin + i) * factor);
      }
    }
  }

  HeldExecutor held_;
  std::shared_ptr<Multiples> one_ = std::make_shared<Multiples>(1);
  std::shared_ptr<Multiples> seven_ = std::make_shared<Multiples>(7);
};

TEST_F(DecodedWindowsTest, EveryRowComesOnceOnWhateverThreads) {
  for (Executor* executor : {Executor::Default(), Executor::Inline()}) {
    DecodedWindows windows = Make(64 << 20, executor);
    int64_t row = 3;
    while (row < kRows) {
      VARVE_ASSERT_OK_AND_ASSIGN(const int64_t end, windows.Await(row, kRows));
      ASSERT_GT(end, row);
      ExpectRows(windows, row, end);
      row = end;
    }
    EXPECT_EQ(row, kRows);
    EXPECT_THAT(seven_->reads,
                ElementsAre(Pair(3, 5000), Pair(5000, 8192), Pair(8192, 10'000),
                            Pair(10'000, 15'000), Pair(15'000, 16'384), Pair(16'384, kRows)));
    one_->reads.clear();
    seven_->reads.clear();
  }
}

TEST_F(DecodedWindowsTest, TheNextWindowIsDecodedWhileThisOneIsUsed) {
  DecodedWindows windows = Make(64 << 20, &held_);
  EXPECT_EQ(*windows.Await(0, kRows), 5000);
  ASSERT_EQ(held_.held.size(), 1u);
  held_.RunOne();
  EXPECT_THAT(one_->reads, ElementsAre(Pair(0, 5000), Pair(5000, 8192)));
  // What is asked for within a window decodes nothing.
  EXPECT_EQ(*windows.Await(10, 700), 700);
  ExpectRows(windows, 10, 700);
  EXPECT_EQ(*windows.Await(5000, kRows), 8192);
  ExpectRows(windows, 5000, 8192);
  EXPECT_THAT(one_->reads, ElementsAre(Pair(0, 5000), Pair(5000, 8192)));
}

TEST_F(DecodedWindowsTest, ATaskThatWasNotBegunIsNotWaitedFor) {
  DecodedWindows windows = Make(64 << 20, &held_);
  EXPECT_EQ(*windows.Await(0, kRows), 5000);
  EXPECT_EQ(*windows.Await(5000, kRows), 8192);
  ExpectRows(windows, 5000, 8192);
  ASSERT_EQ(held_.held.size(), 2u);
  held_.RunOne();  // too late: does nothing
  EXPECT_THAT(seven_->reads, ElementsAre(Pair(0, 5000), Pair(5000, 8192)));
  // Nor is one for rows that nobody asked for, and it is not waited for either.
  EXPECT_EQ(*windows.Await(12'000, 12'100), 12'100);
  ExpectRows(windows, 12'000, 12'100);
}

TEST_F(DecodedWindowsTest, NothingIsDecodedForScansThatAreGone) {
  {
    DecodedWindows windows = Make(64 << 20, &held_);
    EXPECT_EQ(*windows.Await(0, kRows), 5000);
  }
  ASSERT_EQ(held_.held.size(), 1u);
  held_.RunOne();
  EXPECT_THAT(one_->reads, ElementsAre(Pair(0, 5000)));
}

TEST_F(DecodedWindowsTest, AnErrorIsToldWhereItsRowsAreAskedFor) {
  DecodedWindows windows = Make(64 << 20, &held_);
  seven_->fails_at = 6000;
  EXPECT_EQ(*windows.Await(0, kRows), 5000);
  held_.RunOne();
  ExpectRows(windows, 0, 5000);
  const auto failed = windows.Await(5000, kRows);
  EXPECT_EQ(KindOf(failed.status()), ErrorKind::kCorruption);
  EXPECT_EQ(*windows.Await(5000, kRows), 8192);
  ExpectRows(windows, 5000, 8192);
}

TEST_F(DecodedWindowsTest, LargeWindowsAndLastOnesAreNotFollowedByOthers) {
  DecodedWindows small = Make(5000 * 8, &held_);
  EXPECT_EQ(*small.Await(0, kRows), 5000);
  DecodedWindows none = Make(0, &held_);
  EXPECT_EQ(*none.Await(0, kRows), 5000);
  DecodedWindows last = Make(64 << 20, &held_);
  EXPECT_EQ(*last.Await(0, 5000), 5000);
  EXPECT_THAT(held_.held, IsEmpty());
}

}  // namespace
}  // namespace varve::internal
