// SPDX-License-Identifier: Apache-2.0
#include "storage/local/local_chunk_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/testing/chunk_manager_conformance.h"
#include "storage/testing/faulty_file_system.h"
#include "storage/testing/power_loss_file_system.h"
#include "storage/testing/scratch_directory.h"

namespace varve::internal {
namespace {

namespace fs = std::filesystem;

// Kept until the process ends: a test's readers and writers may outlive its store.
std::string FreshRoot() {
  static std::vector<std::unique_ptr<ScratchDirectory>> directories;
  directories.push_back(std::make_unique<ScratchDirectory>());
  return directories.back()->path() + "/made/on demand";
}

ConformanceTarget Target(std::string name, bool sync, FileSystem* files) {
  return {.name = std::move(name),
          .make = [=] { return LocalChunkManager::Make(FreshRoot(), {.sync = sync}, files); },
          .features = {.put_if_absent = true,
                       .ordered_listing = false,
                       .write_at = true,
                       .mapping = true,
                       .durable = sync},
          .is_shared_by_processes = true};
}

FileSystem* WithoutOpenat2() {
  static PosixFileSystem files(false);
  return &files;
}

FileSystem* WithoutUnnamedFiles() {
  static FaultyFileSystem files;
  files.Fail(FileCall::kOpenUnnamed, EOPNOTSUPP, INT64_MAX);
  return &files;
}

FileSystem* WithShortTransfers() {
  static FaultyFileSystem files;
  files.LimitTransfers(7001);
  return &files;
}

INSTANTIATE_TEST_SUITE_P(Local, ChunkManagerConformanceTest,
                         testing::Values(Target("Durable", true, FileSystem::Posix()),
                                         Target("NotSynced", false, FileSystem::Posix()),
                                         Target("WithoutOpenat2", false, WithoutOpenat2()),
                                         Target("WithoutUnnamedFiles", false,
                                                WithoutUnnamedFiles()),
                                         Target("WithShortTransfers", false, WithShortTransfers())),
                         NameOfTarget);

class LocalChunkManagerTest : public testing::Test {
 protected:
  std::shared_ptr<LocalChunkManager> Make(bool sync = true) {
    return LocalChunkManager::Make(root_, {.sync = sync}, &files_);
  }
  // Every name below the root, hidden ones too.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root_)) {
      if (entry.is_regular_file()) names.push_back(fs::relative(entry.path(), root_).string());
    }
    return names;
  }

  ScratchDirectory scratch_;
  const std::string root_ = scratch_.path() + "/store";
  FaultyFileSystem files_;
};

TEST_F(LocalChunkManagerTest, TheRootIsMadeByTheFirstWrite) {
  const auto store = LocalChunkManager::Make(root_ + "/deep/er/");
  EXPECT_FALSE(*store->Exist("a"));
  EXPECT_TRUE(store->List("")->empty());
  EXPECT_FALSE(fs::exists(root_));
  ASSERT_TRUE(*store->PutIfAbsent("a/b", AsBytes("x")));
  EXPECT_TRUE(fs::is_regular_file(root_ + "/deep/er/a/b"));
  EXPECT_EQ(store->uri(), "file://" + root_ + "/deep/er");
}

TEST_F(LocalChunkManagerTest, SymbolicLinksAreNotFollowed) {
  for (FileSystem* files : {FileSystem::Posix(), WithoutOpenat2()}) {
    const std::string outside = scratch_.path() + "/outside";
    fs::remove_all(root_);
    fs::create_directories(outside);
    std::ofstream(outside + "/secret") << "secret";
    fs::create_directories(root_ + "/data");
    fs::create_symlink(outside, root_ + "/out");
    fs::create_symlink(outside + "/secret", root_ + "/data/file");
    fs::create_symlink("../data", root_ + "/data/loop");
    const auto store = LocalChunkManager::Make(root_, {}, files);
    for (const std::string path : {"out/secret", "data/file", "data/loop/file"}) {
      SCOPED_TRACE(path);
      EXPECT_FALSE(store->OpenReader(path).ok());
      EXPECT_FALSE(store->OpenReader(path, 6).ok());
      EXPECT_FALSE(store->Write(path + "/x", AsBytes("x")).ok());
      EXPECT_FALSE(store->WriteAt(path, 0, AsBytes("x")).ok());
    }
    EXPECT_FALSE(store->Write("out/new", AsBytes("x")).ok());
    EXPECT_FALSE(store->PutIfAbsent("data/file", AsBytes("x")).ok());
    EXPECT_TRUE(store->List("")->empty());
    // Replaced or removed is the link, never what it names.
    ASSERT_TRUE(store->Write("data/file", AsBytes("ours")).ok());
    ASSERT_TRUE(store->Remove("out").ok());
    EXPECT_EQ(fs::file_size(outside + "/secret"), 6u);
    EXPECT_FALSE(fs::exists(outside + "/new"));
    EXPECT_EQ((*store->Read("data/file"))->ToString(), "ours");
  }
}

