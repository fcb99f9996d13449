// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/executor.h"

namespace varve::internal {
namespace {

// Until the work is stopped: a test that fails hangs, and its time limit ends it.
Status WorkUntilStopped() {
  for (;;) ARROW_RETURN_NOT_OK(CheckStopped());
}

TEST(StopTest, WithoutAScopeNothingStops) {
  EXPECT_EQ(CurrentScope(), nullptr);
  EXPECT_TRUE(CheckStopped().ok());
}

TEST(StopTest, WorkEndsWhenTheFunctionSaysSo) {
  int asked = 0;
  const StopScope scope([&] { return ++asked == 3; });
  EXPECT_TRUE(CheckStopped().ok());
  EXPECT_FALSE(scope.stopped());
  const Status status = WorkUntilStopped();
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_TRUE(scope.stopped());
  EXPECT_EQ(asked, 3);
  EXPECT_FALSE(CheckStopped().ok());
  EXPECT_EQ(asked, 3);  // what was said once is not asked again
}

TEST(StopTest, AScopeEndsWithItsBlock) {
  {
    const StopScope scope([] { return true; });
    EXPECT_FALSE(WorkUntilStopped().ok());
  }
  EXPECT_TRUE(CheckStopped().ok());
}

TEST(StopTest, AnOuterScopeStopsWhatIsInside) {
  const StopScope outer([] { return true; });
  const StopScope inner([] { return false; });
  EXPECT_FALSE(WorkUntilStopped().ok());
  EXPECT_TRUE(inner.stopped());
}

TEST(StopTest, NothingStopsWhatWorksForNobody) {
  const StopScope scope([] { return true; });
  EXPECT_FALSE(WorkUntilStopped().ok());
  {
    const WorkingFor nobody(nullptr);
    EXPECT_TRUE(CheckStopped().ok());
  }
  EXPECT_FALSE(CheckStopped().ok());
}

class StopExecutorTest : public testing::TestWithParam<Executor*> {};

TEST_P(StopExecutorTest, AStopReachesEveryTaskAndIsAskedForOnTheCallersThread) {
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> elsewhere{false};
  const StopScope scope([&] {
    if (std::this_thread::get_id() != caller) elsewhere = true;
    return true;
  });
  // Nested, as a take of several columns is.
  const Status status = GetParam()->ParallelFor(4, [](int64_t) {
    return GetParam()->ParallelFor(4, [](int64_t) { return WorkUntilStopped(); });
  });
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_FALSE(elsewhere);
}

TEST_P(StopExecutorTest, AStoppedScopeBeginsNoTask) {
  const StopScope scope([] { return true; });
  EXPECT_FALSE(WorkUntilStopped().ok());
  std::atomic<int> begun{0};
  const Status status = GetParam()->ParallelFor(8, [&](int64_t) {
    ++begun;
    return Status::OK();
  });
  EXPECT_EQ(KindOf(status), ErrorKind::kCancelled);
  EXPECT_EQ(begun, 0);
}

INSTANTIATE_TEST_SUITE_P(Executors, StopExecutorTest,
                         testing::Values(Executor::Inline(), Executor::Default()),
                         [](const auto& instance) {
                           return instance.param == Executor::Inline() ? "Inline" : "Default";
                         });

}  // namespace
}  // namespace varve::internal
