// SPDX-License-Identifier: Apache-2.0
#include "storage/configuration/quantity.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

namespace varve::internal {
namespace {

using Unit = std::pair<std::string_view, int64_t>;

constexpr Unit kByteUnits[] = {
    {"", 1},
    {"b", 1},
    {"kb", 1'000},
    {"mb", 1'000'000},
    {"gb", int64_t{1'000'000'000}},
    {"tb", int64_t{1'000'000'000'000}},
    {"kib", 1 << 10},
    {"mib", 1 << 20},
    {"gib", int64_t{1} << 30},
    {"tib", int64_t{1} << 40},
};
constexpr Unit kTimeUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};

// A whole number that is not negative, and what stands after it in lower case.
std::optional<std::pair<int64_t, std::string>> Split(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || text.starts_with('-')) return std::nullopt;
  std::string unit(end, text.data() + text.size());
  unit.erase(0, std::min(unit.find_first_not_of(' '), unit.size()));
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::pair(number, std::move(unit));
}

template <size_t n>
std::optional<int64_t> Convert(int64_t number, std::string_view unit, const Unit (&units)[n]) {
  const Unit* found = std::ranges::find(units, unit, &Unit::first);
  if (found == std::end(units) || number > INT64_MAX / found->second) return std::nullopt;
  return number * found->second;
}

}  // namespace

std::optional<int64_t> ParseBytes(std::string_view text) {
  const auto parts = Split(text);
  if (!parts) return std::nullopt;
  return Convert(parts->first, parts->second, kByteUnits);
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto parts = Split(text);
  if (!parts) return std::nullopt;
  if (parts->first == 0 && parts->second.empty()) return std::chrono::milliseconds(0);
  const auto millis = Convert(parts->first, parts->second, kTimeUnits);
  if (!millis) return std::nullopt;
  return std::chrono::milliseconds(*millis);
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace varve::internal
