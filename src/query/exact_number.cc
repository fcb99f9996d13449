// SPDX-License-Identifier: Apache-2.0
#include "query/exact_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace varve::internal {
namespace {

constexpr int64_t kExponentMax = 1'000'000'000;
constexpr int64_t kIntegerDigitsMax = 38;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

Int128 PowerOfTen(int64_t exponent) {
  Int128 power = 1;
  for (int64_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// REQUIRES: at most 38 digits
Int128 IntegerOf(std::string_view digits) {
  Int128 value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

template <typename Float>
std::optional<Float> Nearest(const ExactNumber& number, int64_t magnitude) {
  const std::string text = number.ToString();
  Float value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range || !std::isfinite(value)) {
    // Out of range on either side: too small a number is nearest to zero.
    if (magnitude > 0) return std::nullopt;
    return number.negative() ? -Float{0} : Float{0};
  }
  return value;
}

template <typename Float, typename... Format>
ExactNumber FromChars(Float value, Format... format) {
  char buffer[1200];  // 767 digits at most, sign, point and exponent
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value, format...);
  return ExactNumber::Parse({buffer, static_cast<size_t>(result.ptr - buffer)})
      .value_or(ExactNumber());
}

}  // namespace

Int128 BeyondAllIntegers() {
  static const Int128 beyond = PowerOfTen(kIntegerDigitsMax);
  return beyond;
}

ExactNumber::ExactNumber(bool negative, std::string digits, int64_t exponent)
    : negative_(negative), digits_(std::move(digits)), exponent_(exponent) {
  const size_t last = digits_.find_last_not_of('0');
  const size_t kept = last == std::string::npos ? 0 : last + 1;
  exponent_ += static_cast<int64_t>(digits_.size() - kept);
  exponent_ = std::clamp(exponent_, -kExponentMax, kExponentMax);
  digits_.resize(kept);
  digits_.erase(0, std::min(digits_.find_first_not_of('0'), digits_.size()));
  if (digits_.empty()) {
    negative_ = false;
    exponent_ = 0;
  }
}

std::optional<ExactNumber> ExactNumber::Parse(std::string_view text) {
  size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
  std::string digits;
  int64_t exponent = 0;
  bool point = false;
  for (; i < text.size() && (IsDigit(text[i]) || (text[i] == '.' && !point)); ++i) {
    if (text[i] == '.') {
      point = true;
      continue;
    }
    digits.push_back(text[i]);
    if (point) --exponent;
  }
  if (digits.empty()) return std::nullopt;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool down = false;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) down = text[i++] == '-';
    if (i == text.size()) return std::nullopt;
    int64_t written = 0;
    for (; i < text.size() && IsDigit(text[i]); ++i) {
      written = std::min(kExponentMax, written * 10 + (text[i] - '0'));
    }
    exponent += down ? -written : written;
  }
  if (i != text.size()) return std::nullopt;
  return ExactNumber(negative, std::move(digits), exponent);
}

ExactNumber ExactNumber::Of(Int128 unscaled, int exponent) {
  const bool negative = unscaled < 0;
  std::string digits;
  for (; unscaled != 0; unscaled /= 10) {
    const int digit = static_cast<int>(unscaled % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  std::reverse(digits.begin(), digits.end());
  return ExactNumber(negative, std::move(digits), exponent);
}

ExactNumber ExactNumber::OfDouble(double value) {
  return FromChars(value, std::chars_format::scientific, 766);
}

ExactNumber ExactNumber::ShortestOf(double value) { return FromChars(value); }
ExactNumber ExactNumber::ShortestOf(float value) { return FromChars(value); }

Int128 ExactNumber::Floor(int scale) const {
  if (digits_.empty()) return 0;
  const auto num_digits = static_cast<int64_t>(digits_.size());
  const int64_t shift = exponent_ + scale;
  if (num_digits + shift > kIntegerDigitsMax) {
    return negative_ ? -BeyondAllIntegers() : BeyondAllIntegers();
  }
  if (shift >= 0) {
    const Int128 magnitude = IntegerOf(digits_) * PowerOfTen(shift);
    return negative_ ? -magnitude : magnitude;
  }
  // The last digit is not 0, so what is cut off never is.
  const int64_t kept = std::max<int64_t>(0, num_digits + shift);
  const Int128 magnitude =
      IntegerOf(std::string_view(digits_).substr(0, static_cast<size_t>(kept)));
  return negative_ ? -magnitude - 1 : magnitude;
}

Int128 ExactNumber::Ceil(int scale) const {
  ExactNumber opposite = *this;
  opposite.negative_ = !negative_ && !digits_.empty();
  return -opposite.Floor(scale);
}

std::optional<double> ExactNumber::NearestDouble() const {
  return Nearest<double>(*this, static_cast<int64_t>(digits_.size()) + exponent_);
}

std::optional<float> ExactNumber::NearestFloat() const {
  return Nearest<float>(*this, static_cast<int64_t>(digits_.size()) + exponent_);
}

std::string ExactNumber::ToString() const {
  if (digits_.empty()) return "0";
  std::string text = negative_ ? "-" : "";
  const auto num_digits = static_cast<int64_t>(digits_.size());
  constexpr int64_t kZerosMax = 20;  // more are written as an exponent
  if (exponent_ >= 0 && exponent_ <= kZerosMax) {
    return text + digits_ + std::string(static_cast<size_t>(exponent_), '0');
  }
  const int64_t whole = num_digits + exponent_;
  if (exponent_ < 0 && whole > 0) {
    return text + digits_.substr(0, static_cast<size_t>(whole)) + "." +
           digits_.substr(static_cast<size_t>(whole));
  }
  if (exponent_ < 0 && whole > -kZerosMax) {
    return text + "0." + std::string(static_cast<size_t>(-whole), '0') + digits_;
  }
  return text + digits_ + "e" + std::to_string(exponent_);
}

}  // namespace varve::internal
