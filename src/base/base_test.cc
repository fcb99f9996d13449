// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <numeric>
#include <set>
#include <vector>

#include "base/coding.h"
#include "base/crc32.h"
#include "base/crc32c.h"
#include "base/executor.h"
#include "base/random.h"

namespace varve::internal {
namespace {

std::vector<uint8_t> RandomBytes(Random* random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random->Next());
  return bytes;
}

TEST(StatusTest, KeepsKindAndContextThroughCopies) {
  const Status status = Corruption(
      "page checksum differs",
      {.object = "a.parquet", .field = "emb", .offset = 12, .expected = "0x1", .found = "0x2"});
  const Status copy = status;
  EXPECT_EQ(
      copy.message(),
      "page checksum differs: object 'a.parquet', field 'emb', offset 12, expected 0x1, found 0x2");
  EXPECT_TRUE(IsCorruption(copy));
  EXPECT_TRUE(copy.IsIOError());
  ASSERT_NE(ContextOf(copy), nullptr);
  EXPECT_EQ(ContextOf(copy)->offset, 12);
  EXPECT_FALSE(IsCorruption(Status::OK()));
}

TEST(StatusTest, NamesTheKindOfPlainArrowErrors) {
  EXPECT_EQ(KindOf(Status::KeyError("x")), ErrorKind::kNotFound);
  EXPECT_EQ(KindOf(Status::IOError("x")), ErrorKind::kIo);
  EXPECT_EQ(ContextOf(Status::IOError("x")), nullptr);
}

TEST(Crc32Test, MatchesThePublishedCheckValue) {
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xCBF43926u);
}

TEST(Crc32Test, IsZlibsAtEveryLengthAndAlignment) {
  auto random = Random::Seeded(3);
  const auto bytes = RandomBytes(random.get(), 1200);
  for (size_t length = 0; length < 1100; ++length) {
    const size_t begin = length % 67;
    const std::span<const uint8_t> part(bytes.data() + begin, length);
    const auto expected = crc32(length, part.data(), static_cast<uInt>(length));
    EXPECT_EQ(Crc32(part, static_cast<uint32_t>(length)), expected) << length;
  }
  EXPECT_EQ(Crc32({}, 17), 17u);
}

TEST(Crc32Test, CombinesNeighbours) {
  auto random = Random::Seeded(1);
  for (const size_t second : {0, 1, 63, 3072, 100'000}) {
    const Crc32Combiner combiner(static_cast<int64_t>(second));
    for (int i = 0; i < 20; ++i) {
      const auto bytes = RandomBytes(random.get(), 5000 + second);
      const std::span<const uint8_t> all(bytes);
      EXPECT_EQ(combiner.Combine(Crc32(all.first(5000)), Crc32(all.subspan(5000))), Crc32(all));
    }
  }
}

TEST(Crc32cTest, MatchesThePublishedCheckValueAndItsPortableVersion) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283u);
  auto random = Random::Seeded(2);
  for (size_t length = 0; length < 200; ++length) {
    const auto bytes = RandomBytes(random.get(), length);
    EXPECT_EQ(Crc32c(bytes), Crc32cPortable(bytes)) << length;
    EXPECT_EQ(
        Crc32c(std::span(bytes).subspan(length / 2), Crc32c(std::span(bytes).first(length / 2))),
        Crc32c(bytes));
  }
}

TEST(CodingTest, RoundTripsIntegers) {
  std::string out;
  const std::vector<uint64_t> values = {0, 1, 127, 128, 16383, 16384, 1ULL << 63, ~0ULL};
  for (const uint64_t value : values) AppendVarint(&out, value);
  AppendFixed<int32_t>(&out, -7);
  const std::string name = "test";
  Decoder decoder(AsBytes(out), name);
  for (const uint64_t value : values) EXPECT_EQ(decoder.ReadVarint().ValueOrDie(), value);
  EXPECT_EQ(decoder.ReadFixed<int32_t>().ValueOrDie(), -7);
  EXPECT_EQ(decoder.remaining(), 0u);
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, INT64_MIN, INT64_MAX})
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
}

TEST(CodingTest, ReportsWhereInputEndsOrOverflows) {
  const std::string name = "manifest";
  const std::string too_long(10, '\xFF');
  const std::string too_short = "\x80";
  EXPECT_TRUE(IsCorruption(Decoder(AsBytes(too_long), name).ReadVarint().status()));
  const Status status = Decoder(AsBytes(too_short), name).ReadVarint().status();
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_EQ(ContextOf(status)->offset, 1);
  EXPECT_EQ(ContextOf(status)->object, "manifest");
  EXPECT_TRUE(IsCorruption(Decoder(AsBytes("\x7F"), name).ReadVarintUpTo(9, "count").status()));
}

TEST(RandomTest, RepeatsForEqualSeedsOnly) {
  EXPECT_EQ(Random::Seeded(7)->NextUuid(), Random::Seeded(7)->NextUuid());
  EXPECT_NE(Random::Seeded(7)->NextUuid(), Random::Seeded(8)->NextUuid());
  EXPECT_NE(Random::System()->NextUuid(), Random::System()->NextUuid());
}

TEST(ExecutorTest, RunsEveryTaskOnceAlsoWhenNested) {
  for (Executor* executor : {Executor::Default(), Executor::Inline()}) {
    std::vector<std::atomic<int>> runs(100);
    ASSERT_TRUE(executor
                    ->ParallelFor(10,
                                  [&](int64_t outer) {
                                    return executor->ParallelFor(10, [&, outer](int64_t inner) {
                                      ++runs[static_cast<size_t>(outer * 10 + inner)];
                                      return Status::OK();
                                    });
                                  })
                    .ok());
    for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
  }
}

TEST(ExecutorTest, ReturnsTheErrorOfTheLowestFailedIndex) {
  for (Executor* executor : {Executor::Default(), Executor::Inline()}) {
    const Status status =
        executor->ParallelFor(1, [](int64_t index) { return Status::Invalid("task ", index); });
    EXPECT_EQ(status.message(), "task 0");
    EXPECT_FALSE(
        executor
            ->ParallelFor(50,
                          [](int64_t i) { return i >= 20 ? Status::Invalid("x") : Status::OK(); })
            .ok());
  }
}

}  // namespace
}  // namespace varve::internal
