// SPDX-License-Identifier: Apache-2.0
// The contract against servers that the environment names; skipped without. tests/stores starts
// them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/random.h"
#include "storage/opendal/opendal_client.h"
#include "storage/remote/limited_client.h"
#include "storage/remote/remote_chunk_manager.h"
#include "storage/testing/chunk_manager_conformance.h"

namespace varve::internal {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

constexpr ChunkManagerFeatures kFeatures = {
    .put_if_absent = true, .ordered_listing = true, .durable = true};

std::shared_ptr<ChunkManager> S3Store() {
  OpenDalOptions options;
  options.scheme = "s3";
  options.options = {{"bucket", Environment("VARVE_S3_BUCKET")},
                     {"root", "/test-" + std::to_string(Random::System()->Next())},
                     {"endpoint", Environment("VARVE_S3_ENDPOINT")},
                     {"region", "us-east-1"},
                     {"access_key_id", Environment("VARVE_S3_KEY")},
                     {"secret_access_key", Environment("VARVE_S3_SECRET")},
                     {"disable_config_load", "true"},
                     {"disable_ec2_metadata", "true"}};
  auto client = MakeOpenDalClient(options).ValueOrDie();
  auto limited = std::make_shared<LimitedClient>(std::move(client), 32);
  return std::make_shared<RemoteChunkManager>(
      std::move(limited), RemoteOptions{.uri = "s3://" + Environment("VARVE_S3_BUCKET"),
                                        .features = kFeatures,
                                        .part_bytes = 5 << 20});
}

std::vector<ConformanceTarget> Targets() {
  std::vector<ConformanceTarget> targets;
  if (!Environment("VARVE_S3_ENDPOINT").empty()) {
    targets.push_back({.name = "S3",
                       .make = S3Store,
                       .features = kFeatures,
                       .is_shared_by_processes = true,
                       .pins_what_is_open = false});
  }
  return targets;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ChunkManagerConformanceTest);
INSTANTIATE_TEST_SUITE_P(Remote, ChunkManagerConformanceTest, testing::ValuesIn(Targets()),
                         NameOfTarget);

}  // namespace
}  // namespace varve::internal
