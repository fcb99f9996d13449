// SPDX-License-Identifier: Apache-2.0
#include "varve/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/remote/testing/simulated_client.h"
#include "storage/testing/counting_chunk_manager.h"
#include "storage/testing/faulty_chunk_manager.h"
#include "storage/testing/scratch_directory.h"

namespace varve {
namespace {

using internal::AsBytes;
using internal::CountingChunkManager;
using internal::FaultyChunkManager;
using internal::MemoryChunkManager;
using internal::StorageOperation;
using testing::HasSubstr;

constexpr int kNumObjects = 60;

std::string PathOf(int number) { return "folder/object-" + std::to_string(100 + number); }

// Of differing lengths, some of them empty, some longer than a piece.
std::string TextOf(int number) {
  const int64_t length = number % 20 == 7 ? (9 << 20) + number : number * 37 % 1000;
  std::string text(length, '\0');
  for (size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(i * 31 + i / 4096 + number);
  }
  return text;
}

struct Store {
  std::string name;
  std::function<std::shared_ptr<ChunkManager>(const std::string&)> make;
};

// Every call does the same over memory, a directory, and requests to an object store.
class BatchTest : public testing::TestWithParam<Store> {
 protected:
  std::shared_ptr<ChunkManager> Make(const std::string& name) {
    return GetParam().make(directory_.path() + "/" + name);
  }

