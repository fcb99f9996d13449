// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/bandwidth_client.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kCatchUp = milliseconds(250);
// While it waits, a request looks so often whether it should stop.
constexpr nanoseconds kBetweenLooks = milliseconds(50);

// What is known before it comes; < 0: nothing is.
int64_t BytesOf(const ObjectRequest& request) {
  switch (request.operation) {
    case ObjectOperation::kRead:
      return request.length;
    case ObjectOperation::kWrite:
    case ObjectOperation::kUploadPart:
      return request.body ? request.body->size() : 0;
    default:
      return -1;
  }
}

}  // namespace

class BandwidthClient::Schedule : public std::enable_shared_from_this<Schedule> {
 public:
  Schedule(int64_t bytes_per_second, Timer* timer)
      : bytes_per_second_(bytes_per_second), timer_(timer) {}

  /// Takes its turn for `bytes`: how long to wait until it comes.
  nanoseconds Take(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    const int64_t now = timer_->NowNanos();
    next_ = std::max(next_, now - kCatchUp.count());
    const int64_t turn = next_;
    next_ += static_cast<int64_t>(1e9 * static_cast<double>(bytes) /
                                  static_cast<double>(bytes_per_second_));
    return nanoseconds(std::max<int64_t>(0, turn - now));
  }

  // `then` is told whether it was stopped.
  void Wait(nanoseconds left, std::stop_token stop, std::function<void(bool)> then) {
    if (stop.stop_requested()) return then(true);
    if (left.count() <= 0) return then(false);
    const nanoseconds step = std::min(left, kBetweenLooks);
    timer_->After(step, [self = shared_from_this(), left = left - step, stop = std::move(stop),
                         then = std::move(then)]() mutable {
      self->Wait(left, std::move(stop), std::move(then));
    });
  }

 private:
  const int64_t bytes_per_second_;
  Timer* const timer_;
  std::mutex mutex_;  // guards next_
  int64_t next_ = 0;  // when the next turn is, nanoseconds
};

class BandwidthClient::PacedUpload : public ObjectUpload {
 public:
  PacedUpload(std::unique_ptr<ObjectUpload> base, std::shared_ptr<Schedule> schedule)
      : base_(std::move(base)), schedule_(std::move(schedule)) {}

  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override {
    const nanoseconds wait = schedule_->Take(bytes->size());
    schedule_->Wait(wait, {},
                    [base = base_, bytes = std::move(bytes), done = std::move(done)](bool) mutable {
                      base->Write(std::move(bytes), std::move(done));
                    });
  }
  void Close(ObjectDone done) override { base_->Close(std::move(done)); }
  void Abort(ObjectDone done) override { base_->Abort(std::move(done)); }

 private:
  const std::shared_ptr<ObjectUpload> base_;
  const std::shared_ptr<Schedule> schedule_;
};

BandwidthClient::BandwidthClient(std::shared_ptr<ObjectClient> base, int64_t bytes_per_second,
                                 Timer* timer)
    : base_(std::move(base)), schedule_(std::make_shared<Schedule>(bytes_per_second, timer)) {}

void BandwidthClient::Start(ObjectRequest request, ObjectDone done) {
  const int64_t bytes = BytesOf(request);
  const bool is_known = bytes >= 0;
  const nanoseconds wait = schedule_->Take(std::max<int64_t>(0, bytes));
  const std::stop_token stop = request.stop;
  const auto send = [base = base_, schedule = schedule_, wait, is_known,
                     request = std::move(request), done = std::move(done)](bool stopped) mutable {
    if (stopped) return done({.outcome = ObjectOutcome::kCancelled, .queued = wait});
    base->Start(std::move(request), [schedule = std::move(schedule), wait, is_known,
                                     done = std::move(done)](ObjectReply reply) {
      if (!is_known) schedule->Take(reply.bytes);
      reply.queued += wait;
      done(std::move(reply));
    });
  };
  schedule_->Wait(wait, stop, send);
}

Result<std::unique_ptr<ObjectUpload>> BandwidthClient::OpenUpload(const std::string& path,
                                                                  const UploadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto upload, base_->OpenUpload(path, options));
  return std::make_unique<PacedUpload>(std::move(upload), schedule_);
}

}  // namespace varve::internal
