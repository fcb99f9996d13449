// SPDX-License-Identifier: Apache-2.0
#include "varve/bloom_filter.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numbers>
#include <span>
#include <utility>
#include <vector>

#include "arrow/util/base64.h"
#include "base/coding.h"
#include "binlog/bloom_filter_json.h"
#include "binlog/json_members.h"
#include "binlog/murmur3.h"

namespace varve {
namespace internal {

// What every BloomFilter is.
class WritableBloomFilter : public BloomFilter {
 public:
  virtual nlohmann::ordered_json ToJson() const = 0;
};

namespace {

// Larger filters would make statistics of more than a gigabyte of text.
constexpr double kNumBitsMax = double{1 << 30} * 8;

// Base64 with the alphabet for URLs, padded.
std::string ToBase64Url(std::string_view bytes) {
  std::string text = arrow::util::base64_encode(bytes);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<std::string> FromBase64Url(std::string text) {
  if (text.find_first_of("+/") != std::string::npos) {
    return Status::Invalid("the alphabet is not the one for URLs");
  }
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return arrow::util::base64_decode(text);
}

// The bytes of member "b" or of an element of it.
Result<std::string> DecodeBits(const JsonMembers& members, const nlohmann::json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) {
    return members.Wrong("wrong kind of value", "bf.b", "a text in base64", Excerpt(value));
  }
  auto bytes = FromBase64Url(*text);
  if (bytes.ok()) return bytes;
  return members.Wrong("the bits of a Bloom filter cannot be read", "bf.b", "base64 for URLs",
                       bytes.status().message());
}

class AlwaysTrueFilter final : public WritableBloomFilter {
 public:
  nlohmann::ordered_json ToJson() const override { return nlohmann::ordered_json::object(); }
  BloomFilterType type() const override { return BloomFilterType::kAlwaysTrue; }
  int64_t num_bits() const override { return 0; }
  int64_t num_hashes() const override { return 0; }
  void Add(std::string_view key) override {}
  bool MayContain(std::string_view key) const override { return true; }
};

// --- Blocked: the bits of a key lie in one block of a cache line. ---

constexpr int64_t kBlockBits = 512;
constexpr size_t kBlockBytes = kBlockBits / 8;
constexpr size_t kBlockTextBytes = 88;  // in base64
using Block = std::array<uint32_t, kBlockBits / 32>;
static_assert(sizeof(Block) == kBlockBytes);

// Bit numbers are values of a polynomial of degree 3 modulo 2^9, which repeats after 2^10: more
// hashes than that set no more bits, however many a damaged filter asks for.
constexpr int64_t kDistinctHashes = 1024;
constexpr int64_t kBlockedHashesMin = 2;

// Bits a key in a blocked filter, by bits a key in a filter without blocks that errs as often
// (Putze et al., table I).
constexpr uint8_t kBitsWithBlocks[] = {1,  1,  2,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                       13, 14, 16, 17, 18, 20, 21, 23, 25, 26, 28, 30,
                                       32, 35, 38, 40, 44, 48, 51, 58, 64, 74, 90};

class BlockedFilter final : public WritableBloomFilter {
 public:
  BlockedFilter(std::vector<Block> blocks, int64_t num_hashes)
      : blocks_(std::move(blocks)), num_hashes_(num_hashes) {}

  static Result<std::unique_ptr<BloomFilter>> Make(int64_t capacity, double rate) {
    const auto keys = static_cast<double>(std::max<int64_t>(capacity, 1));
    double bits_a_key = std::ceil(-std::log2(rate) / std::numbers::ln2);
    if (bits_a_key < static_cast<double>(std::size(kBitsWithBlocks))) {
      bits_a_key = kBitsWithBlocks[static_cast<size_t>(bits_a_key)];
    } else {
      bits_a_key *= 3;
    }
    const double num_blocks = std::ceil(std::floor(bits_a_key * keys) / kBlockBits);
    const double num_bits = num_blocks * kBlockBits;
    if (num_bits > kNumBitsMax) {
      return MakeError(ErrorKind::kResourceExhausted, "the Bloom filter would be too large",
                       {.expected = "at most 1 GiB", .found = std::to_string(num_bits) + " bits"});
    }
    // Rounded up, as one hash of them is not used for a bit.
    const auto num_hashes = static_cast<int64_t>(std::ceil(num_bits / keys * std::numbers::ln2));
    return std::make_unique<BlockedFilter>(std::vector<Block>(static_cast<size_t>(num_blocks)),
                                           std::max(num_hashes, kBlockedHashesMin));
  }

