// SPDX-License-Identifier: Apache-2.0
#include "varve/sync_policy.h"

#include <gmock/gmock.h>

namespace varve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMiB = 1 << 20;

uint64_t AtSecond(uint64_t seconds) { return seconds * 1000 << 18; }

SegmentBuffer Buffer(int64_t segment_id, int64_t insert_bytes, int64_t delete_bytes,
                     uint64_t oldest_second) {
  return {.segment_id = segment_id,
          .insert_bytes = insert_bytes,
          .delete_bytes = delete_bytes,
          .oldest_timestamp = AtSecond(oldest_second)};
}

TEST(SyncPolicyTest, FullBuffersAreThoseWithSixteenMebibytes) {
  const SegmentBuffer buffers[] = {Buffer(1, 16 * kMiB, 0, 5), Buffer(2, 16 * kMiB - 1, 0, 5),
                                   Buffer(3, 0, 16 * kMiB, 5), Buffer(4, 0, 16 * kMiB - 1, 5)};
  EXPECT_THAT(FullBufferPolicy()->Select(buffers, AtSecond(6)), ElementsAre(1, 3));
  EXPECT_THAT(FullBufferPolicy(0, 0)->Select({{SegmentBuffer{.segment_id = 9}}}, AtSecond(6)),
              IsEmpty());
}

TEST(SyncPolicyTest, StaleBuffersAreTenMinutesOldAndUpToATenthMore) {
  const auto policy = StaleBufferPolicy(std::chrono::seconds(600), 0.1, /*seed=*/7);
  std::vector<SegmentBuffer> buffers;
  for (int64_t id = 0; id < 100; ++id) buffers.push_back(Buffer(id, 1, 0, 1000));
  buffers.push_back(SegmentBuffer{.segment_id = 100});  // empty
  EXPECT_THAT(policy->Select(buffers, AtSecond(1600)), IsEmpty());
  const size_t half = policy->Select(buffers, AtSecond(1630)).size();
  EXPECT_GT(half, 20);
  EXPECT_LT(half, 80);
  EXPECT_EQ(policy->Select(buffers, AtSecond(1630)).size(), half);  // drawn once
  EXPECT_EQ(policy->Select(buffers, AtSecond(1661)).size(), 100);
}

TEST(SyncPolicyTest, SealedAndDroppedSegmentsAreFlushedEvenIfNothingIsBuffered) {
  std::vector<SegmentBuffer> buffers;
  for (const auto lifecycle :
       {SegmentLifecycle::kGrowing, SegmentLifecycle::kSealed, SegmentLifecycle::kFlushed,
        SegmentLifecycle::kFlushing, SegmentLifecycle::kDropped}) {
    buffers.push_back({.segment_id = static_cast<int64_t>(buffers.size()), .lifecycle = lifecycle});
  }
  buffers.push_back({.segment_id = 5, .is_dropped = true});
  EXPECT_THAT(SealedSegmentPolicy()->Select(buffers, 0), ElementsAre(1, 3));
  EXPECT_THAT(DroppedSegmentPolicy()->Select(buffers, 0), ElementsAre(4, 5));
}

TEST(SyncPolicyTest, AFlushTimestampTakesWhatIsOlderOnceItHasCome) {
  const SegmentBuffer buffers[] = {Buffer(1, 10, 0, 99), Buffer(2, 10, 0, 100), Buffer(3, 0, 0, 0)};
  const auto policy = FlushTimestampPolicy(AtSecond(100));
  EXPECT_THAT(policy->Select(buffers, AtSecond(100) - 1), IsEmpty());
  EXPECT_THAT(policy->Select(buffers, AtSecond(100)), ElementsAre(1));
}

TEST(SyncPolicyTest, UnderMemoryPressureTheOldestGoFirstUntilTheRestFits) {
  const SegmentBuffer buffers[] = {Buffer(1, 40, 0, 300), Buffer(2, 20, 10, 100),
                                   Buffer(3, 30, 0, 200), Buffer(4, 0, 0, 0)};
  EXPECT_THAT(MemoryPressurePolicy(100)->Select(buffers, 0), IsEmpty());
  EXPECT_THAT(MemoryPressurePolicy(70)->Select(buffers, 0), ElementsAre(2));
  EXPECT_THAT(MemoryPressurePolicy(69)->Select(buffers, 0), ElementsAre(2, 3));
  EXPECT_THAT(MemoryPressurePolicy(0)->Select(buffers, 0), ElementsAre(2, 3, 1));
}

TEST(SyncPolicyTest, ASegmentIsSelectedOnce) {
  SegmentBuffer both = Buffer(8, 16 * kMiB, 0, 5);
  both.lifecycle = SegmentLifecycle::kSealed;
  const SegmentBuffer buffers[] = {both, Buffer(3, 20 * kMiB, 0, 5), Buffer(4, 1, 0, 5)};
  const SyncPolicyPtr policies[] = {SealedSegmentPolicy(), FullBufferPolicy()};
  EXPECT_THAT(SelectSegments(policies, buffers, AtSecond(6)), ElementsAre(3, 8));
}

}  // namespace
}  // namespace varve
