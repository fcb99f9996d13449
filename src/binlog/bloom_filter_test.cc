// SPDX-License-Identifier: Apache-2.0
#include "varve/bloom_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrow/util/base64.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "binlog/bloom_filter_json.h"
#include "binlog/murmur3.h"

namespace varve::internal {
namespace {

using ::testing::HasSubstr;

constexpr BloomFilterType kBoth[] = {BloomFilterType::kBasic, BloomFilterType::kBlocked};

std::string KeyOf(uint64_t value) {
  std::string key;
  AppendFixed(&key, value);
  return key;
}

std::string ToBase64Url(std::string_view bytes) {
  std::string text = arrow::util::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::unique_ptr<BloomFilter> MakeFilter(BloomFilterType type, int64_t capacity,
                                        double rate = kDefaultFalsePositiveRate) {
  auto filter = BloomFilter::Make(type, capacity, rate);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return std::move(filter).ValueOrDie();
}

Result<std::unique_ptr<BloomFilter>> Parse(BloomFilterType type, const std::string& text) {
  return BloomFilterFromJson(type, nlohmann::json::parse(text), "stats");
}

TEST(BloomFilterTest, HashesAreThoseOfTheSpecification) {
  const auto xxh3 = [](const std::string& key) { return XXH3_64bits(key.data(), key.size()); };
  EXPECT_EQ(xxh3(KeyOf(1)), 0x2fbc593564db792e);
  EXPECT_EQ(xxh3(KeyOf(2)), 0x2086c65c91eee243);
  EXPECT_EQ(xxh3(KeyOf(3)), 0x4d922029c1f42e7d);
  EXPECT_EQ(xxh3("a"), 0xe6c632b61e964e1f);
  EXPECT_EQ(xxh3("milvus"), 0xa12e290fbf35061c);
  EXPECT_EQ(Murmur3("hello"), (Murmur3Hash{0xcbd8a7b341bd9b02, 0x5b1e906a48ae1d19}));
  EXPECT_EQ(Murmur3(KeyOf(1)), (Murmur3Hash{0x004403b7fb05c44a, 0x3d8acdb4d36d9c06}));
}

// Lengths around the block of 16 bytes; values of the author's reference program.
TEST(BloomFilterTest, MurmurTakesKeysOfAnyLength) {
  EXPECT_EQ(Murmur3(""), (Murmur3Hash{0, 0}));
  EXPECT_EQ(Murmur3("hello, world"), (Murmur3Hash{0x342fac623a5ebc8e, 0x4cdcbc079642414d}));
  EXPECT_EQ(Murmur3("19 Jan 2038 at 3:14:07 AM"),
            (Murmur3Hash{0xb89e5988b737affc, 0x664fc2950231b2cb}));
  EXPECT_EQ(Murmur3("The quick brown fox jumps over the lazy dog."),
            (Murmur3Hash{0xcd99481f9ee902c9, 0x695da1a38987b6e7}));
}

TEST(BloomFilterTest, BlockedFiltersAreThoseOfTheSpecification) {
  auto numbers = MakeFilter(BloomFilterType::kBlocked, 3);
  for (const uint64_t key : {1, 2, 3}) numbers->Add(KeyOf(key));
  EXPECT_EQ(BloomFilterToJson(*numbers).dump(),
            R"({"k":119,"b":["mpqbipXHhIbwm1DQON6Ii8qKmMpa2xh6SA2NLp3KSIpNmoia2MKwhIFQ6QKU0geH)"
            R"(HcTOpnn6KbIosgyLEvLCyg=="]})");
  auto texts = MakeFilter(BloomFilterType::kBlocked, 2);
  for (const std::string_view key : {"a", "milvus"}) texts->Add(key);
  EXPECT_EQ(BloomFilterToJson(*texts).dump(),
            R"({"k":178,"b":["78mivOiWoIHqiJpBvaCqybwgo8_sqLgqrZKhwLo84a6olvmooY6kWKhjuI6gWf6p)"
            R"(qOu8mqDJqoiKHKid64isFA=="]})");
}