  static Result<std::unique_ptr<BloomFilter>> FromJson(const JsonMembers& members) {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_hashes, members.GetInt64("k"));
    if (num_hashes < kBlockedHashesMin) {
      return members.Wrong("too few hashes of a Bloom filter", "bf.k", "at least 2",
                           std::to_string(num_hashes));
    }
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json* texts, members.Get("b"));
    if (!texts->is_array() || texts->empty() || texts->size() > UINT32_MAX) {
      return members.Wrong("a Bloom filter without blocks", "bf.b", "an array of blocks",
                           Excerpt(*texts));
    }
    std::vector<Block> blocks(texts->size());
    for (size_t i = 0; i < blocks.size(); ++i) {
      const nlohmann::json& text = (*texts)[i];
      if (text.is_string() && text.get_ref<const std::string&>().size() != kBlockTextBytes) {
        return members.Wrong("wrong length of a Bloom filter's block", "bf.b", "88 characters",
                             Excerpt(text));
      }
      ARROW_ASSIGN_OR_RAISE(const std::string bytes, DecodeBits(members, text));
      if (bytes.size() != kBlockBytes) {
        return members.Wrong("wrong length of a Bloom filter's block", "bf.b", "64 bytes",
                             std::to_string(bytes.size()));
      }
      std::memcpy(blocks[i].data(), bytes.data(), kBlockBytes);
    }
    return std::make_unique<BlockedFilter>(std::move(blocks), num_hashes);
  }

  nlohmann::ordered_json ToJson() const override {
    auto texts = nlohmann::ordered_json::array();
    for (const Block& block : blocks_) {
      texts.push_back(ToBase64Url({reinterpret_cast<const char*>(block.data()), kBlockBytes}));
    }
    return {{"k", num_hashes_}, {"b", std::move(texts)}};
  }

  BloomFilterType type() const override { return BloomFilterType::kBlocked; }
  int64_t num_bits() const override { return static_cast<int64_t>(blocks_.size()) * kBlockBits; }
  int64_t num_hashes() const override { return num_hashes_; }

  void Add(std::string_view key) override {
    const uint64_t hash = XXH3_64bits(key.data(), key.size());
    Block& block = blocks_[BlockOf(hash)];
    ForEachBit(hash, [&](uint32_t word, uint32_t mask) {
      block[word] |= mask;
      return true;
    });
  }

  bool MayContain(std::string_view key) const override {
    const uint64_t hash = XXH3_64bits(key.data(), key.size());
    const Block& block = blocks_[BlockOf(hash)];
    return ForEachBit(hash,
                      [&](uint32_t word, uint32_t mask) { return (block[word] & mask) != 0; });
  }

 private:
  size_t BlockOf(uint64_t hash) const { return ((hash & UINT32_MAX) * blocks_.size()) >> 32; }

  // Until `visit` gives false; then false.
  template <typename Visit>
  bool ForEachBit(uint64_t hash, const Visit& visit) const {
    auto h1 = static_cast<uint32_t>(hash >> 32);
    auto h2 = static_cast<uint32_t>(hash);
    const auto steps = static_cast<uint32_t>(std::min(num_hashes_ - 1, kDistinctHashes));
    for (uint32_t i = 1; i <= steps; ++i) {
      h1 += h2;
      h2 += i;
      if (!visit((h1 / 32) % std::tuple_size_v<Block>, uint32_t{1} << (h1 % 32))) return false;
    }
    return true;
  }

