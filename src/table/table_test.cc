// SPDX-License-Identifier: Apache-2.0
#include "varve/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/compute/expression.h"
#include "arrow/record_batch.h"
#include "arrow/scalar.h"
#include "arrow/table.h"
#include "arrow/type.h"
#include "base/stop.h"
#include "base/testing/status_assertions.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/manual_clock.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/scratch_directory.h"
#include "table/table_impl.h"
#include "table/testing/sample_rows.h"

namespace varve::internal {
namespace {

using testing::Difference;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadAll;
using testing::SampleLabel;
using testing::SampleReader;
using testing::SampleRows;
using testing::SampleRowsAt;
using testing::SampleSchema;
using testing::SampleTs;

// A fresh store in memory for each table.
std::string FreshUri() {
  static int next = 0;
  return "memory://table-test-" + std::to_string(next++);
}

// Rows [0, sum of sizes) in one version each.
std::shared_ptr<Table> MakeTable(const std::vector<int64_t>& sizes,
                                 const TableOptions& options = {}) {
  const std::string uri = FreshUri();
  auto table = Table::Create(uri, SampleReader(0, sizes[0]), "id", options).ValueOrDie();
  int64_t next = sizes[0];
  for (size_t i = 1; i < sizes.size(); ++i) {
    EXPECT_EQ(table->Append(SampleReader(next, sizes[i])).ValueOrDie().version, i + 1);
    next += sizes[i];
  }
  return table;
}

std::shared_ptr<arrow::RecordBatch> ScanAll(const Snapshot& snapshot, const ScanOptions& options) {
  auto reader = snapshot.Scan(options).ValueOrDie();
  return ReadAll(reader.get());
}

std::shared_ptr<arrow::RecordBatch> Select(const std::shared_ptr<arrow::RecordBatch>& batch,
                                           const std::vector<std::string>& columns) {
  std::vector<int> indices;
  for (const auto& name : columns) indices.push_back(batch->schema()->GetFieldIndex(name));
  return batch->SelectColumns(indices).ValueOrDie();
}

TEST(TableTest, OrphansAreTheFilesThatNoVersionNames) {
  const std::string uri = FreshUri();
  const auto table = Table::Create(uri, SampleReader(0, 100), "id", {}).ValueOrDie();
  const auto other = Table::Open(uri).ValueOrDie();
  ASSERT_TRUE(other->Append(SampleReader(100, 50)).ok());  // a version that `table` has not seen
  EXPECT_THAT(table->Orphans().ValueOrDie(), ::testing::IsEmpty());
  const auto store = OpenChunkManager(uri).ValueOrDie();
  const std::vector<uint8_t> bytes(123);
  for (const char* path : {"data/9-1-00.parquet", "data/9-0-00.parquet", "elsewhere/a.parquet"}) {
    ASSERT_TRUE(store->Write(path, bytes).ok());
  }
  std::vector<std::pair<std::string, int64_t>> found;
  for (const ObjectInfo& file : table->Orphans().ValueOrDie()) {
    found.emplace_back(file.path, file.size);
  }
  EXPECT_THAT(found, ::testing::ElementsAre(::testing::Pair("data/9-0-00.parquet", 123),
                                            ::testing::Pair("data/9-1-00.parquet", 123)));
}

// No data goes to a store that no commit may rest on.
TEST(TableTest, AStoreThatIsRefusedGetsNoData) {
  class Refused : public InterceptingChunkManager {
   public:
    using InterceptingChunkManager::InterceptingChunkManager;
    Status CheckConditionalWrites() override {
      return fits ? Status::OK()
                  : MakeError(ErrorKind::kUnsupported, "conditions are ignored", {.object = uri()});
    }
    bool fits = false;
  };
  VARVE_ASSERT_OK_AND_ASSIGN(const auto memory, OpenChunkManager("memory://refused"));
  const auto store = std::make_shared<Refused>(memory, std::make_shared<StorageInterceptor>());
  TableEnvironment environment{.store = store, .options = {}, .manifest = {}};
  const auto created = CreateTable(environment, nullptr, SampleReader(0, 100), {});
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(KindOf(created.status()), ErrorKind::kUnsupported);
  VARVE_ASSERT_OK_AND_ASSIGN(auto objects, memory->List(""));
  EXPECT_THAT(objects, IsEmpty());

  store->fits = true;
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table,
                             CreateTable(environment, nullptr, SampleReader(0, 100), {}));
  VARVE_ASSERT_OK_AND_ASSIGN(objects, memory->List(""));
  store->fits = false;
  EXPECT_EQ(KindOf(table->Append(SampleReader(100, 100)).status()), ErrorKind::kUnsupported);
  EXPECT_EQ(*memory->List(""), objects);
}

TEST(TableTest, GivesBackWhatWasWrittenByScanAndTake) {
  for (const std::vector<int64_t>& sizes :
       {std::vector<int64_t>{1}, {10}, {20'000}, {3000, 1, 9000, 17}}) {
    auto table = MakeTable(sizes);
    const int64_t total = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    SCOPED_TRACE(total);
    const auto snapshot = table->snapshot();
    EXPECT_EQ(snapshot->num_rows(), total);
    EXPECT_EQ(snapshot->version(), sizes.size());
    const auto expected = SampleRows(0, total);
    EXPECT_EQ(Difference(*ScanAll(*snapshot, {}), *expected), "");
    EXPECT_EQ(Difference(*ScanAll(*snapshot, {.columns = {"emb", "id"}, .batch_size = 7}),
                         *Select(expected, {"emb", "id"})),
              "");

    std::mt19937_64 random(17);
    std::vector<int64_t> rows(500);
    for (auto& row : rows) row = static_cast<int64_t>(random() % static_cast<uint64_t>(total));
    EXPECT_EQ(Difference(*snapshot->Take(rows).ValueOrDie(), *SampleRowsAt(rows)), "");
  }
}

TEST(TableTest, ReopensAtTheNewestVersionAndAtOlderOnes) {
  auto table = MakeTable({100, 50, 25});
  auto reopened = Table::Open(table->uri()).ValueOrDie();
  EXPECT_EQ(reopened->snapshot()->version(), 3u);
  EXPECT_EQ(Difference(*ScanAll(*reopened->snapshot(), {}), *SampleRows(0, 175)), "");

  auto second = Table::Open(table->uri(), {.version = 2}).ValueOrDie();
  EXPECT_EQ(Difference(*ScanAll(*second->snapshot(), {}), *SampleRows(0, 150)), "");
  const Status refused = second->Append(SampleReader(0, 1)).status();
  EXPECT_EQ(KindOf(refused), ErrorKind::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("opened at version 2"));

  const auto history = table->History().ValueOrDie();
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].version, 3u);
  EXPECT_EQ(history[0].rows_added, 25);
  EXPECT_EQ(history[0].operation, "append");
  EXPECT_EQ(history[2].operation, "create");
  EXPECT_EQ(history[2].num_rows, 100);
  auto by_time = Table::Open(table->uri(), {.as_of_micros = history[1].commit_micros}).ValueOrDie();
  EXPECT_GE(by_time->snapshot()->version(), 2u);
  EXPECT_TRUE(IsNotFound(Table::Open(table->uri(), {.as_of_micros = 1}).status()));
  EXPECT_TRUE(IsNotFound(Table::Open(table->uri(), {.version = 9}).status()));
  EXPECT_TRUE(IsNotFound(Table::Open(FreshUri()).status()));
}

TEST(TableTest, BatchesKeepTheirUpperBoundOrAreExact) {
  auto table = MakeTable({5000, 700});
  for (const bool exact : {false, true}) {
    auto reader =
        table->snapshot()->Scan({.batch_size = 999, .exact_batch_size = exact}).ValueOrDie();
    std::vector<int64_t> lengths;
    for (;;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ASSERT_TRUE(reader->ReadNext(&batch).ok());
      if (batch == nullptr) break;
      lengths.push_back(batch->num_rows());
    }
    EXPECT_EQ(std::accumulate(lengths.begin(), lengths.end(), int64_t{0}), 5700);
    EXPECT_LE(*std::max_element(lengths.begin(), lengths.end()), 999);
    if (exact) {
      EXPECT_EQ(lengths, (std::vector<int64_t>{999, 999, 999, 999, 999, 705}));
    }
  }
}

TEST(TableTest, FiltersAgreeWithTheRowsTheyDescribe) {
  auto table = MakeTable({12'000, 8000, 1});
  const auto snapshot = table->snapshot();
  struct Case {
    std::string filter;
    std::function<bool(int64_t)> matches;
  };
  const std::vector<Case> cases = {
      {"label = 7", [](int64_t row) { return SampleLabel(row) == 7; }},
      {"label = 7 AND ts >= " + std::to_string(SampleTs(9000)),
       [](int64_t row) { return SampleLabel(row) == 7 && row >= 9000; }},
      {"ts >= " + std::to_string(SampleTs(4000)) + " AND ts < " + std::to_string(SampleTs(4200)),
       [](int64_t row) { return row >= 4000 && row < 4200; }},
      {"score IS NULL", [](int64_t row) { return row % 7 == 0; }},
      {"score > 100", [](int64_t row) { return row % 7 != 0 && (row % 1000) / 8.0 > 100; }},
      {"id IN (5, 19999, 12000)",
       [](int64_t row) { return row == 5 || row == 19999 || row == 12000; }},
      {"text = 'row 46'", [](int64_t row) { return row == 46; }},
      {"id < 0", [](int64_t) { return false; }},
      {"id >= 0", [](int64_t) { return true; }},
      {"NOT (label <= 8)", [](int64_t row) { return SampleLabel(row) == 9; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.filter);
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < 20'001; ++row) {
      if (c.matches(row)) rows.push_back(row);
    }
    EXPECT_EQ(snapshot->Count(c.filter).ValueOrDie(), static_cast<int64_t>(rows.size()));
    EXPECT_EQ(Difference(*ScanAll(*snapshot, {.filter = c.filter}), *SampleRowsAt(rows)), "");
    EXPECT_EQ(
        Difference(*ScanAll(*snapshot, {.columns = {"emb"}, .filter = c.filter, .batch_size = 100}),
                   *Select(SampleRowsAt(rows), {"emb"})),
        "");
    rows.resize(std::min<size_t>(rows.size(), 13));
    EXPECT_EQ(
        Difference(*ScanAll(*snapshot, {.filter = c.filter, .limit = 13}), *SampleRowsAt(rows)),
        "");
  }
}

TEST(TableTest, TakesArrowExpressions) {
  namespace cp = arrow::compute;
  auto table = MakeTable({3000});
  const auto expression = std::make_shared<const cp::Expression>(
      cp::equal(cp::field_ref("id"), cp::literal(int64_t{1234})));
  EXPECT_EQ(
      Difference(*ScanAll(*table->snapshot(), {.expression = expression}), *SampleRowsAt({1234})),
      "");
}

TEST(TableTest, NamesTheMistakeOfABadCall) {
  auto table = MakeTable({10});
  const auto snapshot = table->snapshot();
  const Status unknown = snapshot->Scan({.columns = {"lable"}}).status();
  EXPECT_EQ(KindOf(unknown), ErrorKind::kInvalid);
  EXPECT_THAT(unknown.message(), HasSubstr("label"));
  EXPECT_THAT(snapshot->Scan({.filter = "lable = 7"}).status().message(), HasSubstr("label"));
  EXPECT_THAT(snapshot->Take({3, 10}).status().message(), HasSubstr("row 10 is out of range"));
  EXPECT_THAT(snapshot->Take({-1}).status().message(), HasSubstr("row -1 is out of range"));
  EXPECT_EQ(KindOf(snapshot->Scan({.batch_size = 0}).status()), ErrorKind::kInvalid);
  EXPECT_TRUE(IsAlreadyExists(Table::Create(table->uri(), SampleReader(0, 1)).status()));
}

TEST(TableTest, GivesRowIdsAndTimesThatNeverChange) {
  auto table = MakeTable({30, 20});
  const auto snapshot = table->snapshot();
  const auto batch = ScanAll(*snapshot, {.columns = {"RowID", "Timestamp", "id"}});
  const auto& row_ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
  const auto& times = static_cast<const arrow::Int64Array&>(*batch->column(1));
  std::vector<uint64_t> ids;
  for (int64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(row_ids.Value(i), row_ids.Value(0) + i);
    EXPECT_EQ(times.Value(i), times.Value(i < 30 ? 0 : 30));
    ids.push_back(static_cast<uint64_t>(row_ids.Value(i)));
  }
  EXPECT_LT(times.Value(0), times.Value(30));
  EXPECT_EQ(Difference(*snapshot->TakeRowIds({ids[41], ids[3], ids[41]}).ValueOrDie(),
                       *SampleRowsAt({41, 3, 41})),
            "");
  EXPECT_TRUE(IsNotFound(snapshot->TakeRowIds({ids[49] + 1}).status()));
}

TEST(TableTest, AnAppendThatFailsLeavesNothing) {
  auto table = MakeTable({100});
  auto store = OpenChunkManager(table->uri()).ValueOrDie();
  const auto before = store->List("").ValueOrDie();
  const auto wrong = arrow::schema({arrow::field("id", arrow::utf8())});
  auto batch = arrow::RecordBatch::MakeEmpty(wrong).ValueOrDie();
  EXPECT_FALSE(table->Append(arrow::RecordBatchReader::Make({batch}, wrong).ValueOrDie()).ok());
  // Rows that fit, then rows that do not: what was written is taken back.
  const auto rows = SampleRows(0, 50'000);
  auto nulls = arrow::RecordBatch::Make(
      rows->schema(), 1,
      {arrow::MakeArrayOfNull(arrow::int64(), 1).ValueOrDie(), rows->column(1)->Slice(0, 1),
       rows->column(2)->Slice(0, 1), rows->column(3)->Slice(0, 1), rows->column(4)->Slice(0, 1),
       rows->column(5)->Slice(0, 1)});
  const Status status =
      table->Append(arrow::RecordBatchReader::Make({rows, nulls}, rows->schema()).ValueOrDie())
          .status();
  EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("id"));
  EXPECT_EQ(store->List("").ValueOrDie(), before);
  EXPECT_EQ(table->snapshot()->version(), 1u);
  EXPECT_EQ(table->Append(SampleReader(100, 1)).ValueOrDie().version, 2u);
}

TEST(TableTest, AnUnknownCommitIsResolvedByItsToken) {
  const std::string uri = FreshUri();
  ASSERT_TRUE(Table::Create(uri, SampleReader(0, 100), "id", {}).ok());
  const auto faulty = FaultyChunkManager::Make(OpenChunkManager(uri).ValueOrDie());
  ManualClock clock(1'000'000);
  const auto open = [&] {
    return OpenTable({.store = faulty, .options = {}, .manifest = {.clock = &clock}}, {})
        .ValueOrDie();
  };
  for (const auto when : {FaultyChunkManager::kAfter, FaultyChunkManager::kBefore}) {
    const auto table = open();
    const uint64_t before = table->snapshot()->version();
    const Status down = MakeError(ErrorKind::kIo, "the store is away");
    faulty->FailCall(StorageOperation::kPutIfAbsent, 1, down, when,
                     when == FaultyChunkManager::kBefore ? INT64_MAX : 1);
    for (const auto read : {StorageOperation::kReadAt, StorageOperation::kOpenReader,
                            StorageOperation::kReadRanges}) {
      faulty->FailCall(read, 1, down, FaultyChunkManager::kBefore, INT64_MAX);
    }
    const Status unknown = table->Append(SampleReader(100, 50)).status();
    ASSERT_TRUE(IsCommitUnknown(unknown)) << unknown.ToString();
    const std::string token = ContextOf(unknown)->found;
    EXPECT_TRUE(IsCommitUnknown(table->Resolve(token).status()));
    EXPECT_EQ(table->snapshot()->version(), before);
    faulty->Heal();
    if (when == FaultyChunkManager::kAfter) {
      const auto commit = table->Resolve(token).ValueOrDie();
      EXPECT_EQ(commit.version, before + 1);
      EXPECT_EQ(commit.rows_added, 50);
      EXPECT_EQ(table->snapshot()->num_rows(), 150);
      continue;
    }
    // It may still arrive, until somebody else has taken the place.
    EXPECT_TRUE(IsCommitUnknown(table->Resolve(token).status()));
    ASSERT_TRUE(open()->Append(SampleReader(150, 10)).ok());
    const Status refused = table->Resolve(token).status();
    EXPECT_TRUE(IsCommitConflict(refused)) << refused.ToString();
    EXPECT_EQ(open()->snapshot()->num_rows(), 160);
  }
  EXPECT_EQ(KindOf(open()->Resolve("no token").status()), ErrorKind::kInvalid);
}

TEST(TableTest, AppendsWithoutRowsMakeNoVersion) {
  auto table = MakeTable({10});
  EXPECT_EQ(table->Append(SampleReader(10, 0)).ValueOrDie().version, 1u);
  auto empty = Table::Create(FreshUri(), SampleReader(0, 0)).ValueOrDie();
  EXPECT_EQ(empty->snapshot()->num_rows(), 0);
  EXPECT_EQ(Difference(*ScanAll(*empty->snapshot(), {}), *SampleRows(0, 0)), "");
  EXPECT_EQ(Difference(*empty->snapshot()->Take({}).ValueOrDie(), *SampleRows(0, 0)), "");
}

TEST(TableTest, ReadersKeepTheirVersionWhileWritersGoOn) {
  auto table = MakeTable({1000});
  const auto old = table->snapshot();
  auto reader = old->Scan({.batch_size = 100}).ValueOrDie();
  auto other = Table::Open(table->uri()).ValueOrDie();
  ASSERT_TRUE(other->Append(SampleReader(1000, 500)).ok());
  EXPECT_EQ(Difference(*ReadAll(reader.get()), *SampleRows(0, 1000)), "");
  EXPECT_EQ(table->snapshot()->version(), 1u);
  ASSERT_TRUE(table->Refresh().ok());
  EXPECT_EQ(Difference(*ScanAll(*table->snapshot(), {}), *SampleRows(0, 1500)), "");
}

TEST(TableTest, ConcurrentAppendsAllLandOnce) {
  auto table = MakeTable({1});
  constexpr int kWriters = 8, kAppends = 10, kRows = 5;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      OpenOptions options;
      options.table.commit_deadline = std::chrono::hours(1);  // however slow the machine is
      auto mine = Table::Open(table->uri(), options).ValueOrDie();
      for (int i = 0; i < kAppends; ++i) {
        const int64_t begin = 1 + (writer * kAppends + i) * kRows;
        EXPECT_TRUE(mine->Append(SampleReader(begin, kRows)).ok());
      }
    });
  }
  for (auto& writer : writers) writer.join();
  ASSERT_TRUE(table->Refresh().ok());
  EXPECT_EQ(table->snapshot()->version(), 1u + kWriters * kAppends);
  const auto all = ScanAll(*table->snapshot(), {});
  const auto& ids = static_cast<const arrow::Int64Array&>(*all->column(0));
  std::vector<int64_t> order(ids.raw_values(), ids.raw_values() + ids.length());
  EXPECT_EQ(Difference(*all, *SampleRowsAt(order)), "");
  std::sort(order.begin(), order.end());
  std::vector<int64_t> expected(1 + kWriters * kAppends * kRows);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(TableTest, ReadsBackTextThatCompressesToAlmostNothing) {
  const std::string text(30 << 20, 'a');
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append(text).ok());
  ASSERT_TRUE(builder.Append("b").ok());
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8(), false)});
  const auto rows = arrow::RecordBatch::Make(schema, 2, {builder.Finish().ValueOrDie()});
  auto data = arrow::RecordBatchReader::Make({rows}, schema).ValueOrDie();
  auto table = Table::Create(FreshUri(), data).ValueOrDie();
  EXPECT_EQ(Difference(*ScanAll(*table->snapshot(), {}), *rows), "");
  EXPECT_EQ(Difference(*table->snapshot()->Take({1}).ValueOrDie(), *rows->Slice(1, 1)), "");
}

