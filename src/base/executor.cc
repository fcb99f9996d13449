// SPDX-License-Identifier: Apache-2.0
#include "base/executor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "arrow/util/thread_pool.h"
#include "base/stop.h"
#include "base/thread_executor.h"

namespace varve::internal {
namespace {

// How long a caller that waits for others goes without asking whether to stop.
constexpr auto kBetweenQuestions = std::chrono::milliseconds(20);

class InlineExecutor : public Executor {
 public:
  int parallelism() const override { return 1; }
  Status ParallelFor(int64_t count, const std::function<Status(int64_t)>& task) override {
    for (int64_t i = 0; i < count; ++i) {
      ARROW_RETURN_NOT_OK(CheckStopped());
      ARROW_RETURN_NOT_OK(task(i));
    }
    return Status::OK();
  }
  void Spawn(std::function<void()> task) override { task(); }
};

// Indices are handed out one at a time to whoever is free. Helpers that start late find nothing
// left, so the caller never waits for a thread that has not begun: that makes nesting safe.
struct Batch {
  explicit Batch(int64_t num_tasks, const std::function<Status(int64_t)>& function)
      : count(num_tasks), task(&function) {}

  void Work() {
    for (;;) {
      const int64_t index = next.fetch_add(1);
      if (index >= count) return;
      // From here on the caller waits for us, so its scope lives.
      const WorkingFor caller(scope);
      Status status;
      if (!failed.load()) {
        status = CheckStopped();
        if (status.ok()) status = (*task)(index);
      }
      std::lock_guard<std::mutex> lock(mutex);
      if (!status.ok() && (first_error.ok() || index < first_error_index)) {
        first_error = std::move(status);
        first_error_index = index;
        failed = true;
      }
      if (++ended == count) all_ended.notify_all();
    }
  }

  Status Wait() {
    std::unique_lock<std::mutex> lock(mutex);
    while (ended != count) {
      if (scope == nullptr) {
        all_ended.wait(lock);
        continue;
      }
      // Whoever waits must ask: the threads that work may not.
      all_ended.wait_for(lock, kBetweenQuestions);
      lock.unlock();
      scope->Ask();
      lock.lock();
    }
    return first_error;
  }

  const int64_t count;
  const std::function<Status(int64_t)>* task;  // valid until `ended` reaches `count`
  StopScope* const scope = CurrentScope();
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};

  std::mutex mutex;  // guards what follows
  std::condition_variable all_ended;
  int64_t ended = 0;
  Status first_error;
  int64_t first_error_index = 0;
};

// With the calling thread, `pool` has so many threads for a batch.
Status ParallelForOn(arrow::internal::ThreadPool* pool, int parallelism, int64_t count,
                     const std::function<Status(int64_t)>& task) {
  const int64_t helpers = std::min<int64_t>(count, parallelism) - 1;
  if (helpers < 1) return Executor::Inline()->ParallelFor(count, task);
  auto batch = std::make_shared<Batch>(count, task);
  for (int64_t i = 0; i < helpers; ++i) {
    // A pool that refuses work (shutting down) only means less help.
    if (!pool->Spawn([batch] { batch->Work(); }).ok()) break;
  }
  batch->Work();
  return batch->Wait();
}

class CpuExecutor : public Executor {
 public:
  int parallelism() const override { return arrow::GetCpuThreadPoolCapacity(); }

  Status ParallelFor(int64_t count, const std::function<Status(int64_t)>& task) override {
    return ParallelForOn(arrow::internal::GetCpuThreadPool(), parallelism(), count, task);
  }

  void Spawn(std::function<void()> task) override {
    // With one thread, the task would only delay whoever waits for the pool.
    if (parallelism() < 2) return;
    const Status dropped = arrow::internal::GetCpuThreadPool()->Spawn(std::move(task));
    static_cast<void>(dropped);
  }
};

class ThreadExecutor : public Executor {
 public:
  ThreadExecutor(std::shared_ptr<arrow::internal::ThreadPool> pool, int parallelism)
      : pool_(std::move(pool)), parallelism_(parallelism) {}

  int parallelism() const override { return parallelism_; }

  Status ParallelFor(int64_t count, const std::function<Status(int64_t)>& task) override {
    return ParallelForOn(pool_.get(), parallelism_, count, task);
  }

  void Spawn(std::function<void()> task) override {
    const Status dropped = pool_->Spawn(std::move(task));
    static_cast<void>(dropped);
  }

 private:
  const std::shared_ptr<arrow::internal::ThreadPool> pool_;
  const int parallelism_;
};

}  // namespace

Executor* Executor::Default() {
  static CpuExecutor executor;
  return &executor;
}

Executor* Executor::Inline() {
  static InlineExecutor executor;
  return &executor;
}

Result<std::unique_ptr<Executor>> MakeThreadExecutor(int parallelism) {
  if (parallelism < 2) return std::make_unique<InlineExecutor>();
  ARROW_ASSIGN_OR_RAISE(auto pool, arrow::internal::ThreadPool::Make(parallelism - 1));
  return std::make_unique<ThreadExecutor>(std::move(pool), parallelism);
}

}  // namespace varve::internal