  internal::ScratchDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(
    Stores, BatchTest,
    testing::Values(Store{"memory", [](const std::string&) { return MemoryChunkManager::Make(); }},
                    Store{"local", [](const std::string& path) { return *OpenChunkManager(path); }},
                    Store{"remote",
                          [](const std::string& path) {
                            return std::make_shared<internal::RemoteChunkManager>(
                                std::make_shared<internal::SimulatedClient>(),
                                internal::RemoteOptions{.uri = "s3://bucket" + path,
                                                        .features = {.put_if_absent = true}});
                          }}),
    [](const auto& store) { return store.param.name; });

void WriteAll(ChunkManager* store) {
  std::vector<BatchWrite> writes;
  for (int i = 0; i < kNumObjects; ++i) {
    writes.push_back({PathOf(i), arrow::Buffer::FromString(TextOf(i))});
  }
  const BatchOutcome written = WriteObjects(store, writes);
  ASSERT_TRUE(written.status.ok()) << written.status.ToString();
}

std::map<int64_t, std::string> ReadAll(ChunkManager* store, const std::vector<BatchRead>& reads,
                                       const BatchOptions& options = {}) {
  std::mutex mutex;
  std::map<int64_t, std::string> found;
  const auto outcome = ReadObjects(
      store, reads,
      [&](int64_t index, const std::shared_ptr<arrow::Buffer>& bytes) {
        std::lock_guard<std::mutex> lock(mutex);
        found[index] = bytes->ToString();
        return Status::OK();
      },
      options);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.ToString();
  return found;
}

TEST_P(BatchTest, WhatIsWrittenIsReadCopiedAndRemoved) {
  const auto store = Make("a"), other = Make("b");
  WriteAll(store.get());
  std::vector<BatchRead> reads;
  std::vector<BatchCopy> copies;
  std::vector<std::string> removed;
  std::map<int64_t, std::string> expected;
  for (int i = 0; i < kNumObjects; ++i) {
    expected[i] = TextOf(i);
    reads.push_back({PathOf(i), i % 2 == 0 ? -1 : static_cast<int64_t>(expected[i].size())});
    copies.push_back({PathOf(i), "copied/" + PathOf(i)});
    removed.push_back(PathOf(i));
  }
  // A budget below the longest objects lets them through, one at a time.
  EXPECT_EQ(ReadAll(store.get(), reads, {.bytes_in_flight = 1 << 20}), expected);

  const BatchOutcome copied = CopyObjects(store.get(), other.get(), copies);
  ASSERT_TRUE(copied.status.ok()) << copied.status.ToString();
  std::vector<BatchRead> reads_of_copies;
  for (const BatchCopy& copy : copies) reads_of_copies.push_back({copy.to});
  EXPECT_EQ(ReadAll(other.get(), reads_of_copies), expected);

  removed.emplace_back("folder/never-there");
  EXPECT_TRUE(RemoveObjects(store.get(), removed).status.ok());
  EXPECT_TRUE(store->List("")->empty());
  EXPECT_EQ(other->List("")->size(), static_cast<size_t>(kNumObjects));
}

TEST_P(BatchTest, AnObjectThatIsMissingIsNamedAndTheOthersAreTold) {
  const auto store = Make("a"), other = Make("b");
  ASSERT_TRUE(store->Write("here", AsBytes("x")).ok());
  ASSERT_TRUE(other->Write("taken", AsBytes("y")).ok());
  const BatchOutcome copied =
      CopyObjects(store.get(), other.get(),
                  {{"here", "there"}, {"gone", "b"}, {"here", "taken"}, {"here", "c"}},
                  {.stop_at_first_error = false});
  EXPECT_TRUE(copied.objects[0].ok());
  EXPECT_TRUE(IsNotFound(copied.objects[1])) << copied.objects[1].ToString();
  EXPECT_THAT(copied.objects[1].message(), HasSubstr("gone"));
  EXPECT_TRUE(IsAlreadyExists(copied.objects[2])) << copied.objects[2].ToString();
  EXPECT_TRUE(copied.objects[3].ok());
  EXPECT_EQ((*other->Read("taken"))->ToString(), "y");
  EXPECT_EQ((*other->Read("c"))->ToString(), "x");
  EXPECT_FALSE(*other->Exist("b"));
}

TEST(BatchFailureTest, WritesAfterTheFirstFailureAreNotTried) {
  const auto memory = MemoryChunkManager::Make();
  const auto faulty = FaultyChunkManager::Make(memory);
  faulty->FailCall(StorageOperation::kWrite, 3, Status::IOError("reset"));
  std::vector<BatchWrite> writes;
  for (int i = 0; i < 6; ++i) writes.push_back({PathOf(i), arrow::Buffer::FromString("x")});
  const BatchOutcome outcome = WriteObjects(faulty.get(), writes, {.objects_in_flight = 1});
  EXPECT_THAT(outcome.status.message(), HasSubstr("reset"));
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(*memory->Exist(PathOf(i)), i < 2) << i;
    EXPECT_EQ(outcome.objects[i].ok(), i < 2) << i;
  }
  EXPECT_EQ(KindOf(outcome.objects[2]), ErrorKind::kIo);
  EXPECT_EQ(KindOf(outcome.objects[5]), ErrorKind::kCancelled);
}

TEST(BatchFailureTest, AConsumerThatFailsFailsItsObject) {
  const auto store = MemoryChunkManager::Make();
  ASSERT_TRUE(store->Write("a", AsBytes("x")).ok());
  const auto outcome =
      ReadObjects(store.get(), {{"a"}, {"a"}},
                  [](int64_t index, const std::shared_ptr<arrow::Buffer>&) {
                    return index == 0 ? Status::Invalid("not wanted") : Status::OK();
                  },
                  {.objects_in_flight = 1, .stop_at_first_error = false});
  EXPECT_THAT(outcome.objects[0].message(), HasSubstr("not wanted"));
  EXPECT_TRUE(outcome.objects[1].ok());
}

TEST(BatchFailureTest, ACopyThatFailsHalfwayLeavesNoObject) {
  const auto source = MemoryChunkManager::Make(), target = MemoryChunkManager::Make();
  ASSERT_TRUE(source->Write("long", AsBytes(std::string(20 << 20, 'x'))).ok());
  const auto faulty = FaultyChunkManager::Make(target);
  faulty->FailCall(StorageOperation::kWriterWrite, 2, Status::IOError("full"));
  const auto outcome = CopyObjects(source.get(), faulty.get(), {{"long", "copy"}});
  EXPECT_THAT(outcome.status.message(), HasSubstr("full"));
  EXPECT_FALSE(*target->Exist("copy"));
}

TEST(BatchFailureTest, OptionsThatMakeNoSenseFailEveryObject) {
  const auto store = MemoryChunkManager::Make();
  const auto outcome = RemoveObjects(store.get(), {"a", "b"}, {.objects_in_flight = 0});
  ASSERT_EQ(outcome.objects.size(), 2u);
  for (const Status& status : outcome.objects) EXPECT_EQ(KindOf(status), ErrorKind::kInvalid);
}

TEST(BatchRequestsTest, AKnownSizeSparesARequest) {
  const auto memory = MemoryChunkManager::Make();
  ASSERT_TRUE(memory->Write("a", AsBytes("four")).ok());
  const auto counting = CountingChunkManager::Make(memory);
  EXPECT_EQ(ReadAll(counting.get(), {{"a", 4}})[0], "four");
  EXPECT_EQ(counting->count(StorageOperation::kStat).calls, 0);
  EXPECT_EQ(counting->reads().calls, 1);
}

}  // namespace
}  // namespace varve
