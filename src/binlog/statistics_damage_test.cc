// SPDX-License-Identifier: Apache-2.0
// Damaged statistics and index files: an error, or values that can be written again; never a crash,
// nor an allocation far above the size of the input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/allocation_counter.h"
#include "storage/memory/memory_chunk_manager.h"
#include "varve/bm25_statistics.h"
#include "varve/index_file_packed.h"
#include "varve/index_slices.h"
#include "varve/partition_statistics.h"
#include "varve/primary_key_statistics.h"

namespace varve::internal {
namespace {

// An empty JSON object takes 80 bytes for three of text, and vectors double.
constexpr int64_t kMemoryPerByte = 48;
constexpr int64_t kMemoryAtLeast = 64 << 10;

// A codec, a sound input, and what is done with any input: OK if it was read, and written again as
// the same; an error of kind Internal if it was not the same.
struct Codec {
  std::string name;
  std::string sound;
  std::function<Status(const std::string&)> read;
  /// True where any beginning of a sound input but the whole is damage.
  bool truncation_is_error = true;
};

Status Same(bool same) {
  return same ? Status::OK() : MakeError(ErrorKind::kInternal, "reads differently when written");
}

Status ReadPrimaryKeys(const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto read, DecodePrimaryKeyStatistics(AsBytes(bytes), "damaged"));
  read.MayContain(int64_t{7});
  read.MayContain("seven");
  const auto written = EncodePrimaryKeyStatistics(read);
  if (!written.ok()) return Status::OK();  // VarChar keys without bounds are only read
  ARROW_ASSIGN_OR_RAISE(const auto again, DecodePrimaryKeyStatistics(AsBytes(*written), "again"));
  return Same(EncodePrimaryKeyStatistics(again).ValueOrDie() == *written);
}

Status ReadCompoundPrimaryKeys(const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto read,
                        DecodeCompoundPrimaryKeyStatistics(AsBytes(bytes), "damaged"));
  for (const PrimaryKeyStatistics& one : read) one.MayContain("seven");
  return Status::OK();
}

Status ReadBm25(const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto read, Bm25Statistics::Decode(AsBytes(bytes), "damaged"));
  ARROW_ASSIGN_OR_RAISE(const auto again, Bm25Statistics::Decode(AsBytes(read.Encode()), "again"));
  return Same(again == read);
}

Status ReadPartition(const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(const auto read, DecodePartitionStatistics(AsBytes(bytes), "damaged"));
  ARROW_ASSIGN_OR_RAISE(const auto written, EncodePartitionStatistics(read));
  ARROW_ASSIGN_OR_RAISE(const auto again, DecodePartitionStatistics(AsBytes(written), "again"));
  return Same(EncodePartitionStatistics(again).ValueOrDie() == written);
}

BinarySet SampleBlobs() {
  return {{"IVF", arrow::Buffer::FromString("0123456789")},
          {"params", arrow::Buffer::FromString("abcdef")}};
}

// The input is SLICE_META; blobs that come of it are those that were cut, or some of their slices.
Status ReadSliceMeta(const std::string& bytes) {
  BinarySet slices = SliceBinarySet(SampleBlobs(), 4).ValueOrDie();
  slices[std::string(kSliceMetaName)] = arrow::Buffer::FromString(bytes);
  ARROW_ASSIGN_OR_RAISE(const BinarySet whole, AssembleBinarySet(slices, "damaged"));
  int64_t total = 0;
  for (const auto& [name, blob] : whole) total += blob->size();
  return Same(total == 16);
}

Status ReadPackedIndex(const std::string& bytes) {
  const auto store = MemoryChunkManager::Make();
  ARROW_RETURN_NOT_OK(store->Write("index", AsBytes(bytes)));
  ARROW_ASSIGN_OR_RAISE(auto file, store->OpenReader("index"));
  ARROW_ASSIGN_OR_RAISE(const auto reader, PackedIndexReader::Open(std::move(file)));
  int64_t total = 0;
  for (const PackedIndexEntry& entry : reader->entries()) {
    ARROW_ASSIGN_OR_RAISE(const auto blob, reader->ReadEntry(entry.name));
    total += blob->size();
  }
  return Same(total == 16);
}

std::string PrimaryKeys(DataType type, BloomFilterType filter) {
  auto builder = PrimaryKeyStatisticsBuilder::Make(100, type, 100, filter).ValueOrDie();
  for (int64_t key = 0; key < 100; ++key) {
    if (type == DataType::kInt64) {
      builder.Add(key);
    } else {
      builder.Add(std::string_view("key " + std::to_string(key)));
    }
  }
  return EncodePrimaryKeyStatistics(std::move(builder).Finish().ValueOrDie()).ValueOrDie();
}

std::string PackedIndex() {
  const auto store = MemoryChunkManager::Make();
  PackedIndexWriter writer(store->OpenWriter("index").ValueOrDie());
  for (const auto& [name, blob] : SampleBlobs()) {
    EXPECT_TRUE(writer.WriteEntry(name, AsBytes(blob->ToString())).ok());
  }
  EXPECT_TRUE(writer.Finish(R"({"rows":3})").ok());
  return store->Read("index").ValueOrDie()->ToString();
}

std::string Partition() {
  FieldStatistics number, text, vector;
  number.min = int64_t{-3};
  number.max = int64_t{12345678901};
  number.filter = BloomFilter::Make(BloomFilterType::kBlocked, 10, 0.01).ValueOrDie();
  text.type = DataType::kVarChar;
  text.max = std::string("z\n\"");
  vector.type = DataType::kFloatVector;
  vector.centroids = {{0.25F, -1e-9F}, {3e38F, 0}};
  PartitionStatistics statistics;
  statistics.segments[449000000000000001] = {{number, text, vector}, 1000};
  statistics.segments[-1] = {};
  statistics.version = 3;
  return EncodePartitionStatistics(statistics).ValueOrDie();
}

