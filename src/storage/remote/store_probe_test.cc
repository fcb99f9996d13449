// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/store_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/remote/testing/simulated_client.h"

namespace varve::internal {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr uint64_t kSeed = 20261121;

Result<StoreProbe> ProbeOf(SimulatedClient* client, bool uploads = true, bool multipart = false) {
  const auto random = Random::Seeded(kSeed);
  return ProbeConditionalWrites(
      client, {.uploads = uploads, .multipart = multipart, .part_bytes = 3000}, random.get());
}

TEST(StoreProbeTest, AStoreThatKeepsItsPromisesIsFitForCommits) {
  SimulatedClient client;
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_TRUE(probe.put_if_absent);
  EXPECT_TRUE(probe.upload_if_absent);
  EXPECT_TRUE(probe.ordered_listing);
  EXPECT_EQ(probe.put_problem + probe.upload_problem + probe.listing_problem, "");
  EXPECT_THAT(probe.left_behind, IsEmpty());
  EXPECT_TRUE(RefuseUnlessSafe(probe, "s3://b").ok());
  EXPECT_THAT(client.objects(), IsEmpty());
  EXPECT_EQ(client.num_open_uploads(), 0);
}

TEST(StoreProbeTest, AStoreThatIgnoresTheConditionIsFound) {
  SimulatedClient client({.put = SimulatedCondition::kIgnored});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_FALSE(probe.put_if_absent);
  EXPECT_TRUE(probe.upload_if_absent);
  EXPECT_EQ(probe.put_problem,
            "of 8 simultaneous conditional puts of one new object, 8 succeeded: the condition is "
            "ignored");
  const Status refusal = RefuseUnlessSafe(probe, "s3://b/t");
  EXPECT_EQ(KindOf(refusal), ErrorKind::kUnsupported);
  EXPECT_THAT(refusal.message(), HasSubstr("8 succeeded: the condition is ignored"));
  EXPECT_EQ(ContextOf(refusal)->object, "s3://b/t");
  EXPECT_THAT(client.objects(), IsEmpty());
}

TEST(StoreProbeTest, AStoreThatChecksBeforeItWritesIsFoundByTheRace) {
  SimulatedClient client({.put = SimulatedCondition::kCheckedTooEarly});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_FALSE(probe.put_if_absent);
  EXPECT_THAT(probe.put_problem, HasSubstr("8 succeeded"));
  EXPECT_THAT(client.objects(), IsEmpty());
}

TEST(StoreProbeTest, AStoreThatRefusesAndOverwritesIsFoundByReadingBack) {
  SimulatedClient client({.put = SimulatedCondition::kRefusedButStored});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_FALSE(probe.put_if_absent);
  EXPECT_THAT(probe.put_problem, HasSubstr("one was refused and its bytes were stored"));
}

TEST(StoreProbeTest, AStoreWithoutConditionsSaysSo) {
  SimulatedClient client({.put = SimulatedCondition::kNotImplemented});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_FALSE(probe.put_if_absent);
  EXPECT_EQ(probe.put_problem, "the store knows no conditional puts of one new object");
}

TEST(StoreProbeTest, CompletionsOfUploadsAreRacedOnTheirOwn) {
  for (const auto condition :
       {SimulatedCondition::kIgnored, SimulatedCondition::kCheckedTooEarly}) {
    for (const bool multipart : {false, true}) {
      SimulatedClient client({.upload = condition});
      const StoreProbe probe = *ProbeOf(&client, /*uploads=*/true, multipart);
      EXPECT_TRUE(probe.put_if_absent);
      EXPECT_FALSE(probe.upload_if_absent);
      EXPECT_EQ(probe.upload_problem,
                "of 8 simultaneous conditional completions of multipart uploads of one new object, "
                "8 succeeded: the condition is ignored");
      EXPECT_THAT(RefuseUnlessSafe(probe, "s3://b").message(), HasSubstr("large objects"));
      EXPECT_THAT(client.objects(), IsEmpty());
      EXPECT_EQ(client.num_open_uploads(), 0);

      const StoreProbe puts_only = *ProbeOf(&client, /*uploads=*/false);
      EXPECT_FALSE(puts_only.upload_if_absent);
      EXPECT_TRUE(RefuseUnlessSafe(puts_only, "s3://b").ok());
    }
  }
}

TEST(StoreProbeTest, UploadsThatCanBeToldApartAreRacedWithoutWeight) {
  SimulatedClient client;
  const auto random = Random::Seeded(kSeed);
  const auto probe = ProbeConditionalWrites(
      &client, {.writes = false, .uploads = true, .multipart = true}, random.get());
  ASSERT_TRUE(probe.ok()) << probe.status();
  EXPECT_TRUE(probe->upload_if_absent) << probe->upload_problem;
  EXPECT_FALSE(probe->put_if_absent);  // not tried
  EXPECT_TRUE(RefuseUnlessSafe(*probe, "s3://b").ok());
  EXPECT_THAT(client.objects(), IsEmpty());
  EXPECT_EQ(client.num_open_uploads(), 0);
}

TEST(StoreProbeTest, ListingsThatNeedCareAreTold) {
  const std::pair<SimulatedListing, std::string> cases[] = {
      {SimulatedListing::kUnordered, "objects are not listed in byte order"},
      {SimulatedListing::kIgnoresStart,
       "a listing that starts after an object does not begin with the next one"},
      {SimulatedListing::kBehind,
       "a listing does not show the objects that were written before it"}};
  for (const auto& [listing, problem] : cases) {
    SimulatedClient client({.listing = listing});
    const StoreProbe probe = *ProbeOf(&client);
    EXPECT_FALSE(probe.ordered_listing);
    EXPECT_EQ(probe.listing_problem, problem);
    // Slower to open, and safe.
    EXPECT_TRUE(RefuseUnlessSafe(probe, "s3://b").ok());
  }
}

TEST(StoreProbeTest, ConflictsAreAskedAgainAndDecideNothing) {
  SimulatedClient client({.num_conflicts = 8});
  EXPECT_TRUE(ProbeOf(&client)->put_if_absent);
  SimulatedClient stuck({.num_conflicts = 1000});
  const auto probe = ProbeOf(&stuck);
  EXPECT_THAT(probe.status().message(), HasSubstr("another request for the object is in progress"));
  EXPECT_THAT(stuck.objects(), IsEmpty());
}

TEST(StoreProbeTest, AWinnerWhoseAnswerWasLostIsOne) {
  SimulatedClient client({.loses_first_answer = true});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_EQ(probe.put_problem, "");
  EXPECT_TRUE(probe.put_if_absent);
}

TEST(StoreProbeTest, WhatCannotBeRemovedIsNamed) {
  SimulatedClient client({.refuses_removal = true});
  const StoreProbe probe = *ProbeOf(&client);
  EXPECT_TRUE(probe.put_if_absent);
  EXPECT_THAT(probe.left_behind, SizeIs(7));
  for (const std::string& path : probe.left_behind) {
    EXPECT_THAT(path, StartsWith(".varve-probe-"));
    EXPECT_TRUE(client.objects().contains(path));
  }
}

}  // namespace
}  // namespace varve::internal