TEST_F(LocalChunkManagerTest, TheRootMayBeASymbolicLink) {
  fs::create_directories(scratch_.path() + "/elsewhere");
  fs::create_symlink(scratch_.path() + "/elsewhere", root_);
  ASSERT_TRUE(Make()->Write("a/b", AsBytes("x")).ok());
  EXPECT_TRUE(fs::is_regular_file(scratch_.path() + "/elsewhere/a/b"));
}

TEST_F(LocalChunkManagerTest, DirectoriesAndPipesAreNoObjects) {
  const auto store = Make();
  ASSERT_TRUE(store->Write("d/a", AsBytes("x")).ok());
  ASSERT_EQ(mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_FALSE(*store->Exist("d"));
  EXPECT_FALSE(*store->Exist("pipe"));
  EXPECT_TRUE(IsNotFound(store->OpenReader("d").status()));
  EXPECT_TRUE(IsNotFound(store->OpenReader("pipe").status()));
  char byte;
  EXPECT_FALSE((*store->OpenReader("d", 1))->ReadAt(0, 1, &byte).ok());
  EXPECT_FALSE((*store->OpenReader("pipe", 1))->ReadAt(0, 1, &byte).ok());
  EXPECT_FALSE(store->Write("d", AsBytes("x")).ok());
  EXPECT_EQ(KindOf(store->PutIfAbsent("d", AsBytes("x")).status()), ErrorKind::kInvalid);
  EXPECT_EQ(KindOf(store->Write("d/a/b", AsBytes("x"))), ErrorKind::kInvalid);
  EXPECT_TRUE(IsNotFound(store->Read("d/a/b").status()));
  EXPECT_EQ(store->List("")->size(), 1u);
}

TEST_F(LocalChunkManagerTest, InterruptedCallsAreRepeated) {
  const auto store = Make();
  const std::string text(300'000, 'x');
  files_.Fail(FileCall::kWriteAt, EINTR, 3);
  files_.Fail(FileCall::kReadAt, EINTR, 3);
  files_.Fail(FileCall::kLock, EINTR, 3);
  ASSERT_TRUE(store->Write("a", AsBytes(text)).ok());
  EXPECT_EQ((*store->Read("a"))->ToString(), text);
  EXPECT_TRUE(store->Queue("q").ok());
  files_.Fail(FileCall::kWriteAt, EINTR, 3);
  ASSERT_TRUE(store->WriteAt("a", 0, AsBytes("y")).ok());
  EXPECT_EQ((*store->Read("a"))->ToString().substr(0, 2), "yx");
}

TEST_F(LocalChunkManagerTest, AFullDiskIsResourceExhaustedAndLeavesNothing) {
  const auto store = Make();
  const std::string text(400'000, 'x');
  files_.Fail(FileCall::kWriteAt, ENOSPC, 2, 1);
  files_.LimitTransfers(100'000);
  EXPECT_EQ(KindOf(store->Write("a", AsBytes(text))), ErrorKind::kResourceExhausted);
  files_.Fail(FileCall::kWriteAt, ENOSPC, 1, 1);
  auto writer = *store->OpenWriter("a");
  EXPECT_EQ(KindOf(writer->Write(AsBytes(text))), ErrorKind::kResourceExhausted);
  EXPECT_FALSE(writer->Write(AsBytes(text)).ok());
  EXPECT_FALSE(writer->Close().ok());
  files_.Fail(FileCall::kSync, EDQUOT, 1);
  EXPECT_EQ(KindOf(store->PutIfAbsent("a", AsBytes(text)).status()), ErrorKind::kResourceExhausted);
  EXPECT_EQ(files_.num_calls(FileCall::kSync), 1);
  EXPECT_THAT(Names(), testing::IsEmpty());
}

TEST_F(LocalChunkManagerTest, AfterAFailedSyncTheBytesGoToANewFile) {
  const auto store = Make();
  files_.Fail(FileCall::kSync, EIO, 2);
  EXPECT_TRUE(*store->PutIfAbsent("a", AsBytes("x")));
  EXPECT_EQ(files_.num_calls(FileCall::kSync), 3);
  EXPECT_EQ(files_.num_calls(FileCall::kOpenUnnamed), 3);
  EXPECT_EQ((*store->Read("a"))->ToString(), "x");

  files_.Fail(FileCall::kSync, EIO, 3);
  EXPECT_EQ(KindOf(store->Write("b", AsBytes("x"))), ErrorKind::kIo);
  EXPECT_EQ(files_.num_calls(FileCall::kOpenUnnamed), 6);
  files_.Fail(FileCall::kSyncData, EIO, 1);
  auto writer = *store->OpenWriter("b");
  ASSERT_TRUE(writer->Write(AsBytes("x")).ok());
  EXPECT_EQ(KindOf(writer->Close()), ErrorKind::kIo);
  EXPECT_FALSE(writer->Close().ok());
  EXPECT_EQ(files_.num_calls(FileCall::kSyncData), 1);
  EXPECT_THAT(Names(), testing::ElementsAre("a"));
}

TEST_F(LocalChunkManagerTest, ADirectoryThatWasNotSyncedOnceTakesNoMoreWrites) {
  const auto store = Make();
  ASSERT_TRUE(*store->PutIfAbsent("v/1", AsBytes("x")));
  files_.Fail(FileCall::kSyncDirectory, EIO, 1);
  EXPECT_EQ(KindOf(store->PutIfAbsent("v/2", AsBytes("x")).status()), ErrorKind::kIo);
  // It is there, but nobody may call it durable: asking again must not say so.
  EXPECT_TRUE(*store->Exist("v/2"));
  EXPECT_EQ(KindOf(store->PutIfAbsent("v/2", AsBytes("x")).status()), ErrorKind::kIo);
  EXPECT_EQ(KindOf(store->PutIfAbsent("v/3", AsBytes("x")).status()), ErrorKind::kIo);
  EXPECT_TRUE(*store->PutIfAbsent("other/1", AsBytes("x")));
  EXPECT_FALSE(*Make()->PutIfAbsent("v/2", AsBytes("x")));
}

TEST_F(LocalChunkManagerTest, WithoutSyncNothingIsSynced) {
  const auto store = Make(false);
  ASSERT_TRUE(store->Write("a", AsBytes("x")).ok());
  ASSERT_TRUE(store->Write("a", AsBytes("y")).ok());
  ASSERT_TRUE(store->PutIfAbsent("v/1", AsBytes("x")).ok());
  ASSERT_FALSE(*store->PutIfAbsent("v/1", AsBytes("x")));
  ASSERT_TRUE(store->Copy("a", "b").ok());
  ASSERT_TRUE(store->WriteAt("a", 0, AsBytes("z")).ok());
  ASSERT_TRUE((*store->OpenWriter("c"))->Close().ok());
  EXPECT_EQ(files_.num_calls(FileCall::kSync), 0);
  EXPECT_EQ(files_.num_calls(FileCall::kSyncData), 0);
  EXPECT_EQ(files_.num_calls(FileCall::kSyncDirectory), 0);
}

TEST_F(LocalChunkManagerTest, ACommitSyncsEachFileAndEachDirectoryOnce) {
  const auto store = Make();
  ASSERT_TRUE(*store->PutIfAbsent("v/1", AsBytes("x")));
  const int64_t before = files_.num_calls(FileCall::kSyncDirectory);
  ASSERT_TRUE(*store->PutIfAbsent("v/2", AsBytes("x")));
  EXPECT_EQ(files_.num_calls(FileCall::kSyncDirectory), before + 1);
  EXPECT_EQ(files_.num_calls(FileCall::kSync), 2);
}

TEST_F(LocalChunkManagerTest, ALinkWhoseAnswerWasLostIsStillOurs) {
  files_.Fail(FileCall::kOpenUnnamed, EOPNOTSUPP, INT64_MAX);
  const auto store = Make();
  files_.LoseAnswerOfLink(EEXIST);
  EXPECT_TRUE(*store->PutIfAbsent("a", AsBytes("x")));
  EXPECT_THAT(Names(), testing::ElementsAre("a"));
}

TEST_F(LocalChunkManagerTest, AFailedLinkOrRenameLeavesNothing) {
  const auto store = Make();
  files_.Fail(FileCall::kLinkUnnamed, EIO, 1);
  EXPECT_EQ(KindOf(store->PutIfAbsent("a", AsBytes("x")).status()), ErrorKind::kIo);
  EXPECT_THAT(Names(), testing::IsEmpty());
  ASSERT_TRUE(store->Write("a", AsBytes("old")).ok());
  files_.Fail(FileCall::kRename, EIO, 1);
  EXPECT_EQ(KindOf(store->Write("a", AsBytes("new"))), ErrorKind::kIo);
  EXPECT_THAT(Names(), testing::ElementsAre("a"));
  EXPECT_EQ((*store->Read("a"))->ToString(), "old");
}

TEST_F(LocalChunkManagerTest, CopiesWithoutTheKernelsHelp) {
  const auto store = Make();
  const std::string text(2'500'000, 'x');
  ASSERT_TRUE(store->Write("a", AsBytes(text)).ok());
  files_.LimitTransfers(300'000);
  files_.Fail(FileCall::kCopyRange, EOPNOTSUPP, 1, 2);  // half-way
  ASSERT_TRUE(store->Copy("a", "b").ok());
  EXPECT_TRUE((*store->Read("b"))->ToString() == text);
}

TEST_F(LocalChunkManagerTest, AShortenedObjectIsCorruption) {
  const auto store = Make();
  ASSERT_TRUE(store->Write("a", AsBytes("0123456789")).ok());
  const auto reader = *store->OpenReader("a");
  fs::resize_file(root_ + "/a", 4);
  char out[10];
  const Status status = reader->ReadAt(2, 8, out);
  EXPECT_TRUE(IsCorruption(status));
  EXPECT_EQ(ContextOf(status)->expected, "8 bytes");
  EXPECT_EQ(ContextOf(status)->found, "2 bytes");
  EXPECT_TRUE(IsCorruption(reader->Map().status()));
}

TEST_F(LocalChunkManagerTest, FileSystemsThatAreNotSafeToMapAreRead) {
  PowerLossFileSystem files;
  const auto store = LocalChunkManager::Make("/store", {}, &files);
  ASSERT_TRUE(store->Write("a", AsBytes("bytes")).ok());
  EXPECT_EQ(*(*store->OpenReader("a"))->Map(), nullptr);
  EXPECT_EQ((*store->Read("a"))->ToString(), "bytes");
}

TEST_F(LocalChunkManagerTest, FindsDirectoriesThatWereRemovedAndMadeAgain) {
  const auto store = Make();
  ASSERT_TRUE(store->Write("d/a", AsBytes("old")).ok());
  EXPECT_EQ(store->List("d/")->size(), 1u);
  fs::remove_all(root_);
  EXPECT_FALSE(*store->Exist("d/a"));
  EXPECT_TRUE(store->List("d/")->empty());
  const auto other = Make();
  ASSERT_TRUE(other->Write("d/a", AsBytes("new")).ok());
  EXPECT_EQ((*store->Read("d/a"))->ToString(), "new");
  EXPECT_EQ(store->List("d/")->size(), 1u);
  fs::remove_all(root_);
  ASSERT_TRUE(*store->PutIfAbsent("d/b", AsBytes("x")));
  EXPECT_EQ((*other->Read("d/b"))->ToString(), "x");
  fs::remove_all(root_);
  EXPECT_TRUE(store->Queue("q").ok());
}

TEST_F(LocalChunkManagerTest, HoldsFewDirectoriesOpen) {
  const auto store = Make(false);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(store->Write("d" + std::to_string(i) + "/a", AsBytes(std::to_string(i))).ok());
  }
  int num_open = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++num_open;
  EXPECT_LT(num_open, 200);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ((*store->Read("d" + std::to_string(i) + "/a"))->ToString(), std::to_string(i));
  }
}

}  // namespace
}  // namespace varve::internal
