// SPDX-License-Identifier: Apache-2.0
// Tables that older versions wrote are read: tests/fixtures/compat/v1/table has layout records of
// form 1; tests/fixtures/compat/v1/future-timestamps has rows that brought their times, some of a
// future that no clock shows.
//
// After a deliberate change of the format, VARVE_WRITE_FIXTURES=1 writes a folder that was removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow/array.h"
#include "arrow/builder.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "base/coding.h"
#include "base/random.h"
#include "base/testing/status_assertions.h"
#include "manifest/manifest_envelope.h"
#include "manifest/testing/manual_clock.h"
#include "manifest/version_chain.h"
#include "table/snapshot_impl.h"
#include "table/table_impl.h"
#include "table/testing/sample_rows.h"
#include "varve/hybrid_timestamp.h"
#include "varve/table.h"

namespace varve::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFutureTable[] = "tests/fixtures/compat/v1/future-timestamps";
constexpr int64_t kNowMicros = 1'700'000'000'000'000;
constexpr uint64_t kNow = HybridFromMillis(kNowMicros / 1000);
constexpr uint64_t kHour = HybridFromMillis(3'600'000);
constexpr uint64_t kYear2100 = HybridFromMillis(4'102'444'800'000);
constexpr uint64_t kYear4000 = HybridFromMillis(64'060'588'800'000);
constexpr uint64_t kLater = HybridFromMillis(kNowMicros / 1000 + 2000);

std::shared_ptr<arrow::Array> Int64s(const std::vector<uint64_t>& values) {
  arrow::Int64Builder builder;
  for (const uint64_t value : values) {
    EXPECT_TRUE(builder.Append(static_cast<int64_t>(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatchReader> Rows(const std::vector<uint64_t>& ids,
                                               const std::vector<uint64_t>& timestamps = {}) {
  arrow::FieldVector fields = {arrow::field("id", arrow::int64(), false)};
  arrow::ArrayVector columns = {Int64s(ids)};
  if (!timestamps.empty()) {
    fields.push_back(arrow::field("Timestamp", arrow::int64(), false));
    columns.push_back(Int64s(timestamps));
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                              static_cast<int64_t>(ids.size()), std::move(columns));
  return arrow::RecordBatchReader::Make({batch}).ValueOrDie();
}

std::vector<uint64_t> Values(const arrow::RecordBatch& batch, const std::string& name) {
  const auto column = std::static_pointer_cast<arrow::Int64Array>(batch.GetColumnByName(name));
  EXPECT_EQ(column->null_count(), 0);
  std::vector<uint64_t> values;
  for (int64_t row = 0; row < column->length(); ++row) {
    values.push_back(static_cast<uint64_t>(column->Value(row)));
  }
  return values;
}

// Two plain rows, five with times, two plain rows; a second between commits.
Status WriteFutureTable() {
  ManualClock clock(kNowMicros);
  const auto random = Random::Seeded(3);
  ARROW_ASSIGN_OR_RAISE(auto store, OpenChunkManager(kFutureTable));
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        CreateTable({.store = std::move(store),
                                     .manifest = {.clock = &clock, .random = random.get()}},
                                    nullptr, Rows({0, 1}), {.primary_key = "id"}));
  clock.Advance(std::chrono::seconds(1));
  ARROW_RETURN_NOT_OK(
      table
          ->Append(Rows({2, 3, 4, 5, 6}, {kNow - kHour, 7, kYear2100, kYear4000, UINT64_MAX}),
                   {.keeps_timestamps = true})
          .status());
  clock.Advance(std::chrono::seconds(1));
  return table->Append(Rows({7, 8})).status();
}

TEST(TableCompatTest, LayoutRecordsOfFormOne) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Table::Open("tests/fixtures/compat/v1/table"));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto scan, table->snapshot()->Scan({}));
  const auto rows = testing::ReadAll(scan.get());
  ASSERT_EQ(rows->num_rows(), 12);
  for (int64_t i = 0; i < 12; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(i), i);
    EXPECT_EQ(static_cast<const arrow::Int32Array&>(*rows->column(1)).Value(i), i % 3);
    const auto& text = static_cast<const arrow::StringArray&>(*rows->column(2));
    ASSERT_EQ(text.IsNull(i), i % 5 == 4);
    if (!text.IsNull(i)) {
      EXPECT_EQ(text.GetString(i), "row " + std::to_string(i));
    }
    const auto& tags = static_cast<const arrow::ListArray&>(*rows->column(3));
    ASSERT_EQ(tags.value_length(i), i % 2 == 0 ? 0 : 2);
    const auto& items = static_cast<const arrow::Int64Array&>(*tags.values());
    for (int j = 0; j < tags.value_length(i); ++j) {
      EXPECT_EQ(items.Value(tags.value_offset(i) + j), i + j);
    }
    const auto& emb = static_cast<const arrow::FixedSizeListArray&>(*rows->column(4));
    const auto& elements = static_cast<const arrow::FloatArray&>(*emb.values());
    for (int64_t j = 0; j < 4; ++j) {
      EXPECT_EQ(elements.Value(emb.value_offset(i) + j),
                static_cast<float>(i) + 0.25F * static_cast<float>(j));
    }
  }
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(table->snapshot()->Verify(/*deep=*/true, &problems));
  EXPECT_EQ(problems, std::vector<std::string>());
}

