// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "storage/memory/memory_chunk_manager.h"
#include "varve/data_codec.h"
#include "varve/file_manager.h"
#include "varve/index_file.h"

namespace varve::internal {
namespace {

constexpr IndexFileIds kIds{
    .collection = 11, .partition = 22, .segment = 33, .field = 101, .build = 44};

TEST(IndexFileCodecTest, BlobsOfEveryPayloadTypeComeBack) {
  for (const DataType type : {DataType::kNone, DataType::kInt8}) {
    SCOPED_TRACE(static_cast<int>(type));
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes.push_back(static_cast<char>(i * 7));
    const auto blob = arrow::Buffer::FromString(bytes);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto file, EventIndexFileCodec()->Encode({kIds, type, blob}));
    VARVE_ASSERT_OK_AND_ASSIGN(const IndexFile read, EventIndexFileCodec()->Decode(file, "file"));
    EXPECT_EQ(read.ids, kIds);
    EXPECT_EQ(read.payload_type, type);
    EXPECT_EQ(read.blob->ToString(), bytes);
  }
}

TEST(IndexFileCodecTest, TheFileManagerStoresEvents) {
  const auto store = MemoryChunkManager::Make();
  FileManagerOptions options;
  options.store = store;
  options.ids = kIds;
  options.payload_type = DataType::kInt8;
  options.slice_bytes = 400;
  FileManager files = FileManager::Make(options).ValueOrDie();
  const auto random = Random::Seeded(1);
  std::string bytes(1000, '\0');
  for (char& c : bytes) c = static_cast<char>(random->Next());
  VARVE_ASSERT_OK_AND_ASSIGN(const auto stored,
                             files.AddFile({{"IVF", arrow::Buffer::FromString(bytes)},
                                            {"none", arrow::Buffer::FromString("")}}));
  std::vector<std::string> paths;
  for (const auto& file : stored) {
    paths.push_back(file.path);
    const auto head = store->Read(file.path).ValueOrDie();
    EXPECT_EQ(ToHex({head->data(), 4}), "bcfaff00");
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto loaded, files.LoadIndexToMemory(paths));
  ASSERT_EQ(loaded.size(), 2u);
  EXPECT_EQ(loaded.at("IVF")->ToString(), bytes);
  EXPECT_EQ(loaded.at("none")->size(), 0);
}

}  // namespace
}  // namespace varve::internal