TEST(BloomFilterTest, BasicFiltersAreThoseOfTheSpecification) {
  auto filter = MakeFilter(BloomFilterType::kBasic, 3);
  for (const uint64_t key : {1, 2, 3}) filter->Add(KeyOf(key));
  EXPECT_EQ(BloomFilterToJson(*filter).dump(), R"({"m":44,"k":11,"b":"AAAAAAAAACwAAAeSV1hVWA=="})");
  // Of key 1 alone, big-endian: the number of bits, then a word with the bits at its locations.
  auto one = MakeFilter(BloomFilterType::kBasic, 3);
  one->Add(KeyOf(1));
  uint64_t word = 0;
  for (const int location : {30, 4, 42, 39, 26, 12, 6, 19, 6, 20, 14}) {
    word |= uint64_t{1} << location;
  }
  const std::string bytes = KeyOf(__builtin_bswap64(44)) + KeyOf(__builtin_bswap64(word));
  EXPECT_EQ(BloomFilterToJson(*one)["b"], ToBase64Url(bytes));
}

TEST(BloomFilterTest, SizesAreThoseOfTheSpecification) {
  for (const auto& [keys, bits, hashes] :
       std::initializer_list<std::tuple<int, int, int>>{{0, 512, 355},
                                                        {1, 512, 355},
                                                        {3, 512, 119},
                                                        {100, 2048, 15},
                                                        {3000, 51200, 12},
                                                        {100000, 1700352, 12}}) {
    const auto filter = MakeFilter(BloomFilterType::kBlocked, keys);
    EXPECT_EQ(filter->num_bits(), bits) << keys;
    EXPECT_EQ(filter->num_hashes(), hashes) << keys;
  }
  for (const auto& [keys, bits, hashes] : std::initializer_list<std::tuple<int, int, int>>{
           {3, 44, 11}, {100, 1438, 10}, {3000, 43133, 10}}) {
    const auto filter = MakeFilter(BloomFilterType::kBasic, keys);
    EXPECT_EQ(filter->num_bits(), bits) << keys;
    EXPECT_EQ(filter->num_hashes(), hashes) << keys;
  }
}

// A thousand keys of up to 66 bytes in filters of many blocks and words: length and XXH3 of the
// JSON text that Milvus' own libraries (blobloom 471ae49f3b93, bloom 3.3.1) write for them.
TEST(BloomFilterTest, LargeFiltersAreThoseOfMilvusLibraries) {
  constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz";
  const auto filled = [&](BloomFilterType type) {
    auto filter = MakeFilter(type, 1000, 0.01);
    for (uint64_t i = 0; i < 1000; ++i) {
      filter->Add("key-" + std::to_string(i) + "-" + std::string(kAlphabet.substr(0, i % 60)));
    }
    const std::string text = BloomFilterToJson(*filter).dump();
    return std::pair(text.size(), XXH3_64bits(text.data(), text.size()));
  };
  EXPECT_EQ(filled(BloomFilterType::kBlocked), std::pair(size_t{2015}, 0x1e6efc555fb447ebul));
  EXPECT_EQ(filled(BloomFilterType::kBasic), std::pair(size_t{1635}, 0xba4c168c5e7c64adul));
}

// 10^6 keys that are in, 10^6 that are not.
TEST(BloomFilterTest, NoKeyIsMissedAndFewAreFoundThatAreNotThere) {
  constexpr uint64_t kKeys = 1'000'000;
  for (const BloomFilterType type : kBoth) {
    SCOPED_TRACE(static_cast<int>(type));
    auto filter = MakeFilter(type, kKeys);
    for (uint64_t key = 0; key < kKeys; ++key) filter->Add(KeyOf(key));
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Parse(type, BloomFilterToJson(*filter).dump()));
    uint64_t missed = 0, wrong = 0;
    for (uint64_t key = 0; key < kKeys; ++key) missed += !read->MayContain(KeyOf(key));
    for (uint64_t key = kKeys; key < 2 * kKeys; ++key) wrong += read->MayContain(KeyOf(key));
    EXPECT_EQ(missed, 0u);
    RecordProperty("false_positives_of_type_" + std::to_string(static_cast<int>(type)),
                   std::to_string(wrong));
    EXPECT_LE(static_cast<double>(wrong), 1.2 * kDefaultFalsePositiveRate * kKeys);
    // A filter that says yes to nobody would pass the line above.
    EXPECT_GT(wrong, 0u);
  }
}

