// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "storage/batch/byte_budget.h"
#include "storage/batch/copy_object.h"
#include "storage/batch/copy_plan.h"
#include "storage/batch/run_batch.h"
#include "varve/batch.h"

namespace varve {
namespace {

constexpr double kNanosPerSecond = 1e9;

// Counts what is done, and tells the caller.
class ProgressCounter {
 public:
  explicit ProgressCounter(const std::function<void(const CopyProgress&)>& tell) : tell_(tell) {}

  void Expect(const std::vector<ObjectInfo>& objects) {
    for (const ObjectInfo& object : objects) progress_.bytes += object.size;
    progress_.objects = static_cast<int64_t>(objects.size());
  }

  void Present(const ObjectInfo& object) {
    Change([&] {
      ++progress_.objects_done;
      ++progress_.objects_present;
      progress_.bytes_done += object.size;
      progress_.bytes_present += object.size;
    });
  }
  void Bytes(int64_t bytes) {
    Change([&] { progress_.bytes_done += bytes; });
  }
  void Copied() {
    Change([&] { ++progress_.objects_done; });
  }

  CopyProgress progress() const { return progress_; }

 private:
  template <typename Do>
  void Change(const Do& change) {
    std::lock_guard<std::mutex> lock(mutex_);
    change();
    const int64_t nanos = internal::Clock::System()->MonotonicNanos() - begin_nanos_;
    progress_.seconds = static_cast<double>(nanos) / kNanosPerSecond;
    if (tell_) tell_(progress_);
  }

  const std::function<void(const CopyProgress&)>& tell_;
  const int64_t begin_nanos_ = internal::Clock::System()->MonotonicNanos();
  std::mutex mutex_;
  CopyProgress progress_;  ///< guarded by mutex_ while there are threads
};

Status Differs(const ChunkManager& target, const std::string& path, const char* why) {
  return MakeError(ErrorKind::kAlreadyExists, why, {.object = target.uri() + "/" + path});
}

class TreeCopy {
 public:
  TreeCopy(ChunkManager* source, ChunkManager* target, const CopyTreeOptions& options,
           internal::Executor* executor)
      : source_(source),
        target_(target),
        options_(options),
        executor_(executor),
        budget_(options.batch.bytes_in_flight),
        counter_(options.progress) {}

  Result<CopyProgress> Run() {
    // Listed in byte order, "_versions" comes before "data": what a listed version names was there.
    ARROW_ASSIGN_OR_RAISE(const auto objects, source_->List(""));
    ARROW_ASSIGN_OR_RAISE(const auto present, target_->List(""));
    counter_.Expect(objects);
    const internal::CopyPlan plan = internal::PlanCopy(objects, present);
    if (!plan.foreign_versions.empty()) {
      return Differs(*target_, plan.foreign_versions.front().path,
                     "the target has a version of a table that the source lacks");
    }
    ARROW_RETURN_NOT_OK(CheckVersions(plan.common_versions));
    for (const auto& stage : plan.stages) {
      ARROW_RETURN_NOT_OK(ForEach(stage, [this](const auto& copy) { return CopyOne(copy); }));
    }
    return counter_.progress();
  }

 private:
  template <typename Task>
  Status ForEach(const std::vector<internal::PlannedCopy>& copies, const Task& task) {
    return internal::RunBatch(executor_, static_cast<int64_t>(copies.size()),
                              options_.batch.stop_at_first_error,
                              [&](int64_t index) { return task(copies[index]); })
        .status;
  }

  // Before the first byte is copied: another table stands there.
  Status CheckVersions(const std::vector<internal::PlannedCopy>& versions) {
    return ForEach(versions, [this](const internal::PlannedCopy& copy) -> Status {
      ARROW_ASSIGN_OR_RAISE(const bool equal, AreEqual(copy, CopyEquality::kContent));
      if (equal) return Status::OK();
      return Differs(*target_, copy.object.path,
                     "the target has another table: a version differs from the source's");
    });
  }

  Result<bool> AreEqual(const internal::PlannedCopy& copy, CopyEquality equality) {
    if (copy.object.size != copy.in_target->size) return false;
    if (equality == CopyEquality::kSize) return true;
    return internal::HaveEqualBytes(source_, target_, copy.object.path, copy.object.size, &budget_);
  }

  Status CopyOne(const internal::PlannedCopy& copy) {
    const std::string& path = copy.object.path;
    if (copy.in_target) {
      // Versions that are there were compared.
      const bool is_version = internal::IsVersion(path);
      const bool is_hint = copy.is_hint;
      bool equal = is_version;
      if (!equal) {
        ARROW_ASSIGN_OR_RAISE(equal,
                              AreEqual(copy, is_hint ? CopyEquality::kContent : options_.equality));
      }
      if (equal) {
        counter_.Present(copy.object);
        return Status::OK();
      }
      if (!options_.overwrite && !is_hint) {
        return Differs(*target_, path, "the target has another object of this name");
      }
    }
    ARROW_RETURN_NOT_OK(
        internal::CopyObject({.source = source_,
                              .from = path,
                              .target = target_,
                              .to = path,
                              .known_size = copy.object.size,
                              .overwrite = copy.in_target.has_value(),
                              .on_bytes = [this](int64_t bytes) { counter_.Bytes(bytes); }},
                             &budget_));
    counter_.Copied();
    return Status::OK();
  }

  ChunkManager* const source_;
  ChunkManager* const target_;
  const CopyTreeOptions& options_;
  internal::Executor* const executor_;
  internal::ByteBudget budget_;
  ProgressCounter counter_;
};

}  // namespace

double CopyProgress::bytes_per_second() const {
  return seconds > 0 ? static_cast<double>(bytes_done - bytes_present) / seconds : 0;
}

double CopyProgress::seconds_left() const {
  const double rate = bytes_per_second();
  return rate > 0 ? static_cast<double>(bytes - bytes_done) / rate : -1;
}

Result<CopyProgress> CopyTree(ChunkManager* source, ChunkManager* target,
                              const CopyTreeOptions& options) {
  // Buckets of two services may have one name.
  const bool is_local = source->uri().starts_with("file:") || source->uri().starts_with("memory:");
  if (source == target || (is_local && source->uri() == target->uri())) {
    return MakeError(ErrorKind::kInvalid, "a store cannot be copied onto itself",
                     {.object = source->uri()});
  }
  ARROW_ASSIGN_OR_RAISE(const auto executor, internal::ExecutorFor(options.batch));
  return TreeCopy(source, target, options, executor.get()).Run();
}

}  // namespace varve
