// SPDX-License-Identifier: Apache-2.0
// The contract over a service in memory, in the dialects that services speak.
#include "storage/remote/remote_chunk_manager.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/random.h"
#include "storage/remote/open_remote.h"
#include "storage/remote/testing/simulated_client.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

constexpr uint64_t kSeed = 20261127;

struct Dialect {
  const char* name;
  const char* uri;
  SimulatedDialect simulated;
  int64_t part_bytes = 8 << 20;
};

std::shared_ptr<ChunkManager> Open(const Dialect& dialect) {
  static const std::unique_ptr<Random> random = Random::Seeded(kSeed);
  StoreAddress address = ResolveStoreAddress(dialect.uri, {}, [](const std::string&) {
                           return std::nullopt;
                         }).ValueOrDie();
  address.manager.part_bytes = dialect.part_bytes;
  address.tuning.retry.first_pause = std::chrono::milliseconds(1);
  // What a root was found to be is remembered: each store is another.
  address.manager.uri += "/" + std::to_string(random->Next());
  const auto endpoint = std::make_shared<Endpoint>(Endpoint{
      .health = std::make_shared<EndpointHealth>(), .budget = std::make_shared<RetryBudget>()});
  auto store = ComposeRemote(std::make_shared<SimulatedClient>(dialect.simulated, Clock::System()),
                             address, endpoint, Timer::System(), random.get());
  // As a writer does; what it finds out is what the dialect is about.
  EXPECT_TRUE(store->CheckConditionalWrites().ok());
  return store;
}

ConformanceTarget Target(const Dialect& dialect) {
  return {.name = dialect.name,
          .make = [dialect] { return Open(dialect); },
          .features = {.put_if_absent = true, .ordered_listing = true, .durable = true},
          .pins_what_is_open = false};
}

INSTANTIATE_TEST_SUITE_P(
    Simulated, ChunkManagerConformanceTest,
    testing::Values(
        Target({"PreconditionFailed", "s3://b/root", {}}),
        Target({"FileAlreadyExists", "oss://b/root", {.exists_status = 409}}),
        Target({"ConflictsFirst", "s3://b/root", {.num_conflicts = 3}}),
        Target({"Generations", "gs://b/root", {}}), Target({"Blocks", "az://b/root", {}}),
        Target({"ListsInNoOrder", "s3://b/root", {.listing = SimulatedListing::kUnordered}}),
        Target(
            {"IgnoresWhereToStart", "s3://b/root", {.listing = SimulatedListing::kIgnoresStart}}),
        Target({"InSmallParts", "s3://b/root", {}, 4096})),
    NameOfTarget);

}  // namespace
}  // namespace varve::internal
