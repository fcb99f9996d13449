// SPDX-License-Identifier: Apache-2.0
// Finding and loading versions.
#include "manifest/manifest_store.h"

#include <set>

#include "base/coding.h"
#include "base/testing/status_assertions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest_codec.h"
#include "manifest/testing/hooked_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/testing/manual_clock.h"
#include "manifest/version_chain.h"

namespace varve::internal {
namespace {

using Call = HookedStore::Call;

constexpr int64_t kStartMicros = 1'700'000'000'000'000;
constexpr ChunkManagerFeatures kPlain{.put_if_absent = true};
constexpr ChunkManagerFeatures kListing{.put_if_absent = true, .ordered_listing = true};
constexpr ChunkManagerFeatures kLocal{.put_if_absent = true, .mapping = true};

// A table of one writer on a store in memory.
class ManifestStoreTest : public ::testing::Test {
 protected:
  explicit ManifestStoreTest(ChunkManagerFeatures features = kPlain)
      : store_(std::make_shared<HookedStore>(features)), versions_(store_, Options()) {}

  ManifestStoreOptions Options() { return {.clock = &clock_, .random = random_.get()}; }

  void Create() {
    CommitOutcome outcome = versions_.Create(SampleSchema(), {});
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    latest_ = outcome.manifest;
  }
  void Commit(const ManifestEdit& edit) {
    CommitOutcome outcome = versions_.Commit(latest_, edit);
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    latest_ = outcome.manifest;
  }
  void Append() { Commit(AppendOf(SampleSegment(random_.get()))); }
  // Versions 1 to `version`.
  void Grow(uint64_t version) {
    if (latest_ == nullptr) Create();
    while (!HasFatalFailure() && latest_->version < version) Append();
  }

