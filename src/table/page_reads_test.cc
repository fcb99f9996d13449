// SPDX-License-Identifier: Apache-2.0
// What `id = x` reads: the pages that bloom filters and page indexes leave over, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "packed/packed_file_reader.h"
#include "storage/testing/intercepting_chunk_manager.h"
#include "table/testing/sample_rows.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using ::testing::Gt;
using ::testing::IsEmpty;
using testing::ReadAll;
using testing::SampleRows;
using testing::SampleSchema;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr int64_t kRows = 50'000;
constexpr int64_t kPageRows = 8192;
constexpr int64_t kPairRows = 2 * kPageRows;

// Two pages' worth of rows at a time share a range of even ids: a page index cannot tell such
// pages apart, but all others. Odd ids are absent, and only a bloom filter knows.
int64_t IdOf(int64_t row) {
  const int64_t pair = row / kPairRows;
  const int64_t in_page = row % kPageRows;
  return 2 * (pair * kPairRows + 2 * in_page + row / kPageRows % 2);
}

// One read of a file.
struct Extent {
  std::string path;
  int64_t offset = 0;
  int64_t length = 0;

  bool operator==(const Extent&) const = default;
  friend void PrintTo(const Extent& extent, std::ostream* out) {
    *out << extent.path << " [" << extent.offset << ", " << extent.offset + extent.length << ")";
  }
};

