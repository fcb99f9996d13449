// SPDX-License-Identifier: Apache-2.0
// Pulls the plug at every call that the local store makes, and looks at what is left.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "base/random.h"
#include "storage/local/local_chunk_manager.h"
#include "storage/testing/power_loss_file_system.h"

namespace varve::internal {
namespace {

constexpr char kRoot[] = "/disk/tables/books";

// One commit: a data file that is streamed, then one object that names it.
struct Commit {
  std::string data_path;
  std::string data;
  std::string version_path;
  std::string version;
};

std::string Numbered(const char* folder, size_t number) {
  std::string digits = std::to_string(number);
  return std::string(folder) + std::string(6 - digits.size(), '0') + digits;
}

std::string RandomText(Random* random, size_t size) {
  std::string text(size, '\0');
  // No zeros: bytes that were lost are found as zeros and must differ.
  for (char& c : text) c = static_cast<char>(1 + random->Uniform(255));
  return text;
}

std::vector<Commit> MakeCommits(size_t count, Random* random) {
  std::vector<Commit> commits;
  for (size_t i = 0; i < count; ++i) {
    // Now and then more than the writer's buffer, which takes several writes.
    const size_t size = i % 100 == 7 ? 600'000 : 1 + random->Uniform(6000);
    commits.push_back({.data_path = Numbered("data/", i),
                       .data = RandomText(random, size),
                       .version_path = Numbered("_versions/", i),
                       .version = RandomText(random, 1 + random->Uniform(1500))});
  }
  return commits;
}

class Workload {
 public:
  Workload(uint64_t seed, bool has_unnamed, size_t num_commits)
      : random_(Random::Seeded(seed)),
        commits_(MakeCommits(num_commits, random_.get())),
        files_(has_unnamed) {
    const int disk = files_.OpenRoot("/");
    files_.MakeDirectory(disk, "disk");
    files_.Sync(disk);
    files_.Close(disk);
  }

  PowerLossFileSystem* files() { return &files_; }
  int64_t num_power_losses() const { return num_power_losses_; }

  // Commits until the end or the first state that should not be; says what is wrong with it.
  std::optional<std::string> Run(int outcomes_per_call) {
    files_.set_observer([this, outcomes_per_call] {
      for (int i = 0; i < outcomes_per_call && !problem_; ++i) LosePower();
    });
    const auto store = LocalChunkManager::Make(kRoot, {}, &files_, random_.get());
    for (num_acknowledged_ = 0; num_acknowledged_ < commits_.size() && !problem_;) {
      const Commit& commit = commits_[num_acknowledged_];
      auto writer = store->OpenWriter(commit.data_path);
      if (!writer.ok() || !(*writer)->Write(AsBytes(commit.data)).ok() ||
          !(*writer)->Close().ok()) {
        return "the data file was not written";
      }
      const auto put = store->PutIfAbsent(commit.version_path, AsBytes(commit.version));
      if (!put.ok() || !*put) return "the version was not put";
      ++num_acknowledged_;
    }
    LosePower();
    files_.set_observer(nullptr);
    return problem_;
  }

 private:
  void LosePower() {
    const bool is_thorough = num_power_losses_++ % 64 == 0;
    const auto disk = files_.AfterPowerLoss(random_.get());
    const auto store = LocalChunkManager::Make(kRoot, {}, disk.get(), random_.get());
    // Everything now and then; always what is new, and some of what is old.
    const size_t begin = is_thorough || num_acknowledged_ < 10 ? 0 : num_acknowledged_ - 10;
    for (size_t i = begin; i < num_acknowledged_ && !problem_; ++i) CheckThere(store.get(), i);
    for (size_t i = 0; i < 4 && begin > 0 && !problem_; ++i) {
      CheckThere(store.get(), random_->Uniform(begin));
    }
    if (!problem_) CheckListed(store.get(), "data/", begin, true);
    if (!problem_) CheckListed(store.get(), "_versions/", begin, false);
    if (!problem_ && is_thorough) CheckUsable(store.get());
  }

  void CheckThere(ChunkManager* store, size_t i) {
    CheckBytes(store, commits_[i].data_path, commits_[i].data);
    CheckBytes(store, commits_[i].version_path, commits_[i].version);
  }