TEST(BloomFilterTest, RandomFiltersComeBack) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    const BloomFilterType type = kBoth[seed % 2];
    const auto capacity = static_cast<int64_t>(random->Uniform(500));
    auto filter =
        MakeFilter(type, capacity, 0.5 / static_cast<double>(1 + random->Uniform(100000)));
    std::vector<std::string> keys;
    for (int64_t i = 0; i < capacity; ++i) {
      std::string key(random->Uniform(40), '\0');
      for (char& c : key) c = static_cast<char>(random->Next());
      filter->Add(key);
      keys.push_back(std::move(key));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Parse(type, BloomFilterToJson(*filter).dump()));
    EXPECT_EQ(read->type(), type);
    EXPECT_EQ(read->num_bits(), filter->num_bits());
    EXPECT_EQ(read->num_hashes(), filter->num_hashes());
    EXPECT_EQ(BloomFilterToJson(*read), BloomFilterToJson(*filter));
    for (const std::string& key : keys) ASSERT_TRUE(read->MayContain(key));
  }
}

TEST(BloomFilterTest, TheOneThatIsAlwaysTrueHoldsEverything) {
  const auto filter = MakeFilter(BloomFilterType::kAlwaysTrue, 10);
  EXPECT_TRUE(filter->MayContain("never added"));
  EXPECT_EQ(BloomFilterToJson(*filter).dump(), "{}");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto read, Parse(BloomFilterType::kAlwaysTrue, "null"));
  EXPECT_EQ(read->type(), BloomFilterType::kAlwaysTrue);
  EXPECT_TRUE(read->MayContain("x"));
}

// As many hashes as an integer holds cost no more than a thousand, and set the same bits.
TEST(BloomFilterTest, HashesBeyondTheFirstThousandRepeat) {
  const std::string empty = ToBase64Url(std::string(64, '\0'));
  const auto filled = [&](int64_t num_hashes) {
    const nlohmann::json value = {{"k", num_hashes}, {"b", {empty}}};
    auto filter = BloomFilterFromJson(BloomFilterType::kBlocked, value, "stats").ValueOrDie();
    filter->Add("key");
    return BloomFilterToJson(*filter)["b"][0].get<std::string>();
  };
  // The rule of the specification, without a limit.
  const auto by_rule = [](uint32_t num_hashes) {
    std::array<uint32_t, 16> block{};
    const uint64_t hash = XXH3_64bits("key", 3);
    auto h1 = static_cast<uint32_t>(hash >> 32), h2 = static_cast<uint32_t>(hash);
    for (uint32_t i = 1; i < num_hashes; ++i) {
      h1 += h2;
      h2 += i;
      block[(h1 / 32) % 16] |= uint32_t{1} << (h1 % 32);
    }
    return ToBase64Url({reinterpret_cast<const char*>(block.data()), sizeof(block)});
  };
  for (const uint32_t num_hashes : {2, 10, 1000, 1024, 1025, 1026, 3000, 1000000}) {
    EXPECT_EQ(filled(num_hashes), by_rule(num_hashes)) << num_hashes;
  }
  EXPECT_EQ(filled(INT64_MAX), by_rule(1000000));
}