TEST(TableTest, AMissingVersionOrFileIsDamage) {
  auto table = MakeTable({10, 10, 10, 10});
  auto store = OpenChunkManager(table->uri()).ValueOrDie();
  ASSERT_TRUE(store->Remove(ManifestStore::PathOf(2)).ok());
  const Status reopened = Table::Open(table->uri()).status();
  EXPECT_TRUE(IsCorruption(reopened)) << reopened;
  EXPECT_THAT(reopened.message(), HasSubstr(ManifestStore::PathOf(2)));
  EXPECT_TRUE(IsCorruption(table->History().status()));
  std::vector<std::string> problems;
  ASSERT_TRUE(table->snapshot()->Verify(/*deep=*/true, &problems).ok());
  EXPECT_THAT(problems, ::testing::Contains(HasSubstr("a version is missing")));

  auto other = MakeTable({10});
  auto other_store = OpenChunkManager(other->uri()).ValueOrDie();
  for (const auto& object : other_store->List("data/").ValueOrDie()) {
    ASSERT_TRUE(other_store->Remove(object.path).ok());
  }
  auto fresh = Table::Open(other->uri()).ValueOrDie();
  EXPECT_TRUE(IsCorruption(fresh->snapshot()->Take({1}).status()));
  EXPECT_TRUE(IsCorruption(fresh->snapshot()->Count("label = 1").status()));
  auto reader = fresh->snapshot()->Scan().ValueOrDie();
  EXPECT_TRUE(IsCorruption(reader->ToTable().status()));
}

