// SPDX-License-Identifier: Apache-2.0
// Little-endian integers and varints, to a growing string and from a bounded span.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "varve/status.h"

namespace varve::internal {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "Varve's codecs assume a little-endian machine");

template <std::integral T>
void AppendFixed(std::string* out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}

/// Unsigned LEB128: seven bits a byte, lowest first.
void AppendVarint(std::string* out, uint64_t value);

/// Signed values folded so that small magnitudes stay small: 0, -1, 1, -2 become 0, 1, 2, 3.
constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

/// Reads from the front of `bytes`; every method reports Corruption at the offset where the input
/// ended or made no sense. Lifetime: views returned point into the span given at construction.
class Decoder {
 public:
  /// `object` names the input in errors; it must outlive the decoder.
  Decoder(std::span<const uint8_t> bytes, const std::string& object)
      : bytes_(bytes), object_(object) {}

  template <std::integral T>
  Result<T> ReadFixed() {
    ARROW_ASSIGN_OR_RAISE(auto view, ReadBytes(sizeof(T)));
    T value;
    std::memcpy(&value, view.data(), sizeof(T));
    return value;
  }
  Result<uint64_t> ReadVarint();
  /// A varint that must not exceed `limit`; `what` names it in the error.
  Result<uint64_t> ReadVarintUpTo(uint64_t limit, const char* what);
  Result<std::span<const uint8_t>> ReadBytes(uint64_t count);

  uint64_t remaining() const { return bytes_.size() - position_; }
  uint64_t position() const { return position_; }

 private:
  std::span<const uint8_t> bytes_;
  const std::string& object_;
  uint64_t position_ = 0;
};

inline std::span<const uint8_t> AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsString(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal, two digits a byte.
std::string ToHex(std::span<const uint8_t> bytes);

}  // namespace varve::internal