TEST(BloomFilterTest, DamageIsNamed) {
  const std::string block(86, 'A');
  const auto blocked = [](const std::string& text) {
    const Status status = Parse(BloomFilterType::kBlocked, text).status();
    EXPECT_TRUE(IsCorruption(status)) << text << ": " << status;
    return status.message();
  };
  EXPECT_THAT(blocked("[]"), HasSubstr("field 'bf', expected an object, found an array of 0"));
  EXPECT_THAT(blocked(R"({"b":[]})"), HasSubstr("field 'k', expected a value"));
  EXPECT_THAT(blocked(R"({"k":1,"b":[]})"),
              HasSubstr("field 'bf.k', expected at least 2, found 1"));
  EXPECT_THAT(blocked(R"({"k":2.0,"b":[]})"), HasSubstr("field 'k', expected a 64-bit integer"));
  EXPECT_THAT(blocked(R"({"k":2,"b":[]})"), HasSubstr("without blocks"));
  EXPECT_THAT(blocked(R"({"k":2,"b":"x"})"), HasSubstr("without blocks"));
  EXPECT_THAT(blocked(R"({"k":2,"b":[7]})"), HasSubstr("expected a text in base64, found 7"));
  EXPECT_THAT(blocked(R"({"k":2,"b":["AAAA"]})"), HasSubstr("expected 88 characters"));
  EXPECT_THAT(blocked(R"({"k":2,"b":[")" + block + R"(AA"]})"), HasSubstr("expected 64 bytes"));
  EXPECT_THAT(blocked(R"({"k":2,"b":["+)" + block.substr(1) + R"(=="]})"),
              HasSubstr("expected base64 for URLs"));
  EXPECT_THAT(blocked(R"({"k":2,"b":["!)" + block.substr(1) + R"(=="]})"),
              HasSubstr("expected base64 for URLs"));

  const auto basic = [](const std::string& text) {
    const Status status = Parse(BloomFilterType::kBasic, text).status();
    EXPECT_TRUE(IsCorruption(status)) << text << ": " << status;
    return status.message();
  };
  EXPECT_THAT(basic(R"({"m":0,"k":1,"b":""})"), HasSubstr("without bits"));
  EXPECT_THAT(basic(R"({"m":-1,"k":1,"b":""})"), HasSubstr("without bits"));
  EXPECT_THAT(basic(R"({"m":44,"k":0,"b":"AAAAAAAAACwAAAeSV1hVWA=="})"), HasSubstr("1 to 1100"));
  EXPECT_THAT(basic(R"({"m":44,"k":1101,"b":"AAAAAAAAACwAAAeSV1hVWA=="})"), HasSubstr("1 to 1100"));
  EXPECT_THAT(basic(R"({"m":45,"k":11,"b":"AAAAAAAAACwAAAeSV1hVWA=="})"),
              HasSubstr("two numbers of a Bloom filter's bits"));
  // Nothing is made of the size it says before the bits are seen to be there.
  EXPECT_THAT(basic(R"({"m":9223372036854775807,"k":11,"b":"AAAAAAAAACwAAAeSV1hVWA=="})"),
              HasSubstr("expected 144115188075855873 words of 8 bytes, found 16 bytes"));

  EXPECT_EQ(KindOf(Parse(BloomFilterType::kUnsupported, "{}").status()), ErrorKind::kUnsupported);
  EXPECT_EQ(KindOf(Parse(BloomFilterType{7}, "{}").status()), ErrorKind::kUnsupported);
}

TEST(BloomFilterTest, SizesThatMakeNoSenseAreRefused) {
  for (const BloomFilterType type : kBoth) {
    EXPECT_FALSE(BloomFilter::Make(type, -1, 0.01).ok());
    EXPECT_FALSE(BloomFilter::Make(type, 10, 0).ok());
    EXPECT_FALSE(BloomFilter::Make(type, 10, 1).ok());
    EXPECT_FALSE(BloomFilter::Make(type, 10, std::nan("")).ok());
    EXPECT_EQ(KindOf(BloomFilter::Make(type, INT64_MAX, 0.01).status()),
              ErrorKind::kResourceExhausted);
    EXPECT_TRUE(BloomFilter::Make(type, 1, 5e-324).ok());
  }
  EXPECT_FALSE(BloomFilter::Make(BloomFilterType::kUnsupported, 10, 0.01).ok());
}

}  // namespace
}  // namespace varve::internal
