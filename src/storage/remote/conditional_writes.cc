// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/conditional_writes.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace varve::internal {

struct ConditionalWrites::Finding {
  std::mutex mutex;  // guards what follows, and is held while the store is tried
  std::optional<Status> status;
  int64_t found_at = 0;  // on the timer's clock
};

struct ConditionalWrites::Verdict {
  // Of all roots that this process has asked about; they are few.
  static std::shared_ptr<Verdict> Of(const std::string& root) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<Verdict>> verdicts;
    const std::lock_guard lock(mutex);
    std::shared_ptr<Verdict>& verdict = verdicts[root];
    if (verdict == nullptr) verdict = std::make_shared<Verdict>();
    return verdict;
  }

  Finding writes;
  Finding uploads;
  std::atomic<bool> listing_is_unordered = false;
};

ConditionalWrites::ConditionalWrites(std::shared_ptr<ObjectClient> client, std::string root,
                                     std::string uri, bool multipart, Timer* timer, Random* random)
    : client_(std::move(client)),
      uri_(std::move(uri)),
      multipart_(multipart),
      timer_(timer),
      random_(random),
      verdict_(Verdict::Of(root)) {}

Status ConditionalWrites::Check() { return CheckFinding(&verdict_->writes, {.uploads = false}); }

Status ConditionalWrites::CheckUploads() {
  return CheckFinding(&verdict_->uploads,
                      {.writes = false, .uploads = true, .multipart = multipart_});
}

Status ConditionalWrites::CheckFinding(Finding* finding, const ProbeOptions& options) {
  const std::lock_guard lock(finding->mutex);
  const std::chrono::nanoseconds age(timer_->NowNanos() - finding->found_at);
  if (!finding->status || age > kRemembered) {
    const auto probe = ProbeConditionalWrites(client_.get(), options, random_);
    if (!probe.ok()) {
      if (!finding->status) return probe.status();
      // What was found before stands until something else is; not every commit asks again.
      finding->found_at =
          timer_->NowNanos() - std::chrono::nanoseconds(kRemembered - kAskedAgain).count();
      return *finding->status;
    }
    if (options.writes) verdict_->listing_is_unordered = !probe->ordered_listing;
    finding->status = RefuseUnlessSafe(*probe, uri_);
    finding->found_at = timer_->NowNanos();
  }
  return *finding->status;
}

bool ConditionalWrites::listing_is_unordered() const { return verdict_->listing_is_unordered; }

}  // namespace varve::internal