TEST(TableCompatTest, RowsOfTheFuture) {
  if (std::getenv("VARVE_WRITE_FIXTURES") != nullptr && !std::filesystem::exists(kFutureTable)) {
    VARVE_ASSERT_OK(WriteFutureTable());
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto table, Table::Open(kFutureTable));
  const auto snapshot = table->snapshot();
  const std::vector<uint64_t> timestamps = {kNow,      kNow,       kNow - kHour, 7,     kYear2100,
                                            kYear4000, UINT64_MAX, kLater,       kLater};
  VARVE_ASSERT_OK_AND_ASSIGN(const auto scan,
                             snapshot->Scan({.columns = {"id", "RowID", "Timestamp"}}));
  const auto rows = testing::ReadAll(scan.get());
  EXPECT_THAT(Values(*rows, "id"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(Values(*rows, "RowID"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(Values(*rows, "Timestamp"), timestamps);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto taken,
                             snapshot->TakeRowIds({6, 3, 7}, {.columns = {"Timestamp"}}));
  EXPECT_THAT(Values(*taken, "Timestamp"), ElementsAre(UINT64_MAX, 7, kLater));

  const auto ids_where = [&](const std::string& filter) {
    const auto stream = snapshot->Scan({.filter = filter});
    EXPECT_TRUE(stream.ok()) << stream.status();
    return stream.ok() ? Values(*testing::ReadAll(stream->get()), "id") : std::vector<uint64_t>();
  };
  // As signed numbers, which those from 2^63 on are below zero.
  EXPECT_THAT(ids_where("Timestamp < 0"), ElementsAre(5, 6));
  EXPECT_THAT(ids_where("Timestamp = -1"), ElementsAre(6));
  EXPECT_THAT(ids_where("Timestamp = 7"), ElementsAre(3));
  EXPECT_THAT(ids_where("Timestamp >= 0 AND Timestamp < " + std::to_string(kNow)),
              ElementsAre(2, 3));
  EXPECT_THAT(ids_where("Timestamp >= " + std::to_string(kLater)), ElementsAre(4, 7, 8));

  // The clock of the table is not that of its rows.
  const Manifest& manifest = *ManifestOf(*snapshot);
  EXPECT_EQ(manifest.version, 3u);
  EXPECT_EQ(manifest.max_ts, kLater);
  EXPECT_THAT(manifest.reader_features, ElementsAre("future-timestamps"));
  ASSERT_EQ(manifest.segments.size(), 3u);
  EXPECT_EQ(manifest.segments[1]->min_ts, 7u);
  EXPECT_EQ(manifest.segments[1]->max_ts, UINT64_MAX);
  std::vector<std::string> problems;
  VARVE_ASSERT_OK(snapshot->Verify(/*deep=*/true, &problems));
  EXPECT_EQ(problems, std::vector<std::string>());
}

// Who does not know the feature reads what was there before its rows, and is told of the rest.
TEST(TableCompatTest, RowsOfTheFutureNeedAReaderThatKnowsThem) {
  VARVE_ASSERT_OK_AND_ASSIGN(const auto store, OpenChunkManager(kFutureTable));
  for (const uint64_t version : {1, 2, 3}) {
    SCOPED_TRACE(version);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store->Read(VersionPath(version)));
    const std::string object = bytes->ToString();
    VARVE_ASSERT_OK_AND_ASSIGN(auto envelope, OpenManifestEnvelope(AsBytes(object), "version"));
    EXPECT_EQ(envelope.reader_features, version == 1
                                            ? std::vector<std::string>()
                                            : std::vector<std::string>{"future-timestamps"});
    if (version == 1) continue;
    // As a reader of today has it of a feature to come.
    envelope.reader_features = {"further-timestamps"};
    VARVE_ASSERT_OK_AND_ASSIGN(const auto sealed, SealManifest(envelope));
    const Status refused = OpenManifestEnvelope(AsBytes(sealed.bytes), "version").status();
    EXPECT_EQ(KindOf(refused), ErrorKind::kUnsupported) << refused;
    EXPECT_THAT(refused.message(), HasSubstr("'further-timestamps'"));
  }
}

}  // namespace
}  // namespace varve::internal