  std::vector<Block> blocks_;
  int64_t num_hashes_;
};

// --- Basic: bits anywhere. ---

constexpr uint64_t kWordBits = 64;
constexpr int64_t kBasicHashesMin = 1;
// What the smallest rate that is a number asks for; a damaged filter may ask for any.
constexpr int64_t kBasicHashesMax = 1100;

uint64_t ToBigEndian(uint64_t value) { return __builtin_bswap64(value); }

class BasicFilter final : public WritableBloomFilter {
 public:
  BasicFilter(uint64_t num_bits, int64_t num_hashes, std::vector<uint64_t> words)
      : num_bits_(num_bits), num_hashes_(num_hashes), words_(std::move(words)) {}

  static Result<std::unique_ptr<BloomFilter>> Make(int64_t capacity, double rate) {
    const auto keys = static_cast<double>(std::max<int64_t>(capacity, 1));
    const double num_bits =
        std::ceil(-keys * std::log(rate) / (std::numbers::ln2 * std::numbers::ln2));
    if (num_bits > kNumBitsMax) {
      return MakeError(ErrorKind::kResourceExhausted, "the Bloom filter would be too large",
                       {.expected = "at most 1 GiB", .found = std::to_string(num_bits) + " bits"});
    }
    const auto num_hashes = static_cast<int64_t>(std::ceil(std::numbers::ln2 * num_bits / keys));
    const auto bits = static_cast<uint64_t>(std::max(num_bits, 1.0));
    return std::make_unique<BasicFilter>(bits, std::max(num_hashes, kBasicHashesMin),
                                         std::vector<uint64_t>(NumWords(bits)));
  }

  static Result<std::unique_ptr<BloomFilter>> FromJson(const JsonMembers& members) {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_bits, members.GetInt64("m"));
    ARROW_ASSIGN_OR_RAISE(const int64_t num_hashes, members.GetInt64("k"));
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json* text, members.Get("b"));
    if (num_bits < 1) {
      return members.Wrong("a Bloom filter without bits", "bf.m", "at least 1",
                           std::to_string(num_bits));
    }
    if (num_hashes < kBasicHashesMin || num_hashes > kBasicHashesMax) {
      return members.Wrong("number of a Bloom filter's hashes out of range", "bf.k",
                           "1 to " + std::to_string(kBasicHashesMax), std::to_string(num_hashes));
    }
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, DecodeBits(members, *text));
    const auto bits = static_cast<uint64_t>(num_bits);
    const uint64_t num_words = NumWords(bits);
    if (bytes.size() / sizeof(uint64_t) != num_words + 1 || bytes.size() % sizeof(uint64_t) != 0) {
      return members.Wrong("wrong length of a Bloom filter's bits", "bf.b",
                           std::to_string(num_words + 1) + " words of 8 bytes",
                           std::to_string(bytes.size()) + " bytes");
    }
    uint64_t length;
    std::memcpy(&length, bytes.data(), sizeof(length));
    if (ToBigEndian(length) != bits) {
      return members.Wrong("two numbers of a Bloom filter's bits", "bf.b", std::to_string(bits),
                           std::to_string(ToBigEndian(length)));
    }
    std::vector<uint64_t> words(num_words);
    std::memcpy(words.data(), bytes.data() + sizeof(length), num_words * sizeof(uint64_t));
    for (uint64_t& word : words) word = ToBigEndian(word);
    return std::make_unique<BasicFilter>(bits, num_hashes, std::move(words));
  }

  nlohmann::ordered_json ToJson() const override {
    std::string bytes;
    bytes.reserve((words_.size() + 1) * sizeof(uint64_t));
    AppendFixed(&bytes, ToBigEndian(num_bits_));
    for (const uint64_t word : words_) AppendFixed(&bytes, ToBigEndian(word));
    return {{"m", num_bits_}, {"k", num_hashes_}, {"b", ToBase64Url(bytes)}};
  }

  BloomFilterType type() const override { return BloomFilterType::kBasic; }
  int64_t num_bits() const override { return static_cast<int64_t>(num_bits_); }
  int64_t num_hashes() const override { return num_hashes_; }

  void Add(std::string_view key) override {
    ForEachBit(key, [&](uint64_t bit) {
      words_[bit / kWordBits] |= uint64_t{1} << (bit % kWordBits);
      return true;
    });
  }

  bool MayContain(std::string_view key) const override {
    return ForEachBit(
        key, [&](uint64_t bit) { return (words_[bit / kWordBits] >> (bit % kWordBits) & 1) != 0; });
  }

 private:
  static uint64_t NumWords(uint64_t bits) { return bits / kWordBits + (bits % kWordBits != 0); }

  // Until `visit` gives false; then false.
  template <typename Visit>
  bool ForEachBit(std::string_view key, const Visit& visit) const {
    const Murmur3Hash base = Murmur3(key);
    const Murmur3Hash step = Murmur3(std::string(key) + '\x01');
    const uint64_t h[] = {base.first, base.second, step.first, step.second};
    for (uint64_t i = 0; i < static_cast<uint64_t>(num_hashes_); ++i) {
      const uint64_t location = h[i % 2] + i * h[2 + ((i + i % 2) % 4) / 2];
      if (!visit(location % num_bits_)) return false;
    }
    return true;
  }

  uint64_t num_bits_;
  int64_t num_hashes_;
  std::vector<uint64_t> words_;
};

}  // namespace

