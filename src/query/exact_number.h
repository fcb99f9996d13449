// SPDX-License-Identifier: Apache-2.0
// A number as it was written: any digits, any size, compared with columns without rounding.
//
// Threads: immutable; share freely
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace varve::internal {

__extension__ typedef __int128 Int128;

/// 10^38: more than any value of an integer or decimal128 column, and its own negative less.
Int128 BeyondAllIntegers();

class ExactNumber {
 public:
  /// Zero.
  ExactNumber() = default;

  /// [+-] digits [. digits] [e [+-] digits], at least one digit before the e; nullopt for anything
  /// else. Exponents beyond a thousand million are taken as that.
  static std::optional<ExactNumber> Parse(std::string_view text);
  /// unscaled * 10^exponent
  static ExactNumber Of(Int128 unscaled, int exponent = 0);
  /// All digits of the binary value.  REQUIRES: finite
  static ExactNumber OfDouble(double value);
  /// The shortest digits that read back as `value`.  REQUIRES: finite
  static ExactNumber ShortestOf(double value);
  static ExactNumber ShortestOf(float value);

  /// The greatest integer <= value * 10^scale, and the least one >= it; beyond 38 digits
  /// +-BeyondAllIntegers().
  Int128 Floor(int scale) const;
  Int128 Ceil(int scale) const;

  /// The nearest value of the type (ties to even); nullopt where that is beyond its finite values.
  std::optional<double> NearestDouble() const;
  std::optional<float> NearestFloat() const;

  bool negative() const { return negative_; }

  /// Text that Parse reads back to the same number.
  std::string ToString() const;

  bool operator==(const ExactNumber&) const = default;

 private:
  ExactNumber(bool negative, std::string digits, int64_t exponent);

  // value = +-digits * 10^exponent; no zeros at either end; zero is no digits, positive, exponent 0
  bool negative_ = false;
  std::string digits_;
  int64_t exponent_ = 0;
};

}  // namespace varve::internal
