// SPDX-License-Identifier: Apache-2.0
// Damaged files of the data codecs that have no test of their own: index files in every form, and
// columns and indexes as nodes keep them locally. (Insert logs: insert_log_test.cc, delta logs:
// delta_log_test.cc.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "arrow/array.h"
#include "arrow/buffer.h"
#include "base/random.h"
#include "base/testing/allocation_counter.h"
#include "base/testing/bit_flips.h"
#include "base/testing/status_assertions.h"
#include "packed/milvus_values.h"
#include "packed/testing/value_samples.h"
#include "varve/binlog_writer.h"
#include "varve/data_codec.h"

namespace varve::internal {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr char kObject[] = "a damaged file";
constexpr int64_t kMemoryMax = 1 << 20;

struct SoundFile {
  std::string name;
  BufferPtr bytes;
  std::optional<LocalFile> local;
  FileData data;
};

Result<FileData> Read(const SoundFile& file, const BufferPtr& bytes) {
  const AllocationCounter counter;
  auto found = DeserializeFileData(bytes, kObject, file.local ? &*file.local : nullptr);
  EXPECT_LE(counter.bytes(), kMemoryMax);
  if (!found.ok()) {
    EXPECT_THAT(KindOf(found.status()), AnyOf(ErrorKind::kCorruption, ErrorKind::kUnsupported,
                                              ErrorKind::kResourceExhausted))
        << found.status();
    EXPECT_THAT(found.status().message(), HasSubstr(kObject));
  }
  return found;
}

BufferPtr RandomBlob(Random* random) {
  std::string blob;
  while (blob.size() < 200) blob += static_cast<char>(random->Next());
  return arrow::Buffer::FromString(std::move(blob));
}

// The oldest form, which is only read: one row of a String column.
BufferPtr IndexFileOfText(const IndexData& data) {
  const int32_t size = static_cast<int32_t>(data.bytes->size());
  const auto row = std::make_shared<arrow::StringArray>(
      1, arrow::Buffer::FromVector<int32_t>({0, size}), data.bytes);
  BinlogWriter writer(data.descriptor);
  EXPECT_TRUE(writer.Append(EventType::kIndexFile, 1, 1, WriteTextPayload(row).ValueOrDie()).ok());
  return writer.Finish().ValueOrDie();
}

std::vector<SoundFile> IndexFiles(Random* random) {
  std::vector<SoundFile> files;
  for (const DataType type : {DataType::kNone, DataType::kInt8, DataType::kString}) {
    IndexData data{.bytes = RandomBlob(random)};
    data.descriptor.payload_type = type;
    data.descriptor.extras = {{kIndexBuildIdExtra, "42"}};
    const BufferPtr bytes = type == DataType::kString
                                ? IndexFileOfText(data)
                                : Serialize(data, StorageType::kRemote).ValueOrDie();
    files.push_back({"index file, " + std::string(DataTypeName(type)), bytes, std::nullopt, data});
  }
  return files;
}

SoundFile LocalIndexFile(Random* random) {
  IndexData data{.bytes = RandomBlob(random), .degree = 56};
  return {"local index file", Serialize(data, StorageType::kLocalDisk).ValueOrDie(),
          LocalFile{data.descriptor}, data};
}

// Of all types whose values have one width.
std::vector<SoundFile> LocalColumns(Random* random) {
  std::vector<SoundFile> files;
  for (const FieldSchema& field : SampleFields()) {
    InsertData data;
    data.descriptor.payload_type = field.data_type;
    data.descriptor.nullable = field.nullable;
    data.column = {EncodeValues(field, SampleValues(field, 20, random)).ValueOrDie(), field.dim};
    const auto bytes = Serialize(data, StorageType::kLocalDisk);
    if (!bytes.ok()) continue;
    files.push_back(
        {"local " + Describe(field), *bytes, LocalFile{data.descriptor, field.dim}, data});
  }
  return files;
}

int64_t RowsThatDiffer(const arrow::Array& a, const arrow::Array& b) {
  int64_t differ = 0;
  for (int64_t row = 0; row < a.length(); ++row) {
    if (!HasSameBits(*a.Slice(row, 1), *b.Slice(row, 1))) ++differ;
  }
  return differ;
}

int64_t BytesThatDiffer(const arrow::Buffer& a, const arrow::Buffer& b) {
  int64_t differ = 0;
  for (int64_t i = 0; i < a.size(); ++i) differ += a[i] != b[i] ? 1 : 0;
  return differ;
}

// What a file with one flipped bit may be read as. Only the payloads that are Parquet have
// checksums; elsewhere a bit is one of a value.
void ExpectPlausible(const FileData& found, const SoundFile& file) {
  ASSERT_EQ(found.index(), file.data.index());
  if (const auto* sound = std::get_if<InsertData>(&file.data)) {
    const auto& values = *std::get<InsertData>(found).column.values;
    VARVE_ASSERT_OK(values.ValidateFull());
    ASSERT_EQ(values.length(), sound->column.values->length());
    EXPECT_LE(RowsThatDiffer(values, *sound->column.values), 1);
    return;
  }
  const auto& sound = std::get<IndexData>(file.data);
  const auto& index = std::get<IndexData>(found);
  const DataType type = sound.descriptor.payload_type;
  // Nothing covers the descriptor, which says what the payload is.
  if (index.descriptor.payload_type != type) return;
  ASSERT_EQ(index.bytes->size(), sound.bytes->size());
  EXPECT_LE(BytesThatDiffer(*index.bytes, *sound.bytes), type == DataType::kNone ? 1 : 0);
}

void FlipBits(const std::vector<SoundFile>& files, int64_t flips, Random* random) {
  for (const SoundFile& file : files) {
    SCOPED_TRACE(file.name);
    std::string bytes = file.bytes->ToString();
    for (int64_t i = 0; i < flips; ++i) {
      const uint64_t bit = random->Uniform(bytes.size() * 8);
      SCOPED_TRACE("bit " + std::to_string(bit % 8) + " of byte " + std::to_string(bit / 8));
      const auto flip = static_cast<char>(1 << (bit % 8));
      bytes[bit / 8] ^= flip;
      const auto found = Read(file, arrow::Buffer::FromString(bytes));
      if (found.ok()) ExpectPlausible(*found, file);
      if (::testing::Test::HasFailure()) return;
      bytes[bit / 8] ^= flip;
    }
  }
}

uint64_t Seed() {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  return seed;
}

TEST(DataCodecDamageTest, EveryTruncationIsAnError) {
  const auto random = Random::Seeded(Seed());
  std::vector<SoundFile> files = LocalColumns(random.get());
  for (SoundFile& file : IndexFiles(random.get())) files.push_back(std::move(file));
  files.push_back(LocalIndexFile(random.get()));
  EXPECT_GT(files.size(), 20u);
  for (const SoundFile& file : files) {
    SCOPED_TRACE(file.name);
    VARVE_ASSERT_OK(Read(file, file.bytes).status());
    for (int64_t length = 0; length < file.bytes->size(); ++length) {
      const Status status = Read(file, arrow::SliceBuffer(file.bytes, 0, length)).status();
      ASSERT_TRUE(IsCorruption(status)) << length << ": " << status;
      if (HasFailure()) return;
    }
  }
}

TEST(DataCodecDamageTest, FlippedBitsOfIndexFiles) {
  const auto random = Random::Seeded(Seed());
  FlipBits(IndexFiles(random.get()), NumBitFlips(), random.get());
}

TEST(DataCodecDamageTest, FlippedBitsOfLocalIndexFiles) {
  const auto random = Random::Seeded(Seed());
  FlipBits({LocalIndexFile(random.get())}, NumBitFlips(), random.get());
}

TEST(DataCodecDamageTest, FlippedBitsOfLocalColumns) {
  const auto random = Random::Seeded(Seed());
  const auto files = LocalColumns(random.get());
  FlipBits(files, NumBitFlips() / static_cast<int64_t>(files.size()) + 1, random.get());
}

}  // namespace
}  // namespace varve::internal
