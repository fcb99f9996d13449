// SPDX-License-Identifier: Apache-2.0
// Versions that have gone missing: noticed when a table is opened and before it is committed to,
// never taken for an older table.
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/testing/status_assertions.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "manifest/manifest_store.h"
#include "manifest/testing/hooked_store.h"
#include "manifest/testing/manifest_samples.h"
#include "manifest/version_chain.h"
#include "varve/chunk_manager.h"

namespace varve::internal {
namespace {

using Call = HookedStore::Call;
using Moment = HookedStore::Moment;
using ::testing::HasSubstr;

constexpr uint64_t kSeed = 20'261'121;
constexpr uint64_t kNewest = 40;
constexpr ChunkManagerFeatures kLocal{.put_if_absent = true, .mapping = true};
constexpr ChunkManagerFeatures kPlain{.put_if_absent = true};

// Names are all that finding looks at.
std::shared_ptr<HookedStore> StoreOf(const ChunkManagerFeatures& features, uint64_t newest) {
  auto store = std::make_shared<HookedStore>(features);
  for (uint64_t version = 1; version <= newest; ++version) store->Set(VersionPath(version), "");
  return store;
}

class MissingVersionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    CommitOutcome outcome = versions_.Create(SampleSchema(), {});
    ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
    states_ = {nullptr, outcome.manifest};
    while (states_.size() <= kNewest) {
      outcome = versions_.Commit(states_.back(), AppendOf(SampleSegment(random_.get())));
      ASSERT_EQ(outcome.state, CommitState::kCommitted) << outcome.error;
      states_.push_back(outcome.manifest);
    }
  }

  const std::unique_ptr<Random> random_ = Random::Seeded(kSeed);
  const std::shared_ptr<HookedStore> store_ = std::make_shared<HookedStore>(kLocal);
  ManifestStore versions_{store_, {.random = random_.get()}};
  std::vector<std::shared_ptr<const Manifest>> states_;  // by version
};

TEST_F(MissingVersionTest, OpeningNamesIt) {
  for (uint64_t missing = 1; missing < kNewest; ++missing) {
    const std::string bytes = store_->Get(VersionPath(missing));
    store_->Erase(VersionPath(missing));
    const Status status = versions_.LoadLatest().status();
    EXPECT_TRUE(IsCorruption(status)) << missing << ": " << status;
    EXPECT_THAT(status.message(), HasSubstr(VersionPath(missing)));
    // Asked for by number it is damage too, unless all before it are gone as well.
    EXPECT_EQ(IsCorruption(versions_.Load(missing).status()), missing > 1) << missing;
    EXPECT_EQ(IsCorruption(versions_.Summarize(missing).status()), missing > 1) << missing;
    store_->Set(VersionPath(missing), bytes);
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions_.LoadLatest());
  EXPECT_EQ(latest->version, kNewest);
}

// What docs/format/commit.md says cannot be noticed.
TEST_F(MissingVersionTest, TheNewestLeavesNoTrace) {
  store_->Erase(VersionPath(kNewest));
  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions_.LoadLatest());
  EXPECT_EQ(DumpManifest(*latest), DumpManifest(*states_[kNewest - 1]));
}

TEST_F(MissingVersionTest, NoCommitTakesItsPlace) {
  for (uint64_t missing = 2; missing < kNewest; ++missing) {
    const std::string bytes = store_->Get(VersionPath(missing));
    store_->Erase(VersionPath(missing));
    // By a writer that last saw the version before it.
    const CommitOutcome outcome =
        versions_.Commit(states_[missing - 1], AppendOf(SampleSegment(random_.get())));
    EXPECT_EQ(outcome.state, CommitState::kFailed);
    EXPECT_TRUE(IsCorruption(outcome.error)) << outcome.error;
    EXPECT_THAT(outcome.error.message(), HasSubstr(VersionPath(missing)));
    VARVE_ASSERT_OK_AND_ASSIGN(const bool taken, store_->Exist(VersionPath(missing)));
    EXPECT_FALSE(taken) << missing;
    store_->Set(VersionPath(missing), bytes);
  }
}

TEST_F(MissingVersionTest, NoCommitBuildsOnIt) {
  for (const uint64_t missing : {uint64_t{1}, uint64_t{32}, kNewest}) {
    const std::string bytes = store_->Get(VersionPath(missing));
    store_->Erase(VersionPath(missing));
    const CommitOutcome outcome =
        versions_.Commit(states_[kNewest], AppendOf(SampleSegment(random_.get())));
    EXPECT_EQ(outcome.state, CommitState::kFailed);
    EXPECT_TRUE(IsCorruption(outcome.error)) << outcome.error;
    EXPECT_THAT(outcome.error.message(), HasSubstr(VersionPath(missing)));
    VARVE_ASSERT_OK_AND_ASSIGN(const bool taken, store_->Exist(VersionPath(kNewest + 1)));
    EXPECT_FALSE(taken) << missing;
    store_->Set(VersionPath(missing), bytes);
  }
}

