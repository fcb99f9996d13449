// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/conditional_writes.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "storage/remote/store_probe.h"

namespace varve::internal {

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

  std::mutex mutex;  // guards status, and is held while the store is tried
  std::optional<Status> status;
  std::atomic<bool> listing_is_unordered = false;
};

ConditionalWrites::ConditionalWrites(std::shared_ptr<ObjectClient> client, std::string root,
                                     std::string uri, Random* random)
    : client_(std::move(client)),
      uri_(std::move(uri)),
      random_(random),
      verdict_(Verdict::Of(root)) {}

Status ConditionalWrites::Check() {
  const std::lock_guard lock(verdict_->mutex);
  if (!verdict_->status) {
    // Objects that are sent in parts have names of their own; commits are one request.
    ARROW_ASSIGN_OR_RAISE(const StoreProbe probe,
                          ProbeConditionalWrites(client_.get(), {.uploads = false}, random_));
    verdict_->listing_is_unordered = !probe.ordered_listing;
    verdict_->status = RefuseUnlessSafe(probe, uri_);
  }
  return *verdict_->status;
}

bool ConditionalWrites::listing_is_unordered() const { return verdict_->listing_is_unordered; }

}  // namespace varve::internal
