// SPDX-License-Identifier: Apache-2.0
// Many reads at once from a server that is slow and fails now and then: all come, with few threads
// and little memory. The server is a process of its own, so that what is counted is the reader's.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "storage/opendal/testing/fault_matrix.h"
#include "varve/chunk_manager.h"

namespace varve::internal::fault_matrix {
namespace {

constexpr uint64_t kSeed = 20261121;
constexpr int kReads = 2'000;
constexpr int64_t kReadBytes = 64 << 10;
constexpr int64_t kObjectBytes = 4 << 20;  // reads overlap
constexpr double kBytesPerSecond = 50e6;
constexpr uint64_t kFaultsPercent = 5;
constexpr int kMaxInFlight = 64;
// Of the reader beyond its buffers: connections, and 64 answers on their way.
constexpr int64_t kMemoryMax = 64 << 20;
// Two of the client and what they use, one of the timer, this one, and the one that counts.
constexpr int kThreadsMax = 8;

std::string ObjectBytes() {
  const auto random = Random::Seeded(kSeed);
  std::string bytes(kObjectBytes, '\0');
  for (char& each : bytes) each = static_cast<char>(random->Next());
  return bytes;
}

// Serves until the reader closes its end.
[[noreturn]] void Serve(int tell, int wait) {
  ScriptedHttpS3 s3;
  s3.Put("bucket/data", ObjectBytes());
  std::mutex mutex;
  auto next = std::chrono::steady_clock::now();
  const auto luck = Random::Seeded(kSeed);
  const Fault faults[] = {Of(FaultKind::kReset),
                          Of(FaultKind::kTruncate),
                          Of(FaultKind::kDropAnswer),
                          Of(FaultKind::kOtherRange),
                          Of(FaultKind::kStall),
                          Instead(S3Error(500, "InternalError")),
                          Instead(S3Error(503, "SlowDown"))};
  FaultProxy proxy(
      [&](const HttpRequest& request) {
        HttpResponse answer = s3.Answer(request);
        std::chrono::steady_clock::time_point turn;
        {
          const std::lock_guard lock(mutex);
          next = std::max(next, std::chrono::steady_clock::now()) +
                 std::chrono::nanoseconds(static_cast<int64_t>(
                     1e9 * static_cast<double>(answer.body.size()) / kBytesPerSecond));
          turn = next;
        }
        std::this_thread::sleep_until(turn);
        return answer;
      },
      [&](const HttpRequest&) {
        const std::lock_guard lock(mutex);
        if (luck->Uniform(100) >= kFaultsPercent) return Fault{};
        return faults[luck->Uniform(std::size(faults))];
      });
  proxy.Listen();
  const std::string endpoint = proxy.endpoint() + "\n";
  char end = 0;
  const bool told =
      write(tell, endpoint.data(), endpoint.size()) == static_cast<ssize_t>(endpoint.size());
  if (told) static_cast<void>(read(wait, &end, 1));
  _exit(told ? 0 : 1);
}

// "Threads", "VmRSS" and so on of this process.
int64_t OfThisProcess(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != name + ":") continue;
    int64_t value = 0;
    status >> value;
    return value;
  }
  return -1;
}

class ManyReadsTest : public testing::Test {
 protected:
  void SetUp() override {
    int tell[2];
    int wait[2];
    ASSERT_EQ(pipe(tell), 0);
    ASSERT_EQ(pipe(wait), 0);
    server_ = fork();
    ASSERT_GE(server_, 0);
    if (server_ == 0) {
      close(tell[0]);
      close(wait[1]);
      Serve(tell[1], wait[0]);
    }
    close(tell[1]);
    close(wait[0]);
    stop_ = wait[1];
    char c = 0;
    while (read(tell[0], &c, 1) == 1 && c != '\n') endpoint_ += c;
    close(tell[0]);
  }
  void TearDown() override {
    close(stop_);
    int status = 0;
    EXPECT_EQ(waitpid(server_, &status, 0), server_);
  }

  pid_t server_ = -1;
  int stop_ = -1;
  std::string endpoint_;
};

TEST_F(ManyReadsTest, AllComeWithinTheLimits) {
  SCOPED_TRACE(kSeed);
  const std::string expected = ObjectBytes();
  const auto store =
      OpenChunkManager("s3://bucket", {.storage_options =
                                           {
                                               {"endpoint", endpoint_},
                                               {"region", "r"},
                                               {"access_key_id", "key"},
                                               {"secret_access_key", "secret"},
                                               {"timeout", "5s"},
                                               {"max_in_flight", std::to_string(kMaxInFlight)},
                                           }})
          .ValueOrDie();
  const auto random = Random::Seeded(kSeed);
  std::string out(static_cast<size_t>(kReads) * kReadBytes, '\0');
  std::vector<ReadRange> ranges;
  for (int i = 0; i < kReads; ++i) {
    ranges.push_back({.offset = static_cast<int64_t>(random->Uniform(kObjectBytes - kReadBytes)),
                      .length = kReadBytes,
                      .out = out.data() + i * kReadBytes});
  }

  const int64_t memory_before = OfThisProcess("VmRSS");
  std::atomic<bool> ended = false;
  int64_t threads = 0;
  int64_t memory = 0;
  std::thread counter([&] {
    while (!ended) {
      threads = std::max(threads, OfThisProcess("Threads"));
      memory = std::max(memory, OfThisProcess("VmRSS"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  // Each by itself: ranges of one call would share requests.
  std::mutex mutex;
  Status status;
  std::latch all(kReads);
  for (const ReadRange& range : ranges) {
    store->StartRangesOf({{.path = "data", .size = kObjectBytes, .ranges = {range}}},
                         ReadPattern::kPoint, {}, [&](const Status& each) {
                           {
                             const std::lock_guard lock(mutex);
                             if (status.ok()) status = each;
                           }
                           all.count_down();
                         });
  }
  all.wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ended = true;
  counter.join();

  ASSERT_TRUE(status.ok()) << status;
  for (const ReadRange& range : ranges) {
    ASSERT_EQ(std::string_view(static_cast<char*>(range.out), kReadBytes),
              std::string_view(expected).substr(static_cast<size_t>(range.offset), kReadBytes));
  }
  const StorageMetrics metrics = *store->Metrics();
  const int64_t extra = (memory - memory_before) << 10;
  std::cout << kReads << " reads at once of " << kReadBytes << " bytes: " << took.count() << " s, "
            << static_cast<double>(out.size()) / took.count() / 1e6 << " MB/s of "
            << kBytesPerSecond / 1e6 << "; " << metrics.calls() << " requests of which "
            << metrics.errors() << " failed; " << threads << " threads, " << extra / 1024
            << " KiB beside the buffers\n";
  RecordProperty("reads", kReads);
  RecordProperty("faults", static_cast<int>(metrics.errors()));
  RecordProperty("threads", static_cast<int>(threads));
  RecordProperty("kib", static_cast<int>(extra / 1024));
  EXPECT_GT(metrics.errors(), 0);
  EXPECT_GE(metrics.calls(), kReads);
  EXPECT_LE(metrics.calls(), kReads * 115 / 100);
  EXPECT_LE(threads, kThreadsMax);
  EXPECT_LE(extra, kMemoryMax);
}

}  // namespace
}  // namespace varve::internal::fault_matrix
