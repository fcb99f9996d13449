// SPDX-License-Identifier: Apache-2.0
// The contract against a server that the environment names, as tests/stores/servers.py does:
// VARVE_TEST_STORE is its address, VARVE_TEST_STORE_NAME what it is called, VARVE_TEST_STORE_LACKS
// what makes it unfit for commits. Skipped without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/random.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/store_address.h"
#include "storage/remote/store_probe.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string Variable(const std::string& name) {
  return ProcessEnvironment()("VARVE_TEST_STORE" + name).value_or("");
}

std::string FreshRoot() {
  return Variable("") + "/test-" + std::to_string(Random::System()->Next());
}

StoreAddress AddressOf(const std::string& uri) {
  return ResolveStoreAddress(uri, {}, ProcessEnvironment()).ValueOrDie();
}

std::vector<ConformanceTarget> Targets() {
  // What cannot hold a table keeps no promise that would be worth a test.
  if (Variable("").empty() || !Variable("_LACKS").empty()) return {};
  return {{.name = Variable("_NAME"),
           .make = [] { return OpenChunkManager(FreshRoot()).ValueOrDie(); },
           .features = AddressOf(Variable("")).manager.features,
           .is_shared_by_processes = true,
           .pins_what_is_open = false}};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChunkManagerConformanceTest);
INSTANTIATE_TEST_SUITE_P(Remote, ChunkManagerConformanceTest, testing::ValuesIn(Targets()),
                         NameOfTarget);

TEST(StoreProbeOnServerTest, FindsWhatTheServerLacks) {
  if (Variable("").empty()) GTEST_SKIP() << "no server";
  const std::string root = FreshRoot();
  auto client = MakeOpenDalClient(AddressOf(root).client).ValueOrDie();
  const auto probe = ProbeConditionalWrites(client.get(), {.uploads = true});
  ASSERT_TRUE(probe.ok()) << probe.status();
  const std::string lacks = Variable("_LACKS");
  EXPECT_EQ(probe->put_if_absent, lacks.find("put") == lacks.npos) << probe->put_problem;
  EXPECT_EQ(probe->upload_if_absent, lacks.find("upload") == lacks.npos) << probe->upload_problem;
  const Status fit = RefuseUnlessSafe(*probe, root);
  EXPECT_EQ(fit.ok(), lacks.empty()) << fit;
  if (lacks.empty()) {
    EXPECT_EQ(probe->listing_problem, "");
  } else {
    EXPECT_THAT(fit.message(), HasSubstr("succeeded: the condition is ignored"));
  }
  EXPECT_THAT(probe->left_behind, IsEmpty());
  EXPECT_THAT(*OpenChunkManager(root).ValueOrDie()->List(""), IsEmpty());
}

}  // namespace
}  // namespace varve::internal