  ManualClock clock_{kStartMicros};
  std::unique_ptr<Random> random_ = Random::Seeded(20'261'121);
  std::shared_ptr<HookedStore> store_;
  ManifestStore versions_;
  std::shared_ptr<const Manifest> latest_;
};

// Appends, with now and then a compaction, a property, a tag or a column.
ManifestEdit RandomEdit(const Manifest& base, Random* random) {
  ManifestEdit edit = AppendOf(SampleSegment(random, static_cast<int64_t>(random->Uniform(20))),
                               "edit " + std::to_string(random->Uniform(1000)));
  switch (random->Uniform(12)) {
    case 0: {
      if (base.segments.empty()) break;
      edit.operation.kind = OperationKind::kCompact;
      const uint64_t first = random->Uniform(base.segments.size());
      const uint64_t last = std::min(base.segments.size(), first + 1 + random->Uniform(5));
      edit.added_segments[0].num_rows = 0;
      for (uint64_t i = first; i < last; ++i) {
        edit.removed_segment_ids.push_back(base.segments[i]->segment_id);
        edit.added_segments[0].num_rows += base.segments[i]->num_rows;
        edit.added_segments[0].max_ts = base.segments[i]->max_ts;
      }
      edit.added_segments[0].first_row_id = base.segments[first]->first_row_id;
      for (auto& column : edit.added_segments[0].statistics) column.null_count = -1;
      break;
    }
    case 1:
      edit.set_properties.emplace_back("key " + std::to_string(random->Uniform(3)),
                                       std::to_string(random->Next()));
      break;
    case 2:
      edit.set_tags.push_back({"tag " + std::to_string(random->Uniform(3)), base.version});
      break;
    case 3: {
      auto fields = base.schema()->fields();
      if (fields.size() > 12) break;
      fields.push_back({.name = "column " + std::to_string(fields.size()),
                        .data_type = DataType::kInt64,
                        .nullable = true});
      auto schema = CollectionSchema::Make(std::move(fields), base.schema()->max_field_id());
      EXPECT_TRUE(schema.ok()) << schema.status();
      edit.new_schema = *schema;
      edit.added_segments.clear();
      edit.operation.kind = OperationKind::kSchema;
      break;
    }
    default:
      break;
  }
  return edit;
}

TEST_F(ManifestStoreTest, TheFirstVersionHoldsTheSchema) {
  ASSERT_NO_FATAL_FAILURE(Create());
  EXPECT_EQ(latest_->version, 1u);
  EXPECT_EQ(latest_->parent_version, 0u);
  EXPECT_EQ(latest_->num_rows(), 0);
  EXPECT_EQ(latest_->commit_micros, kStartMicros);
  EXPECT_EQ(latest_->operation.kind, OperationKind::kCreate);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto loaded, versions_.LoadLatest());
  EXPECT_EQ(DumpManifest(*loaded), DumpManifest(*latest_));
  EXPECT_TRUE(loaded->schema()->Equals(*SampleSchema()));
}

TEST_F(ManifestStoreTest, CommitsGiveIdsRowIdsAndTimes) {
  ASSERT_NO_FATAL_FAILURE(Create());
  clock_.Advance(std::chrono::seconds(1));
  ManifestEdit edit = AppendOf(SampleSegment(random_.get(), 10), "two files");
  edit.added_segments.push_back(SampleSegment(random_.get(), 5));
  ASSERT_NO_FATAL_FAILURE(Commit(edit));
  clock_.SetNowMicros(kStartMicros - 60'000'000);  // a clock that was put back
  ASSERT_NO_FATAL_FAILURE(Append());

  VARVE_ASSERT_OK_AND_ASSIGN(const auto manifest, versions_.LoadLatest());
  ASSERT_EQ(manifest->segments.size(), 3u);
  const uint64_t second = uint64_t{(kStartMicros + 1'000'000) / 1000} << 18;
  const struct {
    uint64_t id, first_row_id, rows, sequence, ts;
  } expected[] = {{1, 0, 10, 2, second}, {2, 10, 5, 2, second}, {3, 15, 10, 3, second + 1}};
  for (size_t i = 0; i < 3; ++i) {
    const SegmentEntry& segment = *manifest->segments[i];
    EXPECT_EQ(segment.segment_id, expected[i].id);
    EXPECT_EQ(segment.first_row_id, expected[i].first_row_id);
    EXPECT_EQ(static_cast<uint64_t>(segment.num_rows), expected[i].rows);
    EXPECT_EQ(segment.sequence, expected[i].sequence);
    EXPECT_EQ(segment.min_ts, expected[i].ts);
    EXPECT_EQ(segment.max_ts, expected[i].ts);
  }
  EXPECT_EQ(manifest->next_row_id, 25u);
  EXPECT_EQ(manifest->next_segment_id, 4u);
  EXPECT_EQ(manifest->max_ts, second + 1);
  EXPECT_EQ(manifest->commit_micros, kStartMicros + 1'000'000);
  EXPECT_EQ(manifest->num_rows(), 25);

  VARVE_ASSERT_OK_AND_ASSIGN(const auto summary, versions_.Summarize(2));
  EXPECT_EQ(summary.num_rows, 15);
  EXPECT_EQ(summary.operation.kind, OperationKind::kAppend);
  EXPECT_EQ(summary.operation.message, "two files");
  EXPECT_EQ(summary.operation.rows_added, 15);
  EXPECT_EQ(summary.operation.read_version, 1u);
  EXPECT_THAT(summary.operation.segments_added, ::testing::ElementsAre(1, 2));
}

TEST_F(ManifestStoreTest, CompactedRowsKeepTheirIdsAndTimes) {
  ASSERT_NO_FATAL_FAILURE(Grow(4));
  ManifestEdit edit = AppendOf(SampleSegment(random_.get(), 20));
  edit.operation.kind = OperationKind::kCompact;
  edit.removed_segment_ids = {2, 1};
  edit.added_segments[0].first_row_id = 0;
  edit.added_segments[0].min_ts = latest_->segments[0]->min_ts;
  edit.added_segments[0].max_ts = latest_->segments[1]->max_ts;
  const auto before = latest_;
  ASSERT_NO_FATAL_FAILURE(Commit(edit));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto after, versions_.LoadLatest());
  ASSERT_EQ(after->segments.size(), 2u);
  EXPECT_EQ(after->segments[0]->segment_id, 3u);
  EXPECT_EQ(after->segments[1]->segment_id, 4u);
  EXPECT_EQ(after->segments[1]->first_row_id, 0u);
  EXPECT_EQ(after->segments[1]->min_ts, before->segments[0]->min_ts);
  EXPECT_EQ(after->segments[1]->max_ts, before->segments[1]->max_ts);
  EXPECT_EQ(after->next_row_id, 30u);
  EXPECT_EQ(after->num_rows(), 30);
  EXPECT_EQ(after->operation.rows_removed, 20);
  EXPECT_THAT(after->operation.segments_removed, ::testing::ElementsAre(2, 1));
}

