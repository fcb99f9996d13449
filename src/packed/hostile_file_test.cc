// SPDX-License-Identifier: Apache-2.0
// Damaged and malicious Parquet files of others: a clear error or values, within bounds, never a
// crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "arrow/memory_pool.h"
#include "arrow/record_batch.h"
#include "varve/packed.h"

namespace varve {
namespace {

namespace fs = std::filesystem;

// What one file may cost.
constexpr int64_t kMemoryMax = 256 << 20;
constexpr char kOwnFiles[] = "tests/fixtures/hostile";
// Dictionary indices of no bits each: odd, but there is only one value.
constexpr char kReadableFile[] = "ARROW-GH-43605.parquet";

std::vector<fs::path> FilesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().extension() != ".md") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path HostileData() {
  const char* data = std::getenv("VARVE_TEST_DATA");
  return fs::path(data == nullptr ? "../shared/data" : data) / "hostile";
}

// Reads the file in every way there is; the first error, or OK.
Status ReadEverything(const fs::path& file) {
  ARROW_ASSIGN_OR_RAISE(auto store, OpenChunkManager(file.parent_path().string()));
  ARROW_ASSIGN_OR_RAISE(auto reader, PackedReader::Open(store, {file.filename().string()}));
  Status first;
  const auto keep = [&](const Status& status) {
    if (first.ok()) first = status;
  };
  auto scan = reader->Scan();
  keep(scan.status());
  if (scan.ok()) {
    std::shared_ptr<arrow::RecordBatch> batch;
    do {
      const Status status = (*scan)->ReadNext(&batch);
      keep(status);
      if (!status.ok()) break;
      if (batch != nullptr) keep(batch->ValidateFull());
    } while (batch != nullptr);
  }
  if (reader->num_rows() > 0) keep(reader->Take({reader->num_rows() - 1, 0}).status());
  std::vector<std::string> problems;
  keep(reader->Verify(&problems));
  if (first.ok() && !problems.empty()) return Corruption(problems.front());
  return first;
}

void ExpectBoundedAndNamed(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const Status status = ReadEverything(file);
    if (!status.ok()) {
      EXPECT_THAT(status.message(), ::testing::HasSubstr(file.filename().string()));
    }
  }
  EXPECT_LE(arrow::default_memory_pool()->max_memory(), kMemoryMax);
}

// The names say which pages are corrupt.
void ExpectChecksumsToTell(const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const bool corrupt = file.filename().string().find("corrupt") != std::string::npos;
    const Status status = ReadEverything(file);
    EXPECT_EQ(status.ok(), !corrupt) << status;
    if (corrupt) {
      EXPECT_TRUE(IsCorruption(status)) << status;
    }
  }
}

TEST(HostileFileTest, TheRepositorysOwn) {
  const auto files = FilesBelow(kOwnFiles);
  ASSERT_FALSE(files.empty());
  ExpectBoundedAndNamed(files);
  for (const fs::path& file : files) {
    if (file.parent_path() == kOwnFiles && file.filename() != kReadableFile) {
      EXPECT_FALSE(ReadEverything(file).ok()) << file.filename();
    }
  }
}

TEST(HostileFileTest, ChecksumsInTheRepositorysOwn) {
  const auto files = FilesBelow(fs::path(kOwnFiles) / "crc");
  ASSERT_FALSE(files.empty());
  ExpectChecksumsToTell(files);
}

TEST(HostileFileTest, TheCollection) {
  const auto files = FilesBelow(HostileData() / "parquet");
  if (files.empty()) GTEST_SKIP() << "no data in " << HostileData() << "; set VARVE_TEST_DATA";
  ExpectBoundedAndNamed(files);
}

TEST(HostileFileTest, ChecksumsTellGoodPagesFromBadOnes) {
  const auto files = FilesBelow(HostileData() / "crc");
  if (files.empty()) GTEST_SKIP() << "no data in " << HostileData() << "; set VARVE_TEST_DATA";
  ExpectChecksumsToTell(files);
}

}  // namespace
}  // namespace varve
