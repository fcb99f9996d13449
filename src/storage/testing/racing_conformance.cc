// SPDX-License-Identifier: Apache-2.0
// The part of the conformance suite in which threads and processes race.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

constexpr int kNumRacers = 16;

// Long enough that a torn object would show.
std::string BytesOf(int racer, int round) {
  return std::string(20'000, static_cast<char>('a' + racer)) + std::to_string(round);
}

TEST_P(ChunkManagerConformanceTest, OneOfManyThreadsWinsEachName) {
  if (!GetParam().features.put_if_absent) GTEST_SKIP();
  constexpr int kNumRounds = 20;
  std::vector<std::atomic<int>> winners(kNumRounds);
  for (auto& winner : winners) winner = -1;
  std::atomic<int> num_wins = 0;
  std::atomic<int> num_wrong = 0;
  std::latch start(kNumRacers);
  std::vector<std::thread> racers;
  for (int racer = 0; racer < kNumRacers; ++racer) {
    racers.emplace_back([&, racer] {
      start.arrive_and_wait();
      for (int round = 0; round < kNumRounds; ++round) {
        const std::string path = "_versions/" + std::to_string(round);
        const auto won = store_->PutIfAbsent(path, AsBytes(BytesOf(racer, round)));
        if (!won.ok()) ++num_wrong;
        if (won.ok() && *won) {
          ++num_wins;
          winners[static_cast<size_t>(round)] = racer;
        }
        // Whoever won: the object is complete for everybody at once.
        const auto bytes = store_->Read(path);
        if (!bytes.ok() || (*bytes)->size() != static_cast<int64_t>(BytesOf(0, round).size())) {
          ++num_wrong;
        }
      }
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(num_wins, kNumRounds);
  EXPECT_EQ(num_wrong, 0);
  for (int round = 0; round < kNumRounds; ++round) {
    const int winner = winners[static_cast<size_t>(round)];
    ASSERT_GE(winner, 0);
    EXPECT_EQ((*store_->Read("_versions/" + std::to_string(round)))->ToString(),
              BytesOf(winner, round));
  }
}

TEST_P(ChunkManagerConformanceTest, OneOfManyWritersClosesEachName) {
  std::atomic<int> winner = -1;
  std::atomic<int> num_losers = 0;
  std::latch start(kNumRacers);
  std::vector<std::thread> racers;
  for (int racer = 0; racer < kNumRacers; ++racer) {
    racers.emplace_back([&, racer] {
      auto writer = store_->OpenWriter("data/x");
      const bool is_written = writer.ok() && (*writer)->Write(AsBytes(BytesOf(racer, 0))).ok();
      start.arrive_and_wait();
      if (!is_written) return;
      const Status closed = (*writer)->Close();
      if (closed.ok()) winner = racer;
      if (IsAlreadyExists(closed)) ++num_losers;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(num_losers, kNumRacers - 1);
  ASSERT_GE(winner, 0);
  EXPECT_EQ((*store_->Read("data/x"))->ToString(), BytesOf(winner, 0));
}

TEST_P(ChunkManagerConformanceTest, OneOfManyProcessesWinsEachName) {
  if (!GetParam().is_shared_by_processes) GTEST_SKIP();
  constexpr int kNumRounds = 10;
  // Children wait for this pipe to be closed, so that they start together.
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  std::vector<pid_t> children;
  for (int racer = 0; racer < kNumRacers; ++racer) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(gate[1]);
      char byte;
      if (read(gate[0], &byte, 1) != 0) _exit(100);
      int num_wins = 0;
      for (int round = 0; round < kNumRounds; ++round) {
        const auto won = store_->PutIfAbsent("_versions/" + std::to_string(round),
                                             AsBytes(BytesOf(racer, round)));
        if (!won.ok()) _exit(101);
        if (*won) {
          ++num_wins;
          const auto noted = store_->PutIfAbsent("winners/" + std::to_string(round),
                                                 AsBytes(std::to_string(racer)));
          if (!noted.ok() || !*noted) _exit(102);
        }
      }
      _exit(num_wins);
    }
    children.push_back(child);
  }
  close(gate[0]);
  close(gate[1]);
  int num_wins = 0;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_LT(WEXITSTATUS(status), 100);
    num_wins += WEXITSTATUS(status);
  }
  EXPECT_EQ(num_wins, kNumRounds);
  for (int round = 0; round < kNumRounds; ++round) {
    const std::string name = std::to_string(round);
    const int winner = std::stoi((*store_->Read("winners/" + name))->ToString());
    EXPECT_EQ((*store_->Read("_versions/" + name))->ToString(), BytesOf(winner, round));
  }
}

TEST_P(ChunkManagerConformanceTest, AQueueLetsOneInAtATime) {
  const auto probe = store_->Queue("commit");
  ASSERT_TRUE(probe.ok());
  if (*probe == nullptr) GTEST_SKIP() << "no queue";
  // Not waited for while held: another name is another queue.
  ASSERT_TRUE(store_->Queue("other").ok());
  std::atomic<int> num_inside = 0;
  std::atomic<int> num_overlaps = 0;
  std::atomic<int> num_served = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kNumRacers; ++i) {
    threads.emplace_back([&] {
      const auto guard = store_->Queue("line");
      if (!guard.ok()) return;
      if (++num_inside != 1) ++num_overlaps;
      ++num_served;
      --num_inside;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(num_overlaps, 0);
  EXPECT_EQ(num_served, kNumRacers);
  EXPECT_TRUE(store_->List("")->empty());
  EXPECT_FALSE(store_->Queue("../x").ok());
}

}  // namespace
}  // namespace varve::internal