TEST(MissingVersionsTest, OnADiskToo) {
  std::string folder = ::testing::TempDir() + "/varve-missing-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  VARVE_ASSERT_OK_AND_ASSIGN(auto store, OpenChunkManager(folder, {.sync = false}));
  const auto random = Random::Seeded(kSeed);
  ManifestStore versions(store, {.random = random.get()});
  std::vector<std::shared_ptr<const Manifest>> states = {
      nullptr, versions.Create(SampleSchema(), {}).manifest};
  while (states.size() <= kNewest) {
    ASSERT_NE(states.back(), nullptr);
    states.push_back(
        versions.Commit(states.back(), AppendOf(SampleSegment(random.get()))).manifest);
  }
  for (uint64_t missing = 1; missing <= kNewest; ++missing) {
    const std::string path = VersionPath(missing);
    VARVE_ASSERT_OK_AND_ASSIGN(const auto bytes, store->Read(path));
    ASSERT_TRUE(store->Remove(path).ok());
    const auto opened = versions.LoadLatest();
    if (missing == kNewest) {
      ASSERT_TRUE(opened.ok()) << opened.status();
      EXPECT_EQ((*opened)->version, kNewest - 1);
    } else {
      EXPECT_TRUE(IsCorruption(opened.status())) << opened.status();
      EXPECT_THAT(opened.status().message(), HasSubstr(path));
    }
    if (missing > 1 && missing < kNewest) {
      const CommitOutcome outcome =
          versions.Commit(states[missing - 1], AppendOf(SampleSegment(random.get())));
      EXPECT_EQ(outcome.state, CommitState::kFailed);
      EXPECT_THAT(outcome.error.message(), HasSubstr(path));
    }
    VARVE_ASSERT_OK_AND_ASSIGN(
        const bool restored,
        store->PutIfAbsent(path, {bytes->data(), static_cast<size_t>(bytes->size())}));
    ASSERT_TRUE(restored) << path;
  }
  VARVE_ASSERT_OK_AND_ASSIGN(const auto latest, versions.LoadLatest());
  EXPECT_EQ(DumpManifest(*latest), DumpManifest(*states[kNewest]));
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

TEST(MissingVersionsTest, RunsOfThemNeverMakeATableOlder) {
  auto random = Random::Seeded(kSeed);
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (const uint64_t newest : {uint64_t{7}, uint64_t{40}, uint64_t{600}, uint64_t{1500}}) {
    for (int round = 0; round < 60; ++round) {
      const auto store = StoreOf(kLocal, newest);
      ManifestStore versions(store);
      const uint64_t first = 2 + random->Uniform(newest - 2);
      const uint64_t length = 1 + random->Uniform(std::min<uint64_t>(newest - first, 64));
      for (uint64_t i = 0; i < length; ++i) store->Erase(VersionPath(first + i));
      const uint64_t remaining = newest - (first + length - 1);
      const auto found = versions.FindLatest();
      if (!found.ok()) {
        EXPECT_TRUE(IsCorruption(found.status())) << found.status();
        continue;
      }
      // Too many names to look at all: it is probed.
      EXPECT_TRUE(newest > 64 && (*found == newest || remaining < length || length > 8))
          << *found << " of " << newest << " without " << length << " from " << first;
    }
  }
}

TEST(MissingVersionsTest, AHintTellsOfNewerOnes) {
  const auto store = StoreOf(kPlain, 200);
  ManifestStore versions(store);
  store->Set(kHintPath, "192");
  store->Erase(VersionPath(150));
  VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
  EXPECT_EQ(found, 200u);  // from the hint on
  store->Erase(VersionPath(192));
  store->Erase(VersionPath(128));
  const Status status = versions.FindLatest().status();
  EXPECT_TRUE(IsCorruption(status)) << status;
}

TEST(MissingVersionsTest, CollectedVersionsAreNotDamage) {
  for (const auto& features : {kLocal, kPlain}) {
    const auto store = StoreOf(features, 600);
    for (uint64_t version = 1; version < 300; ++version) store->Erase(VersionPath(version));
    ManifestStore versions(store);
    VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
    EXPECT_EQ(found, 600u);
    EXPECT_TRUE(IsNotFound(versions.Load(299).status()));
    EXPECT_TRUE(IsNotFound(versions.Summarize(7).status()));
    EXPECT_TRUE(IsNotFound(versions.Summarize(601).status()));
  }
}

// Versions that others commit between two requests look like gaps for a moment.
TEST(MissingVersionsTest, CommitsMeanwhileAreNotDamage) {
  for (uint64_t newest = 1; newest < 30; ++newest) {
    for (int at = 0; at < 12; ++at) {
      const auto store = StoreOf(kLocal, newest);
      ManifestStore versions(store);
      int num_probes = 0;
      uint64_t now = newest;
      store->SetHook([&](Call call, Moment moment, const std::string&) {
        if (call == Call::kExist && moment == Moment::kAfter && num_probes++ == at) {
          for (int i = 0; i < 5; ++i) store->Set(VersionPath(++now), "");
        }
        return Status::OK();
      });
      VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
      EXPECT_GE(found, newest);
      EXPECT_LE(found, now);
    }
  }
}

TEST(MissingVersionsTest, AListingMayMissWhatIsCreatedMeanwhile) {
  const auto store = StoreOf(kLocal, 20);
  ManifestStore versions(store);
  store->SetHook([&](Call call, Moment moment, const std::string&) {
    if (call != Call::kList) return Status::OK();
    if (moment == Moment::kBefore) {
      store->Set(VersionPath(22), "");
      store->Set(VersionPath(23), "");
    } else {
      store->Set(VersionPath(21), "");
    }
    return Status::OK();
  });
  VARVE_ASSERT_OK_AND_ASSIGN(const uint64_t found, versions.FindLatest());
  EXPECT_EQ(found, 20u);
}

}  // namespace
}  // namespace varve::internal