  void CheckBytes(ChunkManager* store, const std::string& path, const std::string& expected) {
    const auto bytes = store->Read(path);
    if (!bytes.ok()) {
      problem_ = path + ": " + bytes.status().ToString();
    } else if (AsString({(*bytes)->data(), static_cast<size_t>((*bytes)->size())}) != expected) {
      problem_ = path + " has other bytes";
    }
  }

  // Whatever has a name is whole, acknowledged or not.
  void CheckListed(ChunkManager* store, const char* folder, size_t begin, bool is_data) {
    const std::string after = begin == 0 ? "" : Numbered(folder, begin - 1);
    const auto infos = store->List(folder, {.start_after = after});
    if (!infos.ok()) {
      problem_ = infos.status().ToString();
      return;
    }
    for (const ObjectInfo& info : *infos) {
      const size_t i = std::stoul(info.path.substr(info.path.size() - 6));
      if (i > num_acknowledged_ || i >= commits_.size()) {
        problem_ = info.path + " was never written";
      } else {
        CheckBytes(store, info.path, is_data ? commits_[i].data : commits_[i].version);
      }
      if (problem_) return;
    }
  }

  void CheckUsable(ChunkManager* store) {
    const auto put = store->PutIfAbsent("after/power-loss", AsBytes("on we go"));
    if (!put.ok() || !*put) problem_ = "the store takes no more writes";
    if (!problem_) CheckBytes(store, "after/power-loss", "on we go");
  }

