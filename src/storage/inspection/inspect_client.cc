// SPDX-License-Identifier: Apache-2.0
#include "storage/inspection/inspect_client.h"

#include <cstdlib>

#include "storage/remote/store_probe.h"

namespace varve::internal {
namespace {

constexpr std::chrono::milliseconds kTimeout{15'000};
// Signatures of S3 are refused at 15 minutes.
constexpr int64_t kClockSkewMicrosMax = 5 * 60 * 1'000'000LL;
constexpr double kNanosPerSecond = 1e9;

void Advise(StoreInspection* found, const std::string& advice) {
  if (!advice.empty() && found->advice.empty()) found->advice = advice;
}

// The store's clock, from the time between the request and its answer.
void CompareClocks(const ObjectReply& reply, int64_t sent_micros, int64_t received_micros,
                   StoreInspection* found) {
  if (reply.server_time_micros < 0) return;
  const int64_t skew = reply.server_time_micros - (sent_micros + received_micros) / 2;
  found->clock_skew_micros = skew;
  if (std::abs(skew) > kClockSkewMicrosMax) {
    Advise(found, "set this machine's clock: signatures are refused when clocks disagree");
  }
}

void TryWrites(ObjectClient* client, bool uploads, Random* random, StoreInspection* found) {
  found->tried_writes = true;
  const auto probe = ProbeConditionalWrites(
      client, {.uploads = uploads, .multipart = uploads, .timeout = kTimeout}, random);
  if (!probe.ok()) {
    found->wrote = probe.status();
    if (KindOf(probe.status()) == ErrorKind::kDenied) {
      Advise(found, "the credentials may list this place; let them also read, write and delete");
    }
    return;
  }
  found->put_if_absent = probe->put_if_absent;
  if (uploads) found->upload_if_absent = probe->upload_if_absent;
  found->ordered_listing = probe->ordered_listing;
  found->left_behind = probe->left_behind;
  for (const std::string& problem :
       {probe->put_problem, probe->upload_problem, probe->listing_problem}) {
    if (!problem.empty()) found->problems.push_back(problem);
  }
  if (!probe->put_if_absent) {
    Advise(found,
           "tables can be read here, not written: use a service or a version of this server that "
           "honours If-None-Match (docs/guide/object-stores.md)");
  }
}

}  // namespace

std::string AdviceFor(ObjectOutcome outcome, const StoreInspection& found) {
  const std::string endpoint = found.endpoint.empty() ? "its address" : found.endpoint;
  constexpr int kHttpNotFound = 404;
  if (found.http_status == kHttpNotFound) outcome = ObjectOutcome::kNotFound;
  switch (outcome) {
    case ObjectOutcome::kNotFound:
      return "make the bucket, or correct its name";
    case ObjectOutcome::kDenied:
      if (found.credentials.empty()) {
        return "give credentials: storage options, the service's environment variables, a profile";
      }
      return "check the keys, that they are this bucket's, and that they may list, read, write and "
             "delete in it" +
             std::string(found.region.empty() ? "" : "; check the region");
    case ObjectOutcome::kUnavailable:
    case ObjectOutcome::kTimedOut:
      return "check that " + endpoint +
             " is right and can be reached from here (name, port, https or http, proxy, firewall)";
    case ObjectOutcome::kUntrusted:
      return "name the authority that signed the server's certificate: ca_bundle=FILE";
    case ObjectOutcome::kThrottled:
      return "wait, or ask for fewer requests at once: max_in_flight";
    case ObjectOutcome::kInvalid:
    case ObjectOutcome::kUnsupported:
    case ObjectOutcome::kBadAnswer:
    case ObjectOutcome::kFailed:
      return "check endpoint, region and the name of the bucket";
    default:
      return "";
  }
}

void InspectClient(ObjectClient* client, const Trials& trials, StoreInspection* found, Clock* clock,
                   Random* random) {
  const int64_t sent_micros = clock->NowMicros();
  const int64_t sent_nanos = clock->MonotonicNanos();
  const ObjectReply listed =
      Run(client, {.operation = ObjectOperation::kList, .limit = 1, .timeout = kTimeout});
  const int64_t took_nanos = clock->MonotonicNanos() - sent_nanos;
  found->seconds = static_cast<double>(took_nanos) / kNanosPerSecond;
  found->http_status = listed.http_status;
  found->reached = StatusOf(listed, ObjectOperation::kList, found->uri);
  found->bucket_region = listed.bucket_region;
  CompareClocks(listed, sent_micros, clock->NowMicros(), found);
  if (!found->bucket_region.empty() && found->bucket_region != found->region) {
    Advise(found, "the bucket is in another region: set region=" + found->bucket_region +
                      " (AWS_REGION), and no endpoint of another");
  }
  if (!listed.ok()) {
    Advise(found, AdviceFor(listed.outcome, *found));
    return;
  }
  if (trials.writes) TryWrites(client, trials.uploads, random, found);
}

}  // namespace varve::internal
