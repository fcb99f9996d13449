// SPDX-License-Identifier: Apache-2.0
// Rows that bring their timestamps, beside rows that do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "manifest/testing/manual_clock.h"
#include "table/snapshot_impl.h"
#include "table/table_impl.h"
#include "table/testing/sample_rows.h"
#include "varve/hybrid_timestamp.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using testing::Difference;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ReadAll;
using testing::SampleReader;
using testing::SampleRows;
using testing::SampleRowsAt;

using Timestamps = std::vector<uint64_t>;

constexpr int64_t kNowMicros = 1'700'000'000'000'000;
constexpr uint64_t kNow = HybridFromMillis(kNowMicros / 1000);
constexpr uint64_t kHour = HybridFromMillis(3'600'000);
constexpr uint64_t kHigh = uint64_t{1} << 63;

std::shared_ptr<arrow::Array> ArrayOf(const Timestamps& timestamps) {
  arrow::Int64Builder builder;
  for (const uint64_t timestamp : timestamps) {
    EXPECT_TRUE(builder.Append(static_cast<int64_t>(timestamp)).ok());
  }
  return builder.Finish().ValueOrDie();
}

// Sample rows from `begin` on with a column more, as their `at`-th.
std::shared_ptr<arrow::RecordBatch> RowsWith(int64_t begin,
                                             const std::shared_ptr<arrow::Array>& timestamps,
                                             int at = 2) {
  return SampleRows(begin, timestamps->length())
      ->AddColumn(at, arrow::field("Timestamp", timestamps->type()), timestamps)
      .ValueOrDie();
}

// In batches of seven rows.
std::shared_ptr<arrow::RecordBatchReader> Stream(const std::shared_ptr<arrow::RecordBatch>& rows) {
  arrow::RecordBatchVector batches;
  for (int64_t row = 0; row < rows->num_rows(); row += 7) batches.push_back(rows->Slice(row, 7));
  return arrow::RecordBatchReader::Make(batches, rows->schema()).ValueOrDie();
}

std::shared_ptr<arrow::RecordBatchReader> Kept(int64_t begin, const Timestamps& timestamps) {
  return Stream(RowsWith(begin, ArrayOf(timestamps)));
}

Timestamps ColumnOf(const arrow::RecordBatch& batch) {
  const auto column = batch.GetColumnByName("Timestamp");
  EXPECT_EQ(column->null_count(), 0);
  Timestamps timestamps;
  for (int64_t row = 0; row < column->length(); ++row) {
    timestamps.push_back(
        static_cast<uint64_t>(static_cast<const arrow::Int64Array&>(*column).Value(row)));
  }
  return timestamps;
}

// Pauses between attempts are drawn by chance: they pass, and the time of day stays.
class StillClock : public ManualClock {
 public:
  using ManualClock::ManualClock;
  void SleepFor(std::chrono::nanoseconds duration) override {
    const int64_t now_micros = NowMicros();
    Advance(duration);
    SetNowMicros(now_micros);
  }
};

class KeptTimestampsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    store_ = OpenChunkManager(std::string("memory://kept-timestamps-") + name).ValueOrDie();
  }

  TableEnvironment Environment(const TableOptions& options = {}) {
    return {.store = store_, .options = options, .manifest = {.clock = &clock_}};
  }
  Result<std::shared_ptr<Table>> Create(const std::shared_ptr<arrow::RecordBatchReader>& rows,
                                        bool keeps_timestamps, const TableOptions& options = {}) {
    return CreateTable(Environment(options), nullptr, rows,
                       {.primary_key = "id", .keeps_timestamps = keeps_timestamps});
  }
  // As another process has it.
  std::shared_ptr<Table> Open() { return OpenTable(Environment(), {}).ValueOrDie(); }

  std::vector<std::pair<uint64_t, uint64_t>> Bounds(const Snapshot& snapshot) {
    std::vector<std::pair<uint64_t, uint64_t>> bounds;
    for (const auto& segment : ManifestOf(snapshot)->segments) {
      bounds.emplace_back(segment->min_ts, segment->max_ts);
    }
    return bounds;
  }

  StillClock clock_{kNowMicros};
  std::shared_ptr<ChunkManager> store_;
};

const AppendOptions kKeeps{.keeps_timestamps = true};

