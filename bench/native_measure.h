// SPDX-License-Identifier: Apache-2.0
// What the native benchmarks share: the rows of a take, the consumer that reads every word, medians
// as JSON.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace varve::bench {

/// Sorted distinct rows, fresh ones for every seed.
inline std::vector<int64_t> RowsOfTake(int64_t count, int64_t num_rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> rows;
  while (static_cast<int64_t>(rows.size()) < count) {
    rows.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(num_rows)));
    if (static_cast<int64_t>(rows.size()) < count) continue;
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  }
  return rows;
}

/// XOR of all words; `bytes` is a multiple of 8.
inline uint64_t XorWords(const void* data, int64_t bytes) {
  const auto* words = static_cast<const uint64_t*>(data);
  uint64_t lanes[8] = {};
  const int64_t count = bytes / 8;
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int lane = 0; lane < 8; ++lane) lanes[lane] ^= words[i + lane];
  }
  for (; i < count; ++i) lanes[0] ^= words[i];
  uint64_t all = 0;
  for (uint64_t lane : lanes) all ^= lane;
  return all;
}

/// XOR of the answers, each repetition counted once, the unmeasured one apart.
class Checksum {
 public:
  void Add(uint64_t repetition, uint64_t answer) {
    if (repetition > 0) sum_ ^= answer;
  }
  void Set(uint64_t answer) {
    asm volatile("" : "+r"(answer)::"memory");  // else only the last answer is worked out
    sum_ = answer;
  }
  void Print(const char* name) const {
    std::fprintf(stderr, "%s %016llx\n", name, static_cast<unsigned long long>(sum_));
  }

 private:
  uint64_t sum_ = 0;
};

/// CPU time of all threads of the process: what other programs do meanwhile hardly shows in it.
inline std::chrono::nanoseconds CpuTime() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Milliseconds by name, printed as one JSON object of medians.
class Figures {
 public:
  /// Calls `run(repetition)` once unmeasured, then `repetitions` times.
  template <class Run>
  void Measure(const std::string& name, int repetitions, Run&& run) {
    std::vector<double>& times = times_[name];
    for (int i = 0; i <= repetitions; ++i) {
      const auto start = std::chrono::steady_clock::now();
      run(static_cast<uint64_t>(i));
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - start;
      if (i > 0) times.push_back(took.count());
    }
  }

  /// The same, and the CPU time of it as `name`_cpu.
  template <class Run>
  void MeasureWithCpu(const std::string& name, int repetitions, Run&& run) {
    std::vector<double>& cpu_times = times_[name + "_cpu"];
    Measure(name, repetitions, [&](uint64_t repetition) {
      const std::chrono::nanoseconds start = CpuTime();
      run(repetition);
      const std::chrono::duration<double, std::milli> took = CpuTime() - start;
      if (repetition > 0) cpu_times.push_back(took.count());
    });
  }

  void Print() {
    const char* separator = "{";
    for (auto& [name, times] : times_) {
      std::sort(times.begin(), times.end());
      std::printf("%s\"%s\": %.6f", separator, name.c_str(), times[times.size() / 2]);
      separator = ", ";
    }
    std::printf("}\n");
  }

 private:
  std::map<std::string, std::vector<double>> times_;
};

}  // namespace varve::bench