TEST(TableTest, TakesRowsOfMoreSegmentsThanFilesMayBeOpen) {
  ScratchDirectory directory;
  TableOptions options;
  options.store.sync = false;
  auto table =
      Table::Create(directory.path() + "/table", SampleReader(0, 1), "id", options).ValueOrDie();
  std::vector<int64_t> rows = {0};
  for (int64_t row = 1; row < 400; ++row) {
    ASSERT_TRUE(table->Append(SampleReader(row, 1)).ok());
    rows.insert(rows.begin() + row / 2, row);
  }
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit low = limit;
  low.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const auto taken = table->snapshot()->Take(rows);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(Difference(**taken, *SampleRowsAt(rows)), "");
}

TEST(TableTest, VerifiesDeeply) {
  auto table = MakeTable({3000, 10});
  std::vector<std::string> problems;
  ASSERT_TRUE(table->snapshot()->Verify(/*deep=*/true, &problems).ok());
  EXPECT_THAT(problems, ::testing::IsEmpty());
}

TEST(TableTest, FindsRowIdsBesideSegmentsWithoutRows) {
  auto table = MakeTable({10});
  auto store = OpenChunkManager(table->uri()).ValueOrDie();
  ManifestStore versions(store, {});
  // Both empty segments name the first row id of the one that follows.
  ManifestEdit edit;
  edit.added_segments.resize(2);
  edit.operation = {.kind = OperationKind::kAppend, .read_version = 1};
  ASSERT_EQ(versions.Commit(versions.LoadLatest().ValueOrDie(), edit).state,
            CommitState::kCommitted);
  ASSERT_TRUE(table->Refresh().ok());
  ASSERT_TRUE(table->Append(SampleReader(10, 5)).ok());
  const auto taken = table->snapshot()->TakeRowIds({10, 9, 14, 0});
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(Difference(**taken, *SampleRowsAt({10, 9, 14, 0})), "");
  EXPECT_TRUE(IsNotFound(table->snapshot()->TakeRowIds({15}).status()));
}

