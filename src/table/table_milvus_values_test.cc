// SPDX-License-Identifier: Apache-2.0
// A table over segments of Milvus whose fields are of all kinds: what is flushed is what every way
// of reading the table shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/array/concatenate.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "packed/testing/value_samples.h"
#include "segment/sync_task.h"
#include "segment/testing/sync_samples.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/far_chunk_manager.h"
#include "varve/table.h"
#include "varve/table_segments.h"

namespace varve::internal {
namespace {

using ::testing::IsEmpty;
using testing::kFirstTimestamp;

constexpr int64_t kSegment = 7;
constexpr int64_t kRows = 700;

std::shared_ptr<arrow::Array> Counted(int64_t first) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < kRows; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return builder.Finish().ValueOrDie();
}

class TableMilvusValuesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FieldSchema key{.name = "pk", .data_type = DataType::kInt64, .primary_key = true};
    std::vector<FieldSchema> fields = {key};
    for (FieldSchema field : SampleFields()) {
      field.field_id = -1;
      field.name = "f" + std::to_string(fields.size());
      fields.push_back(std::move(field));
    }
    schema_ = CollectionSchema::Make(std::move(fields)).ValueOrDie();
    VARVE_ASSERT_OK(Table::Create(near_, schema_).status());
    columns_ = {Counted(0)};
    for (size_t i = 1; i < schema_->fields().size(); ++i) {
      columns_.push_back(SampleValues(schema_->fields()[i], kRows, random_.get()));
    }
    Flush(0, 300);
    Flush(300, kRows);
  }

  // Rows [begin, end) as a packed set of a V2 segment.
  void Flush(int64_t begin, int64_t end) {
    arrow::FieldVector fields = schema_->ToArrow()->fields();
    arrow::ArrayVector columns = columns_;
    fields.push_back(arrow::field("RowID", arrow::int64(), false));
    columns.push_back(Counted(1000));
    fields.push_back(arrow::field("Timestamp", arrow::int64(), false));
    columns.push_back(Counted(kFirstTimestamp));
    const auto rows = arrow::RecordBatch::Make(arrow::schema(fields), kRows, columns);
    SyncPack pack = testing::SamplePack(kSegment, begin, end - begin);
    pack.inserts = {rows->Slice(begin, end - begin)};
    SyncContext context;
    VARVE_ASSERT_OK_AND_ASSIGN(const auto writer, TableMetaWriter::Make(near_));
    context.environment = {.store = near_,
                           .cache = MakeMemoryMetaCache(schema_),
                           .writer = writer,
                           .ids = MakeCountingIdAllocator(5000 + 1000 * begin),
                           .options = {}};
    VARVE_ASSERT_OK_AND_ASSIGN(auto state, writer->LoadSegment(kSegment));
    context.environment.cache->Put(
        state.value_or(testing::SampleSegment(kSegment, StorageVersion::kV2)));
    VARVE_ASSERT_OK(SyncTask(context, std::move(pack)).Run().status());
  }

  std::shared_ptr<const Snapshot> Open(const std::shared_ptr<ChunkManager>& store) {
    return Table::Open(store).ValueOrDie()->snapshot();
  }

  void ExpectRows(const arrow::RecordBatch& found, const std::vector<int64_t>& rows) {
    ASSERT_EQ(found.num_columns(), static_cast<int>(columns_.size()));
    VARVE_ASSERT_OK(found.ValidateFull());
    for (size_t i = 0; i < columns_.size(); ++i) {
      arrow::ArrayVector wanted;
      for (const int64_t row : rows) wanted.push_back(columns_[i]->Slice(row, 1));
      EXPECT_TRUE(HasSameBits(*found.column(static_cast<int>(i)), **arrow::Concatenate(wanted)))
          << Describe(schema_->fields()[i]);
    }
  }

  static std::shared_ptr<arrow::RecordBatch> Scanned(const Snapshot& snapshot,
                                                     const ScanOptions& options) {
    const auto stream = snapshot.Scan(options).ValueOrDie();
    return stream->ToTable().ValueOrDie()->CombineChunksToBatch().ValueOrDie();
  }

  static std::vector<int64_t> Range(int64_t begin, int64_t end) {
    std::vector<int64_t> rows;
    for (int64_t row = begin; row < end; ++row) rows.push_back(row);
    return rows;
  }

  const uint64_t seed_ = Random::System()->Next();
  const std::unique_ptr<Random> random_ = Random::Seeded(seed_);
  const ::testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  const std::shared_ptr<ChunkManager> near_ = MemoryChunkManager::Make();
  const std::shared_ptr<ChunkManager> far_ =
      std::make_shared<FarChunkManager>(near_, std::make_shared<StorageInterceptor>());
  std::shared_ptr<const CollectionSchema> schema_;
  arrow::ArrayVector columns_;
};

TEST_F(TableMilvusValuesTest, ScansShowWhatWasFlushed) {
  for (const auto& store : {near_, far_}) {
    const auto snapshot = Open(store);
    ExpectRows(*Scanned(*snapshot, {}), Range(0, kRows));
    ExpectRows(*Scanned(*snapshot, {.batch_size = 37}), Range(0, kRows));
    ExpectRows(*Scanned(*snapshot, {.filter = "pk >= 250 AND pk < 311"}), Range(250, 311));
    ExpectRows(*Scanned(*snapshot, {.limit = 301}), Range(0, 301));
    EXPECT_EQ(snapshot->Count().ValueOrDie(), kRows);
    EXPECT_EQ(snapshot->Count("pk >= 250 AND pk < 311").ValueOrDie(), 61);
    std::vector<std::string> problems;
    VARVE_ASSERT_OK(snapshot->Verify(/*deep=*/true, &problems));
    EXPECT_THAT(problems, IsEmpty());
  }
}

TEST_F(TableMilvusValuesTest, FiltersKnowNullsOfEveryField) {
  for (const auto& store : {near_, far_}) {
    const auto snapshot = Open(store);
    for (size_t i = 1; i < columns_.size(); ++i) {
      EXPECT_EQ(snapshot->Count(schema_->fields()[i].name + " IS NULL").ValueOrDie(),
                columns_[i]->null_count())
          << Describe(schema_->fields()[i]);
    }
  }
}

TEST_F(TableMilvusValuesTest, TakesGiveTheRowsAskedFor) {
  std::vector<int64_t> rows = {299, 300, 0, 0, kRows - 1};
  for (int i = 0; i < 60; ++i) rows.push_back(static_cast<int64_t>(random_->Uniform(kRows)));
  const std::vector<uint64_t> row_ids(rows.begin(), rows.end());
  for (const auto& store : {near_, far_}) {
    const auto snapshot = Open(store);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto taken, snapshot->Take(rows));
    ExpectRows(*taken, rows);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto by_id, snapshot->TakeRowIds(row_ids));
    ExpectRows(*by_id, rows);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto one, snapshot->Take({411}));
    ExpectRows(*one, {411});
  }
}

}  // namespace
}  // namespace varve::internal
