// SPDX-License-Identifier: Apache-2.0
#include "packed/hybrid_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "base/random.h"

namespace varve::internal {
namespace {

using testing::ElementsAre;

void AppendHeader(std::vector<uint8_t>* out, uint64_t header) {
  for (; header >= 0x80; header >>= 7) out->push_back(static_cast<uint8_t>(header | 0x80));
  out->push_back(static_cast<uint8_t>(header));
}

// `values` as runs and groups chosen at random.
std::vector<uint8_t> Encode(const std::vector<uint32_t>& values, int width, Random* random) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i < values.size();) {
    size_t same = 1;
    while (i + same < values.size() && values[i + same] == values[i]) ++same;
    if (same > 1 || random->Uniform(4) == 0) {
      AppendHeader(&out, uint64_t{same} << 1);
      for (int byte = 0; byte < (width + 7) / 8; ++byte) {
        out.push_back(static_cast<uint8_t>(values[i] >> (8 * byte)));
      }
      i += same;
      continue;
    }
    const size_t groups = std::min<size_t>(1 + random->Uniform(3), (values.size() - i + 7) / 8);
    AppendHeader(&out, groups << 1 | 1);
    std::vector<uint8_t> packed(groups * static_cast<size_t>(width));
    for (size_t k = 0; k < groups * 8 && i + k < values.size(); ++k) {
      for (int bit = 0; bit < width; ++bit) {
        const size_t at = k * static_cast<size_t>(width) + static_cast<size_t>(bit);
        if ((values[i + k] >> bit & 1) != 0) packed[at / 8] |= static_cast<uint8_t>(1 << at % 8);
      }
    }
    out.insert(out.end(), packed.begin(), packed.end());
    i += groups * 8;
  }
  return out;
}

TEST(HybridReaderTest, ReadsTheExampleOfTheFormat) {
  // 0 to 7 at three bits, as the format's page has them.
  const uint8_t bytes[] = {0x03, 0x88, 0xc6, 0xfa};
  HybridReader reader(bytes, 3);
  std::vector<uint32_t> out(8);
  ASSERT_TRUE(reader.Read(out));
  EXPECT_THAT(out, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(HybridReaderTest, SkipsAndReadsWhatWasWritten) {
  constexpr uint64_t seed = 20261121;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const auto random = Random::Seeded(seed);
  for (int round = 0; round < 400; ++round) {
    const int width = static_cast<int>(random->Uniform(33));
    std::vector<uint32_t> values(1 + random->Uniform(300));
    uint32_t last = 0;
    for (uint32_t& value : values) {
      if (random->Uniform(3) != 0) {
        last = static_cast<uint32_t>(random->Uniform(uint64_t{1} << width));
      }
      value = last;
    }
    const auto bytes = Encode(values, width, random.get());
    HybridReader reader(bytes, width);
    for (size_t at = 0; at < values.size();) {
      const size_t skip = random->Uniform(std::min<size_t>(40, values.size() - at));
      ASSERT_TRUE(reader.Skip(static_cast<int64_t>(skip)));
      at += skip;
      std::vector<uint32_t> out(1 + random->Uniform(std::min<size_t>(20, values.size() - at)));
      ASSERT_TRUE(reader.Read(out));
      ASSERT_EQ(out, std::vector<uint32_t>(values.begin() + static_cast<int64_t>(at),
                                           values.begin() + static_cast<int64_t>(at + out.size())))
          << "width " << width << " at " << at;
      at += out.size();
    }
  }
}

TEST(HybridReaderTest, RefusesBytesThatEndEarlyOrSayNothing) {
  uint32_t out[9];
  const uint8_t short_run[] = {0x10};
  EXPECT_FALSE(HybridReader(short_run, 8).Read({out, 1}));
  const uint8_t endless_header[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_FALSE(HybridReader(endless_header, 1).Read({out, 1}));
  const uint8_t empty_run[] = {0x00, 0x01};
  EXPECT_FALSE(HybridReader(empty_run, 8).Skip(1));
  const uint8_t one_group[] = {0x03, 0x88, 0xc6, 0xfa};
  EXPECT_FALSE(HybridReader(one_group, 3).Read(out));
  EXPECT_FALSE(HybridReader({}, 1).Skip(1));
}

TEST(HybridReaderTest, RefusesRunsOfValuesThatAreWiderThanTheyMayBe) {
  uint32_t out[4];
  for (const int width : {1, 3, 7, 9, 31}) {
    SCOPED_TRACE(width);
    const uint32_t most = (uint32_t{1} << width) - 1;
    std::vector<uint8_t> run(1, 0x08);  // four of the value that follows
    for (int byte = 0; byte < (width + 7) / 8; ++byte) {
      run.push_back(static_cast<uint8_t>(most >> (8 * byte)));
    }
    ASSERT_TRUE(HybridReader(run, width).Read(out));
    EXPECT_THAT(out, ElementsAre(most, most, most, most));
    run.back() = 0xff;
    EXPECT_FALSE(HybridReader(run, width).Read(out));
    EXPECT_FALSE(HybridReader(run, width).Skip(4));
  }
  const uint8_t widest[] = {0x08, 0xff, 0xff, 0xff, 0xff};
  ASSERT_TRUE(HybridReader(widest, 32).Read(out));
  EXPECT_THAT(out, ElementsAre(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX));
}

}  // namespace
}  // namespace varve::internal
