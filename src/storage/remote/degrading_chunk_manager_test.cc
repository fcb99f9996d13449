// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/degrading_chunk_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/memory/memory_chunk_manager.h"
#include "storage/testing/intercepting_chunk_manager.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;

// Lets through what the test says.
class Gate : public StorageInterceptor {
 public:
  Status Before(StorageOperation, const std::string& path) override {
    ++asked;
    return error.ok() ? Status::OK() : MakeError(KindOf(error), error.message(), {.object = path});
  }
  Status error;
  int asked = 0;
};

class DegradingChunkManagerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(primary_->Write("x", AsBytes("new bytes")).ok());
    ASSERT_TRUE(replica_->Write("x", AsBytes("old bytes")).ok());
  }

  static std::string TextOf(const Result<std::shared_ptr<arrow::Buffer>>& read) {
    return read.ok() ? (*read)->ToString() : read.status().ToString();
  }
  static Status Down() { return MakeError(ErrorKind::kIo, "not to be reached"); }

  const std::string name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::shared_ptr<ChunkManager> primary_ = MemoryChunkManager::Named("primary-" + name_);
  const std::shared_ptr<ChunkManager> replica_ = MemoryChunkManager::Named("replica-" + name_);
  const std::shared_ptr<Gate> primary_gate_ = std::make_shared<Gate>();
  const std::shared_ptr<Gate> replica_gate_ = std::make_shared<Gate>();
  bool avoided_ = false;
  DegradingChunkManager store_{
      std::make_shared<InterceptingChunkManager>(primary_, primary_gate_),
      {std::make_shared<InterceptingChunkManager>(replica_, replica_gate_)},
      [this] { return avoided_; }};
};

TEST_F(DegradingChunkManagerTest, AsLongAsTheStoreAnswersNobodyElseIsAsked) {
  EXPECT_EQ(TextOf(store_.Read("x")), "new bytes");
  EXPECT_TRUE(store_.Write("y", AsBytes("1")).ok());
  EXPECT_TRUE(*store_.PutIfAbsent("z", AsBytes("1")));
  EXPECT_EQ(store_.List("", {})->size(), 3u);
  EXPECT_TRUE(IsNotFound(store_.Size("nothing").status()));
  EXPECT_TRUE(store_.CheckConditionalWrites().ok());
  EXPECT_EQ(replica_gate_->asked, 0);
}

TEST_F(DegradingChunkManagerTest, ReadsGoOnAndWritesAreRefusedWhileTheStoreIsAvoided) {
  avoided_ = true;
  EXPECT_EQ(TextOf(store_.Read("x")), "old bytes");
  EXPECT_EQ(*store_.Size("x"), 9);
  EXPECT_TRUE(*store_.Exist("x"));
  EXPECT_EQ(store_.Stat("x")->size, 9);
  EXPECT_EQ(store_.List("", {})->size(), 1u);
  const auto reader = *store_.OpenReader("x", -1);
  EXPECT_EQ((*reader->Read(4, 5))->ToString(), "bytes");
  const std::vector<Status> refusals = {store_.Write("x", AsBytes("1")),
                                        store_.PutIfAbsent("z", AsBytes("1")).status(),
                                        store_.OpenWriter("z", {}).status(),
                                        store_.WriteAt("x", 0, AsBytes("1")),
                                        store_.Remove("x"),
                                        store_.Copy("x", "y"),
                                        store_.CheckConditionalWrites()};
  for (const Status& refusal : refusals) {
    // A kind that a commit takes for what it is: nothing was sent.
    EXPECT_EQ(KindOf(refusal), ErrorKind::kResourceExhausted);
    EXPECT_THAT(refusal.message(), HasSubstr("nothing is written while the store does not answer"));
  }
  EXPECT_EQ(primary_gate_->asked, 0);
}

TEST_F(DegradingChunkManagerTest, WhatTheStoreCannotGiveIsAskedElsewhere) {
  const auto reader = *store_.OpenReader("x", 9);
  EXPECT_EQ((*reader->Read(0, 3))->ToString(), "new");
  primary_gate_->error = Down();
  EXPECT_EQ((*reader->Read(0, 3))->ToString(), "old");
  EXPECT_EQ(TextOf(store_.Read("x")), "old bytes");
  // A write is not.
  EXPECT_EQ(KindOf(store_.Write("x", AsBytes("1"))), ErrorKind::kIo);
  primary_gate_->error = Status::OK();
  EXPECT_EQ((*reader->Read(0, 3))->ToString(), "new");
}

TEST_F(DegradingChunkManagerTest, OnlySilenceSendsElsewhere) {
  for (const ErrorKind kind : {ErrorKind::kDenied, ErrorKind::kCorruption, ErrorKind::kCancelled,
                               ErrorKind::kNotFound, ErrorKind::kInvalid}) {
    primary_gate_->error = MakeError(kind, "no");
    EXPECT_EQ(KindOf(store_.Read("x").status()), kind);
  }
  EXPECT_EQ(replica_gate_->asked, 0);
}

TEST_F(DegradingChunkManagerTest, WhereNobodyAnswersTheStoresOwnErrorCounts) {
  primary_gate_->error = Down();
  replica_gate_->error = MakeError(ErrorKind::kIo, "nor the replica");
  EXPECT_THAT(store_.Read("x").status().message(), HasSubstr("not to be reached"));
  avoided_ = true;
  EXPECT_THAT(store_.Read("x").status().message(), HasSubstr("nor the replica"));
}

}  // namespace
}  // namespace varve::internal
