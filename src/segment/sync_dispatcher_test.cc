// SPDX-License-Identifier: Apache-2.0
#include "segment/sync_dispatcher.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include "base/random.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;

TEST(SyncDispatcherTest, TasksOfAKeyRunOneByOneInOrder) {
  constexpr uint64_t kSeed = 20261127;
  SCOPED_TRACE(kSeed);
  const auto random = Random::Seeded(kSeed);
  std::mutex mutex;
  std::map<int64_t, std::vector<int>> ran;
  std::map<int64_t, std::vector<int>> submitted;
  std::atomic<int> running[8] = {};
  std::atomic<bool> overlapped{false};
  SyncDispatcher dispatcher(4, 16);
  for (int i = 0; i < 2000; ++i) {
    const auto key = static_cast<int64_t>(random->Uniform(8));
    submitted[key].push_back(i);
    dispatcher.Submit(key, [&, key, i] {
      if (running[key].fetch_add(1) != 0) overlapped = true;
      {
        const std::lock_guard lock(mutex);
        ran[key].push_back(i);
      }
      running[key].fetch_sub(1);
    });
  }
  dispatcher.Drain();
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(ran, submitted);
}

TEST(SyncDispatcherTest, TasksOfOtherKeysRunMeanwhile) {
  SyncDispatcher dispatcher(2, 4);
  std::latch both(2);  // nobody passes alone
  for (const int64_t key : {1, 2}) dispatcher.Submit(key, [&] { both.arrive_and_wait(); });
  dispatcher.Drain();
  EXPECT_TRUE(both.try_wait());
}

TEST(SyncDispatcherTest, NoMoreThanItsThreadsRunAtATime) {
  constexpr int kThreads = 3;
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  {
    SyncDispatcher dispatcher(kThreads, 8);
    for (int64_t key = 0; key < 500; ++key) {
      dispatcher.Submit(key, [&] {
        const int now = running.fetch_add(1) + 1;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        running.fetch_sub(1);
      });
    }
  }  // waits
  EXPECT_EQ(running, 0);
  EXPECT_LE(most, kThreads);
  EXPECT_GE(most, 1);
}

TEST(SyncDispatcherTest, SubmitWaitsForAPlaceInTheQueue) {
  SyncDispatcher dispatcher(1, 1);
  std::latch started(1);
  std::latch released(1);
  dispatcher.Submit(1, [&] {
    started.count_down();
    released.wait();
  });
  started.wait();
  dispatcher.Submit(2, [] {});  // takes the one place
  std::atomic<bool> submitted{false};
  std::vector<bool> seen;
  std::thread submitter([&] {
    dispatcher.Submit(3, [] {});
    submitted = true;
  });
  // It cannot pass before the first task ends, however long that takes.
  seen.push_back(submitted);
  released.count_down();
  submitter.join();
  seen.push_back(submitted);
  dispatcher.Drain();
  EXPECT_THAT(seen, ElementsAre(false, true));
}

}  // namespace
}  // namespace varve::internal