// Plain rows, rows with times of every kind, plain rows again, and what each row's time is.
struct Mixed {
  std::shared_ptr<Table> table;
  Timestamps timestamps;
};

Mixed MakeMixed(const std::shared_ptr<Table>& table, Random* random) {
  Mixed mixed{.table = table, .timestamps = Timestamps(30, kNow)};
  const auto append = [&](const Timestamps& times, bool keeps) {
    const auto begin = static_cast<int64_t>(mixed.timestamps.size());
    const auto rows =
        keeps ? Kept(begin, times) : SampleReader(begin, static_cast<int64_t>(times.size()));
    EXPECT_TRUE(table->Append(rows, keeps ? kKeeps : AppendOptions{}).ok());
    mixed.timestamps.insert(mixed.timestamps.end(), times.begin(), times.end());
  };
  Timestamps past, high, both;
  for (int i = 0; i < 50; ++i) {
    past.push_back(kNow - kHour + random->Uniform(1000));
    high.push_back(kHigh + random->Uniform(1000));
    both.push_back(i % 3 == 0 ? random->Uniform(1000) : UINT64_MAX - random->Uniform(1000));
  }
  append(past, true);
  append(Timestamps(20, kNow + 2), false);
  append(high, true);
  append(both, true);
  append(Timestamps(10, 0), true);
  append(Timestamps(5, kNow + 6), false);
  return mixed;
}

TEST_F(KeptTimestampsTest, ScansAndTakesShowThemBesideThoseOfCommits) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto created, Create(SampleReader(0, 30), false));
  const auto [written, timestamps] = MakeMixed(created, random.get());
  const auto num_rows = static_cast<int64_t>(timestamps.size());
  for (const auto& table : {written, Open()}) {
    const auto snapshot = table->snapshot();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, snapshot->Scan({.columns = {"Timestamp"}}));
    EXPECT_EQ(ColumnOf(*ReadAll(stream.get())), timestamps);
    // A column of the system, not of the user's.
    VARVE_ASSERT_OK_AND_ASSIGN(const auto all, snapshot->Scan());
    EXPECT_EQ(Difference(*ReadAll(all.get()), *SampleRows(0, num_rows)), "");
    std::vector<int64_t> rows;
    Timestamps taken;
    for (int i = 0; i < 300; ++i) {
      rows.push_back(static_cast<int64_t>(random->Uniform(timestamps.size())));
      taken.push_back(timestamps[static_cast<size_t>(rows.back())]);
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto batch, snapshot->Take(rows, {.columns = {"Timestamp"}}));
    EXPECT_EQ(ColumnOf(*batch), taken);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto by_id, snapshot->TakeRowIds({rows.begin(), rows.end()},
                                                                      {.columns = {"Timestamp"}}));
    EXPECT_EQ(ColumnOf(*by_id), taken);  // row ids are the table's: 0 and on
    std::vector<std::string> problems;
    VARVE_ASSERT_OK(snapshot->Verify(/*deep=*/true, &problems));
    EXPECT_THAT(problems, ElementsAre());
    EXPECT_EQ(snapshot->segments()[1].files[0].columns.back(), "Timestamp");
    EXPECT_EQ(snapshot->segments()[0].files[0].columns.back(), "emb");
  }
}

TEST_F(KeptTimestampsTest, SegmentsHaveTheirBoundsAsUnsignedNumbers) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Create(Kept(0, {7, 9, 8}), true));
  VARVE_ASSERT_OK(table->Append(Kept(3, {kHigh, 5, UINT64_MAX - 1}), kKeeps).status());
  VARVE_ASSERT_OK(table->Append(Kept(6, {0, 0}), kKeeps).status());
  EXPECT_THAT(
      Bounds(*Open()->snapshot()),
      ElementsAre(std::pair(7, 9), std::pair(uint64_t{5}, UINT64_MAX - 1), std::pair(0, 0)));
}