// The writer's own state, kept without ever reading, against every version read back cold, and warm
// from some other version.
TEST_F(ManifestStoreTest, EveryVersionOfAChainIsTheWholeState) {
  SCOPED_TRACE("seed 20261121");
  ASSERT_NO_FATAL_FAILURE(Create());
  std::vector<std::string> dumps = {"", DumpManifest(*latest_)};
  while (latest_->version < 2000) {
    clock_.Advance(std::chrono::milliseconds(random_->Uniform(3)));
    ASSERT_NO_FATAL_FAILURE(Commit(RandomEdit(*latest_, random_.get())));
    // One state a version is enough: its text holds every segment.
    dumps.push_back(latest_->version % 29 == 0 || latest_->version < 300 ? DumpManifest(*latest_)
                                                                         : "");
  }
  std::shared_ptr<const Manifest> known;
  for (uint64_t version = 1; version <= 2000; ++version) {
    if (dumps[version].empty()) continue;
    store_->TakeCalls();
    VARVE_ASSERT_OK_AND_ASSIGN(const auto cold, versions_.Load(version));
    ASSERT_LE(store_->TakeCalls().size(), 5u);
    ASSERT_EQ(DumpManifest(*cold), dumps[version]) << version;
    if (known != nullptr) {
      VARVE_ASSERT_OK_AND_ASSIGN(const auto warm, versions_.Load(version, known.get()));
      ASSERT_EQ(DumpManifest(*warm), dumps[version]) << version << " from " << known->version;
    }
    if (random_->Uniform(3) == 0) known = cold;
  }
}

TEST_F(ManifestStoreTest, KnownVersionsSaveReading) {
  ASSERT_NO_FATAL_FAILURE(Grow(60));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto known, versions_.Load(58));
  store_->TakeCalls();
  VARVE_ASSERT_OK_AND_ASSIGN(const auto same, versions_.Load(58, known.get()));
  EXPECT_EQ(store_->TakeCalls().size(), 0u);
  EXPECT_EQ(DumpManifest(*same), DumpManifest(*known));
  // 59 = 323, 56 = 320: its base is known through 58 = 322.
  VARVE_ASSERT_OK_AND_ASSIGN(const auto next, versions_.Load(59, known.get()));
  EXPECT_EQ(store_->TakeCalls().size(), 1u);
  VARVE_ASSERT_OK_AND_ASSIGN(const auto cold, versions_.Load(59));
  EXPECT_EQ(store_->TakeCalls().size(), 4u);
  EXPECT_EQ(DumpManifest(*next), DumpManifest(*cold));
}

TEST_F(ManifestStoreTest, WhatIsKnownOfAnotherTableIsNotBelieved) {
  ASSERT_NO_FATAL_FAILURE(Grow(10));
  auto other = std::make_shared<HookedStore>(kPlain);
  ManifestStore other_versions(other, Options());
  CommitOutcome outcome = other_versions.Create(SampleSchema(), {});
  while (outcome.manifest->version < 9) {
    outcome = other_versions.Commit(outcome.manifest, AppendOf(SampleSegment(random_.get(), 3)));
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto loaded, versions_.Load(10, outcome.manifest.get()));
  EXPECT_EQ(DumpManifest(*loaded), DumpManifest(*latest_));
}

TEST_F(ManifestStoreTest, AbsentVersionsAreNotFound) {
  EXPECT_TRUE(IsNotFound(versions_.FindLatest().status()));
  EXPECT_TRUE(IsNotFound(versions_.LoadLatest().status()));
  ASSERT_NO_FATAL_FAILURE(Grow(3));
  EXPECT_TRUE(IsNotFound(versions_.Load(0).status()));
  EXPECT_TRUE(IsNotFound(versions_.Load(4).status()));
  EXPECT_TRUE(IsNotFound(versions_.Load(UINT64_MAX).status()));
  EXPECT_TRUE(IsNotFound(versions_.Summarize(4).status()));
}

TEST_F(ManifestStoreTest, AMissingBaseIsCorruption) {
  ASSERT_NO_FATAL_FAILURE(Grow(6));
  store_->Erase(VersionPath(4));
  const Status status = versions_.Load(6).status();
  ASSERT_TRUE(IsCorruption(status)) << status;
  EXPECT_EQ(ContextOf(status)->object, VersionPath(6));
  EXPECT_EQ(ContextOf(status)->expected, VersionPath(4));
  EXPECT_TRUE(versions_.Load(3).ok());
}