nlohmann::ordered_json BloomFilterToJson(const BloomFilter& filter) {
  return static_cast<const WritableBloomFilter&>(filter).ToJson();
}

Result<std::unique_ptr<BloomFilter>> BloomFilterFromJson(BloomFilterType type,
                                                         const nlohmann::json& value,
                                                         const std::string& object) {
  if (type == BloomFilterType::kAlwaysTrue) return std::make_unique<AlwaysTrueFilter>();
  if (type != BloomFilterType::kBasic && type != BloomFilterType::kBlocked) {
    return MakeError(ErrorKind::kUnsupported, "unknown type of a Bloom filter",
                     {.object = object,
                      .field = "bfType",
                      .expected = "2, 3 or 4",
                      .found = std::to_string(static_cast<int>(type))});
  }
  ARROW_ASSIGN_OR_RAISE(const JsonMembers members, JsonMembers::Of(value, object, "bf"));
  return type == BloomFilterType::kBasic ? BasicFilter::FromJson(members)
                                         : BlockedFilter::FromJson(members);
}

}  // namespace internal

Result<std::unique_ptr<BloomFilter>> BloomFilter::Make(BloomFilterType type, int64_t capacity,
                                                       double false_positive_rate) {
  if (capacity < 0) {
    return MakeError(ErrorKind::kInvalid, "a Bloom filter cannot hold so many keys",
                     {.expected = "at least 0", .found = std::to_string(capacity)});
  }
  if (!(false_positive_rate > 0 && false_positive_rate < 1)) {
    return MakeError(ErrorKind::kInvalid, "a Bloom filter cannot err at this rate",
                     {.expected = "between 0 and 1", .found = std::to_string(false_positive_rate)});
  }
  switch (type) {
    case BloomFilterType::kAlwaysTrue:
      return std::make_unique<internal::AlwaysTrueFilter>();
    case BloomFilterType::kBasic:
      return internal::BasicFilter::Make(capacity, false_positive_rate);
    case BloomFilterType::kBlocked:
      return internal::BlockedFilter::Make(capacity, false_positive_rate);
    case BloomFilterType::kUnsupported:
      break;
  }
  return MakeError(ErrorKind::kInvalid, "no Bloom filter is of this type",
                   {.expected = "2, 3 or 4", .found = std::to_string(static_cast<int>(type))});
}

}  // namespace varve