// Filters compare what scans show, signed numbers, whatever segments are pruned for it.
TEST_F(KeptTimestampsTest, FiltersAgreeWithTheRowsTheyDescribe) {
  const uint64_t seed = Random::System()->Next();
  std::cout << "seed " << seed << std::endl;
  const auto random = Random::Seeded(seed);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto created, Create(SampleReader(0, 30), false));
  const auto [table, timestamps] = MakeMixed(created, random.get());
  for (int i = 0; i < 200; ++i) {
    const uint64_t bits = timestamps[random->Uniform(timestamps.size())] + random->Uniform(3) - 1;
    const auto bound = static_cast<int64_t>(bits);
    if (bound == INT64_MIN) continue;  // no filter can name it
    const std::vector<std::pair<std::string, std::function<bool(int64_t)>>> operators = {
        {"<", [&](int64_t value) { return value < bound; }},
        {"<=", [&](int64_t value) { return value <= bound; }},
        {"=", [&](int64_t value) { return value == bound; }},
        {">=", [&](int64_t value) { return value >= bound; }},
        {">", [&](int64_t value) { return value > bound; }},
        {"!=", [&](int64_t value) { return value != bound; }}};
    const auto& [name, holds] = operators[random->Uniform(operators.size())];
    const std::string filter = "Timestamp " + name + " " + std::to_string(bound);
    SCOPED_TRACE(filter);
    std::vector<int64_t> expected;
    for (size_t row = 0; row < timestamps.size(); ++row) {
      if (holds(static_cast<int64_t>(timestamps[row]))) {
        expected.push_back(static_cast<int64_t>(row));
      }
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stream, table->snapshot()->Scan({.filter = filter}));
    EXPECT_EQ(Difference(*ReadAll(stream.get()), *SampleRowsAt(expected)), "");
    VARVE_ASSERT_OK_AND_ASSIGN(const int64_t count, table->snapshot()->Count(filter));
    EXPECT_EQ(count, static_cast<int64_t>(expected.size()));
  }
}

TEST_F(KeptTimestampsTest, TheyAreStoredHoweverColumnsAreSplit) {
  TableOptions groups;
  groups.write.split = SplitPolicy::kExplicit;
  groups.write.groups = {{"id", "ts"}, {"emb"}, {"label", "score", "text"}};
  TableOptions one, schema, size;
  one.write.split = SplitPolicy::kOneGroup;
  schema.write.split = SplitPolicy::kBySchema;
  size.write.split = SplitPolicy::kByAverageSize;
  int number = 0;
  for (const TableOptions& options : {groups, one, schema, size}) {
    SCOPED_TRACE(number);
    store_ = OpenChunkManager("memory://kept-timestamps-" + std::to_string(number++)).ValueOrDie();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Create(Kept(0, {3, 1, 2}), true, options));
    VARVE_ASSERT_OK(table->Append(SampleReader(3, 1)).status());
    VARVE_ASSERT_OK(table->Append(Kept(4, {9, 8}), kKeeps).status());
    EXPECT_EQ(table->snapshot()->segments()[0].files[0].columns.back(), "Timestamp");
    VARVE_ASSERT_OK_AND_ASSIGN(const auto stream,
                               Open()->snapshot()->Scan({.columns = {"Timestamp"}}));
    EXPECT_EQ(ColumnOf(*ReadAll(stream.get())), (Timestamps{3, 1, 2, kNow + 1, 9, 8}));
  }
}

TEST_F(KeptTimestampsTest, ANewTableHasNoFieldForThem) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto inferred, Create(Kept(0, {3, 1, 2}), true));
  const auto schema = inferred->snapshot()->schema();
  EXPECT_EQ(schema->FindByName("Timestamp"), nullptr);
  EXPECT_EQ(schema->primary_key()->name, "id");
  EXPECT_EQ(schema->FindByName("emb")->data_type, DataType::kFloatVector);
  store_ = OpenChunkManager("memory://kept-timestamps-told").ValueOrDie();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto told, CreateTable(Environment(), schema, Kept(0, {3, 1, 2}),
                                                          {.keeps_timestamps = true}));
  EXPECT_TRUE(told->snapshot()->schema()->Equals(*schema));
  for (const auto& table : {inferred, told}) {
    VARVE_ASSERT_OK_AND_ASSIGN(const auto rows,
                               table->snapshot()->Take({2, 0}, {.columns = {"id", "Timestamp"}}));
    EXPECT_EQ(ColumnOf(*rows), (Timestamps{2, 3}));
  }
}

