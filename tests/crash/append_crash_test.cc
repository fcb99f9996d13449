// SPDX-License-Identifier: Apache-2.0
// A process that appends is killed at random moments. Whatever it had acknowledged is there
// afterwards, nothing is there in part, and the table opens at once and takes the next append.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "arrow/record_batch.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using testing::ReadAll;
using testing::SampleReader;
using testing::SampleRows;

constexpr int64_t kRowsPerVersion = 700;
constexpr int kFailuresMax = 20;  // enough to see what is wrong

// The child: appends versions for ever, writing the number of each acknowledged one to `out`.
int AppendForEver(const std::string& uri, int out) {
  TableOptions options;
  options.write.small_write_bytes = 50'000;  // so that versions have several files
  auto table = Table::Open(uri, {.table = options}).ValueOrDie();
  for (;;) {
    const auto begin = static_cast<int64_t>(table->snapshot()->version()) * kRowsPerVersion;
    const uint64_t version =
        table->Append(SampleReader(begin, kRowsPerVersion, 250)).ValueOrDie().version;
    if (write(out, &version, sizeof(version)) != sizeof(version)) return 1;
  }
}

struct Killed {
  uint64_t acknowledged = 0;  // newest version the child reported
};

// Runs the child until `microseconds` after its first acknowledged append, then kills it.
Killed RunAndKill(const std::string& uri, int64_t microseconds) {
  int pipe_ends[2];
  EXPECT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    const std::string out = std::to_string(pipe_ends[1]);
    execl("/proc/self/exe", "append_crash_test", "--append", uri.c_str(), out.c_str(), nullptr);
    _exit(127);
  }
  close(pipe_ends[1]);
  Killed killed;
  const auto read_one = [&] {
    uint64_t version = 0;
    if (read(pipe_ends[0], &version, sizeof(version)) != sizeof(version)) return false;
    killed.acknowledged = version;
    return true;
  };
  EXPECT_TRUE(read_one());
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
  for (;;) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) break;
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    timespec timeout{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    pollfd readable{pipe_ends[0], POLLIN, 0};
    if (ppoll(&readable, 1, &timeout, nullptr) > 0 && !read_one()) break;
  }
  kill(child, SIGKILL);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  while (read_one()) {
  }
  close(pipe_ends[0]);
  return killed;
}

// What a reopened table holds; "" if that is right.
std::string WhatIsWrong(const Table& table, uint64_t acknowledged) {
  const auto snapshot = table.snapshot();
  const uint64_t version = snapshot->version();
  // The kill may fall between a commit and its report.
  if (version < acknowledged || version > acknowledged + 1) {
    return "version " + std::to_string(version) + " after " + std::to_string(acknowledged) +
           " was acknowledged";
  }
  const auto rows = static_cast<int64_t>(version) * kRowsPerVersion;
  if (snapshot->num_rows() != rows) return "rows: " + std::to_string(snapshot->num_rows());
  auto scan = snapshot->Scan();
  if (!scan.ok()) return scan.status().ToString();
  return Difference(*ReadAll(scan->get()), *SampleRows(0, rows));
}

TEST(AppendCrashTest, ReopensAtTheOldOrTheNewVersionWithEveryValueRight) {
  const char* wanted = std::getenv("VARVE_KILLS");
  const int num_kills = wanted == nullptr ? 100 : std::atoi(wanted);
  std::mt19937_64 random(20261121);
  std::string root;
  uint64_t before = 0;
  std::chrono::nanoseconds slowest_open{0};
  int kills = 0;
  int wrong = 0;
  while (kills < num_kills && !HasFatalFailure() && wrong < kFailuresMax) {
    if (kills % 25 == 0) {  // a fresh table now and then, so that reading all of it stays cheap
      if (!root.empty()) std::filesystem::remove_all(root);
      std::string folder = std::filesystem::temp_directory_path() / "varve-crash-XXXXXX";
      ASSERT_NE(mkdtemp(folder.data()), nullptr);
      root = folder;
      ASSERT_TRUE(Table::Create(root + "/table", SampleReader(0, kRowsPerVersion), "id").ok());
      before = 1;
    }
    const std::string uri = root + "/table";
    const auto microseconds = static_cast<int64_t>(random() % 30'000);
    SCOPED_TRACE("kill " + std::to_string(kills) + " after " + std::to_string(microseconds) +
                 " us");
    const Killed killed = RunAndKill(uri, microseconds);
    ++kills;
    EXPECT_GT(killed.acknowledged, before);

    const auto start = std::chrono::steady_clock::now();
    auto table = Table::Open(uri);
    const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - start;
    slowest_open = std::max(slowest_open, elapsed);
    const std::string problem =
        table.ok() ? WhatIsWrong(**table, killed.acknowledged) : table.status().ToString();
    if (!problem.empty()) {
      ++wrong;
      ADD_FAILURE() << problem;
    }
    ASSERT_TRUE(table.ok());
    before = (*table)->snapshot()->version();
  }
  std::filesystem::remove_all(root);
  const auto milliseconds = std::chrono::duration<double, std::milli>(slowest_open).count();
  // One line of JSON, which `make bench` reads.
  std::printf(R"({"kills": %d, "wrong": %d, "slowest_open_ms": %.3f})"
              "\n",
              kills, wrong, milliseconds);
}

}  // namespace
}  // namespace varve::internal

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--append") {
    return varve::internal::AppendForEver(argv[2], std::atoi(argv[3]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