std::string Bm25() {
  Bm25Statistics statistics{100, 1234, {}};
  for (uint32_t token = 0; token < 30; ++token) {
    statistics.rows_with_token[token * 123456789] = static_cast<int32_t>(token);
  }
  return statistics.Encode();
}

std::vector<Codec> Codecs() {
  const std::string numbers = PrimaryKeys(DataType::kInt64, BloomFilterType::kBlocked);
  const std::string texts = PrimaryKeys(DataType::kVarChar, BloomFilterType::kBasic);
  const std::string meta =
      SliceBinarySet(SampleBlobs(), 4).ValueOrDie().at(std::string(kSliceMetaName))->ToString();
  return {
      {"numbers", numbers, ReadPrimaryKeys},
      {"texts", texts, ReadPrimaryKeys},
      {"compound", "[" + numbers + "," + texts + "]", ReadCompoundPrimaryKeys},
      // Whole entries may be missing.
      {"bm25", Bm25(), ReadBm25, /*truncation_is_error=*/false},
      {"partition", Partition(), ReadPartition},
      // The NUL at the end may be missing.
      {"slice_meta", meta, ReadSliceMeta, /*truncation_is_error=*/false},
      {"packed_index", PackedIndex(), ReadPackedIndex},
  };
}

class DamageTest : public ::testing::TestWithParam<size_t> {
 protected:
  // Reads `bytes`; false: an error.
  bool Read(const std::string& bytes) {
    const AllocationCounter counter;
    const Status status = codec_.read(bytes);
    used_bytes_ = counter.bytes();
    const int64_t limit = kMemoryPerByte * static_cast<int64_t>(bytes.size());
    EXPECT_LE(used_bytes_, std::max(limit, kMemoryAtLeast));
    if (status.ok()) return true;
    EXPECT_LT(status.message().size(), 1000u);
    const ErrorKind kind = KindOf(status);
    EXPECT_TRUE(kind == ErrorKind::kCorruption || kind == ErrorKind::kUnsupported) << status;
    return false;
  }

  const Codec codec_ = Codecs()[GetParam()];
  int64_t used_bytes_ = 0;  ///< by the last Read
};

INSTANTIATE_TEST_SUITE_P(Codecs, DamageTest, ::testing::Range<size_t>(0, Codecs().size()),
                         [](const auto& codec) { return Codecs()[codec.param].name; });

TEST_P(DamageTest, WhatIsSoundIsRead) {
  EXPECT_TRUE(Read(codec_.sound));
  EXPECT_GT(used_bytes_, 0) << "nothing is counted";
}

TEST_P(DamageTest, EveryTruncation) {
  for (size_t length = 0; length < codec_.sound.size(); ++length) {
    SCOPED_TRACE("length " + std::to_string(length));
    const bool read = Read(codec_.sound.substr(0, length));
    ASSERT_FALSE(read && codec_.truncation_is_error);
    if (HasFailure()) return;
  }
}

TEST_P(DamageTest, EveryFlippedBit) {
  std::string bytes = codec_.sound;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    SCOPED_TRACE("bit " + std::to_string(bit));
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    Read(bytes);
    if (HasFailure()) return;
    bytes[bit / 8] ^= static_cast<char>(1 << (bit % 8));
  }
}

// Several places at once; digits are turned into others more often, so that numbers grow.
TEST_P(DamageTest, RandomDamage) {
  constexpr uint64_t kDamages = 20000;
  for (uint64_t seed = 0; seed < kDamages; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto random = Random::Seeded(seed);
    std::string bytes = codec_.sound;
    for (uint64_t edits = 1 + random->Uniform(6); edits > 0; --edits) {
      const size_t at = random->Uniform(bytes.size());
      switch (random->Uniform(5)) {
        case 0:
          bytes[at] = static_cast<char>(random->Next());
          break;
        case 1:
          bytes.insert(at, 1 + random->Uniform(8), '9');
          break;
        case 2:
          bytes.erase(at, 1 + random->Uniform(8));
          break;
        case 3:
          bytes.insert(at, bytes.substr(random->Uniform(bytes.size()), random->Uniform(60)));
          break;
        default:
          bytes[at] = "[]{},:\"-.e0"[random->Uniform(11)];
      }
      if (bytes.empty()) bytes = "9";
    }
    Read(bytes);
    if (HasFailure()) return;
  }
}

// What a small input may claim, and what JSON may do to a parser.
TEST_P(DamageTest, DeepAndLongInputs) {
  const auto many = [](const std::string& begin, const std::string& part, const std::string& end) {
    std::string bytes = begin;
    while (bytes.size() < 1 << 20) bytes += part;
    return bytes + end;
  };
  for (const std::string& bytes :
       {many("", "[", ""), many("", "[", "]"), many("", R"({"":)", ""), many("", " ", ""),
        many("\"", "x", ""), many("", "9", ""), many("[", "1", "]"), many("[0", ",0", "]"),
        many("[{}", ",{}", "]"), many("[[]", ",[]", "]"), many(R"({"meta":[{})", ",{}", "]}"),
        many(R"({"fieldID":)", "9", "}"), many(R"(["\"[)", "[", "\"]")}) {
    SCOPED_TRACE(bytes.substr(0, 20));
    EXPECT_FALSE(Read(bytes));
  }
}

}  // namespace
}  // namespace varve::internal
