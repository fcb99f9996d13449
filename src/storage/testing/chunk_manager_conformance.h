// SPDX-License-Identifier: Apache-2.0
// What every store must do. A store's test says how to make one:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ChunkManagerConformanceTest,
//                            testing::Values(ConformanceTarget{.make = ...}));
//
// Tests of what a store's features() do not promise are skipped.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "varve/chunk_manager.h"

namespace varve::internal {

struct ConformanceTarget {
  std::string name;
  /// An empty store; called once a test.
  std::function<std::shared_ptr<ChunkManager>()> make;
  /// The features it must report.
  ChunkManagerFeatures features;
  /// Whether a child of fork works on the same objects.
  bool is_shared_by_processes = false;
  /// Whether a reader that is open goes on to see an object that is replaced; else it may fail.
  bool pins_what_is_open = true;
  /// How finely Stat and List agree on times.
  int64_t time_step_micros = 1;
};

class ChunkManagerConformanceTest : public testing::TestWithParam<ConformanceTarget> {
 protected:
  void SetUp() override { store_ = GetParam().make(); }

  std::shared_ptr<ChunkManager> store_;
};

/// Makes the first line of failures readable, and names the instances.
void PrintTo(const ConformanceTarget& target, std::ostream* out);
std::string NameOfTarget(const testing::TestParamInfo<ConformanceTarget>& info);

}  // namespace varve::internal
