// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/exception_guard.h"
#include "base/stop.h"
#include "packed/milvus_file_writer.h"
#include "segment/retry_loop.h"
#include "segment/sync_context.h"
#include "segment/sync_dispatcher.h"
#include "segment/sync_task.h"
#include "varve/path_template.h"
#include "varve/stop.h"
#include "varve/sync.h"

namespace varve {
namespace {

// While it waits for a task, a thread looks so often whether its own caller is to stop.
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

Status CheckAtLeast(const char* option, int64_t value, int64_t least) {
  if (value >= least) return Status::OK();
  return MakeError(
      ErrorKind::kInvalid, "option out of range",
      {.field = option, .expected = ">= " + std::to_string(least), .found = std::to_string(value)});
}

Status CheckBloomFilter(const SyncOptions& options) {
  const BloomFilterType type = options.bloom_filter_type;
  if (type != BloomFilterType::kBlocked && type != BloomFilterType::kBasic &&
      type != BloomFilterType::kAlwaysTrue) {
    return MakeError(
        ErrorKind::kInvalid, "no Bloom filter that is written",
        {.field = "bloom_filter_type", .found = std::to_string(static_cast<int32_t>(type))});
  }
  // Not for NaN, either.
  if (options.false_positive_rate > 0 && options.false_positive_rate < 1) return Status::OK();
  return MakeError(ErrorKind::kInvalid, "option out of range",
                   {.field = "false_positive_rate",
                    .expected = "more than 0, less than 1",
                    .found = std::to_string(options.false_positive_rate)});
}

Status CheckEnvironment(const SyncEnvironment& environment) {
  const auto missing = [](const char* member) {
    return MakeError(ErrorKind::kInvalid, "the sync path needs this", {.field = member});
  };
  if (environment.store == nullptr) return missing("store");
  if (environment.cache == nullptr) return missing("cache");
  if (environment.writer == nullptr) return missing("writer");
  if (environment.ids == nullptr) return missing("ids");
  const SyncOptions& options = environment.options;
  ARROW_RETURN_NOT_OK(CheckAtLeast("retry.attempts_max", options.retry.attempts_max, 0));
  ARROW_RETURN_NOT_OK(CheckAtLeast("retry.first_pause", options.retry.first_pause.count(), 0));
  ARROW_RETURN_NOT_OK(CheckAtLeast("retry.longest_pause", options.retry.longest_pause.count(),
                                   options.retry.first_pause.count()));
  ARROW_RETURN_NOT_OK(CheckBloomFilter(options));
  ARROW_RETURN_NOT_OK(internal::CheckPartBytes(options.part_bytes));
  // One path tells whether all can be made.
  ARROW_RETURN_NOT_OK(PrintPath(PathKind::kDeltaLog, {}, options.root).status());
  ARROW_RETURN_NOT_OK(CheckAtLeast("max_running", options.max_running, 0));
  ARROW_RETURN_NOT_OK(CheckAtLeast("tasks_per_processor", options.tasks_per_processor, 1));
  return CheckAtLeast("max_queued", options.max_queued, 0);
}

int MaxRunning(const SyncOptions& options) {
  if (options.max_running > 0) return options.max_running;
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  return static_cast<int>(processors) * options.tasks_per_processor;
}

int MaxQueued(const SyncOptions& options) {
  return options.max_queued > 0 ? options.max_queued : 2 * MaxRunning(options);
}

bool HasNull(const SyncPack& pack) {
  return std::any_of(pack.inserts.begin(), pack.inserts.end(),
                     [](const auto& batch) { return batch == nullptr; });
}

}  // namespace

class SyncManager::Impl {
 public:
  explicit Impl(SyncEnvironment environment)
      : context_{.environment = std::move(environment)},
        dispatcher_(MaxRunning(context_.environment.options),
                    MaxQueued(context_.environment.options)) {}

  // `caller` may be nullptr: nobody waits for the task.
  void Submit(SyncPack pack, StopScope* caller, Done done) {
    const int64_t segment_id = pack.segment_id;
    // In a shared pointer, since functions are copied.
    auto held = std::make_shared<SyncPack>(std::move(pack));
    dispatcher_.Submit(segment_id, [this, caller, held = std::move(held), done = std::move(done)] {
      const Result<SyncOutcome> outcome = RunFor(caller, std::move(*held));
      if (done) done(outcome);
    });
  }

  void Forget(int64_t segment_id) {
    const std::lock_guard lock(mutex_);
    failed_.erase(segment_id);
  }

  Status Drain() {
    dispatcher_.Drain();
    const std::lock_guard lock(mutex_);
    return std::exchange(first_error_, Status::OK());
  }

  void Stop() { stopped_ = true; }

 private:
  Result<SyncOutcome> RunFor(StopScope* caller, SyncPack pack) {
    const internal::WorkingFor working_for(caller);
    const StopScope scope([this] { return stopped_.load(); });
    return Run(std::move(pack));
  }