class ReadRecorder : public StorageInterceptor {
 public:
  void ChangeRead(const std::string& path, int64_t offset, std::span<uint8_t> bytes) override {
    std::lock_guard<std::mutex> lock(mutex_);
    reads_.push_back({path, offset, static_cast<int64_t>(bytes.size())});
  }
  /// The reads since the last call.
  std::vector<Extent> Take() {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(reads_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Extent> reads_;
};

// What is read through a mapping passes by unseen: a reader that has none.
class UnmappedReader : public ChunkReader {
 public:
  explicit UnmappedReader(std::shared_ptr<ChunkReader> reader) : reader_(std::move(reader)) {}

  const std::string& path() const override { return reader_->path(); }
  int64_t size() const override { return reader_->size(); }
  Status ReadAt(int64_t offset, int64_t length, void* out) const override {
    return reader_->ReadAt(offset, length, out);
  }

 private:
  const std::shared_ptr<ChunkReader> reader_;
};

class RecordedStore : public InterceptingChunkManager {
 public:
  using InterceptingChunkManager::InterceptingChunkManager;

  Result<std::shared_ptr<ChunkReader>> OpenReader(const std::string& path,
                                                  int64_t known_size) override {
    ARROW_ASSIGN_OR_RAISE(auto reader, InterceptingChunkManager::OpenReader(path, known_size));
    return std::make_shared<UnmappedReader>(std::move(reader));
  }
};

std::shared_ptr<arrow::RecordBatchReader> Rows() {
  arrow::RecordBatchVector batches;
  for (int64_t begin = 0; begin < kRows; begin += 1000) {
    arrow::Int64Builder ids;
    for (int64_t row = begin; row < begin + 1000; ++row) EXPECT_TRUE(ids.Append(IdOf(row)).ok());
    batches.push_back(SampleRows(begin, 1000)
                          ->SetColumn(0, SampleSchema()->field(0), ids.Finish().ValueOrDie())
                          .ValueOrDie());
  }
  return arrow::RecordBatchReader::Make(std::move(batches)).ValueOrDie();
}

// A table of kRows rows whose reads are recorded.
class PageReadsTest : public ::testing::Test {
 protected:
  void MakeTable(int64_t buffer_bytes) {
    static int stores = 0;
    store_ = OpenChunkManager("memory://page-reads-test-" + std::to_string(++stores)).ValueOrDie();
    TableOptions options;
    options.write.buffer_bytes = buffer_bytes;
    const auto schema = CollectionSchema::FromArrow(*SampleSchema(), nullptr, "id").ValueOrDie();
    const auto written = Table::Create(store_, schema, options).ValueOrDie();
    ASSERT_EQ(written->Append(Rows()).ValueOrDie().rows_added, kRows);
    table_ = Table::Open(std::make_shared<RecordedStore>(store_, recorder_)).ValueOrDie();
    const auto segments = table_->snapshot()->segments();
    ASSERT_EQ(segments.size(), 1u);
    for (const FileInfo& file : segments[0].files) {
      const auto reader = PackedFileReader::Open(store_, file.path).ValueOrDie();
      const auto column = std::find(file.columns.begin(), file.columns.end(), "id");
      files_.push_back({file.path, reader->Layout().ValueOrDie()});
      if (column == file.columns.end()) continue;
      id_file_ = files_.back();
      id_column_ = static_cast<size_t>(column - file.columns.begin());
      ids_ = reader->Column(*table_->snapshot()->schema()->FindByName("id")).ValueOrDie();
    }
    ASSERT_NE(ids_, nullptr);
    ASSERT_TRUE(id_file_.layout.row_groups[0].columns[id_column_].addressable());
    recorder_->Take();
  }

  // The recorded reads of values, not of what is known about them.
  std::vector<Extent> ValuesRead() {
    std::vector<Extent> values;
    for (const Extent& read : recorder_->Take()) {
      for (const File& file : files_) {
        if (read.path == file.path && read.offset < file.layout.tail_offset) values.push_back(read);
      }
    }
    return values;
  }

  // The pages of ids whose bounds admit `id`, in row groups whose bloom filter does.
  std::vector<Extent> PagesThatMayHold(int64_t id) const {
    std::vector<Extent> pages;
    const auto admitted = ids_->MayContain(id).ValueOrDie();
    int64_t group_row = 0;
    for (size_t i = 0; i < id_file_.layout.row_groups.size(); ++i) {
      const RowGroupLayout& group = id_file_.layout.row_groups[i];
      const ChunkLayout& chunk = group.columns[id_column_];
      for (int64_t first = 0; admitted[i] && first < group.num_rows; first += kPageRows) {
        const int64_t count = std::min(kPageRows, group.num_rows - first);
        int64_t least = INT64_MAX;
        int64_t greatest = INT64_MIN;
        for (int64_t row = group_row + first; row < group_row + first + count; ++row) {
          least = std::min(least, IdOf(row));
          greatest = std::max(greatest, IdOf(row));
        }
        if (least <= id && id <= greatest) {
          pages.push_back({id_file_.path, chunk.OffsetOf(first), count * chunk.width});
        }
      }
      group_row += group.num_rows;
    }
    return pages;
  }

  int64_t Count(int64_t id) {
    return table_->snapshot()->Count("id = " + std::to_string(id)).ValueOrDie();
  }

  struct File {
    std::string path;
    PackedLayout layout;
  };

  std::shared_ptr<ChunkManager> store_;
  std::shared_ptr<ReadRecorder> recorder_ = std::make_shared<ReadRecorder>();
  std::shared_ptr<Table> table_;
  std::vector<File> files_;
  File id_file_;
  size_t id_column_ = 0;
  std::shared_ptr<const PackedColumnReader> ids_;
};

constexpr int64_t kOneRowGroup = 64 << 20;
constexpr int64_t kSmallBuffer = 1 << 20;

TEST_F(PageReadsTest, AnIdReadsExactlyThePagesThatMayHoldIt) {
  MakeTable(kOneRowGroup);
  ASSERT_THAT(id_file_.layout.row_groups, SizeIs(1));
  for (int64_t row = 5; row < kRows; row += 997) {
    SCOPED_TRACE(row);
    EXPECT_EQ(Count(IdOf(row)), 1);
    const auto read = ValuesRead();
    // Its page and the other one of the pair, unless the pair is not whole or the id at its end.
    EXPECT_LE(read.size(), 2u);
    EXPECT_THAT(read, UnorderedElementsAreArray(PagesThatMayHold(IdOf(row))));
  }
}

TEST_F(PageReadsTest, BloomFiltersSpareOtherRowGroups) {
  MakeTable(kSmallBuffer);
  const auto& groups = id_file_.layout.row_groups;
  ASSERT_THAT(groups, SizeIs(Gt(1)));
  int64_t falsely_admitted = 0;
  int64_t asked = 0;
  for (int64_t row = 3; row < kRows; row += 997) {
    SCOPED_TRACE(row);
    EXPECT_EQ(Count(IdOf(row)), 1);
    EXPECT_THAT(ValuesRead(), UnorderedElementsAreArray(PagesThatMayHold(IdOf(row))));
    const auto admitted = ids_->MayContain(IdOf(row)).ValueOrDie();
    falsely_admitted += std::count(admitted.begin(), admitted.end(), true) - 1;
    asked += static_cast<int64_t>(admitted.size()) - 1;
  }
  EXPECT_LE(falsely_admitted * 20, asked);
}

TEST_F(PageReadsTest, AnAbsentIdReadsNoPage) {
  for (const int64_t buffer_bytes : {kOneRowGroup, kSmallBuffer}) {
    SCOPED_TRACE(buffer_bytes);
    files_.clear();
    MakeTable(buffer_bytes);
    int64_t excluded = 0;
    int64_t asked = 0;
    for (int64_t row = 7; row < kRows; row += 997, ++asked) {
      const int64_t id = IdOf(row) + 1;
      SCOPED_TRACE(id);
      const auto admitted = ids_->MayContain(id).ValueOrDie();
      const auto false_positives = std::count(admitted.begin(), admitted.end(), true);
      EXPECT_EQ(Count(id), 0);
      const auto read = ValuesRead();
      if (false_positives > 0) {
        EXPECT_THAT(read, UnorderedElementsAreArray(PagesThatMayHold(id)));
      } else {
        EXPECT_THAT(read, IsEmpty());
        ++excluded;
      }
    }
    EXPECT_GE(excluded * 10, asked * 9);
  }
}

TEST_F(PageReadsTest, AnIdOutOfBoundsReadsNothingAtAll) {
  MakeTable(kOneRowGroup);
  for (const int64_t id : {int64_t{-1}, 4 * kRows}) {
    EXPECT_EQ(Count(id), 0);
    EXPECT_THAT(recorder_->Take(), IsEmpty());
  }
}

TEST_F(PageReadsTest, OtherColumnsOfTheRowFoundAreReadByBlocks) {
  MakeTable(kOneRowGroup);
  ASSERT_THAT(files_, SizeIs(2));
  const File& vectors = files_[0].path == id_file_.path ? files_[1] : files_[0];
  constexpr int64_t kRow = 33'333;
  const auto reader =
      table_->snapshot()
          ->Scan({.columns = {"emb"}, .filter = "id = " + std::to_string(IdOf(kRow))})
          .ValueOrDie();
  const auto found = ReadAll(reader.get());
  ASSERT_EQ(found->num_rows(), 1);
  EXPECT_TRUE(found->column(0)->Equals(SampleRows(kRow, 1)->GetColumnByName("emb")));

  auto expected = PagesThatMayHold(IdOf(kRow));
  const ChunkLayout& chunk = vectors.layout.row_groups[0].columns[0];
  ASSERT_TRUE(chunk.addressable());
  const int64_t block = kRow / chunk.values_per_block * chunk.values_per_block;
  expected.push_back(
      {vectors.path, chunk.OffsetOf(block), int64_t{chunk.values_per_block} * chunk.width});
  EXPECT_THAT(ValuesRead(), UnorderedElementsAreArray(expected));
}

}  // namespace
}  // namespace varve::internal
