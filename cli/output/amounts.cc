// SPDX-License-Identifier: Apache-2.0
#include "cli/output/amounts.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace varve::cli {
namespace {

std::string Print(const char* format, double value, const char* unit) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, value, unit);
  return text.data();
}

// Three significant digits: 1.24, 12.4, 124.
const char* ThreeDigits(double value) {
  if (value < 9.995) return "%.2f %s";
  return value < 99.95 ? "%.1f %s" : "%.0f %s";
}

std::string TimeText(int64_t micros, const char* format) {
  int64_t seconds = micros / 1000000;
  if (micros % 1000000 < 0) --seconds;
  const time_t time = seconds;
  struct tm parts {};
  if (gmtime_r(&time, &parts) == nullptr) return std::to_string(micros) + " us";
  std::array<char, 64> text;
  return {text.data(), strftime(text.data(), text.size(), format, &parts)};
}

}  // namespace

std::string FormatBytes(int64_t bytes) {
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes > -1024 && bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (std::fabs(value) >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return Print("%.1f %s", value, kUnits[unit]);
}

std::string FormatCount(int64_t count) {
  std::string digits = std::to_string(count);
  const int first = digits[0] == '-' ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3) digits.insert(i, ",");
  return digits;
}

std::string FormatRate(int64_t bytes, double seconds) {
  if (!(seconds > 0)) return "-";
  const double rate = static_cast<double>(bytes) / seconds;
  if (rate >= 1e9) return Print(ThreeDigits(rate / 1e9), rate / 1e9, "GB/s");
  if (rate >= 1e6) return Print(ThreeDigits(rate / 1e6), rate / 1e6, "MB/s");
  return Print(ThreeDigits(rate / 1e3), rate / 1e3, "kB/s");
}

std::string FormatSeconds(double seconds) {
  if (seconds >= 1) return Print(ThreeDigits(seconds), seconds, "s");
  if (seconds >= 1e-3) return Print(ThreeDigits(seconds * 1e3), seconds * 1e3, "ms");
  return Print(ThreeDigits(seconds * 1e6), seconds * 1e6, "us");
}

std::string FormatDuration(double seconds) {
  constexpr double kLongest = 1e9;  // some thirty years
  const auto whole = static_cast<int64_t>(std::ceil(std::clamp(seconds, 0.0, kLongest)));
  const int64_t minutes = whole / 60, hours = minutes / 60;
  if (minutes == 0) return std::to_string(whole) + " s";
  if (hours == 0) return std::to_string(minutes) + " min " + std::to_string(whole % 60) + " s";
  return FormatCount(hours) + " h " + std::to_string(minutes % 60) + " min";
}

std::string FormatTime(int64_t micros) { return TimeText(micros, "%Y-%m-%d %H:%M:%S UTC"); }

std::string FormatTimeIso(int64_t micros) {
  std::array<char, 16> fraction;
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ",
                static_cast<int>(((micros % 1000000) + 1000000) % 1000000));
  return TimeText(micros, "%Y-%m-%dT%H:%M:%S") + fraction.data();
}

std::string Plural(int64_t count, const std::string& noun) {
  return FormatCount(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace varve::cli