  Result<SyncOutcome> Run(SyncPack pack) {
    const int64_t segment_id = pack.segment_id;
    const uint64_t checkpoint = pack.checkpoint.timestamp;
    const bool has_data = !pack.inserts.empty() || !pack.deletes.empty();
    const bool is_drop = pack.is_drop;
    Result<SyncOutcome> outcome = internal::GuardExceptions([&]() -> Result<SyncOutcome> {
      if (IsStopped()) return Cancelled(segment_id, "stopped before it began");
      // Of a segment that is dropped no rows are missed.
      if (!is_drop) ARROW_RETURN_NOT_OK(CheckNoGap(segment_id, checkpoint, has_data));
      return RunTask(std::move(pack));
    });
    const std::lock_guard lock(mutex_);
    if (is_drop && outcome.ok()) {
      failed_.erase(segment_id);
    } else if (has_data) {
      Remember(segment_id, checkpoint, outcome);
    }
    if (first_error_.ok()) first_error_ = outcome.status();
    return outcome;
  }

  // REQUIRES: mutex_ is held
  void Remember(int64_t segment_id, uint64_t checkpoint, const Result<SyncOutcome>& outcome) {
    if (!outcome.ok()) {
      // A pack without a checkpoint has no place before others.
      if (checkpoint > 0) failed_[segment_id].insert(checkpoint);
      return;
    }
    const auto at = failed_.find(segment_id);
    if (at == failed_.end()) return;
    at->second.erase(checkpoint);
    // From a segment that is not ours nothing is missing.
    const bool is_gone =
        outcome->result == SyncResult::kNoSegment || outcome->result == SyncResult::kMovedAway;
    if (is_gone || at->second.empty()) failed_.erase(at);
  }

  Result<SyncOutcome> RunTask(SyncPack pack) {
    if (HasNull(pack)) {
      return MakeError(ErrorKind::kInvalid, "a pack with a batch that is null",
                       {.object = "segment " + std::to_string(pack.segment_id)});
    }
    const int64_t segment_id = pack.segment_id;
    auto outcome = internal::SyncTask(context_, std::move(pack)).Run();
    // It would have been tried again. A commit in doubt stays in doubt.
    if (internal::MayPass(outcome.status()) && !IsCommitUnknown(outcome.status()) && IsStopped()) {
      return Cancelled(segment_id, "stopped after: " + outcome.status().message());
    }
    return outcome;
  }

  // Also by the caller of Sync.
  bool IsStopped() const { return stopped_ || internal::CurrentScope()->stopped(); }

  static Status Cancelled(int64_t segment_id, std::string_view what) {
    return MakeError(ErrorKind::kCancelled, what,
                     {.object = "segment " + std::to_string(segment_id)});
  }

  // A later pack would move the checkpoint past the rows of one that failed.
  Status CheckNoGap(int64_t segment_id, uint64_t checkpoint, bool has_data) {
    const std::lock_guard lock(mutex_);
    const auto at = failed_.find(segment_id);
    if (at == failed_.end()) return Status::OK();
    const uint64_t missing = *at->second.begin();
    if (checkpoint < missing || (checkpoint == missing && has_data)) return Status::OK();
    return MakeError(ErrorKind::kInvalid, "an earlier pack of the segment failed; submit it again",
                     {.object = "segment " + std::to_string(segment_id),
                      .expected = "the pack of checkpoint " + std::to_string(missing),
                      .found = std::to_string(checkpoint)});
  }

  const internal::SyncContext context_;
  std::atomic<bool> stopped_{false};

  std::mutex mutex_;  // guards what follows
  /// By segment, the checkpoints of packs with rows or deletes that failed; no set is empty.
  std::map<int64_t, std::set<uint64_t>> failed_;
  Status first_error_;

  internal::SyncDispatcher dispatcher_;  // last: its tasks use all of the above
};

Result<std::unique_ptr<SyncManager>> SyncManager::Make(SyncEnvironment environment) {
  ARROW_RETURN_NOT_OK(CheckEnvironment(environment));
  return std::unique_ptr<SyncManager>(
      new SyncManager(std::make_unique<Impl>(std::move(environment))));
}

SyncManager::SyncManager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SyncManager::~SyncManager() = default;

void SyncManager::Submit(SyncPack pack, Done done) {
  impl_->Submit(std::move(pack), /*caller=*/nullptr, std::move(done));
}

Result<SyncOutcome> SyncManager::Sync(SyncPack pack) {
  std::promise<Result<SyncOutcome>> promise;
  auto future = promise.get_future();
  StopScope* const scope = internal::CurrentScope();
  impl_->Submit(std::move(pack), scope,
                [&](const Result<SyncOutcome>& outcome) { promise.set_value(outcome); });
  // The task sees that the scope was stopped; only its own thread may ask it.
  while (scope != nullptr && future.wait_for(kBetweenLooks) != std::future_status::ready) {
    scope->Ask();
  }
  return future.get();
}

void SyncManager::Forget(int64_t segment_id) { impl_->Forget(segment_id); }

Status SyncManager::Drain() { return impl_->Drain(); }

void SyncManager::Stop() { impl_->Stop(); }

}  // namespace varve
