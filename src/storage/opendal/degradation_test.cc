// SPDX-License-Identifier: Apache-2.0
// A store that goes away and comes back, with a replica beside it, opened as everybody opens it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "arrow/buffer.h"
#include "base/coding.h"
#include "storage/opendal/testing/fault_matrix.h"
#include "varve/chunk_manager.h"

namespace varve::internal::fault_matrix {
namespace {

using testing::HasSubstr;

TEST(DegradationTest, ReadsGoOnWritesAreRefusedAndAllIsWellAgain) {
  ScriptedHttpS3 s3;
  std::atomic<bool> away = false;
  FaultProxy proxy([&](const HttpRequest& request) { return s3.Answer(request); },
                   [&](const HttpRequest&) { return away ? Of(FaultKind::kReset) : Fault{}; });
  proxy.Listen();
  const auto replica = *OpenChunkManager("memory://degradation-replica");
  const auto store =
      OpenChunkManager("s3://bucket/x",
                       {.storage_options = {{"endpoint", proxy.endpoint()},
                                            {"region", "r"},
                                            {"access_key_id", "key"},
                                            {"secret_access_key", "secret"},
                                            {"retry_attempts", "0"},
                                            {"breaker_failures", "3"},
                                            {"read_replicas", "memory://degradation-replica"}}})
          .ValueOrDie();
  ASSERT_TRUE(store->Write("a", AsBytes("here")).ok());
  ASSERT_TRUE(replica->Write("a", AsBytes("there")).ok());
  EXPECT_EQ((*store->Read("a"))->ToString(), "here");
  EXPECT_TRUE(store->CheckConditionalWrites().ok());

  away = true;
  // Not known to be away yet: asked in vain, and then the replica.
  for (int i = 0; i < 3; ++i) EXPECT_EQ((*store->Read("a"))->ToString(), "there");
  EXPECT_TRUE(store->Metrics()->endpoint_is_avoided);
  // It is kept from requests for a second. Where that has gone by, one is let through in vain, and
  // it is kept for twice as long.
  int64_t asked = 0;
  Status refused;
  for (int i = 0; i == 0 || (i < 6 && proxy.num_requests() != asked); ++i) {
    asked = proxy.num_requests();
    EXPECT_EQ((*store->Read("a"))->ToString(), "there");
    refused = store->PutIfAbsent("v", AsBytes("1")).status();
  }
  EXPECT_EQ(KindOf(refused), ErrorKind::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("nothing is written while the store does not answer"));
  EXPECT_EQ(proxy.num_requests(), asked);

  away = false;
  while (store->Metrics()->endpoint_is_avoided) std::this_thread::yield();
  EXPECT_EQ((*store->Read("a"))->ToString(), "here");
  EXPECT_TRUE(*store->PutIfAbsent("v", AsBytes("1")));
}

TEST(DegradationTest, HealthChecksSeeItGoAndComeBack) {
  ScriptedHttpS3 s3;
  std::atomic<bool> away = false;
  FaultProxy proxy([&](const HttpRequest& request) { return s3.Answer(request); },
                   [&](const HttpRequest&) { return away ? Of(FaultKind::kReset) : Fault{}; });
  proxy.Listen();
  const auto store =
      OpenChunkManager("s3://bucket/x", {.storage_options = {{"endpoint", proxy.endpoint()},
                                                             {"region", "r"},
                                                             {"access_key_id", "key"},
                                                             {"secret_access_key", "secret"},
                                                             {"health_check_interval", "20ms"}}})
          .ValueOrDie();
  const auto answers = [&] {
    const StorageMetrics metrics = *store->Metrics();
    const auto found =
        std::ranges::find(metrics.operations, "not_found", &OperationMetrics::outcome);
    return found == metrics.operations.end() ? 0 : found->calls;
  };
  // Nobody reads or writes.
  away = true;
  while (!store->Metrics()->endpoint_is_avoided) std::this_thread::yield();
  const int64_t answers_before = answers();
  away = false;
  while (answers() == answers_before) std::this_thread::yield();
  while (store->Metrics()->endpoint_is_avoided) std::this_thread::yield();
}

}  // namespace
}  // namespace varve::internal::fault_matrix
