// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/run_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/stop.h"
#include "base/thread_executor.h"
#include "storage/batch/byte_budget.h"

namespace varve::internal {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> WordsOf(const std::vector<Status>& statuses) {
  std::vector<std::string> words;
  for (const Status& status : statuses) words.push_back(status.ok() ? "ok" : status.message());
  return words;
}

TEST(RunBatchTest, EachObjectHasItsOwnOutcome) {
  const auto outcome = RunBatch(
      Executor::Inline(), 4, /*stop_at_first_error=*/false,
      [](int64_t index) { return index % 2 == 1 ? Status::IOError("no ", index) : Status::OK(); });
  EXPECT_THAT(WordsOf(outcome.objects), ElementsAre("ok", "no 1", "ok", "no 3"));
  EXPECT_EQ(outcome.status.message(), "no 1");
}

TEST(RunBatchTest, TheFirstFailureKeepsOthersFromBeingTried) {
  const auto outcome = RunBatch(
      Executor::Inline(), 4, /*stop_at_first_error=*/true,
      [](int64_t index) { return index == 1 ? Status::IOError("no ", index) : Status::OK(); });
  EXPECT_THAT(WordsOf(outcome.objects), ElementsAre("ok", "no 1", "not tried", "not tried"));
  EXPECT_EQ(KindOf(outcome.objects[2]), ErrorKind::kCancelled);
  EXPECT_EQ(outcome.status.message(), "no 1");
}

TEST(RunBatchTest, AFailureStopsWhatIsUnderWay) {
  const auto executor = *MakeThreadExecutor(2);
  std::atomic<bool> waits{false};
  const auto outcome =
      RunBatch(executor.get(), 2, /*stop_at_first_error=*/true, [&](int64_t index) -> Status {
        if (index == 1) {
          while (!waits) std::this_thread::yield();
          return Status::IOError("no");
        }
        waits = true;
        for (;;) {
          ARROW_RETURN_NOT_OK(CheckStopped());
          std::this_thread::yield();
        }
      });
  EXPECT_EQ(outcome.status.message(), "no");
  EXPECT_EQ(KindOf(outcome.objects[0]), ErrorKind::kCancelled);
  EXPECT_EQ(outcome.objects[1].message(), "no");
}

TEST(RunBatchTest, ACallerThatStopsEndsIt) {
  const StopScope scope([] { return true; });
  int64_t tried = 0;
  const auto outcome =
      RunBatch(Executor::Inline(), 3, /*stop_at_first_error=*/false, [&](int64_t) -> Status {
        ++tried;
        for (;;) ARROW_RETURN_NOT_OK(CheckStopped());
      });
  EXPECT_EQ(KindOf(outcome.status), ErrorKind::kCancelled);
  EXPECT_EQ(tried, 1);
  for (const Status& status : outcome.objects) EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
}

TEST(RunBatchTest, AsManyRunAtOnceAsThereAreThreadsFor) {
  const auto executor = *MakeThreadExecutor(5);
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0, most = 0;
  const auto outcome =
      RunBatch(executor.get(), 50, /*stop_at_first_error=*/true, [&](int64_t) -> Status {
        std::unique_lock<std::mutex> lock(mutex);
        most = std::max(most, ++running);
        changed.notify_all();
        // The first ones wait for each other, so that all threads are seen.
        changed.wait(lock, [&] { return most == 5; });
        --running;
        return Status::OK();
      });
  EXPECT_TRUE(outcome.status.ok());
  EXPECT_EQ(most, 5);
}

TEST(RunBatchTest, OptionsThatMakeNoSenseAreRefused) {
  for (const int objects : {0, -1, 1025}) {
    const auto refused = ExecutorFor({.objects_in_flight = objects});
    EXPECT_THAT(refused.status().message(), HasSubstr("objects_in_flight")) << objects;
    EXPECT_EQ(KindOf(refused.status()), ErrorKind::kInvalid);
  }
  EXPECT_THAT(ExecutorFor({.bytes_in_flight = 0}).status().message(), HasSubstr("bytes_in_flight"));
  EXPECT_EQ((*ExecutorFor({.objects_in_flight = 1}))->parallelism(), 1);
  EXPECT_EQ((*ExecutorFor({.objects_in_flight = 7}))->parallelism(), 7);
}

TEST(ByteBudgetTest, NoMoreThanTheLimitIsTakenAtOnce) {
  ByteBudget budget(100);
  const auto executor = *MakeThreadExecutor(8);
  std::atomic<int64_t> taken{0}, most{0};
  const Status status = executor->ParallelFor(200, [&](int64_t index) -> Status {
    const int64_t bytes = 10 + index % 60;
    ARROW_ASSIGN_OR_RAISE(const auto share, budget.Take(bytes));
    const int64_t now = taken.fetch_add(bytes) + bytes;
    for (int64_t seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    taken -= bytes;
    return Status::OK();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_LE(most, 100);
  EXPECT_GE(most, 69);
}

TEST(ByteBudgetTest, WhatIsLargerThanTheLimitGoesAlone) {
  ByteBudget budget(100);
  {
    const auto all = budget.Take(1000);
    ASSERT_TRUE(all.ok());
    const StopScope scope([] { return true; });
    EXPECT_EQ(KindOf(budget.Take(1).status()), ErrorKind::kCancelled);
    EXPECT_TRUE(budget.Take(0).ok());
  }
  EXPECT_TRUE(budget.Take(1).ok());
}

}  // namespace
}  // namespace varve::internal