TEST_F(KeptTimestampsTest, RowsThatDoNotFitNameColumnAndRow) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Create(SampleReader(0, 3), false));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto before, store_->List(""));
  const auto error_of = [&](const std::shared_ptr<arrow::RecordBatch>& rows, bool keeps = true) {
    const Status status = table->Append(Stream(rows), {.keeps_timestamps = keeps}).status();
    EXPECT_EQ(KindOf(status), ErrorKind::kInvalid) << status;
    EXPECT_THAT(status.message(), HasSubstr("'Timestamp'"));
    return status.message();
  };
  const auto good = ArrayOf({1, 2, 3});
  EXPECT_THAT(error_of(RowsWith(3, good), false), HasSubstr("unknown column"));
  EXPECT_THAT(error_of(SampleRows(3, 3)), HasSubstr("missing column"));
  EXPECT_THAT(error_of(RowsWith(3, good)
                           ->AddColumn(0, arrow::field("Timestamp", good->type()), good)
                           .ValueOrDie()),
              HasSubstr("duplicate column"));
  arrow::Int64Builder nulls;
  ASSERT_TRUE(nulls.AppendValues({1, 2}).ok() && nulls.AppendNull().ok());
  EXPECT_THAT(error_of(RowsWith(3, nulls.Finish().ValueOrDie())), HasSubstr("row 2"));
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.AppendValues({"1", "2"}).ok());
  EXPECT_THAT(error_of(RowsWith(3, texts.Finish().ValueOrDie())), HasSubstr("found string"));
  EXPECT_EQ(*store_->List(""), before);

  // A new table has no such column unless it is told.
  store_ = OpenChunkManager("memory://kept-timestamps-refused").ValueOrDie();
  const Status reserved = Create(Kept(0, {1}), false).status();
  EXPECT_THAT(reserved.message(), HasSubstr("reserved field name: field 'Timestamp'"));
  EXPECT_EQ(KindOf(Create(SampleReader(0, 1), true).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(Create(Kept(0, {1}), false).status()), ErrorKind::kInvalid);
}

// Both commits start from version 1; the second is rebased.
TEST_F(KeptTimestampsTest, OfTwoAppendsAtOnceThePlainOneIsNewerIfItIsLater) {
  for (const uint64_t latest : {kNow - kHour, kNow + kHour, UINT64_MAX}) {
    for (const bool plain_first : {true, false}) {
      SCOPED_TRACE(std::to_string(latest) + (plain_first ? ", plain first" : ", plain second"));
      store_ = OpenChunkManager("memory://kept-timestamps-" + std::to_string(latest) +
                                (plain_first ? "-first" : "-second"))
                   .ValueOrDie();
      VARVE_ASSERT_OK(Create(SampleReader(0, 2), false).status());
      const auto plain = Open();
      const auto kept = Open();
      if (plain_first) VARVE_ASSERT_OK(plain->Append(SampleReader(2, 1)).status());
      VARVE_ASSERT_OK(kept->Append(Kept(3, {5, latest}), kKeeps).status());
      if (!plain_first) VARVE_ASSERT_OK(plain->Append(SampleReader(2, 1)).status());
      VARVE_ASSERT_OK_AND_ASSIGN(
          const auto stream, Open()->snapshot()->Scan({.columns = {"id", "RowID", "Timestamp"}}));
      const auto rows = ReadAll(stream.get());
      // Commits are times of a clock that stands still: kNow, and one more each.
      const uint64_t followed = latest == kNow + kHour ? latest + 1 : kNow + 2;
      EXPECT_EQ(ColumnOf(*rows), plain_first ? (Timestamps{kNow, kNow, kNow + 1, 5, latest})
                                             : (Timestamps{kNow, kNow, 5, latest, followed}));
      EXPECT_TRUE(rows->column(1)->Equals(ArrayOf({0, 1, 2, 3, 4}))) << rows->ToString();
      EXPECT_TRUE(rows->column(0)->Equals(plain_first ? ArrayOf({0, 1, 2, 3, 4})
                                                      : ArrayOf({0, 1, 3, 4, 2})));
      // Nor does it go back in the version after.
      VARVE_ASSERT_OK(plain->Append(SampleReader(5, 1)).status());
      VARVE_ASSERT_OK_AND_ASSIGN(const auto last,
                                 plain->snapshot()->Take({5}, {.columns = {"Timestamp"}}));
      const uint64_t expected = latest == kNow + kHour ? latest + (plain_first ? 1 : 2) : kNow + 3;
      EXPECT_EQ(ColumnOf(*last), Timestamps{expected});
    }
  }
}

}  // namespace
}  // namespace varve::internal