TEST_F(ManifestStoreTest, ABaseOfAnotherHistoryIsCorruption) {
  ASSERT_NO_FATAL_FAILURE(Grow(6));
  // A valid object of the right version, written by somebody else.
  auto other = std::make_shared<HookedStore>(kPlain);
  ManifestStore other_versions(other, Options());
  CommitOutcome outcome = other_versions.Create(SampleSchema(), {});
  while (outcome.manifest->version < 4) {
    outcome = other_versions.Commit(outcome.manifest, AppendOf(SampleSegment(random_.get())));
  }
  store_->Set(VersionPath(4), other->Get(VersionPath(4)));
  const Status status = versions_.Load(6).status();
  ASSERT_TRUE(IsCorruption(status)) << status;
  EXPECT_THAT(status.ToString(), ::testing::HasSubstr("base_crc32c"));
}

TEST_F(ManifestStoreTest, AVersionUnderAnothersNameIsCorruption) {
  ASSERT_NO_FATAL_FAILURE(Grow(3));
  store_->Set(VersionPath(4), store_->Get(VersionPath(3)));
  const Status status = versions_.LoadLatest().status();
  ASSERT_TRUE(IsCorruption(status)) << status;
  EXPECT_EQ(ContextOf(status)->object, VersionPath(4));
}

TEST_F(ManifestStoreTest, ADamagedNewestVersionIsNeverSteppedOver) {
  ASSERT_NO_FATAL_FAILURE(Grow(3));
  store_->Set(VersionPath(3), "");
  const Status status = versions_.LoadLatest().status();
  ASSERT_TRUE(IsCorruption(status)) << status;
  EXPECT_EQ(ContextOf(status)->object, VersionPath(3));
}

TEST_F(ManifestStoreTest, FindsVersionsByTime) {
  ASSERT_NO_FATAL_FAILURE(Create());
  std::vector<int64_t> times = {0, kStartMicros};
  for (int i = 0; i < 50; ++i) {
    clock_.Advance(std::chrono::microseconds(random_->Uniform(3)));
    ASSERT_NO_FATAL_FAILURE(Append());
    times.push_back(clock_.NowMicros());
  }
  for (int64_t micros = kStartMicros; micros < times.back() + 3; ++micros) {
    uint64_t expected = 0;
    for (uint64_t version = 1; version < times.size(); ++version) {
      if (times[version] <= micros) expected = version;
    }
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions_.FindByTime(micros));
    ASSERT_EQ(found, expected) << micros;
  }
  EXPECT_TRUE(IsNotFound(versions_.FindByTime(kStartMicros - 1).status()));
}

TEST_F(ManifestStoreTest, ListsVersionsOldestFirst) {
  ASSERT_NO_FATAL_FAILURE(Grow(70));
  store_->Set("_versions/hint", "64");
  store_->Set("_versions/unrelated", "x");
  VARVE_ASSERT_OK_AND_ASSIGN(const auto objects, versions_.ListVersions());
  ASSERT_EQ(objects.size(), 70u);
  for (uint64_t version = 1; version <= 70; ++version) {
    EXPECT_EQ(objects[version - 1].path, VersionPath(version));
    EXPECT_EQ(objects[version - 1].size,
              static_cast<int64_t>(store_->Get(VersionPath(version)).size()));
  }
}

// Only names matter for finding: a store that holds nothing else.
class FindLatestTest : public ::testing::TestWithParam<ChunkManagerFeatures> {};

TEST_P(FindLatestTest, FindsTheNewestWhateverTheHintSays) {
  for (uint64_t newest = 1; newest <= 600; ++newest) {
    auto store = std::make_shared<HookedStore>(GetParam());
    ManifestStore versions(store);
    for (uint64_t version = 1; version <= newest; ++version) store->Set(VersionPath(version), "");
    const std::string hints[] = {"-",
                                 "1",
                                 std::to_string(newest / 2),
                                 std::to_string(newest - 1),
                                 std::to_string(newest),
                                 std::to_string(newest + 1),
                                 "18446744073709551615",
                                 "99999999999999999999999",
                                 "-5",
                                 "nonsense",
                                 ""};
    for (const std::string& hint : hints) {
      if (hint != "-") store->Set("_versions/hint", hint);
      VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
      ASSERT_EQ(found, newest) << "hint " << hint;
    }
    for (const uint64_t at_least : {uint64_t{1}, newest / 3 + 1, newest}) {
      VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest(at_least));
      ASSERT_EQ(found, newest) << "at least " << at_least;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, FindLatestTest, ::testing::Values(kPlain, kListing, kLocal),
                         [](const auto& store) {
                           return store.param.ordered_listing ? "Listing"
                                  : store.param.mapping       ? "Local"
                                                              : "Plain";
                         });

TEST(FindLatestCostTest, ListingStoresAnswerWithOneRequest) {
  auto store = std::make_shared<HookedStore>(kListing);
  ManifestStore versions(store, {});
  for (uint64_t version = 1; version <= 600; ++version) store->Set(VersionPath(version), "");
  VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
  EXPECT_EQ(found, 600u);
  EXPECT_THAT(store->TakeCalls(), ::testing::ElementsAre(std::pair(Call::kList, "_versions/")));
}

TEST(FindLatestCostTest, NothingNewCostsOneProbeAndOnDisksAFewBeyond) {
  for (const auto& features : {kPlain, kLocal}) {
    auto store = std::make_shared<HookedStore>(features);
    ManifestStore versions(store, {});
    for (uint64_t version = 1; version <= 600; ++version) store->Set(VersionPath(version), "");
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest(600));
    EXPECT_EQ(found, 600u);
    std::vector<std::pair<Call, std::string>> expected = {{Call::kExist, VersionPath(601)}};
    for (uint64_t distance = 1; distance <= 8; distance *= 2) {
      if (features.mapping) expected.emplace_back(Call::kExist, VersionPath(601 + distance));
    }
    EXPECT_EQ(store->TakeCalls(), expected);
  }
}

