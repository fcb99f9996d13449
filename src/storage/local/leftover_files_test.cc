// SPDX-License-Identifier: Apache-2.0
#include "storage/local/leftover_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/local/local_chunk_manager.h"
#include "storage/testing/faulty_file_system.h"
#include "storage/testing/scratch_directory.h"

namespace varve::internal {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kDigits[] = "0123456789abcdef0123456789abcdef";

class LeftoverFilesTest : public testing::Test {
 protected:
  // A file that was written to so long ago.
  void Leave(const std::string& path, std::chrono::minutes age) {
    const fs::path file = fs::path(root_) / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "half";
    fs::last_write_time(file, fs::file_time_type::clock::now() - age);
  }
  std::vector<std::string> Leftovers(const LeftoverOptions& options = {}) {
    std::vector<std::string> paths;
    auto found = store_->Leftovers(options);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok()) return paths;
    for (const ObjectInfo& info : *found) paths.push_back(info.path);
    return paths;
  }
  std::string Temporary(const std::string& folder, char first = '0') const {
    std::string digits = kDigits;
    digits[0] = first;
    return folder + ".varve-new-" + digits;
  }

  const ScratchDirectory scratch_;
  const std::string root_ = scratch_.path() + "/root";
  FaultyFileSystem files_;
  const std::shared_ptr<LocalChunkManager> store_ =
      LocalChunkManager::Make(root_, {.sync = false}, &files_);
};

TEST_F(LeftoverFilesTest, OnlyOldTemporaryFilesAreFoundAndRemoved) {
  EXPECT_THAT(Leftovers(), IsEmpty());  // there is no root yet
  using std::chrono::minutes;
  const std::vector<std::string> kept = {Temporary("data/", 'a'),
                                         "data/segment.parquet",
                                         ".varve-queue-commit",
                                         "data/.varve-new-short",
                                         "data/.varve-new-" + std::string(32, 'g'),
                                         std::string("data/.varve-newer-") + kDigits,
                                         std::string("data/x.varve-new-") + kDigits};
  Leave(kept[0], minutes(59));
  for (size_t i = 1; i < kept.size(); ++i) Leave(kept[i], minutes(60 * 24 * 365));
  const std::vector<std::string> old = {Temporary("", 'f'), Temporary("_versions/"),
                                        Temporary("data/"), Temporary("data/deep/er/")};
  for (const std::string& path : old) Leave(path, minutes(61));

  EXPECT_THAT(Leftovers(), ::testing::UnorderedElementsAreArray(old));
  // Asking for younger ones changes nothing.
  EXPECT_EQ(Leftovers({.min_age_micros = 0}).size(), old.size());
  EXPECT_THAT(Leftovers({.min_age_micros = int64_t{62} * 60'000'000}), IsEmpty());
  EXPECT_EQ(Leftovers({.limit = 3}).size(), 3u);
  for (const std::string& path : old) EXPECT_TRUE(fs::exists(fs::path(root_) / path));

  EXPECT_EQ(Leftovers({.limit = 1, .remove = true}).size(), 1u);
  EXPECT_EQ(Leftovers({.remove = true}).size(), 3u);
  EXPECT_THAT(Leftovers(), IsEmpty());
  for (const std::string& path : old) EXPECT_FALSE(fs::exists(fs::path(root_) / path));
  for (const std::string& path : kept) EXPECT_TRUE(fs::exists(fs::path(root_) / path)) << path;
}

TEST_F(LeftoverFilesTest, SizesAndTimesAreTold) {
  Leave(Temporary("data/"), std::chrono::minutes(120));
  auto found = store_->Leftovers({});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].size, 4);
  const int64_t age = files_.NowMicros() - (*found)[0].last_modified_micros;
  EXPECT_GE(age, int64_t{7'199'000'000});
  EXPECT_LE(age, int64_t{7'300'000'000});
}

TEST_F(LeftoverFilesTest, LinksAndDirectoriesBehindThemAreLeftAlone) {
  Leave("elsewhere/" + Temporary(""), std::chrono::minutes(120));
  fs::rename(fs::path(root_) / "elsewhere", fs::path(scratch_.path()) / "elsewhere");
  fs::create_directory_symlink(fs::path(scratch_.path()) / "elsewhere", fs::path(root_) / "link");
  fs::create_directory(fs::path(root_) / Temporary("", 'd'));
  fs::create_symlink(fs::path(scratch_.path()) / "elsewhere" / Temporary(""),
                     fs::path(root_) / Temporary("", 'c'));
  EXPECT_THAT(Leftovers({.remove = true}), IsEmpty());
  EXPECT_TRUE(fs::exists(fs::path(scratch_.path()) / "elsewhere" / Temporary("")));
}

// Where files have names from the start, what a killed writer leaves is what is found here.
TEST_F(LeftoverFilesTest, WhatAWriterIsAtIsNotALeftover) {
  files_.Fail(FileCall::kOpenUnnamed, EOPNOTSUPP, INT64_MAX);
  auto writer = store_->OpenWriter("data/a");
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Write(AsBytes("rows")).ok());
  std::string temporary;
  for (const auto& entry : fs::directory_iterator(fs::path(root_) / "data")) {
    temporary = "data/" + entry.path().filename().string();
  }
  EXPECT_THAT(Leftovers({.remove = true}), IsEmpty());
  // As if it had been stopped for two hours; when it goes on it fails, and leaves nothing.
  fs::last_write_time(fs::path(root_) / temporary,
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_THAT(Leftovers({.remove = true}), ElementsAre(temporary));
  EXPECT_FALSE((*writer)->Close().ok());
  EXPECT_TRUE(IsNotFound(store_->Stat("data/a").status()));
  auto again = store_->PutIfAbsent("data/a", AsBytes("rows"));
  EXPECT_TRUE(again.ok() && *again) << again.status();
}

TEST_F(LeftoverFilesTest, ErrorsAreTold) {
  Leave(Temporary("data/"), std::chrono::minutes(120));
  files_.Fail(FileCall::kUnlink, EACCES);
  const auto refused = store_->Leftovers({.remove = true});
  EXPECT_EQ(KindOf(refused.status()), ErrorKind::kDenied) << refused.status();
  EXPECT_THAT(Leftovers({.remove = true}), ElementsAre(Temporary("data/")));
}

}  // namespace
}  // namespace varve::internal