TEST(TableTest, RowsOlderThanAFieldHaveItsDefaultOrNull) {
  auto table = MakeTable({100});
  auto store = OpenChunkManager(table->uri()).ValueOrDie();
  ManifestStore versions(store, {});
  const auto base = versions.LoadLatest().ValueOrDie();
  std::vector<FieldSchema> fields = base->schema()->fields();
  fields.push_back({.name = "stock", .data_type = DataType::kInt32});
  fields.back().default_value = arrow::MakeScalar(int32_t{-7});
  fields.push_back({.name = "note", .data_type = DataType::kVarChar, .nullable = true});
  ManifestEdit edit;
  edit.new_schema = CollectionSchema::Make(fields, base->schema()->max_field_id()).ValueOrDie();
  edit.operation = {.kind = OperationKind::kSchema, .read_version = 1};
  ASSERT_EQ(versions.Commit(base, edit).state, CommitState::kCommitted);
  ASSERT_TRUE(table->Refresh().ok());

  // Newer rows bring values of their own.
  auto rows = SampleRows(100, 3);
  arrow::Int32Builder stock;
  arrow::StringBuilder note;
  ASSERT_TRUE(stock.AppendValues({1, 2, 3}).ok());
  ASSERT_TRUE(note.AppendValues({"a", "b", "c"}).ok());
  rows = rows->AddColumn(rows->num_columns(), "stock", stock.Finish().ValueOrDie()).ValueOrDie();
  rows = rows->AddColumn(rows->num_columns(), "note", note.Finish().ValueOrDie()).ValueOrDie();
  ASSERT_TRUE(table->Append(arrow::RecordBatchReader::Make({rows}).ValueOrDie()).ok());

  const auto snapshot = table->snapshot();
  const auto found = ScanAll(*snapshot, {.columns = {"id", "note", "stock"}});
  ASSERT_EQ(found->num_rows(), 103);
  for (int64_t row = 0; row < 103; ++row) {
    EXPECT_EQ(found->column(0)->GetScalar(row).ValueOrDie()->ToString(), std::to_string(row));
    EXPECT_EQ(found->column(1)->GetScalar(row).ValueOrDie()->ToString(),
              row < 100 ? "null" : std::string(1, static_cast<char>('a' + row - 100)));
    EXPECT_EQ(found->column(2)->GetScalar(row).ValueOrDie()->ToString(),
              std::to_string(row < 100 ? -7 : row - 99));
  }
  const auto filtered =
      ScanAll(*snapshot, {.columns = {"id"}, .filter = "stock = -7 AND note IS NULL AND id >= 98"});
  EXPECT_EQ(filtered->column(0)->ToString(), "[\n  98,\n  99\n]");
  const auto taken = snapshot->Take({101, 5}, {.columns = {"stock", "note"}}).ValueOrDie();
  EXPECT_EQ(taken->column(0)->ToString(), "[\n  2,\n  -7\n]");
  EXPECT_EQ(taken->column(1)->ToString(), "[\n  \"b\",\n  null\n]");
  // The first version has neither field.
  const auto first = Table::Open(table->uri(), {.version = 1}).ValueOrDie();
  EXPECT_EQ(Difference(*ScanAll(*first->snapshot(), {}), *SampleRows(0, 100)), "");
}

