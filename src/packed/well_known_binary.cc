// SPDX-License-Identifier: Apache-2.0
#include "packed/well_known_binary.h"

#include <bit>
#include <cstring>

namespace varve::internal {
namespace {

constexpr int kNestingMax = 32;
constexpr uint32_t kFlagZ = 0x80000000;
constexpr uint32_t kFlagM = 0x40000000;
constexpr uint32_t kFlagSrid = 0x20000000;
constexpr uint32_t kIsoStep = 1000;  // Z is 1000 above, M 2000, both 3000
constexpr uint32_t kIsoMost = 3;

enum Kind : uint32_t {
  kPoint = 1,
  kLineString = 2,
  kPolygon = 3,
  kMultiPoint = 4,
  kMultiLineString = 5,
  kMultiPolygon = 6,
  kGeometryCollection = 7,
};

class Walk {
 public:
  explicit Walk(std::span<const uint8_t> rest) : rest_(rest) {}

  std::string_view Run() {
    Geometry(0, 0);
    if (mistake_.empty() && !rest_.empty()) mistake_ = "bytes behind the geometry";
    return mistake_;
  }

 private:
  bool Fail(std::string_view mistake) {
    mistake_ = mistake;
    return false;
  }
  bool Skip(uint64_t count) {
    if (count > rest_.size()) return Fail("the geometry ends early");
    rest_ = rest_.subspan(count);
    return true;
  }
  bool ReadCount(uint32_t* out) {
    if (rest_.size() < sizeof(*out)) return Fail("the geometry ends early");
    std::memcpy(out, rest_.data(), sizeof(*out));
    return Skip(sizeof(*out));
  }
  bool Points(uint64_t point_bytes) {
    uint32_t count = 0;
    return ReadCount(&count) && Skip(count * point_bytes);
  }

  // `member`: the kind that members of a Multi… have to be of; 0: any.
  bool Geometry(uint32_t member, int depth) {
    if (depth > kNestingMax) return Fail("geometries nested too deeply");
    if (rest_.empty()) return Fail("the geometry ends early");
    if (rest_[0] != 1) return Fail("the geometry is not little-endian");
    uint32_t code = 0;
    if (!Skip(1) || !ReadCount(&code)) return false;
    const uint32_t plain = code & ~(kFlagZ | kFlagM | kFlagSrid);
    const uint32_t kind = plain % kIsoStep;
    const uint32_t iso = plain / kIsoStep;
    if (kind < kPoint || kind > kGeometryCollection || iso > kIsoMost) {
      return Fail("unknown type of geometry");
    }
    if (member != 0 && kind != member) return Fail("a member is of another type");
    if ((code & kFlagSrid) != 0 && !Skip(sizeof(uint32_t))) return false;
    const bool has_z = (code & kFlagZ) != 0 || (iso & 1) != 0;
    const bool has_m = (code & kFlagM) != 0 || (iso & 2) != 0;
    const uint64_t point_bytes = sizeof(double) * (2u + has_z + has_m);
    if (kind == kPoint) return Skip(point_bytes);
    if (kind == kLineString) return Points(point_bytes);
    uint32_t count = 0;
    if (!ReadCount(&count)) return false;
    for (uint32_t i = 0; i < count; ++i) {
      const bool is_good =
          kind == kPolygon ? Points(point_bytes) : Geometry(MemberKind(kind), depth + 1);
      if (!is_good) return false;
    }
    return true;
  }

  static uint32_t MemberKind(uint32_t kind) {
    return kind == kGeometryCollection ? 0 : kind - kMultiPoint + kPoint;
  }

  std::span<const uint8_t> rest_;
  std::string_view mistake_;
};

}  // namespace

std::string_view FindWkbMistake(std::span<const uint8_t> bytes) { return Walk(bytes).Run(); }

}  // namespace varve::internal