TEST(FindLatestCostTest, AGoodHintSavesTheGallop) {
  auto store = std::make_shared<HookedStore>(kPlain);
  ManifestStore versions(store, {});
  for (uint64_t version = 1; version <= 600; ++version) store->Set(VersionPath(version), "");
  store->Set("_versions/hint", "600");
  VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
  EXPECT_EQ(found, 600u);
  EXPECT_EQ(store->TakeCalls().size(), 3u);  // the hint, 600, 601
}

TEST(FindLatestCostTest, CollectedVersionsDoNotHideTheRest) {
  for (const auto& features : {kPlain, kListing, kLocal}) {
    auto store = std::make_shared<HookedStore>(features);
    ManifestStore versions(store, {});
    for (uint64_t version = 300; version <= 600; ++version) store->Set(VersionPath(version), "");
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
    EXPECT_EQ(found, 600u);
  }
}

TEST_F(ManifestStoreTest, HintsAreWrittenNowAndThenWhereTheyHelp) {
  ASSERT_NO_FATAL_FAILURE(Grow(130));
  EXPECT_EQ(store_->Get("_versions/hint"), "128");
  int num_writes = 0;
  for (const auto& [call, path] : store_->TakeCalls()) num_writes += call == Call::kWrite;
  EXPECT_EQ(num_writes, 2);
}

TEST_F(ManifestStoreTest, AHintThatCannotBeWrittenHarmsNothing) {
  store_->SetHook([](Call call, HookedStore::Moment, const std::string&) {
    return call == Call::kWrite ? MakeError(ErrorKind::kIo, "no") : Status::OK();
  });
  ASSERT_NO_FATAL_FAILURE(Grow(70));
  EXPECT_EQ(latest_->version, 70u);
}

class LocalManifestStoreTest : public ManifestStoreTest {
 protected:
  LocalManifestStoreTest() : ManifestStoreTest(kLocal) {}
};

TEST_F(LocalManifestStoreTest, AnUncontendedAppendIsOnePutAndAFewProbes) {
  ASSERT_NO_FATAL_FAILURE(Grow(70));
  store_->TakeCalls();
  ASSERT_NO_FATAL_FAILURE(Append());
  auto calls = store_->TakeCalls();
  EXPECT_EQ(calls.back(), std::pair(Call::kPut, VersionPath(71)));
  calls.pop_back();
  for (const auto& [call, path] : calls) EXPECT_EQ(call, Call::kExist) << path;
  EXPECT_LE(calls.size(), 14u);
}

TEST_F(ManifestStoreTest, ElsewhereAnUncontendedAppendIsOneRequest) {
  ASSERT_NO_FATAL_FAILURE(Grow(70));
  store_->TakeCalls();
  ASSERT_NO_FATAL_FAILURE(Append());
  EXPECT_THAT(store_->TakeCalls(), ::testing::ElementsAre(std::pair(Call::kPut, VersionPath(71))));
}

// Each version in full would be 70 MB.
TEST_F(LocalManifestStoreTest, AThousandSmallAppendsStaySmall) {
  ASSERT_NO_FATAL_FAILURE(Grow(1000));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto objects, versions_.ListVersions());
  int64_t total = 0;
  for (const auto& object : objects) total += object.size;
  RecordProperty("manifest_bytes", std::to_string(total));
  EXPECT_EQ(objects.size(), 1000u);
  EXPECT_LE(total, 1'500'000);
}

}  // namespace
}  // namespace varve::internal