TEST(TableTest, CreatesWithRowsAndMessageInOneVersion) {
  CreateOptions options;
  options.primary_key = "id";
  options.message = "the first harvest";
  auto table = Table::Create(FreshUri(), nullptr, SampleReader(0, 10), options).ValueOrDie();
  EXPECT_EQ(table->snapshot()->schema()->primary_key()->name, "id");
  // The same columns, but stored otherwise.
  std::vector<FieldSchema> fields = table->snapshot()->schema()->fields();
  fields.back().layout = VectorLayout::kList;
  const auto schema = CollectionSchema::Make(fields).ValueOrDie();
  auto other = Table::Create(FreshUri(), schema, SampleReader(0, 10), options).ValueOrDie();
  for (const auto& made : {table, other}) {
    const auto history = made->History().ValueOrDie();
    ASSERT_EQ(history.size(), 1u);
    EXPECT_EQ(history[0].version, 1u);
    EXPECT_EQ(history[0].operation, "create");
    EXPECT_EQ(history[0].message, "the first harvest");
    EXPECT_EQ(history[0].rows_added, 10);
    EXPECT_EQ(Difference(*ScanAll(*made->snapshot(), {}), *SampleRows(0, 10)), "");
  }
  EXPECT_EQ(other->snapshot()->schema()->fields().back().layout, VectorLayout::kList);
  EXPECT_FALSE(Table::Create(FreshUri(), nullptr, nullptr, options).ok());
}

