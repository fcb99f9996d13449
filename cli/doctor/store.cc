// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor/store.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "arrow/buffer.h"
#include "cli/doctor/machine.h"
#include "cli/opened_stores.h"
#include "cli/output/amounts.h"
#include "varve/unfinished_uploads.h"

namespace varve::cli {
namespace {

constexpr int kRacers = 8;
constexpr int64_t kClockSkewMicros = 60 * 1000000LL;
// An upload that was begun more recently may be under way.
constexpr int64_t kAtWorkMicros = 3600 * 1000000LL;

void CheckClock(int64_t skew_micros, CheckList* checks) {
  const bool good = std::abs(skew_micros) <= kClockSkewMicros;
  checks->Add(
      "store clock", good ? Check::kGood : Check::kWarning,
      FormatSeconds(std::abs(static_cast<double>(skew_micros)) / 1e6) + " from this machine's",
      good ? "" : "set this machine's clock, or the store's");
}

Status TryStore(ChunkManager* store, CheckList* checks) {
  const std::string text = "varve doctor";
  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const auto begin = std::chrono::steady_clock::now();
  ARROW_RETURN_NOT_OK(store->Write("write", bytes));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  ARROW_ASSIGN_OR_RAISE(const auto read, store->Read("write"));
  const bool same = read->ToString() == text;
  checks->Add("write and read", same ? Check::kGood : Check::kBad,
              same ? "a durable write takes " + FormatSeconds(seconds.count())
                   : "other bytes came back than were written");
  std::atomic<int> winners{0}, errors{0};
  std::vector<std::thread> racers;
  for (int i = 0; i < kRacers; ++i) {
    racers.emplace_back([&] {
      const auto won = store->PutIfAbsent("race", bytes);
      if (!won.ok()) {
        ++errors;
      } else if (*won) {
        ++winners;
      }
    });
  }
  for (std::thread& racer : racers) racer.join();
  const bool fair = winners == 1 && errors == 0;
  checks->Add("commit race", fair ? Check::kGood : Check::kBad,
              std::to_string(kRacers) + " threads create one object: " + std::to_string(winners) +
                  (winners == 1 ? " winner" : " winners") +
                  (errors > 0 ? ", " + std::to_string(errors) + " errors" : ""));
  ARROW_ASSIGN_OR_RAISE(const int64_t store_time, store->StoreTime());
  CheckClock(store_time - NowMicros(), checks);
  const ChunkManagerFeatures features = store->features();
  checks->Add("features", features.put_if_absent ? Check::kGood : Check::kBad,
              std::string(features.put_if_absent ? "create-if-absent" : "no create-if-absent") +
                  (features.mapping ? ", mapping" : "") + (features.durable ? ", durable" : "") +
                  (features.ordered_listing ? ", ordered listing" : ""));
  return Status::OK();
}

}  // namespace

Status CheckLocalStore(const std::string& path, const ChunkManagerOptions& options,
                       CheckList* checks) {
  // In a folder that exists already, so nothing else is made.
  const std::string root = ExistingFolder(path) + "/.varve-doctor-" + std::to_string(getpid());
  ARROW_ASSIGN_OR_RAISE(const auto store, OpenStore(root, options));
  const Status outcome = TryStore(store.get(), checks);
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
  return outcome;
}

Status CheckObjectStore(const StoreInspection& found, CheckList* checks) {
  std::string service = found.service + " at " + found.uri;
  if (!found.endpoint.empty()) service += ", endpoint " + found.endpoint;
  if (!found.region.empty()) service += ", region " + found.region;
  checks->Add("service", Check::kGood, service);

  std::string credentials;
  for (const auto& [name, value] : found.credentials) {
    credentials += (credentials.empty() ? "" : ", ") + name + "=" + value;
  }
  checks->Add("credentials", Check::kGood,
              credentials.empty() ? "none given: a profile or the machine's identity is used"
                                  : credentials);
  if (!found.bucket_region.empty()) {
    const bool same = found.bucket_region == found.region;
    checks->Add(
        "region", same ? Check::kGood : Check::kWarning,
        same ? found.region
             : "the bucket is in " + found.bucket_region + ", asked as if in " + found.region,
        same ? "" : found.advice);
  }
  checks->Add("reachable", found.reached.ok() ? Check::kGood : Check::kBad,
              found.reached.ok() ? "a listing takes " + FormatSeconds(found.seconds)
                                 : found.reached.message(),
              found.reached.ok() ? "" : found.advice);
  if (found.clock_skew_micros.has_value()) CheckClock(*found.clock_skew_micros, checks);
  ARROW_RETURN_NOT_OK(found.reached);
  if (!found.wrote.ok()) checks->Add("writes", Check::kBad, found.wrote.message(), found.advice);
  ARROW_RETURN_NOT_OK(found.wrote);
  if (!found.tried_writes) return Status::OK();
  checks->Add("commits", found.put_if_absent ? Check::kGood : Check::kBad,
              found.put_if_absent      ? "of eight who create one object, one succeeds"
              : found.problems.empty() ? "conditional writes do not hold"
                                       : found.problems.front(),
              found.put_if_absent ? "" : found.advice);
  if (found.upload_if_absent.has_value()) {
    const bool holds = *found.upload_if_absent;
    checks->Add("uploads", holds ? Check::kGood : Check::kWarning,
                holds ? "of eight uploads of one object, one succeeds"
                      : "an upload in parts overwrites an object that is there: tables are safe, "
                        "their files have names of their own",
                holds ? "" : "let one process alone write large objects here (varve cp)");
  }
  checks->Add("listing", Check::kGood,
              found.ordered_listing ? "ordered" : "not ordered: opening takes more requests");
  if (!found.left_behind.empty()) {
    checks->Add("left behind", Check::kWarning,
                "what was tried could not be removed: " + found.left_behind.front(),
                "let the credentials delete, and remove it");
  }
  return Status::OK();
}

Status AbortOldUploads(ChunkManager* store, int64_t before_micros, CheckList* checks) {
  ARROW_ASSIGN_OR_RAISE(const auto uploads, ListUnfinishedUploads(*store));
  int64_t aborted = 0;
  for (const UnfinishedUpload& upload : uploads) {
    // Of one whose age is not told, nothing is known.
    if (upload.begun_micros == 0 || upload.begun_micros >= before_micros) continue;
    ARROW_RETURN_NOT_OK(AbortUnfinishedUpload(*store, upload));
    ++aborted;
  }
  checks->Add("uploads aborted", Check::kGood, std::to_string(aborted));
  return Status::OK();
}

void CheckUnfinishedUploads(ChunkManager* store, CheckList* checks) {
  const auto uploads = ListUnfinishedUploads(*store);
  if (!uploads.ok()) {
    if (KindOf(uploads.status()) == ErrorKind::kUnsupported) return;  // the service removes them
    checks->Add("unfinished uploads", Check::kWarning, uploads.status().message());
    return;
  }
  const int64_t now = store->StoreTime().ValueOr(NowMicros());
  int64_t old = 0;
  std::string example;
  for (const UnfinishedUpload& upload : *uploads) {
    if (now - upload.begun_micros < kAtWorkMicros) continue;
    if (old++ == 0) example = upload.path;
  }
  checks->Add(
      "unfinished uploads", old == 0 ? Check::kGood : Check::kWarning,
      old == 0 ? "none" : Plural(old, "upload") + " of writers that were killed: " + example,
      old == 0 ? ""
               : "they cost storage: --abort-uploads 1d, or a lifecycle rule of the bucket, "
                 "removes them");
}

}  // namespace varve::cli
