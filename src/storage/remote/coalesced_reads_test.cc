// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/coalesced_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace varve::internal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr uint64_t kSeed = 20261127;

// A request is worth 1,000 bytes; 100 are free.
constexpr CoalescingPolicy kPolicy{.first_byte = std::chrono::microseconds(1'000),
                                   .request_work = std::chrono::microseconds(10),
                                   .bytes_per_second = 10'000'000,
                                   .requests_under_way = 10,
                                   .request_bytes_max = 10'000,
                                   .free_gap_bytes = 100};

std::vector<std::pair<int64_t, int64_t>> Requests(std::vector<ReadRange> ranges,
                                                  ReadPattern pattern = ReadPattern::kPoint) {
  static std::vector<uint8_t> memory(100'000);
  std::vector<std::pair<int64_t, int64_t>> requests;
  for (ReadRange& range : ranges) range.out = memory.data() + range.offset;
  for (const auto& read : Coalesce(ranges, pattern, kPolicy)) {
    requests.emplace_back(read.offset, read.length);
  }
  return requests;
}

TEST(CoalescedReadsTest, NothingAskedForIsNothing) {
  EXPECT_THAT(Requests({}), IsEmpty());
  EXPECT_THAT(Requests({{7, 0, nullptr}}), IsEmpty());
}

TEST(CoalescedReadsTest, AGapIsWorthARequestUpToItsPrice) {
  EXPECT_EQ(kPolicy.GapMax(), 1'000);
  // However many may be under way, a request is work.
  CoalescingPolicy crowded = kPolicy;
  crowded.requests_under_way = 1'000'000;
  crowded.request_work = std::chrono::microseconds(50);
  EXPECT_EQ(crowded.GapMax(), 500);
  EXPECT_THAT(Requests({{0, 20'000 / 4, nullptr}, {5'100, 10, nullptr}}),
              ElementsAre(Pair(0, 5'110)));
  EXPECT_THAT(Requests({{0, 10, nullptr}, {111, 10, nullptr}}),
              ElementsAre(Pair(0, 10), Pair(111, 10)));
  // More bytes than are wanted for a request less, but never more than its price.
  EXPECT_THAT(Requests({{0, 500, nullptr}, {1'500, 500, nullptr}}, ReadPattern::kScan),
              ElementsAre(Pair(0, 2'000)));
  EXPECT_THAT(Requests({{0, 500, nullptr}, {1'501, 500, nullptr}}, ReadPattern::kScan),
              ElementsAre(Pair(0, 500), Pair(1'501, 500)));
}

TEST(CoalescedReadsTest, PointReadsWasteASixteenthTheSmallestGapsFirst) {
  // 4,800 bytes asked for: 300 may be wasted.
  EXPECT_THAT(Requests({{0, 1'600, nullptr}, {1'801, 1'600, nullptr}, {3'601, 1'600, nullptr}}),
              ElementsAre(Pair(0, 1'600), Pair(1'801, 3'400)));
}

TEST(CoalescedReadsTest, RangesMayOverlapAndComeInAnyOrder) {
  const auto reads =
      Coalesce(std::vector<ReadRange>{{50, 50, nullptr}, {0, 60, nullptr}, {20, 10, nullptr}},
               ReadPattern::kPoint, kPolicy);
  ASSERT_EQ(reads.size(), 1u);
  EXPECT_EQ(reads[0].offset, 0);
  EXPECT_EQ(reads[0].length, 100);
  EXPECT_EQ(reads[0].parts.size(), 3u);
}

TEST(CoalescedReadsTest, LongRangesAreCut) {
  EXPECT_THAT(Requests({{5, 25'000, nullptr}}),
              ElementsAre(Pair(5, 10'000), Pair(10'005, 10'000), Pair(20'005, 5'000)));
}

// What the requests bring is, byte for byte, what each range would have brought alone.
TEST(CoalescedReadsTest, EveryByteArrives) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint8_t> object(60'000);
    for (auto& byte : object) byte = static_cast<uint8_t>(random());
    std::vector<ReadRange> ranges;
    std::vector<std::vector<uint8_t>> found;
    for (uint64_t i = random() % 20; i > 0; --i) {
      const auto offset = static_cast<int64_t>(random() % object.size());
      const auto most = std::min<int64_t>(25'000, static_cast<int64_t>(object.size()) - offset);
      found.emplace_back(random() % static_cast<uint64_t>(most + 1));
      ranges.push_back({offset, static_cast<int64_t>(found.back().size()), nullptr});
    }
    for (size_t i = 0; i < ranges.size(); ++i) ranges[i].out = found[i].data();
    const auto pattern = random() % 2 == 0 ? ReadPattern::kPoint : ReadPattern::kScan;
    int64_t read_bytes = 0;
    for (const auto& read : Coalesce(ranges, pattern, kPolicy)) {
      EXPECT_LE(read.length, kPolicy.request_bytes_max);
      read_bytes += read.length;
      for (const auto& part : read.parts) {
        ASSERT_GE(part.offset, read.offset);
        ASSERT_LE(part.offset + part.length, read.offset + read.length);
        std::copy_n(object.begin() + part.offset, part.length, part.out);
      }
    }
    int64_t asked = 0;
    for (size_t i = 0; i < ranges.size(); ++i) {
      asked += ranges[i].length;
      const std::vector<uint8_t> wanted(object.begin() + ranges[i].offset,
                                        object.begin() + ranges[i].offset + ranges[i].length);
      EXPECT_EQ(found[i], wanted) << "range " << i << " of round " << round;
    }
    EXPECT_LE(read_bytes, asked + 1'000 * static_cast<int64_t>(ranges.size()));
    if (pattern == ReadPattern::kPoint) {
      EXPECT_LE(read_bytes, asked * 17 / 16 + 100 * static_cast<int64_t>(ranges.size()));
    }
  }
}

}  // namespace
}  // namespace varve::internal