TEST(TableTest, EveryLongCallCanBeStopped) {
  ScratchDirectory directory;
  TableOptions options;
  options.store.sync = false;
  auto table =
      Table::Create(directory.path() + "/table", SampleReader(0, 5000), "id", options).ValueOrDie();
  const auto store = OpenChunkManager(table->uri()).ValueOrDie();
  const auto files = [&] { return store->List("data/").ValueOrDie().size(); };
  const size_t files_before = files();
  const auto snapshot = table->snapshot();
  auto begun = snapshot->Scan({.filter = "label = 3", .batch_size = 1}).ValueOrDie();
  std::shared_ptr<arrow::RecordBatch> batch;
  ASSERT_TRUE(begun->ReadNext(&batch).ok());
  {
    const StopScope scope([] { return true; });
    while (CheckStopped().ok()) {
    }
    const auto expect_stopped = [](const Status& status) {
      EXPECT_FALSE(status.ok());
      EXPECT_EQ(KindOf(status), ErrorKind::kCancelled) << status;
    };
    expect_stopped(begun->ReadNext(&batch));
    expect_stopped(snapshot->Scan().ValueOrDie()->ReadNext(&batch));
    expect_stopped(snapshot->Count("label = 3").status());
    expect_stopped(snapshot->Take({1, 4000, 7}).status());
    expect_stopped(snapshot->TakeRowIds({1, 4000, 7}).status());
    std::vector<std::string> problems;
    expect_stopped(snapshot->Verify(/*deep=*/true, &problems));
    EXPECT_THAT(problems, ::testing::IsEmpty());
    expect_stopped(table->Append(SampleReader(5000, 10)).status());
    expect_stopped(Table::Create(FreshUri(), SampleReader(0, 10)).status());
  }
  // The same objects go on where nobody asks to stop.
  EXPECT_EQ(files(), files_before);
  EXPECT_EQ(table->snapshot()->version(), 1u);
  EXPECT_EQ(Difference(*snapshot->Take({1, 4000, 7}).ValueOrDie(), *SampleRowsAt({1, 4000, 7})),
            "");
  EXPECT_EQ(snapshot->Count("label = 3").ValueOrDie(),
            ScanAll(*snapshot, {.filter = "label = 3"})->num_rows());
  EXPECT_EQ(table->Append(SampleReader(5000, 10)).ValueOrDie().version, 2u);
}

