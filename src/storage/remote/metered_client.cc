// SPDX-License-Identifier: Apache-2.0
#include "storage/remote/metered_client.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "arrow/buffer.h"

namespace varve::internal {
namespace {

// Finer than ObjectOperation: what has another cost, or another meaning when it fails.
enum class Metered : size_t {
  kRead,
  kWrite,
  kPutIfAbsent,
  kStat,
  kRemove,
  kList,
  kUploadWrite,
  kUploadClose,
  kUploadAbort,
  kUploadBegin,
};
constexpr std::array<std::string_view, 10> kOperations = {
    "read", "write",        "put_if_absent", "stat",         "remove",
    "list", "upload_write", "upload_close",  "upload_abort", "upload_begin"};

// In the order of ObjectOutcome. Words for machines: they stay as they are.
constexpr std::array<std::string_view, 14> kOutcomes = {
    "ok",        "not_found",  "exists",    "conflict", "denied",      "throttled", "unavailable",
    "timed_out", "bad_answer", "untrusted", "invalid",  "unsupported", "cancelled", "failed"};
static_assert(static_cast<size_t>(ObjectOutcome::kFailed) == kOutcomes.size() - 1);

Metered KindOf(const ObjectRequest& request) {
  switch (request.operation) {
    case ObjectOperation::kRead:
    case ObjectOperation::kReadWhole:
      return Metered::kRead;
    case ObjectOperation::kWrite:
      return request.if_absent ? Metered::kPutIfAbsent : Metered::kWrite;
    case ObjectOperation::kStat:
      return Metered::kStat;
    case ObjectOperation::kRemove:
      return Metered::kRemove;
    case ObjectOperation::kList:
    case ObjectOperation::kListParts:
    case ObjectOperation::kListUploads:
      return Metered::kList;
    case ObjectOperation::kUploadBegin:
      return Metered::kUploadBegin;
    case ObjectOperation::kUploadPart:
      return Metered::kUploadWrite;
    case ObjectOperation::kUploadComplete:
      return Metered::kUploadClose;
    case ObjectOperation::kUploadAbort:
      return Metered::kUploadAbort;
  }
  return Metered::kRead;
}

size_t BucketOf(int64_t nanos) {
  const auto& bounds = LatencyHistogram::kBoundsMillis;
  const int64_t millis = nanos / 1'000'000 + (nanos % 1'000'000 != 0 ? 1 : 0);
  return static_cast<size_t>(std::ranges::lower_bound(bounds, millis) - bounds.begin());
}

struct Cell {
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> requests = 0;
  std::atomic<int64_t> bytes = 0;
  std::atomic<int64_t> nanos = 0;
  std::array<std::atomic<int64_t>, LatencyHistogram::kBoundsMillis.size() + 1> counts{};
};

void Add(std::atomic<int64_t>& to, int64_t value) {
  to.fetch_add(value, std::memory_order_relaxed);
}
int64_t Get(const std::atomic<int64_t>& from) { return from.load(std::memory_order_relaxed); }

}  // namespace

struct MeteredClient::Meter {
  explicit Meter(Timer* clock) : timer(clock) {}

  // Counts `done` when it is called. `body` is what a write has sent once it succeeds.
  static ObjectDone Count(std::shared_ptr<Meter> meter, Metered kind, int64_t body,
                          ObjectDone done) {
    Add(meter->in_flight, 1);
    const int64_t begin = meter->timer->NowNanos();
    return
        [meter = std::move(meter), kind, body, begin, done = std::move(done)](ObjectReply reply) {
          Cell& cell = meter->cells[static_cast<size_t>(kind)][static_cast<size_t>(reply.outcome)];
          const int64_t nanos = std::max<int64_t>(0, meter->timer->NowNanos() - begin);
          Add(cell.calls, 1);
          Add(cell.requests, reply.requests);
          if (reply.ok()) Add(cell.bytes, body >= 0 ? body : reply.bytes);
          Add(cell.nanos, nanos);
          Add(cell.counts[BucketOf(nanos)], 1);
          Add(meter->in_flight, -1);
          done(std::move(reply));
        };
  }

  Timer* const timer;
  std::atomic<int64_t> in_flight = 0;
  std::array<std::array<Cell, kOutcomes.size()>, kOperations.size()> cells;
};

class MeteredClient::MeteredUpload : public ObjectUpload {
 public:
  MeteredUpload(std::unique_ptr<ObjectUpload> base, std::shared_ptr<Meter> meter)
      : base_(std::move(base)), meter_(std::move(meter)) {}

  void Write(std::shared_ptr<arrow::Buffer> bytes, ObjectDone done) override {
    const int64_t size = bytes->size();
    base_->Write(std::move(bytes),
                 Meter::Count(meter_, Metered::kUploadWrite, size, std::move(done)));
  }
  void Close(ObjectDone done) override {
    base_->Close(Meter::Count(meter_, Metered::kUploadClose, 0, std::move(done)));
  }
  void Abort(ObjectDone done) override {
    base_->Abort(Meter::Count(meter_, Metered::kUploadAbort, 0, std::move(done)));
  }

 private:
  const std::unique_ptr<ObjectUpload> base_;
  const std::shared_ptr<Meter> meter_;
};

MeteredClient::MeteredClient(std::shared_ptr<ObjectClient> base, Timer* timer)
    : base_(std::move(base)), meter_(std::make_shared<Meter>(timer)) {}

StorageMetrics MeteredClient::Snapshot() const {
  StorageMetrics metrics;
  metrics.calls_in_flight = Get(meter_->in_flight);
  for (size_t operation = 0; operation < kOperations.size(); ++operation) {
    for (size_t outcome = 0; outcome < kOutcomes.size(); ++outcome) {
      const Cell& cell = meter_->cells[operation][outcome];
      if (Get(cell.calls) == 0) continue;
      OperationMetrics& each = metrics.operations.emplace_back();
      each.operation = kOperations[operation];
      each.outcome = kOutcomes[outcome];
      each.calls = Get(cell.calls);
      each.requests = Get(cell.requests);
      each.bytes = Get(cell.bytes);
      each.latency.sum_nanos = Get(cell.nanos);
      std::ranges::transform(cell.counts, each.latency.counts.begin(), Get);
    }
  }
  return metrics;
}

void MeteredClient::Start(ObjectRequest request, ObjectDone done) {
  const Metered kind = KindOf(request);
  const bool writes = request.operation == ObjectOperation::kWrite ||
                      request.operation == ObjectOperation::kUploadPart;
  const int64_t body = writes && request.body ? request.body->size() : -1;
  base_->Start(std::move(request), Meter::Count(meter_, kind, body, std::move(done)));
}

Result<std::unique_ptr<ObjectUpload>> MeteredClient::OpenUpload(const std::string& path,
                                                                const UploadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto upload, base_->OpenUpload(path, options));
  return std::make_unique<MeteredUpload>(std::move(upload), meter_);
}

}  // namespace varve::internal