  const std::unique_ptr<Random> random_;
  const std::vector<Commit> commits_;
  PowerLossFileSystem files_;
  size_t num_acknowledged_ = 0;
  int64_t num_power_losses_ = 0;
  std::optional<std::string> problem_;
};

class PowerLossTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Unnamed, PowerLossTest, testing::Bool());

TEST_P(PowerLossTest, AcknowledgedCommitsSurviveAndNothingIsTorn) {
  constexpr uint64_t kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const size_t num_commits = GetParam() ? 500 : 100;
  Workload workload(kSeed, GetParam(), num_commits);
  const auto problem = workload.Run(6);
  EXPECT_FALSE(problem.has_value()) << *problem;
  // Ten calls a commit, or one more where files have names, each with six outcomes.
  EXPECT_GE(workload.num_power_losses(), static_cast<int64_t>(num_commits) * 8 * 6);
  EXPECT_EQ(workload.files()->num_syncs(SyncPurpose::kStreamedFile),
            static_cast<int64_t>(num_commits));
  EXPECT_EQ(workload.files()->num_syncs(SyncPurpose::kWholeFile),
            static_cast<int64_t>(num_commits));
}

// Without this the test above could pass because it looks at nothing.
TEST_P(PowerLossTest, EverySyncIsNeeded) {
  for (int purpose = 0; purpose < kNumSyncPurposes; ++purpose) {
    for (const uint64_t seed : {1, 2, 3}) {
      SCOPED_TRACE("purpose " + std::to_string(purpose) + " seed " + std::to_string(seed));
      Workload workload(seed, GetParam(), 100);
      workload.files()->LoseSyncs(static_cast<SyncPurpose>(purpose));
      EXPECT_TRUE(workload.Run(3).has_value());
    }
  }
}

TEST_P(PowerLossTest, DirectoriesThatOthersMadeAreSyncedToo) {
  constexpr uint64_t kSeed = 5;
  PowerLossFileSystem files(GetParam());
  auto random = Random::Seeded(kSeed);
  const int disk = files.OpenRoot("/");
  files.MakeDirectory(disk, "books");
  const int books = files.OpenRoot("/books");
  files.MakeDirectory(books, "_versions");
  const auto store = LocalChunkManager::Make("/books", {}, &files, random.get());
  ASSERT_TRUE(*store->PutIfAbsent("_versions/1", AsBytes("kept")));
  for (int i = 0; i < 50; ++i) {
    const auto after = files.AfterPowerLoss(random.get());
    const auto found =
        LocalChunkManager::Make("/books", {}, after.get(), random.get())->Read("_versions/1");
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ((*found)->ToString(), "kept");
  }
}

// Another process linked the object and lost power before its sync: we saw it, so it must stay.
TEST_P(PowerLossTest, AnObjectThatBeatOursIsDurableWhenWeHearOfIt) {
  PowerLossFileSystem files(GetParam());
  auto random = Random::Seeded(6);
  const auto ours = LocalChunkManager::Make("/books", {}, &files, random.get());
  ASSERT_TRUE(*ours->PutIfAbsent("_versions/1", AsBytes("first")));
  const int versions = files.OpenRoot("/books/_versions");
  const int file = files.Open(versions, "2", OpenMode::kCreateNew);
  iovec piece = {.iov_base = const_cast<char*>("rival"), .iov_len = 5};
  ASSERT_EQ(files.WriteAt(file, {&piece, 1}, 0), 5);
  ASSERT_EQ(files.Sync(file), 0);
  ASSERT_FALSE(*ours->PutIfAbsent("_versions/2", AsBytes("ours")));
  for (int i = 0; i < 50; ++i) {
    const auto after = files.AfterPowerLoss(random.get());
    const auto found =
        LocalChunkManager::Make("/books", {}, after.get(), random.get())->Read("_versions/2");
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ((*found)->ToString(), "rival");
  }
}

TEST_P(PowerLossTest, AReplacedObjectIsTheOldOneOrTheNew) {
  constexpr uint64_t kSeed = 7;
  PowerLossFileSystem files(GetParam());
  auto random = Random::Seeded(kSeed);
  const auto store = LocalChunkManager::Make("/books", {}, &files, random.get());
  const std::string old_bytes(5000, 'o');
  const std::string new_bytes(7000, 'n');
  ASSERT_TRUE(store->Write("hint", AsBytes(old_bytes)).ok());
  int num_old = 0;
  int num_new = 0;
  const auto look = [&] {
    for (int i = 0; i < 20; ++i) {
      const auto after = files.AfterPowerLoss(random.get());
      const auto found =
          LocalChunkManager::Make("/books", {}, after.get(), random.get())->Read("hint");
      ASSERT_TRUE(found.ok()) << found.status();
      const std::string bytes = (*found)->ToString();
      ASSERT_TRUE(bytes == old_bytes || bytes == new_bytes) << "seed " << kSeed;
      ++(bytes == old_bytes ? num_old : num_new);
    }
  };
  files.set_observer(look);
  ASSERT_TRUE(store->Write("hint", AsBytes(new_bytes)).ok());
  EXPECT_GT(num_old, 0);
  EXPECT_GT(num_new, 0);
  num_old = 0;
  look();
  EXPECT_EQ(num_old, 0);
}

// Bytes found at `path` after each of some power losses.
std::vector<std::string> FoundAfterLosses(const PowerLossFileSystem& files, Random* random,
                                          const std::string& path) {
  std::vector<std::string> found;
  for (int i = 0; i < 50; ++i) {
    const auto after = files.AfterPowerLoss(random);
    const auto bytes = LocalChunkManager::Make("/books", {}, after.get(), random)->Read(path);
    found.push_back(bytes.ok() ? (*bytes)->ToString() : bytes.status().ToString());
  }
  return found;
}

TEST_P(PowerLossTest, BytesWrittenInPlaceAreDurableWhenAcknowledged) {
  constexpr uint64_t kSeed = 8;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  for (const bool synced : {true, false}) {
    PowerLossFileSystem files(GetParam());
    auto random = Random::Seeded(kSeed);
    const auto store = LocalChunkManager::Make("/books", {}, &files, random.get());
    std::string expected(5000, 'o');
    ASSERT_TRUE(store->Write("block", AsBytes(expected)).ok());
    const int64_t before = files.num_syncs(SyncPurpose::kStreamedFile);
    if (!synced) files.LoseSyncs(SyncPurpose::kStreamedFile);
    // Within, across sectors, and past the end.
    for (const auto& [offset, size] :
         {std::pair(700, 3), std::pair(1000, 2500), std::pair(4990, 900)}) {
      const std::string piece = RandomText(random.get(), static_cast<size_t>(size));
      ASSERT_TRUE(store->WriteAt("block", offset, AsBytes(piece)).ok());
      expected.resize(std::max(expected.size(), static_cast<size_t>(offset + size)));
      expected.replace(static_cast<size_t>(offset), piece.size(), piece);
      const auto found = FoundAfterLosses(files, random.get(), "block");
      const auto lost =
          std::count_if(found.begin(), found.end(), [&](const auto& f) { return f != expected; });
      // Without the sync, this test would see it.
      EXPECT_EQ(lost > 0, !synced) << "at " << offset << ": " << lost << " of " << found.size();
    }
    EXPECT_EQ(files.num_syncs(SyncPurpose::kStreamedFile) - before, 3);
  }
}

}  // namespace
}  // namespace varve::internal