// Stops at its second batch, as somebody does who watches an append.
class StoppingReader : public arrow::RecordBatchReader {
 public:
  explicit StoppingReader(std::atomic<bool>* stop) : stop_(stop) {}
  std::shared_ptr<arrow::Schema> schema() const override { return SampleSchema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (++given_ == 2) {
      stop_->store(true);
      while (CheckStopped().ok()) {
      }
    }
    *batch = SampleRows(given_ * 1000, 1000);
    return Status::OK();
  }

 private:
  std::atomic<bool>* const stop_;
  int64_t given_ = -1;
};

TEST(TableTest, AStoppedAppendLeavesNothingBehind) {
  ScratchDirectory directory;
  TableOptions options;
  options.store.sync = false;
  options.write.small_write_bytes = 0;  // files are begun with the first rows
  auto table =
      Table::Create(directory.path() + "/table", SampleReader(0, 10), "id", options).ValueOrDie();
  const auto store = OpenChunkManager(table->uri()).ValueOrDie();
  const size_t objects_before = store->List("").ValueOrDie().size();
  std::atomic<bool> stop{false};
  {
    const StopScope scope([&] { return stop.load(); });
    const Status status = table->Append(std::make_shared<StoppingReader>(&stop)).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kCancelled) << status;
  }
  EXPECT_EQ(store->List("").ValueOrDie().size(), objects_before);
  EXPECT_EQ(table->Append(SampleReader(10, 10)).ValueOrDie().version, 2u);
  EXPECT_EQ(Difference(*ScanAll(*table->snapshot(), {}), *SampleRows(0, 20)), "");
}

}  // namespace
}  // namespace varve::internal
