// SPDX-License-Identifier: Apache-2.0
#include "query/time_literal.h"

#include <chrono>

namespace varve::internal {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerMinute = 60 * kNanosPerSecond;
constexpr int64_t kNanosPerHour = 60 * kNanosPerMinute;
constexpr int64_t kNanosPerDay = 24 * kNanosPerHour;
constexpr size_t kDateBytes = 10;

// Takes exactly `count` digits off the front.
std::optional<int> TakeDigits(std::string_view* text, size_t count) {
  if (text->size() < count) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    const char c = (*text)[i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text->remove_prefix(count);
  return value;
}

bool TakeCharacter(std::string_view* text, char expected) {
  if (text->empty() || text->front() != expected) return false;
  text->remove_prefix(1);
  return true;
}

// HH:MM, nanoseconds.
std::optional<int64_t> TakeHoursAndMinutes(std::string_view* text) {
  const auto hour = TakeDigits(text, 2);
  if (!hour || *hour > 23 || !TakeCharacter(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return *hour * kNanosPerHour + *minute * kNanosPerMinute;
}

std::optional<int64_t> TakeTimeOfDay(std::string_view* text) {
  auto nanos = TakeHoursAndMinutes(text);
  if (!nanos || !TakeCharacter(text, ':')) return nanos;
  const auto second = TakeDigits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  *nanos += *second * kNanosPerSecond;
  if (!TakeCharacter(text, '.')) return nanos;
  int64_t unit = kNanosPerSecond;
  size_t digits = 0;
  while (const auto digit = TakeDigits(text, 1)) {
    if (++digits > 9) return std::nullopt;
    unit /= 10;
    *nanos += *digit * unit;
  }
  return digits == 0 ? std::nullopt : nanos;
}

// The offset from UTC; 0 where nothing is written.
std::optional<int64_t> TakeZone(std::string_view* text) {
  if (TakeCharacter(text, 'Z') || text->empty()) return 0;
  const bool west = TakeCharacter(text, '-');
  if (!west && !TakeCharacter(text, '+')) return std::nullopt;
  const auto offset = TakeHoursAndMinutes(text);
  if (!offset) return std::nullopt;
  return west ? -*offset : *offset;
}

}  // namespace

std::optional<int64_t> ParseDate(std::string_view text) {
  const auto year = TakeDigits(&text, 4);
  if (!year || !TakeCharacter(&text, '-')) return std::nullopt;
  const auto month = TakeDigits(&text, 2);
  if (!month || !TakeCharacter(&text, '-')) return std::nullopt;
  const auto day = TakeDigits(&text, 2);
  if (!day || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<int64_t> ParseTimeOfDay(std::string_view text) {
  const auto nanos = TakeTimeOfDay(&text);
  return text.empty() ? nanos : std::nullopt;
}

std::optional<Int128> ParseTimestamp(std::string_view text) {
  const auto days = ParseDate(text.substr(0, kDateBytes));
  if (!days) return std::nullopt;
  Int128 nanos = static_cast<Int128>(*days) * kNanosPerDay;
  text.remove_prefix(kDateBytes);
  if (text.empty()) return nanos;
  if (!TakeCharacter(&text, 'T') && !TakeCharacter(&text, ' ')) return std::nullopt;
  const auto time = TakeTimeOfDay(&text);
  if (!time) return std::nullopt;
  const auto zone = TakeZone(&text);
  if (!zone || !text.empty()) return std::nullopt;
  return nanos + *time - *zone;
}

}  // namespace varve::internal
