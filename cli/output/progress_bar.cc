// SPDX-License-Identifier: Apache-2.0
#include "cli/output/progress_bar.h"

#include <algorithm>
#include <cstdint>

namespace varve::cli {
namespace {

constexpr int kWidth = 24;
constexpr int kPercent = 100;

}  // namespace

std::string ProgressBar(double done) {
  done = std::clamp(done, 0.0, 1.0);
  const auto filled = static_cast<int>(done * kWidth);
  std::string text;
  for (int i = 0; i < kWidth; ++i) text += i < filled ? "█" : "░";
  return text + " " + std::to_string(static_cast<int>(done * kPercent)) + "%";
}

}  // namespace varve::cli
