// SPDX-License-Identifier: Apache-2.0
#include "storage/batch/run_batch.h"

#include <atomic>
#include <mutex>
#include <string>

#include "base/thread_executor.h"
#include "varve/stop.h"

namespace varve::internal {
namespace {

constexpr int kObjectsMax = 1024;

}  // namespace

BatchOutcome RunBatch(Executor* executor, int64_t count, bool stop_at_first_error,
                      const std::function<Status(int64_t)>& task) {
  BatchOutcome outcome;
  outcome.objects.assign(count, MakeError(ErrorKind::kCancelled, "not tried"));
  std::mutex mutex;  // guards outcome.status
  std::atomic<bool> failed{false};
  Status ended;
  {
    const StopScope scope([&failed] { return failed.load(); });
    ended = executor->ParallelFor(count, [&](int64_t index) -> Status {
      const Status status = task(index);
      outcome.objects[index] = status;
      if (status.ok()) return status;
      {
        std::lock_guard<std::mutex> lock(mutex);
        if (outcome.status.ok()) outcome.status = status;
      }
      if (!stop_at_first_error) return Status::OK();
      failed = true;
      return status;
    });
  }
  if (outcome.status.ok()) outcome.status = ended;  // the caller wanted to stop
  return outcome;
}

Result<std::unique_ptr<Executor>> ExecutorFor(const BatchOptions& options) {
  if (options.objects_in_flight < 1 || options.objects_in_flight > kObjectsMax) {
    return MakeError(ErrorKind::kInvalid, "so many objects cannot be under way at once",
                     {.field = "objects_in_flight",
                      .expected = "1 to " + std::to_string(kObjectsMax),
                      .found = std::to_string(options.objects_in_flight)});
  }
  if (options.bytes_in_flight < 1) {
    return MakeError(ErrorKind::kInvalid, "a batch without memory cannot move anything",
                     {.field = "bytes_in_flight",
                      .expected = "at least 1",
                      .found = std::to_string(options.bytes_in_flight)});
  }
  return MakeThreadExecutor(options.objects_in_flight);
}

BatchOutcome FailedBatch(int64_t count, const Status& status) {
  return {status, std::vector<Status>(count, status)};
}

}  // namespace varve::internal
